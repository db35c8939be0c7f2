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

from gts.commands.views.formatting import format_number, plain_text
from gts.errors import GtsError, UsageError
from gts_tui.command_syntax import quote_words
from gts_tui.polling import Poller
from gts_tui.screens.search import actions
from gts_tui.screens.search import actions as deeds
from gts_tui.screens.search.data import (
    SORT_FIELDS,
    StudyListItem,
    StudyReader,
    StudySnapshot,
    build_trial_columns,
    filter_trials,
)
from gts_tui.screens.search.panel import WIDE_CHART_COLUMNS, TrialPanel, chart_kind_for_view
from gts_tui.terminal import Glyphs
from gts_tui.widgets.dialogs import ChoiceDialog
from gts_tui.widgets.status import adapt_symbols, format_state
from gts_tui.widgets.table import VirtualTable

if TYPE_CHECKING:
    from gts.search.trial_records import TrialRecord
    from gts_tui.app_base import BaseApp


_MAX_REFERENCE_LENGTH = 32


def render_study_heading(
    study_reference: str, summary: StudyListItem | None, snapshot: StudySnapshot | None, glyphs: Glyphs
) -> Text:
    """The lines; what is not known yet is left out."""
    state = format_state(summary.state) if summary and summary.state else ""
    first = Text()
    first.append_text(plain_text(_shorten_reference(study_reference), "bold"))
    if snapshot is not None:
        counted = _format_trial_counts(snapshot, is_idle=summary is not None and summary.is_idle)
        first.append_text(plain_text("  " + "  ".join(filter(None, [state, counted, summary.reason if summary else ""]))))
    elif state:
        first.append(f"  {state}")
    best = _format_best(snapshot) if snapshot is not None else ""
    made = Text.assemble(first, "\n", best)
    return Text(adapt_symbols(made.plain, glyphs), spans=made.spans)


def _shorten_reference(reference: str) -> str:
    return reference if len(reference) <= _MAX_REFERENCE_LENGTH else f"…{reference[1 - _MAX_REFERENCE_LENGTH :]}"


def _format_trial_counts(snapshot: StudySnapshot, *, is_idle: bool) -> str:
    counts = {
        "paused" if is_idle and state == "running" else state: count for state, count in snapshot.view.count_states().items()
    }
    ended = sum(counts[state] for state in ("complete", "pruned", "failed"))
    each = ", ".join(f"{count} {state}" for state, count in counts.items() if count)
    of = f" of {snapshot.n_trials}" if snapshot.n_trials else ""
    return f"{ended}{of} trials ended" + (f" ({each})" if each else "")


def _format_best(snapshot: StudySnapshot) -> str:
    if snapshot.pareto_front:
        numbers = ", ".join(str(trial.number) for trial in snapshot.pareto_front[:8]) + (
            ", …" if len(snapshot.pareto_front) > 8 else ""
        )
        first = f"front: {len(snapshot.pareto_front)} trials ({numbers})"
    elif snapshot.best is None:
        first = "no trial is complete yet"
    else:
        first = f"best {_format_values(snapshot.best)} (trial {snapshot.best.number})"
    again = snapshot.confirmed
    if again is None or again.confirmed is None:
        return first + ("  not confirmed on fresh seeds yet" if snapshot.best else "")
    found = again.confirmed
    interval = f"[{format_number(found.low)}, {format_number(found.high)}]"
    return f"{first}  confirmed {format_number(found.iqm)} {interval} (trial {again.number})"


def _format_values(trial: TrialRecord) -> str:
    return ", ".join(map(format_number, trial.values))


class StudyPane(Vertical):
    """One study at a time."""

    DEFAULT_CSS = """
    StudyPane #head { height: 2; background: $panel; padding: 0 1; text-wrap: nowrap; text-overflow: ellipsis; }
    StudyPane #said { height: auto; max-height: 3; padding: 0 1; color: $text-muted; }
    StudyPane #filter { height: 1; border: none; background: $boost; padding: 0 1; }
    StudyPane #parts { height: 1fr; layout: vertical; }
    StudyPane.-wide #parts { layout: horizontal; }
    StudyPane.-wide TrialPanel { border-left: solid $panel; }
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
            for letter, field in zip("NVCST", SORT_FIELDS, strict=True)
        ),
        Binding("O", "order", "sort by any field", show=False, id="search.order"),
        Binding("escape", "back", "back", show=False, id="search.back"),
    ]

    class Closed(Message):
        """The person wants to go back to the list."""

    def __init__(self) -> None:
        super().__init__(id="study")
        self._reader: StudyReader | None = None
        self._snapshot: StudySnapshot | None = None
        self._list_item: StudyListItem | None = None
        self._trials: dict[str, TrialRecord] = {}
        self._sort_field, self._sort_reverse = "value", False
        self._poller: Poller | None = None
        """A thread for the one study alone: a server that is slow holds up nothing else."""

    @property
    def program(self) -> BaseApp:
        """The program that this is a part of."""
        return self.app  # type: ignore[return-value]

    @property
    def study_reference(self) -> str | None:
        """The study that is open, as a command line names it."""
        return self._reader.study_reference if self._reader is not None else None

    @property
    def current_trial(self) -> TrialRecord | None:
        """The trial under the cursor."""
        return self._trials.get(self._trial_table.current_key or "")

    def compose(self) -> ComposeResult:
        """Head, filter, a line for what there is to say, trials and panel."""
        yield Static(id="head")
        field = Input(placeholder="value>100 state=failed", id="filter", compact=True)
        field.cursor_blink = False
        field.display = False
        yield field
        yield Static(id="said")
        with Container(id="parts"):
            yield VirtualTable(id="trials")
            yield TrialPanel(id="panel")

    def on_resize(self, event: events.Resize) -> None:
        """Trials and panel stand side by side where there is room for both; a chart that is wide says more."""
        self.set_class(event.size.width >= 2 * WIDE_CHART_COLUMNS, "-wide")

    def on_unmount(self) -> None:
        """Look at nothing any more."""
        if self._poller is not None:
            self._poller.stop()

    # -- following ----------------------------------------------------------------------------------------------------

    def open_study(self, study_reference: str, list_item: StudyListItem | None) -> None:
        """Show another study."""
        self._reader = StudyReader(self.program.workspace, study_reference, chart_kind_for_view(self._trial_panel.current_view))
        self._snapshot, self._list_item, self._trials = None, list_item, {}
        self.query_one("#filter", Input).value = ""
        self.query_one("#filter").display = False
        self._trial_table.marked_keys = set()
        self._trial_table.show_rows((), (), lambda key: ())
        self._trial_panel.show_trial(None, "")
        self._trial_panel.show_chart(None, is_multi_objective=False)
        self._show_message("reading …")
        self._update_heading()
        self.start_polling()

    def close_study(self) -> None:
        """Show none."""
        self.stop_polling()
        self._reader = None

    def start_polling(self) -> None:
        """Look at the study from now on."""
        follower = self._reader
        if follower is None:
            return
        if self._poller is None:
            self._poller = Poller(self.program.call_soon, self.program.report_error)
            self._poller.start()

        def tell(reading: Any) -> None:
            if self._reader is follower:
                self._apply_snapshot(reading)

        self._poller.watch("search.study", follower.stamp, follower.read, tell)

    def stop_polling(self) -> None:
        """Look at it no more."""
        if self._poller is not None:
            self._poller.unwatch("search.study")

    def set_list_item(self, list_item: StudyListItem | None) -> None:
        """How the search stands, as the list has it."""
        if list_item != self._list_item:
            self._list_item = list_item
            self._update_heading()
            self._update_trials()

    def _apply_snapshot(self, snapshot: StudySnapshot | GtsError) -> None:
        if isinstance(snapshot, GtsError):
            self._show_message(f"{snapshot.message}; esc goes back to the list", error=True)
            return
        self._snapshot = snapshot
        self._update_heading()
        self._update_trials()
        self._trial_panel.show_chart(snapshot.chart, is_multi_objective=len(snapshot.view.maximised) > 1)

    # -- drawing ------------------------------------------------------------------------------------------------------

    def _update_heading(self) -> None:
        made = render_study_heading(self.study_reference or "", self._list_item, self._snapshot, self.program.glyphs)
        self.query_one("#head", Static).update(made)

    def _update_trials(self) -> None:
        reading = self._snapshot
        if reading is None:
            return
        text, total = self.query_one("#filter", Input).value.strip(), len(reading.view.trials)
        try:
            trials = filter_trials(reading.view, text, self._sort_field, self._sort_reverse)
        except UsageError as error:
            self._show_message(error.message + (f"; {error.hint}" if error.hint else ""), error=True)
            return
        self._show_message(f"{len(trials)} of {total} trials: {text}" if text else "" if total else "no trials yet")
        self._trials = {str(trial.number): trial for trial in trials}
        still = self._list_item is not None and self._list_item.is_idle
        columns, cells = build_trial_columns(reading.view, self._sort_field, self._sort_reverse, is_idle=still)
        self._trial_table.show_rows(columns, list(self._trials), lambda key: cells(self._trials[key]))
        self._update_trial()

    def _update_trial(self) -> None:
        trial = self.current_trial
        training = actions.find_trial_run(self._reader.folder, trial) if self._reader and trial else None
        self._trial_panel.show_trial(trial, self.program.workspace.display_path(training.path) if training else "")

    def _show_message(self, text: str, *, error: bool = False) -> None:
        said = self.query_one("#said", Static)
        said.update(Text(adapt_symbols(text, self.program.glyphs), "bold" if error else ""))
        if said.display != bool(text):
            said.display = bool(text)

    @property
    def _trial_table(self) -> VirtualTable:
        return self.query_one("#trials", VirtualTable)

    @property
    def _trial_panel(self) -> TrialPanel:
        return self.query_one(TrialPanel)

    # -- what is asked of it ------------------------------------------------------------------------------------------

    def focus_first(self) -> None:
        """The trials, or the panel where it has all the room."""
        self.screen.set_focus(self._trial_panel if self.has_class("-full") else self._trial_table)

    def selection(self) -> tuple[str, ...]:
        """Marked trials, or the one under the cursor, as the folders of their trainings."""
        table = self._trial_table
        keys = [key for key in table.row_keys if key in table.marked_keys] or ([table.current_key] if table.current_key else [])
        folder = self._reader.folder if self._reader else None
        found = [actions.find_trial_run(folder, self._trials[key]) for key in keys]
        return tuple(self.program.workspace.display_path(one.path) for one in found if one is not None)

    def on_virtual_table_cursor_moved(self, event: VirtualTable.CursorMoved) -> None:
        """Another trial is under the cursor."""
        event.stop()
        self._update_trial()

    def on_virtual_table_row_selected(self, event: VirtualTable.RowSelected) -> None:
        """Show the spec of a trial."""
        event.stop()
        if self.study_reference is not None and self.current_trial is not None:
            self.program.run_command(actions.show_spec_command(self.study_reference, self.current_trial.number))

    def action_view(self, step: int) -> None:
        """Show the next chart, or the one before; a front only where there are two objectives."""
        view = self._trial_panel.view_after(step)
        if self._reader is not None and self._poller is not None:
            self._reader.chart_kind = chart_kind_for_view(view)
            self._poller.poll_now()
        self._trial_panel.show_view(view)

    def action_maximise(self) -> None:
        """Give the panel all the room, or take it back."""
        self.toggle_class("-full")
        self.focus_first()

    def action_sort(self, field: str) -> None:
        """Sort by a field; again: the other way round."""
        self._sort_reverse = not self._sort_reverse if field == self._sort_field else False
        self._sort_field = field
        self._update_trials()

    def action_order(self) -> None:
        """Sort by any field or parameter."""
        if self._snapshot is None:
            return
        fields = [*SORT_FIELDS, "steps", "started", *self._snapshot.view.domains]

        def sort(field: str | None) -> None:
            if field is not None:
                self.action_sort(field)

        self.app.push_screen(ChoiceDialog("sort the trials by", [(field, field) for field in fields]), sort)

    def action_filter(self) -> None:
        """Write conditions."""
        field = self.query_one("#filter", Input)
        field.display = True
        # At once: the next key may be on its way already.
        self.screen.set_focus(field)

    def on_input_changed(self, event: Input.Changed) -> None:
        """Show what fits while it is written."""
        event.stop()
        self._update_trials()

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
            self.post_message(self.Closed())

    # -- what is done with a trial ------------------------------------------------------------------------------------

    def action_play(self, window: bool = False) -> None:
        """Play the best policy of the trial."""
        if self.current_trial is not None and self._reader is not None:
            deeds.play_trial(self.program, self._reader.folder, self.current_trial, window=window)

    def action_curve(self) -> None:
        """Show the training of the trial where trainings are shown."""
        words = self.selection()
        if words:
            self.program.run_command(quote_words(["mode", "training", *words]))
        elif self.current_trial is not None:
            self.notify(f"nothing of trial {self.current_trial.number} is on this disk", markup=False)

    def action_promote(self, edit: bool = False) -> None:
        """Write the trial as a spec, after asking for a name."""
        if self.current_trial is not None and self.study_reference is not None and self._snapshot is not None:
            deeds.promote_trial(self.program, self.study_reference, self._snapshot.view.name, self.current_trial, edit=edit)
