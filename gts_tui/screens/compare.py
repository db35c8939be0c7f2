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

from gts.commands.views.formatting import exact, number, plain, short
from gts.commands.views.scores import interval, speed_of
from gts.errors import GtsError
from gts_tui.command_syntax import joined
from gts_tui.screens.compare_data import METRICS, Comparer, Comparison, Entry, plot_of, short_name
from gts_tui.screens.mode import Mode
from gts_tui.screens.sources import Choice, Shelf
from gts_tui.theme import ink
from gts_tui.widgets.chart import Chart
from gts_tui.widgets.dialogs import Choose
from gts_tui.widgets.player import Player
from gts_tui.widgets.table import ColumnKeyedTable as Column
from gts_tui.widgets.table import KeyedTable, Row

SCORES = (
    Column("mean", 7, right=True),
    Column("score", 7, right=True),
    Column("IQM", 7, right=True),
    Column("95 %", 13, right=True),
    Column("length", 6, right=True),
    Column("m/s", 5, right=True),
)
"""What a score is shown as, one a column."""


def cells_of(at: int, entry: Entry, colour: str) -> tuple[Text, ...]:
    """Number and name in the colour of the curve, steps, and the score."""
    seeds = f" ×{len(entry.sides)}" if len(entry.sides) > 1 else ""
    name = Text.assemble((f"{at + 1} ", colour), plain(short_name(entry.name) + seeds))
    if entry.error:
        return name, Text(""), *(Text("–") for _ in SCORES[:-3]), plain(entry.error), Text(""), Text("")
    steps = max((side.step for side in entry.sides if side.step is not None), default=None)
    score = entry.score or {}
    return (
        name,
        Text("–" if steps is None else short(steps)),
        *(Text(number(score.get(key))) for key in ("mean", "score", "iqm")),
        Text(interval(score)),
        Text(number(score.get("length"))),
        Text(speed_of(score)),
    )


def parameter_row(key: str, entries: list[Entry]) -> Row | None:
    """A parameter of all entries; None where it is the same. Of members that differ all values are named."""
    values = []
    for entry in entries:
        if key in ("figure", "technique"):
            found = {getattr(side, key) for side in entry.sides}
        else:
            found = {exact(side.values[key]) if key in side.values else "–" for side in entry.sides}
        values.append(", ".join(sorted(found)))
    if key in ("figure", "technique") and len(set(values)) == 1:
        return None
    return Row(key, (plain(key), *map(plain, values)))


def known_of(choice: Choice) -> str:
    """What a choice is known to earn, for a list."""
    return "" if choice.score is None else f"  {number(choice.score)}"


_MARK = 4
"""Columns beside those of the table: of its marks, and of a scroll bar."""
_PANELS = ("parameters", "curves", "play")


class CompareMode(Mode):
    """A table of scores, and below it what differs, the curves, or all of them at play."""

    NAME = "compare"
    TITLE = "compare"
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
        self._words: list[str] = []
        self._comparison: Comparison | None = None
        self._metric = next(iter(METRICS))
        self._chosen_panel = False
        self._shelf: Shelf | None = None
        self._choices: tuple[Choice, ...] = ()

    def compose(self) -> ComposeResult:
        """The scores above, one of three panels below."""
        yield KeyedTable(id="sides")
        yield Static(id="panels")
        with ContentSwitcher(initial="parameters"):
            yield KeyedTable(id="parameters", marks=False)
            yield Chart(id="curves")
            yield Player(id="play")

    @property
    def table(self) -> KeyedTable:
        """Those that are compared."""
        return self.query_one("#sides", KeyedTable)

    @property
    def player(self) -> Player:
        """The panel where they play."""
        return self.query_one(Player)

    @property
    def panel(self) -> str:
        """Which panel is shown."""
        return self.query_one(ContentSwitcher).current or _PANELS[0]

    # -- coming and going ---------------------------------------------------------------------------------------------

    def enter(self) -> None:
        """Follow what is compared, and what else there is."""
        self._shelf = self._shelf or Shelf(self.program.workspace)
        self.program.watcher.follow("compare.choices", self._shelf.stamp, self._shelf.read, self._take_choices)
        self._follow()
        self._say_panels()

    def leave(self) -> None:
        """Follow nothing, play nothing."""
        self.program.watcher.forget("compare.sides")
        self.program.watcher.forget("compare.choices")
        self.player.stop()
        if self.panel == "play":
            self._show_panel("parameters")

    def focus_first(self) -> None:
        """The table."""
        self.table.focus()

    def selection(self) -> tuple[str, ...]:
        """The marked ones, else the one under the cursor."""
        return self.table.chosen

    def open(self, word: str) -> None:
        """Compare it with the others too."""
        if word not in self._words:
            self._words.append(word)
            self._follow()
        self.player.stop()

    def _follow(self) -> None:
        reader = Comparer(self.program.workspace, self._words)
        self.program.watcher.follow("compare.sides", reader.stamp, reader.read, self._take)

    def _take_choices(self, reading: Any) -> None:
        if not isinstance(reading, GtsError):
            self._choices = reading

    def _take(self, reading: Any) -> None:
        if isinstance(reading, GtsError):
            self.notify(reading.message, severity="error", markup=False)
        elif reading != self._comparison:
            self._comparison = reading
            self._show()

    # -- what is shown ------------------------------------------------------------------------------------------------

    def _show(self) -> None:
        if self._comparison is None:
            return
        entries = self._comparison.entries
        width = self.size.width
        others = (Column("steps", 6, right=True), *SCORES)
        columns = (Column("what", min(60, max(12, width - _MARK - sum(one.width + 1 for one in others) - 1))), *others)
        self.table.show(
            columns,
            [Row(entry.word, cells_of(at, entry, ink(self.app, f"chart-{at % 8 + 1}"))) for at, entry in enumerate(entries)],
        )
        self._show_parameters()
        self._show_curves()
        if not self._chosen_panel and self._curved():
            self._show_panel("curves")
        self._say_panels()

    def _show_parameters(self) -> None:
        assert self._comparison is not None
        sides = [(at, entry) for at, entry in enumerate(self._comparison.entries) if entry.sides]
        if len(sides) < 2:
            self.query_one("#parameters", KeyedTable).show((), ())
            return
        each = max(9, min(24, (self.size.width - 32) // len(sides) - 1))
        columns = [Column("parameter", 28), *(Column(str(at + 1), each, right=True) for at, _ in sides)]
        rows = [
            parameter_row(key, [entry for _, entry in sides]) for key in ("figure", "technique", *self._comparison.differing)
        ]
        self.query_one("#parameters", KeyedTable).show(columns, [row for row in rows if row is not None])

    def _show_curves(self) -> None:
        if self._comparison is not None:
            self.query_one(Chart).show(plot_of(self._comparison, self._metric, frozenset(self.table.marked)))

    def _show_panel(self, name: str) -> None:
        self.query_one(ContentSwitcher).current = name
        self._say_panels()

    def _say_panels(self) -> None:
        line = Text()
        for name in _PANELS:
            line.append(f" {name} ", "reverse" if name == self.panel else "")
        self.query_one("#panels", Static).update(line.append_text(Text("  ")).append_text(plain(self._hint(), "dim")))

    def _curved(self) -> bool:
        return self._comparison is not None and any(entry.curves for entry in self._comparison.entries)

    def _hint(self) -> str:
        entries = self._comparison.entries if self._comparison else ()
        wrong = next((one.error for one in entries if one.error and one.word == self.table.current), "")
        if wrong:
            return wrong
        if len(entries) < 2:
            return "a adds a run, a checkpoint or a spec" if not entries else "a adds another one to compare it with"
        if self.panel == "curves":
            return (
                "space brings one to the front, m shows another metric"
                if any(one.curves for one in entries)
                else "no curves yet"
            )
        if self.panel == "parameters":
            found = len(self._comparison.differing) if self._comparison else 0
            return f"{found or 'no'} parameter{'' if found == 1 else 's'} differ{'s' if found == 1 else ''}"
        return "all from the same starts; esc ends it"

    # -- keys ---------------------------------------------------------------------------------------------------------

    def on_keyed_table_marked(self) -> None:
        """What is marked stands out among the curves."""
        self._show_curves()

    def on_resize(self, event: Resize) -> None:
        """Columns as wide as there is room."""
        self._show()

    def on_data_table_row_highlighted(self) -> None:
        """What is wrong with the one under the cursor is said."""
        self._say_panels()

    def on_data_table_row_selected(self) -> None:
        """Open it where it is shown best."""
        if self.table.has_focus and self.table.current is not None:
            self.program.perform(joined(["open", self.table.current]))

    def action_add(self) -> None:
        """Choose something else to compare with."""
        named = {*self._words, *(entry.name for entry in (self._comparison.entries if self._comparison else ()))}
        there = [one for one in self._choices if one.word not in named]
        if not there:
            self.notify("there is nothing else in this workspace", severity="warning")
            return

        def answered(word: str | None) -> None:
            if word:
                self.program.perform(joined(["mode", "compare", word]))

        names = [(one.word, f"{one.kind:10}  {one.word}{known_of(one)}") for one in there]
        self.app.push_screen(Choose("Compare with what?", names), answered)

    def action_remove(self) -> None:
        """Take what is chosen out of the comparison; nothing happens to its files."""
        gone = set(self.table.chosen)
        self._words = [word for word in self._words if word not in gone]
        self.table.unmark()
        self._follow()

    def action_panel(self, step: int) -> None:
        """Show the next panel."""
        self._chosen_panel = True
        name = _PANELS[(_PANELS.index(self.panel) + step) % len(_PANELS)]
        if name == "play":
            self.action_play()
        else:
            self.player.stop()
            self._show_panel(name)
            self.table.focus()

    def action_play(self) -> None:
        """Play the marked ones, else all of them, side by side."""
        marked = self.table.marked
        words = [word for word in self._words if not marked or word in marked]
        entries = {entry.word: entry for entry in (self._comparison.entries if self._comparison else ())}
        words = [word for word in words if word not in entries or entries[word].kind != "spec"]
        if not words:
            self.notify("a spec has learned nothing: add a run or a checkpoint", severity="warning")
            return
        self._chosen_panel = True
        self._show_panel("play")
        self.player.play(words)
        self.player.focus()

    def action_metric(self) -> None:
        """Show the curves of the next metric."""
        names = list(METRICS)
        self._metric = names[(names.index(self._metric) + 1) % len(names)]
        self._chosen_panel = True
        self.player.stop()
        self._show_panel("curves")
        self._show_curves()

    def action_copy(self) -> None:
        """Copy the names of what is chosen."""
        chosen = self.table.chosen
        if chosen:
            self.program.copy(" ".join(chosen), chosen[0] if len(chosen) == 1 else f"{len(chosen)} names")

    def action_back(self) -> None:
        """From the player or the parameters to the table; there take the marks away."""
        if self.panel == "play":
            self.player.stop()
            self._show_panel(
                "curves" if self._comparison and any(one.curves for one in self._comparison.entries) else _PANELS[0]
            )
            self.table.focus()
        elif not self.table.has_focus:
            self.table.focus()
        else:
            self.table.unmark()


MODE = CompareMode
