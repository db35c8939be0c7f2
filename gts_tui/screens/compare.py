"""The mode `compare`: specs, checkpoints and runs side by side, with scores, parameters, curves and playback."""

from __future__ import annotations

from typing import Any, ClassVar

from rich.text import Text
from textual import getters, on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.events import Resize
from textual.widgets import ContentSwitcher, Static

from gts.commands.views.formatting import format_number, format_short, format_value, plain_text
from gts.commands.views.scores import format_interval, format_speed
from gts.errors import GtsError
from gts_tui.app_base import BaseApp
from gts_tui.command_syntax import quote_words
from gts_tui.screens.compare_data import (
    METRICS,
    Comparison,
    ComparisonEntry,
    ComparisonReader,
    make_comparison_plot,
    shorten_reference,
)
from gts_tui.screens.mode import Mode
from gts_tui.screens.sources import SourceInfo, SourceReader
from gts_tui.theme import theme_style
from gts_tui.widgets.chart import ChartWidget
from gts_tui.widgets.dialogs import ChoiceDialog
from gts_tui.widgets.player import PlayerWidget
from gts_tui.widgets.table import VirtualTable, VirtualTableColumn

SCORE_COLUMNS = (
    VirtualTableColumn("mean", 7, align_right=True),
    VirtualTableColumn("score", 7, align_right=True),
    VirtualTableColumn("IQM", 7, align_right=True),
    VirtualTableColumn("95 %", 13, align_right=True),
    VirtualTableColumn("length", 6, align_right=True),
    VirtualTableColumn("m/s", 5, align_right=True),
)
"""Columns of a score."""


def format_entry_cells(index: int, entry: ComparisonEntry, colour: str) -> tuple[Text, ...]:
    """Format an entry as cells: number and name, steps, score."""
    seeds = f" ×{len(entry.sides)}" if len(entry.sides) > 1 else ""
    name = Text.assemble((f"{index + 1} ", colour), plain_text(shorten_reference(entry.name) + seeds))
    if entry.error:
        return name, Text(""), *(Text("–") for _ in SCORE_COLUMNS[:-3]), plain_text(entry.error), Text(""), Text("")
    steps = max((side.step for side in entry.sides if side.step is not None), default=None)
    score = entry.score or {}
    return (
        name,
        Text("–" if steps is None else format_short(steps)),
        *(Text(format_number(score.get(key))) for key in ("mean", "score", "iqm")),
        Text(format_interval(score)),
        Text(format_number(score.get("length"))),
        Text(format_speed(score)),
    )


def make_parameter_row(key: str, entries: list[ComparisonEntry]) -> tuple[Text, ...] | None:
    """Return a row with a parameter's value per entry; all values if seeds differ.

    Returns None for figure and technique if they are equal.
    """
    values = []
    for entry in entries:
        if key in ("figure", "technique"):
            found = {getattr(side, key) for side in entry.sides}
        else:
            found = {format_value(side.values[key]) if key in side.values else "–" for side in entry.sides}
        values.append(", ".join(sorted(found)))
    if key in ("figure", "technique") and len(set(values)) == 1:
        return None
    return (plain_text(key), *map(plain_text, values))


def format_known_score(source: SourceInfo) -> str:
    """Format the score of a source for a list; empty if unknown."""
    return "" if source.score is None else f"  {format_number(source.score)}"


_MARGIN_COLUMNS = 4
"""Width of the table's marks and scroll bar."""
_PANELS = ("parameters", "curves", "play")


class CompareMode(Mode):
    """Table of scores, and one of three panels below it."""

    NAME = "compare"
    DEFAULT_CSS = """
    CompareMode #compared { height: auto; max-height: 10; min-height: 3; }
    CompareMode #panels { height: 1; background: $panel; }
    CompareMode ContentSwitcher { height: 1fr; }
    CompareMode #parameters { height: 1fr; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("a", "add", "add", id="compare.add"),
        Binding("d", "remove", "remove", id="compare.remove"),
        Binding("p", "play", "play", id="compare.play"),
        Binding(
            "left_square_bracket", "cycle_panel(-1)", "previous panel", key_display="[", show=False, id="compare.panel_before"
        ),
        Binding("right_square_bracket", "cycle_panel(1)", "panel", key_display="]", id="compare.panel_next"),
        Binding("m", "metric", "metric", id="compare.metric"),
        Binding("y", "copy", "copy names", show=False, id="compare.copy"),
        Binding("escape", "back", "back", show=False, id="compare.back"),
    ]

    app = getters.app(BaseApp)
    side_table = getters.query_one("#compared", VirtualTable)
    panel_bar = getters.query_one("#panels", Static)
    switcher = getters.query_one(ContentSwitcher)
    parameter_table = getters.query_one("#parameters", VirtualTable)
    chart = getters.query_one("#curves", ChartWidget)
    player = getters.query_one("#play", PlayerWidget)

    def __init__(self) -> None:
        super().__init__()
        self._references: list[str] = []
        self._comparison: Comparison | None = None
        self._metric = next(iter(METRICS))
        self._is_panel_chosen = False
        self._source_reader: SourceReader | None = None
        self._sources: tuple[SourceInfo, ...] = ()

    def compose(self) -> ComposeResult:
        """Create the table and the three panels."""
        yield VirtualTable(id="compared", gap=1)
        yield Static(id="panels")
        with ContentSwitcher(initial="parameters"):
            yield VirtualTable(id="parameters", gap=1, marks=False)
            yield ChartWidget(id="curves")
            yield PlayerWidget(id="play")

    @property
    def panel(self) -> str:
        """Name of the visible panel."""
        return self.switcher.current or _PANELS[0]

    # -- mode ------------------------------------------------------------------------------------------------------

    def enter(self) -> None:
        """Poll the compared items and the list of other sources."""
        self._source_reader = self._source_reader or SourceReader(self.app.workspace)
        self.app.poller.watch("compare.choices", self._source_reader.stamp, self._source_reader.read, self._apply_sources)
        self._watch_comparison()
        self._update_panel_bar()

    def leave(self) -> None:
        """Stop polling and playing."""
        self.app.poller.unwatch("compare.sides")
        self.app.poller.unwatch("compare.choices")
        self.player.stop()
        if self.panel == "play":
            self._show_panel("parameters")

    def focus_first(self) -> None:
        """Focus the table."""
        self.side_table.focus()

    def selection(self) -> tuple[str, ...]:
        """Return the references of the marked rows, else of the one under the cursor."""
        return self.side_table.selected_keys

    def open(self, reference: str) -> None:
        """Add a reference to the comparison."""
        if reference not in self._references:
            self._references.append(reference)
            self._watch_comparison()
        self.player.stop()

    def _watch_comparison(self) -> None:
        reader = ComparisonReader(self.app.workspace, self._references)
        self.app.poller.watch("compare.sides", reader.stamp, reader.read, self._apply_comparison)

    def _apply_sources(self, reading: Any) -> None:
        if not isinstance(reading, GtsError):
            self._sources = reading

    def _apply_comparison(self, reading: Any) -> None:
        if isinstance(reading, GtsError):
            self.notify(reading.message, severity="error", markup=False)
        elif reading != self._comparison:
            self._comparison = reading
            self._show_comparison()

    # -- display -----------------------------------------------------------------------------------------------------

    def _show_comparison(self) -> None:
        if self._comparison is None:
            return
        entries = self._comparison.entries
        width = self.size.width
        others = (VirtualTableColumn("steps", 6, align_right=True), *SCORE_COLUMNS)
        columns = (
            VirtualTableColumn("name", min(60, max(12, width - _MARGIN_COLUMNS - sum(one.width + 1 for one in others) - 1))),
            *others,
        )
        cells = {
            entry.reference: format_entry_cells(at, entry, theme_style(self.app, f"chart-{at % 8 + 1}"))
            for at, entry in enumerate(entries)
        }
        self.side_table.show_rows(columns, tuple(cells), cells.__getitem__)
        self._show_parameters()
        self._show_curves()
        if not self._is_panel_chosen and self._has_curves():
            self._show_panel("curves")
        self._update_panel_bar()

    def _show_parameters(self) -> None:
        assert self._comparison is not None
        sides = [(at, entry) for at, entry in enumerate(self._comparison.entries) if entry.sides]
        if len(sides) < 2:
            self.parameter_table.show_rows((), (), lambda key: ())
            return
        column_width = max(9, min(24, (self.size.width - 32) // len(sides) - 1))
        columns = [
            VirtualTableColumn("parameter", 28),
            *(VirtualTableColumn(str(at + 1), column_width, align_right=True) for at, _ in sides),
        ]
        keys = ("figure", "technique", *self._comparison.differing_keys)
        rows = {key: cells for key in keys if (cells := make_parameter_row(key, [entry for _, entry in sides])) is not None}
        self.parameter_table.show_rows(columns, tuple(rows), rows.__getitem__)

    def _show_curves(self) -> None:
        if self._comparison is not None:
            self.chart.show_data(make_comparison_plot(self._comparison, self._metric, frozenset(self.side_table.marked_keys)))

    def _show_panel(self, name: str) -> None:
        self.switcher.current = name
        self._update_panel_bar()

    def _update_panel_bar(self) -> None:
        line = Text()
        for name in _PANELS:
            line.append(f" {name} ", "reverse" if name == self.panel else "")
        self.panel_bar.update(line.append_text(Text("  ")).append_text(plain_text(self._hint_text(), "dim")))

    def _has_curves(self) -> bool:
        return self._comparison is not None and any(entry.curves for entry in self._comparison.entries)

    def _hint_text(self) -> str:
        entries = self._comparison.entries if self._comparison else ()
        error = next((one.error for one in entries if one.error and one.reference == self.side_table.current_key), "")
        if error:
            return error
        if len(entries) < 2:
            return "a adds a run, a checkpoint or a spec" if not entries else "a adds another one to compare it with"
        if self.panel == "curves":
            return "space highlights a curve, m shows another metric" if self._has_curves() else "no curves yet"
        if self.panel == "parameters":
            count = len(self._comparison.differing_keys) if self._comparison else 0
            return "1 parameter differs" if count == 1 else f"{count or 'no'} parameters differ"
        return "all start from the same states; esc stops"

    # -- keys ---------------------------------------------------------------------------------------------------------

    @on(VirtualTable.MarksChanged, "#compared")
    def highlight_marked(self) -> None:
        """Highlight the curves of the marked rows."""
        self._show_curves()

    def on_resize(self, event: Resize) -> None:
        """Fit the columns to the width."""
        self._show_comparison()

    @on(VirtualTable.CursorMoved, "#compared")
    def show_error(self) -> None:
        """Show the error of the row under the cursor."""
        self._update_panel_bar()

    @on(VirtualTable.RowSelected, "#compared")
    def open_source(self) -> None:
        """Open the selected row in the mode for its kind."""
        if self.side_table.current_key is not None:
            self.app.run_command(quote_words(["open", self.side_table.current_key]))

    def action_add(self) -> None:
        """Choose a source to add."""
        compared = {*self._references, *(entry.name for entry in (self._comparison.entries if self._comparison else ()))}
        addable = [one for one in self._sources if one.reference not in compared]
        if not addable:
            self.notify("nothing else to compare in this workspace", severity="warning")
            return

        def add(reference: str | None) -> None:
            if reference:
                self.app.run_command(quote_words(["mode", "compare", reference]))

        names = [(one.reference, f"{one.kind:10}  {one.reference}{format_known_score(one)}") for one in addable]
        self.app.push_screen(ChoiceDialog("Compare with which source?", names), add)

    def action_remove(self) -> None:
        """Remove the chosen rows from the comparison; their files stay."""
        removed = set(self.side_table.selected_keys)
        self._references = [one for one in self._references if one not in removed]
        self.side_table.clear_marks()
        self._watch_comparison()

    def action_cycle_panel(self, step: int) -> None:
        """Show the next or previous panel."""
        self._is_panel_chosen = True
        name = _PANELS[(_PANELS.index(self.panel) + step) % len(_PANELS)]
        if name == "play":
            self.action_play()
        else:
            self.player.stop()
            self._show_panel(name)
            self.side_table.focus()

    def action_play(self) -> None:
        """Play the marked rows, else all, side by side."""
        marked = self.side_table.marked_keys
        entries = self._comparison.entries if self._comparison else ()
        specs = {entry.reference for entry in entries if entry.kind == "spec"}
        references = [one for one in self._references if (not marked or one in marked) and one not in specs]
        if not references:
            self.notify("a spec cannot be played: add a run or a checkpoint", severity="warning")
            return
        self._is_panel_chosen = True
        self._show_panel("play")
        self.player.play(references)
        self.player.focus()

    def action_metric(self) -> None:
        """Show the curves of the next metric."""
        names = list(METRICS)
        self._metric = names[(names.index(self._metric) + 1) % len(names)]
        self._is_panel_chosen = True
        self.player.stop()
        self._show_panel("curves")
        self._show_curves()

    def action_copy(self) -> None:
        """Copy the references of the chosen rows."""
        self.app.copy_names(self.side_table.selected_keys)

    def action_back(self) -> None:
        """Return to the table; there clear the marks."""
        if self.panel == "play":
            self.player.stop()
            self._show_panel("curves" if self._has_curves() else "parameters")
            self.side_table.focus()
        elif not self.side_table.has_focus:
            self.side_table.focus()
        else:
            self.side_table.clear_marks()


MODE = CompareMode
