"""The mode `compare`: specs, checkpoints and runs side by side, in numbers, in curves and at play.

What is compared, as rows of tables.
"""

from __future__ import annotations

from typing import Any, ClassVar

from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.events import Resize
from textual.widgets import ContentSwitcher, Static

from gts.commands.views.formatting import format_number, format_short, format_value, plain_text
from gts.commands.views.scores import format_interval, format_speed
from gts.errors import GtsError
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
"""What a score is shown as, one a column."""


def format_entry_cells(index: int, entry: ComparisonEntry, colour: str) -> tuple[Text, ...]:
    """Number and name in the colour of the curve, steps, and the score."""
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
    """A parameter of all entries; None where it is the same. Of members that differ all values are named."""
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
    """What a choice is known to earn, for a list."""
    return "" if source.score is None else f"  {format_number(source.score)}"


_MARGIN_COLUMNS = 4
"""Columns beside those of the table: of its marks, and of a scroll bar."""
_PANELS = ("parameters", "curves", "play")


class CompareMode(Mode):
    """A table of scores, and below it what differs, the curves, or all of them at play."""

    NAME = "compare"
    DEFAULT_CSS = """
    CompareMode #sides { height: auto; max-height: 10; min-height: 3; }
    CompareMode #panels { height: 1; background: $panel; }
    CompareMode ContentSwitcher { height: 1fr; }
    CompareMode #parameters { height: 1fr; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("a", "add", "add", id="compare.add"),
        Binding("d", "remove", "take out", id="compare.remove"),
        Binding("p", "play", "play", id="compare.play"),
        Binding("left_square_bracket", "panel(-1)", "panel before", key_display="[", show=False, id="compare.panel_before"),
        Binding("right_square_bracket", "panel(1)", "panel", key_display="]", id="compare.panel_next"),
        Binding("m", "metric", "metric", id="compare.metric"),
        Binding("y", "copy", "copy names", show=False, id="compare.copy"),
        Binding("escape", "back", "back", show=False, id="compare.back"),
    ]

    def __init__(self) -> None:
        super().__init__()
        self._references: list[str] = []
        self._comparison: Comparison | None = None
        self._metric = next(iter(METRICS))
        self._is_panel_chosen = False
        self._source_reader: SourceReader | None = None
        self._sources: tuple[SourceInfo, ...] = ()

    def compose(self) -> ComposeResult:
        """The scores above, one of three panels below."""
        yield VirtualTable(id="sides", gap=1)
        yield Static(id="panels")
        with ContentSwitcher(initial="parameters"):
            yield VirtualTable(id="parameters", gap=1, marks=False)
            yield ChartWidget(id="curves")
            yield PlayerWidget(id="play")

    @property
    def side_table(self) -> VirtualTable:
        """Those that are compared."""
        return self.query_one("#sides", VirtualTable)

    @property
    def player(self) -> PlayerWidget:
        """The panel where they play."""
        return self.query_one(PlayerWidget)

    @property
    def panel(self) -> str:
        """Which panel is shown."""
        return self.query_one(ContentSwitcher).current or _PANELS[0]

    # -- coming and going ---------------------------------------------------------------------------------------------

    def enter(self) -> None:
        """Follow what is compared, and what else there is."""
        self._source_reader = self._source_reader or SourceReader(self.program.workspace)
        self.program.poller.watch("compare.choices", self._source_reader.stamp, self._source_reader.read, self._apply_sources)
        self._watch_comparison()
        self._update_panel_bar()

    def leave(self) -> None:
        """Follow nothing, play nothing."""
        self.program.poller.unwatch("compare.sides")
        self.program.poller.unwatch("compare.choices")
        self.player.stop()
        if self.panel == "play":
            self._show_panel("parameters")

    def focus_first(self) -> None:
        """The table."""
        self.side_table.focus()

    def selection(self) -> tuple[str, ...]:
        """The marked ones, else the one under the cursor."""
        return self.side_table.selected_keys

    def open(self, word: str) -> None:
        """Compare it with the others too."""
        if word not in self._references:
            self._references.append(word)
            self._watch_comparison()
        self.player.stop()

    def _watch_comparison(self) -> None:
        reader = ComparisonReader(self.program.workspace, self._references)
        self.program.poller.watch("compare.sides", reader.stamp, reader.read, self._apply_comparison)

    def _apply_sources(self, reading: Any) -> None:
        if not isinstance(reading, GtsError):
            self._sources = reading

    def _apply_comparison(self, reading: Any) -> None:
        if isinstance(reading, GtsError):
            self.notify(reading.message, severity="error", markup=False)
        elif reading != self._comparison:
            self._comparison = reading
            self._show_comparison()

    # -- what is shown ------------------------------------------------------------------------------------------------

    def _show_comparison(self) -> None:
        if self._comparison is None:
            return
        entries = self._comparison.entries
        width = self.size.width
        others = (VirtualTableColumn("steps", 6, align_right=True), *SCORE_COLUMNS)
        columns = (
            VirtualTableColumn("what", min(60, max(12, width - _MARGIN_COLUMNS - sum(one.width + 1 for one in others) - 1))),
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
            self.query_one("#parameters", VirtualTable).show_rows((), (), lambda key: ())
            return
        column_width = max(9, min(24, (self.size.width - 32) // len(sides) - 1))
        columns = [
            VirtualTableColumn("parameter", 28),
            *(VirtualTableColumn(str(at + 1), column_width, align_right=True) for at, _ in sides),
        ]
        keys = ("figure", "technique", *self._comparison.differing_keys)
        rows = {key: cells for key in keys if (cells := make_parameter_row(key, [entry for _, entry in sides])) is not None}
        self.query_one("#parameters", VirtualTable).show_rows(columns, tuple(rows), rows.__getitem__)

    def _show_curves(self) -> None:
        if self._comparison is not None:
            self.query_one(ChartWidget).show_data(
                make_comparison_plot(self._comparison, self._metric, frozenset(self.side_table.marked_keys))
            )

    def _show_panel(self, name: str) -> None:
        self.query_one(ContentSwitcher).current = name
        self._update_panel_bar()

    def _update_panel_bar(self) -> None:
        line = Text()
        for name in _PANELS:
            line.append(f" {name} ", "reverse" if name == self.panel else "")
        self.query_one("#panels", Static).update(line.append_text(Text("  ")).append_text(plain_text(self._hint_text(), "dim")))

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
            return (
                "space brings one to the front, m shows another metric"
                if any(one.curves for one in entries)
                else "no curves yet"
            )
        if self.panel == "parameters":
            found = len(self._comparison.differing_keys) if self._comparison else 0
            return f"{found or 'no'} parameter{'' if found == 1 else 's'} differ{'s' if found == 1 else ''}"
        return "all from the same starts; esc ends it"

    # -- keys ---------------------------------------------------------------------------------------------------------

    def on_virtual_table_marks_changed(self) -> None:
        """What is marked stands out among the curves."""
        self._show_curves()

    def on_resize(self, event: Resize) -> None:
        """Columns as wide as there is room."""
        self._show_comparison()

    def on_virtual_table_cursor_moved(self) -> None:
        """What is wrong with the one under the cursor is said."""
        self._update_panel_bar()

    def on_virtual_table_row_selected(self) -> None:
        """Open it where it is shown best."""
        if self.side_table.has_focus and self.side_table.current_key is not None:
            self.program.run_command(quote_words(["open", self.side_table.current_key]))

    def action_add(self) -> None:
        """Choose something else to compare with."""
        compared = {*self._references, *(entry.name for entry in (self._comparison.entries if self._comparison else ()))}
        addable = [one for one in self._sources if one.reference not in compared]
        if not addable:
            self.notify("there is nothing else in this workspace", severity="warning")
            return

        def answered(word: str | None) -> None:
            if word:
                self.program.run_command(quote_words(["mode", "compare", word]))

        names = [(one.reference, f"{one.kind:10}  {one.reference}{format_known_score(one)}") for one in addable]
        self.app.push_screen(ChoiceDialog("Compare with what?", names), answered)

    def action_remove(self) -> None:
        """Take what is chosen out of the comparison; nothing happens to its files."""
        removed = set(self.side_table.selected_keys)
        self._references = [word for word in self._references if word not in removed]
        self.side_table.clear_marks()
        self._watch_comparison()

    def action_panel(self, step: int) -> None:
        """Show the next panel."""
        self._is_panel_chosen = True
        name = _PANELS[(_PANELS.index(self.panel) + step) % len(_PANELS)]
        if name == "play":
            self.action_play()
        else:
            self.player.stop()
            self._show_panel(name)
            self.side_table.focus()

    def action_play(self) -> None:
        """Play the marked ones, else all of them, side by side."""
        marked = self.side_table.marked_keys
        words = [word for word in self._references if not marked or word in marked]
        entries = {entry.reference: entry for entry in (self._comparison.entries if self._comparison else ())}
        words = [word for word in words if word not in entries or entries[word].kind != "spec"]
        if not words:
            self.notify("a spec has learned nothing: add a run or a checkpoint", severity="warning")
            return
        self._is_panel_chosen = True
        self._show_panel("play")
        self.player.play(words)
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
        """Copy the names of what is chosen."""
        chosen = self.side_table.selected_keys
        if chosen:
            self.program.copy(" ".join(chosen), chosen[0] if len(chosen) == 1 else f"{len(chosen)} names")

    def action_back(self) -> None:
        """From the player or the parameters to the table; there take the marks away."""
        if self.panel == "play":
            self.player.stop()
            self._show_panel(
                "curves" if self._comparison and any(one.curves for one in self._comparison.entries) else _PANELS[0]
            )
            self.side_table.focus()
        elif not self.side_table.has_focus:
            self.side_table.focus()
        else:
            self.side_table.clear_marks()


MODE = CompareMode
