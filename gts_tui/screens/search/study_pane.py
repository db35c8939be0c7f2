"""Pane of one study: heading, table of trials with sorting and a filter, and the panel of details and charts."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from rich.text import Text
from textual import events, getters, on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Container, Vertical
from textual.message import Message
from textual.widgets import Input

from gts.commands.views.formatting import format_number, plain_text
from gts.errors import GtsError, UsageError
from gts_tui.app_base import BaseApp
from gts_tui.command_syntax import quote_words
from gts_tui.polling import Poller
from gts_tui.screens.search import actions
from gts_tui.screens.search.data import (
    SORT_FIELDS,
    StudyListItem,
    StudyReader,
    StudySnapshot,
    TrialColumns,
    filter_trials,
)
from gts_tui.screens.search.panel import WIDE_CHART_COLUMNS, TrialPanel, chart_kind_for_view
from gts_tui.terminal import Glyphs
from gts_tui.textual_fixes import CachedStatic
from gts_tui.widgets.dialogs import ChoiceDialog
from gts_tui.widgets.status import adapt_symbols, format_state
from gts_tui.widgets.table import VirtualTable

if TYPE_CHECKING:
    from gts.search.trial_records import TrialRecord


_POLL_KEY = "search.study"
_MAX_REFERENCE_LENGTH = 32


def render_study_heading(
    study_reference: str, summary: StudyListItem | None, snapshot: StudySnapshot | None, glyphs: Glyphs
) -> Text:
    """Render the two heading lines: reference, state and trial counts; best and confirmed trial. Unknown parts are left out."""
    state = format_state(summary.state) if summary and summary.state else ""
    first = Text()
    first.append_text(plain_text(_shorten_reference(study_reference), "bold"))
    if snapshot is not None:
        counted = _format_trial_counts(snapshot, is_idle=summary is not None and summary.is_idle)
        first.append_text(plain_text("  " + "  ".join(filter(None, [state, counted, summary.reason if summary else ""]))))
    elif state:
        first.append(f"  {state}")
    best = _format_best(snapshot) if snapshot is not None else ""
    heading = Text.assemble(first, "\n", best)
    return Text(adapt_symbols(heading.plain, glyphs), spans=heading.spans)


def _shorten_reference(reference: str) -> str:
    return reference if len(reference) <= _MAX_REFERENCE_LENGTH else f"…{reference[1 - _MAX_REFERENCE_LENGTH :]}"


def _format_trial_counts(snapshot: StudySnapshot, *, is_idle: bool) -> str:
    counts = {
        "paused" if is_idle and state == "running" else state: count for state, count in snapshot.view.count_states().items()
    }
    finished = sum(counts[state] for state in ("complete", "pruned", "failed"))
    each = ", ".join(f"{count} {state}" for state, count in counts.items() if count)
    of = f" of {snapshot.n_trials}" if snapshot.n_trials else ""
    return f"{finished}{of} trials finished" + (f" ({each})" if each else "")


def _format_best(snapshot: StudySnapshot) -> str:
    if snapshot.pareto_front:
        numbers = ", ".join(str(trial.number) for trial in snapshot.pareto_front[:8]) + (
            ", …" if len(snapshot.pareto_front) > 8 else ""
        )
        first = f"Pareto front: {len(snapshot.pareto_front)} trials ({numbers})"
    elif snapshot.best is None:
        first = "no complete trial yet"
    else:
        first = f"best {_format_values(snapshot.best)} (trial {snapshot.best.number})"
    trial = snapshot.confirmed
    if trial is None or trial.confirmed is None:
        return first + ("  not confirmed on fresh seeds yet" if snapshot.best else "")
    result = trial.confirmed
    interval = f"[{format_number(result.low)}, {format_number(result.high)}]"
    return f"{first}  confirmed {format_number(result.iqm)} {interval} (trial {trial.number})"


def _format_values(trial: TrialRecord) -> str:
    return ", ".join(map(format_number, trial.values))


class StudyPane(Vertical):
    """Follows one study at a time in a thread of its own, so that a slow server delays nothing else."""

    DEFAULT_CSS = """
    StudyPane #head { height: 2; background: $panel; padding: 0 1; text-wrap: nowrap; text-overflow: ellipsis; }
    StudyPane #message { height: auto; max-height: 3; padding: 0 1; color: $text-muted; }
    StudyPane #filter { height: 1; border: none; background: $boost; padding: 0 1; }
    StudyPane #body { height: 1fr; layout: vertical; }
    StudyPane.-wide #body { layout: horizontal; }
    StudyPane.-wide TrialPanel { border-left: solid $panel; }
    StudyPane.-full #trials { display: none; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("slash", "filter", "filter", key_display="/", id="search.filter"),
        Binding("v,right_square_bracket", "next_view(1)", "charts", key_display="v", id="search.next_view"),
        Binding("left_square_bracket", "next_view(-1)", "previous chart", show=False, id="search.previous_view"),
        Binding("plus", "maximise", "maximise", key_display="+", show=False, id="search.maximise"),
        Binding("p", "play", "play", id="search.play"),
        Binding("w", "play(True)", "play in a window", show=False, id="search.window"),
        Binding("P", "promote", "write as a spec", id="search.promote"),
        Binding("e", "promote(True)", "write as a spec and edit", show=False, id="search.edit"),
        Binding("c", "show_training", "charts in the training mode", show=False, id="search.curve"),
        *(
            Binding(letter, f"sort('{field}')", f"sort by {field}", show=False, id=f"search.sort_{field}")
            for letter, field in zip("NVCST", SORT_FIELDS, strict=True)
        ),
        Binding("O", "choose_sort_field", "sort by any field", show=False, id="search.order"),
        Binding("escape", "back", "back", show=False, id="search.back"),
    ]

    class Closed(Message):
        """The user leaves the study."""

    app = getters.app(BaseApp)
    _heading = getters.query_one("#head", CachedStatic)
    _filter = getters.query_one("#filter", Input)
    _message = getters.query_one("#message", CachedStatic)
    _trial_table = getters.query_one("#trials", VirtualTable)
    _trial_panel = getters.query_one(TrialPanel)
    _poller: Poller

    def __init__(self) -> None:
        super().__init__(id="study")
        self._reader: StudyReader | None = None
        self._snapshot: StudySnapshot | None = None
        self._list_item: StudyListItem | None = None
        self._trials: dict[str, TrialRecord] = {}
        self._sort_field, self._sort_reverse = "value", False

    @property
    def study_reference(self) -> str | None:
        """Reference of the open study; None if there is none."""
        return self._reader.study_reference if self._reader is not None else None

    @property
    def current_trial(self) -> TrialRecord | None:
        """The trial under the cursor."""
        return self._trials.get(self._trial_table.current_key or "")

    def compose(self) -> ComposeResult:
        """Yield heading, filter, message, trials and panel."""
        yield CachedStatic(id="head")
        filter_input = Input(placeholder="value>100 state=failed", id="filter", compact=True)
        filter_input.cursor_blink = False
        filter_input.display = False
        yield filter_input
        yield CachedStatic(id="message")
        with Container(id="body"):
            yield VirtualTable(id="trials")
            yield TrialPanel(id="panel")

    def on_resize(self, event: events.Resize) -> None:
        """Place trials and panel side by side if both fit, else one above the other."""
        self.set_class(event.size.width >= 2 * WIDE_CHART_COLUMNS, "-wide")

    def on_mount(self) -> None:
        """Start the thread."""
        self._poller = Poller(self.app.call_soon, self.app.report_error)
        self._poller.start()

    def on_unmount(self) -> None:
        """Stop the thread."""
        self._poller.stop()

    # -- polling ------------------------------------------------------------------------------------------------------

    def open_study(self, study_reference: str, list_item: StudyListItem | None) -> None:
        """Show and follow a study."""
        self._reader = StudyReader(self.app.workspace, study_reference, chart_kind_for_view(self._trial_panel.current_view))
        self._snapshot, self._list_item, self._trials = None, list_item, {}
        self._clear_filter()
        self._trial_table.marked_keys = set()
        self._trial_table.show_rows((), (), lambda key: ())
        self._trial_panel.show_trial(None, "")
        self._trial_panel.show_chart(None, is_multi_objective=False)
        self._show_message("reading …")
        self._update_heading()
        self.start_polling()

    def close_study(self) -> None:
        """Follow no study."""
        self.stop_polling()
        self._reader = None

    def start_polling(self) -> None:
        """Follow the open study."""
        reader = self._reader
        if reader is None:
            return

        def deliver(snapshot: StudySnapshot | GtsError) -> None:
            if self._reader is reader:
                self._apply_snapshot(snapshot)

        self._poller.watch(_POLL_KEY, reader.stamp, reader.read, deliver)

    def stop_polling(self) -> None:
        """Pause following."""
        self._poller.unwatch(_POLL_KEY)

    def set_list_item(self, list_item: StudyListItem | None) -> None:
        """Update the state of the search."""
        if list_item != self._list_item:
            self._list_item = list_item
            self._update_heading()
            self._update_trials()

    def _apply_snapshot(self, snapshot: StudySnapshot | GtsError) -> None:
        if isinstance(snapshot, GtsError):
            self._show_message(f"{snapshot.message}; esc returns to the list", error=True)
            return
        self._snapshot = snapshot
        self._update_heading()
        self._update_trials()
        self._trial_panel.show_chart(snapshot.chart, is_multi_objective=len(snapshot.view.maximised) > 1)

    # -- drawing ------------------------------------------------------------------------------------------------------

    def _update_heading(self) -> None:
        heading = render_study_heading(self.study_reference or "", self._list_item, self._snapshot, self.app.glyphs)
        self._heading.show_text(heading)

    def _update_trials(self) -> None:
        if self._snapshot is None:
            return
        view = self._snapshot.view
        text, total = self._filter.value.strip(), len(view.trials)
        try:
            trials = filter_trials(view, text, self._sort_field, self._sort_reverse)
        except UsageError as error:
            self._show_message(error.message + (f"; {error.hint}" if error.hint else ""), error=True)
            return
        self._show_message(f"{len(trials)} of {total} trials: {text}" if text else "" if total else "no trials yet")
        self._trials = {str(trial.number): trial for trial in trials}
        is_idle = self._list_item is not None and self._list_item.is_idle
        table = TrialColumns(view, self._sort_field, self._sort_reverse, is_idle=is_idle)
        self._trial_table.show_rows(table.columns, list(self._trials), lambda key: table.cells(self._trials[key]))
        self._update_trial()

    def _update_trial(self) -> None:
        trial = self.current_trial
        run = actions.find_trial_run(self._reader.folder, trial) if self._reader and trial else None
        self._trial_panel.show_trial(trial, self.app.workspace.display_path(run.path) if run else "")

    def _show_message(self, text: str, *, error: bool = False) -> None:
        self._message.show_text(Text(adapt_symbols(text, self.app.glyphs), "bold" if error else ""))
        if self._message.display != bool(text):
            self._message.display = bool(text)

    # -- focus and messages ------------------------------------------------------------------------------------------

    def focus_first(self) -> None:
        """Focus the trials, or the maximised panel."""
        self.screen.set_focus(self._trial_panel if self.has_class("-full") else self._trial_table)

    def selection(self) -> tuple[str, ...]:
        """Paths of the runs of the marked trials, else of the one under the cursor."""
        table = self._trial_table
        keys = [key for key in table.row_keys if key in table.marked_keys] or ([table.current_key] if table.current_key else [])
        folder = self._reader.folder if self._reader else None
        runs = [actions.find_trial_run(folder, self._trials[key]) for key in keys]
        return tuple(self.app.workspace.display_path(run.path) for run in runs if run is not None)

    def on_virtual_table_cursor_moved(self, event: VirtualTable.CursorMoved) -> None:
        """Show the trial under the cursor."""
        event.stop()
        self._update_trial()

    def on_virtual_table_row_selected(self, event: VirtualTable.RowSelected) -> None:
        """Show the spec of the trial."""
        event.stop()
        if self.study_reference is not None and self.current_trial is not None:
            self.app.run_command(actions.show_spec_command(self.study_reference, self.current_trial.number))

    def action_next_view(self, step: int) -> None:
        """Show the next or previous view of the panel."""
        view = self._trial_panel.view_after(step)
        if self._reader is not None:
            self._reader.chart_kind = chart_kind_for_view(view)
            self._poller.poll_now()
        self._trial_panel.show_view(view)

    def action_maximise(self) -> None:
        """Give the panel the whole pane, or restore the layout."""
        self.toggle_class("-full")
        self.focus_first()

    def action_sort(self, field: str) -> None:
        """Sort by a field; the same field again reverses the order."""
        self._sort_reverse = not self._sort_reverse if field == self._sort_field else False
        self._sort_field = field
        self._update_trials()

    def action_choose_sort_field(self) -> None:
        """Ask for a field or parameter to sort by."""
        if self._snapshot is None:
            return
        fields = [*SORT_FIELDS, "steps", "started", *self._snapshot.view.domains]

        def sort(field: str | None) -> None:
            if field is not None:
                self.action_sort(field)

        self.app.push_screen(ChoiceDialog("Sort trials by", [(field, field) for field in fields]), sort)

    def action_filter(self) -> None:
        """Open the filter."""
        self._filter.display = True
        # Not by Widget.focus, which waits for the next idle moment: keys delivered in the same read belong here.
        self.screen.set_focus(self._filter)

    def _clear_filter(self) -> None:
        self._filter.value = ""
        self._filter.display = False

    @on(Input.Changed, "#filter")
    def _apply_filter(self, event: Input.Changed) -> None:
        event.stop()
        self._update_trials()

    @on(Input.Submitted, "#filter")
    def _close_filter(self, event: Input.Submitted) -> None:
        event.stop()
        self._filter.display = bool(event.value.strip())
        self.focus_first()

    def action_back(self) -> None:
        """Leave the filter, the maximised panel or the study."""
        if self._filter.value or self._filter.display:
            self._clear_filter()
            self.focus_first()
        elif self.has_class("-full"):
            self.action_maximise()
        else:
            self.post_message(self.Closed())

    # -- actions on the trial -----------------------------------------------------------------------------------------

    def action_play(self, window: bool = False) -> None:
        """Play the best policy of the trial."""
        if self.current_trial is not None and self._reader is not None:
            actions.play_trial(self.app, self._reader.folder, self.current_trial, window=window)

    def action_show_training(self) -> None:
        """Show the runs of the selected trials in the training mode."""
        paths = self.selection()
        if paths:
            self.app.run_command(quote_words(["mode", "training", *paths]))
        elif self.current_trial is not None:
            self.notify(f"trial {self.current_trial.number} has no files on this disk", markup=False)

    def action_promote(self, edit: bool = False) -> None:
        """Ask for a name and write the spec of the trial."""
        if self.current_trial is not None and self.study_reference is not None and self._snapshot is not None:
            actions.promote_trial(self.app, self.study_reference, self._snapshot.view.name, self.current_trial, edit=edit)
