"""One study: its trials, the best so far, and the trial under the cursor or a chart beside them.

Two lines above a study: how it stands, and the best of it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from rich.text import Text
from textual import events
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Container, Vertical
from textual.message import Message
from textual.widgets import Input, Static

from gts.commands.views.formatting import number, plain
from gts.errors import GtsError, UsageError
from gts_tui.command_syntax import joined
from gts_tui.polling import Watch
from gts_tui.screens.search import actions
from gts_tui.screens.search import actions as deeds
from gts_tui.screens.search.data import FIELDS, Follower, Reading, StudyLine, chosen, columns_of
from gts_tui.screens.search.panel import WIDE, Panel, kind_of
from gts_tui.terminal import Glyphs
from gts_tui.widgets.dialogs import Choose
from gts_tui.widgets.status import shown, signed
from gts_tui.widgets.table import Table

if TYPE_CHECKING:
    from gts.search.trial_records import TrialRow
    from gts_tui.app import GtsApp


_LONGEST = 32


def heading(word: str, line: StudyLine | None, reading: Reading | None, glyphs: Glyphs) -> Text:
    """The lines; what is not known yet is left out."""
    state = signed(line.state) if line and line.state else ""
    first = Text()
    first.append_text(plain(_short(word), "bold"))
    if reading is not None:
        counted = _counted(reading, still=line is not None and line.still)
        first.append_text(plain("  " + "  ".join(filter(None, [state, counted, line.reason if line else ""]))))
    elif state:
        first.append(f"  {state}")
    best = _best(reading) if reading is not None else ""
    made = Text.assemble(first, "\n", best)
    return Text(shown(made.plain, glyphs), spans=made.spans)


def _short(word: str) -> str:
    return word if len(word) <= _LONGEST else f"…{word[1 - _LONGEST :]}"


def _counted(reading: Reading, *, still: bool) -> str:
    counts = {"paused" if still and state == "running" else state: count for state, count in reading.view.counts().items()}
    ended = sum(counts[state] for state in ("complete", "pruned", "failed"))
    each = ", ".join(f"{count} {state}" for state, count in counts.items() if count)
    of = f" of {reading.wanted}" if reading.wanted else ""
    return f"{ended}{of} trials ended" + (f" ({each})" if each else "")


def _best(reading: Reading) -> str:
    if reading.front:
        numbers = ", ".join(str(trial.number) for trial in reading.front[:8]) + (", …" if len(reading.front) > 8 else "")
        first = f"front: {len(reading.front)} trials ({numbers})"
    elif reading.best is None:
        first = "no trial is complete yet"
    else:
        first = f"best {_value(reading.best)} (trial {reading.best.number})"
    again = reading.confirmed
    if again is None or again.confirmed is None:
        return first + ("  not confirmed on fresh seeds yet" if reading.best else "")
    found = again.confirmed
    return f"{first}  confirmed {number(found.iqm)} [{number(found.low)}, {number(found.high)}] (trial {again.number})"


def _value(trial: TrialRow) -> str:
    return ", ".join(map(number, trial.values))


class StudyPane(Vertical):
    """One study at a time."""

    DEFAULT_CSS = """
    StudyPane #head { height: 2; background: $panel; padding: 0 1; text-wrap: nowrap; text-overflow: ellipsis; }
    StudyPane #said { height: auto; max-height: 3; padding: 0 1; color: $text-muted; }
    StudyPane #filter { height: 1; border: none; background: $boost; padding: 0 1; }
    StudyPane #parts { height: 1fr; layout: vertical; }
    StudyPane.-wide #parts { layout: horizontal; }
    StudyPane.-wide Panel { border-left: solid $panel; }
    StudyPane.-full #trials { display: none; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("slash", "filter", "filter", key_display="/", id="search.filter"),
        Binding("v,right_square_bracket", "view(1)", "charts", key_display="v", id="search.next_view"),
        Binding("left_square_bracket", "view(-1)", "chart before", show=False, id="search.previous_view"),
        Binding("plus", "maximise", "maximise", key_display="+", show=False, id="search.maximise"),
        Binding("p", "play", "play", id="search.play"),
        Binding("w", "play(True)", "play in a window", show=False, id="search.window"),
        Binding("P", "promote", "to a spec", id="search.promote"),
        Binding("e", "promote(True)", "to a spec, and edit it", show=False, id="search.edit"),
        Binding("c", "curve", "curve in the training mode", show=False, id="search.curve"),
        *(
            Binding(letter, f"sort('{field}')", f"sort by {field}", show=False, id=f"search.sort_{field}")
            for letter, field in zip("NVCST", FIELDS, strict=True)
        ),
        Binding("O", "order", "sort by any field", show=False, id="search.order"),
        Binding("escape", "back", "back", show=False, id="search.back"),
    ]

    class Left(Message):
        """The person wants to go back to the list."""

    def __init__(self) -> None:
        super().__init__(id="study")
        self._follower: Follower | None = None
        self._reading: Reading | None = None
        self._line: StudyLine | None = None
        self._trials: dict[str, TrialRow] = {}
        self._sort, self._reverse = "value", False
        self._watch: Watch | None = None
        """A thread for the one study alone: a server that is slow holds up nothing else."""

    @property
    def program(self) -> GtsApp:
        """The program that this is a part of."""
        return self.app  # type: ignore[return-value]

    @property
    def word(self) -> str | None:
        """The study that is open, as a command line names it."""
        return self._follower.word if self._follower is not None else None

    @property
    def trial(self) -> TrialRow | None:
        """The trial under the cursor."""
        return self._trials.get(self._table.key or "")

    def compose(self) -> ComposeResult:
        """Head, filter, a line for what there is to say, trials and panel."""
        yield Static(id="head")
        field = Input(placeholder="value>100 state=failed", id="filter", compact=True)
        field.cursor_blink = False
        field.display = False
        yield field
        yield Static(id="said")
        with Container(id="parts"):
            yield Table(id="trials")
            yield Panel(id="panel")

    def on_resize(self, event: events.Resize) -> None:
        """Trials and panel stand side by side where there is room for both; a chart that is wide says more."""
        self.set_class(event.size.width >= 2 * WIDE, "-wide")

    def on_unmount(self) -> None:
        """Look at nothing any more."""
        if self._watch is not None:
            self._watch.end()

    # -- following ----------------------------------------------------------------------------------------------------

    def go_into(self, word: str, line: StudyLine | None) -> None:
        """Show another study."""
        self._follower = Follower(self.program.workspace, word, kind_of(self._panel.view))
        self._reading, self._line, self._trials = None, line, {}
        self.query_one("#filter", Input).value = ""
        self.query_one("#filter").display = False
        self._table.marked = set()
        self._table.show((), (), lambda key: ())
        self._panel.show_trial(None, "")
        self._panel.show_chart(None, several=False)
        self._say("reading …")
        self._draw_head()
        self.follow()

    def go_out(self) -> None:
        """Show none."""
        self.forget()
        self._follower = None

    def follow(self) -> None:
        """Look at the study from now on."""
        follower = self._follower
        if follower is None:
            return
        if self._watch is None:
            self._watch = Watch(self.program.hand_over, self.program.mishap)
            self._watch.start()

        def tell(reading: Any) -> None:
            if self._follower is follower:
                self._tell(reading)

        self._watch.follow("search.study", follower.stamp, follower.read, tell)

    def forget(self) -> None:
        """Look at it no more."""
        if self._watch is not None:
            self._watch.forget("search.study")

    def stands(self, line: StudyLine | None) -> None:
        """How the search stands, as the list has it."""
        if line != self._line:
            self._line = line
            self._draw_head()
            self._draw_trials()

    def _tell(self, reading: Reading | GtsError) -> None:
        if isinstance(reading, GtsError):
            self._say(f"{reading.message}; esc goes back to the list", error=True)
            return
        self._reading = reading
        self._draw_head()
        self._draw_trials()
        self._panel.show_chart(reading.chart, several=len(reading.view.maximised) > 1)

    # -- drawing ------------------------------------------------------------------------------------------------------

    def _draw_head(self) -> None:
        made = heading(self.word or "", self._line, self._reading, self.program.glyphs)
        self.query_one("#head", Static).update(made)

    def _draw_trials(self) -> None:
        reading = self._reading
        if reading is None:
            return
        text, total = self.query_one("#filter", Input).value.strip(), len(reading.view.trials)
        try:
            trials = chosen(reading.view, text, self._sort, self._reverse)
        except UsageError as error:
            self._say(error.message + (f"; {error.hint}" if error.hint else ""), error=True)
            return
        self._say(f"{len(trials)} of {total} trials: {text}" if text else "" if total else "no trials yet")
        self._trials = {str(trial.number): trial for trial in trials}
        still = self._line is not None and self._line.still
        columns, cells = columns_of(reading.view, self._sort, self._reverse, still=still)
        self._table.show(columns, list(self._trials), lambda key: cells(self._trials[key]))
        self._draw_trial()

    def _draw_trial(self) -> None:
        trial = self.trial
        training = actions.training_of(self._follower.folder, trial) if self._follower and trial else None
        self._panel.show_trial(trial, self.program.workspace.word_for(training.path) if training else "")

    def _say(self, text: str, *, error: bool = False) -> None:
        said = self.query_one("#said", Static)
        said.update(Text(shown(text, self.program.glyphs), "bold" if error else ""))
        if said.display != bool(text):
            said.display = bool(text)

    @property
    def _table(self) -> Table:
        return self.query_one("#trials", Table)

    @property
    def _panel(self) -> Panel:
        return self.query_one(Panel)

    # -- what is asked of it ------------------------------------------------------------------------------------------

    def focus_first(self) -> None:
        """The trials, or the panel where it has all the room."""
        self.screen.set_focus(self._panel if self.has_class("-full") else self._table)

    def selection(self) -> tuple[str, ...]:
        """Marked trials, or the one under the cursor, as the folders of their trainings."""
        table = self._table
        keys = [key for key in table.keys if key in table.marked] or ([table.key] if table.key else [])
        folder = self._follower.folder if self._follower else None
        found = [actions.training_of(folder, self._trials[key]) for key in keys]
        return tuple(self.program.workspace.word_for(one.path) for one in found if one is not None)

    def on_table_moved(self, event: Table.Moved) -> None:
        """Another trial is under the cursor."""
        event.stop()
        self._draw_trial()

    def on_table_chosen(self, event: Table.Chosen) -> None:
        """Show the spec of a trial."""
        event.stop()
        if self.word is not None and self.trial is not None:
            self.program.perform(actions.show_line(self.word, self.trial.number))

    def action_view(self, step: int) -> None:
        """Show the next chart, or the one before; a front only where there are two objectives."""
        view = self._panel.after(step)
        if self._follower is not None and self._watch is not None:
            self._follower.kind = kind_of(view)
            self._watch.look()
        self._panel.turn(view)

    def action_maximise(self) -> None:
        """Give the panel all the room, or take it back."""
        self.toggle_class("-full")
        self.focus_first()

    def action_sort(self, field: str) -> None:
        """Sort by a field; again: the other way round."""
        self._reverse = not self._reverse if field == self._sort else False
        self._sort = field
        self._draw_trials()

    def action_order(self) -> None:
        """Sort by any field or parameter."""
        if self._reading is None:
            return
        fields = [*FIELDS, "steps", "started", *self._reading.view.domains]

        def sort(field: str | None) -> None:
            if field is not None:
                self.action_sort(field)

        self.app.push_screen(Choose("sort the trials by", [(field, field) for field in fields]), sort)

    def action_filter(self) -> None:
        """Write conditions."""
        field = self.query_one("#filter", Input)
        field.display = True
        # At once: the next key may be on its way already.
        self.screen.set_focus(field)

    def on_input_changed(self, event: Input.Changed) -> None:
        """Show what fits while it is written."""
        event.stop()
        self._draw_trials()

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Back to the trials that fit."""
        event.stop()
        self.query_one("#filter").display = bool(event.value.strip())
        self.focus_first()

    def action_back(self) -> None:
        """Out of the filter, the large panel, or the study."""
        field = self.query_one("#filter", Input)
        if field.value or field.display:
            field.value = ""
            field.display = False
            self.focus_first()
        elif self.has_class("-full"):
            self.action_maximise()
        else:
            self.post_message(self.Left())

    # -- what is done with a trial ------------------------------------------------------------------------------------

    def action_play(self, window: bool = False) -> None:
        """Play the best policy of the trial."""
        if self.trial is not None and self._follower is not None:
            deeds.play(self.program, self._follower.folder, self.trial, window=window)

    def action_curve(self) -> None:
        """Show the training of the trial where trainings are shown."""
        words = self.selection()
        if words:
            self.program.perform(joined(["mode", "training", *words]))
        elif self.trial is not None:
            self.notify(f"nothing of trial {self.trial.number} is on this disk", markup=False)

    def action_promote(self, edit: bool = False) -> None:
        """Write the trial as a spec, after asking for a name."""
        if self.trial is not None and self.word is not None and self._reading is not None:
            deeds.promote(self.program, self.word, self._reading.view.name, self.trial, edit=edit)
