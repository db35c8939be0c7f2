"""The mode `jobs`: what works, waits, was interrupted or is done, and what it says.

The jobs of a workspace as the screen shows them: read again and again, but only what may have changed.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.events import Resize

from gts.commands.command import Context
from gts.commands.job_progress import ListedJob, describe_jobs
from gts.commands.jobs import NO_LIMIT, summarize_queue
from gts.commands.jobs import QueueSummary as JobRow
from gts.commands.views.formatting import format_bytes, format_clock, format_short, format_time, plain_text
from gts.commands.views.jobs import format_queue_summary, job_details, percent_done
from gts.errors import GtsError
from gts.jobs.states import STATE_NAMES
from gts.store.workspace import JobFolder, Workspace, short_run_name
from gts_tui.command_syntax import quote_words
from gts_tui.polling import stat_stamp
from gts_tui.screens.mode import Mode
from gts_tui.textual_fixes import CachedStatic
from gts_tui.widgets.dialogs import ConfirmDialog, InputDialog
from gts_tui.widgets.filter_input import FilterInput
from gts_tui.widgets.log_view import LogPane
from gts_tui.widgets.status import state_text
from gts_tui.widgets.table import VirtualTable, VirtualTableColumn

if TYPE_CHECKING:
    from gts.jobs.job_store import JobStatus


REFRESH_SECONDS = 2.0
"""Between two readings while something is at work; its numbers change as often."""


@dataclass(frozen=True)
class JobList:
    """All jobs, newest first, and the row of this machine."""

    jobs: tuple[ListedJob, ...]
    queue: JobRow


class JobReader:
    """Reads the jobs of a workspace, in the watcher's thread."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self._inactive_jobs: dict[str, tuple[Hashable, ListedJob]] = {}
        self._active_locks: tuple[Path, ...] = ()

    def stamp(self) -> Hashable:
        """Differs when jobs may stand otherwise; with the time, while one is at work."""
        from gts.jobs.queue import JobQueue

        queue = JobQueue().folder
        places = (self._workspace.catalogue, self._workspace.runs, self._workspace.studies, queue, queue / "slots")
        tick = int(time.monotonic() / REFRESH_SECONDS) if self._active_locks else 0
        return stat_stamp(*places), stat_stamp(*self._active_locks), tick

    def read(self) -> JobList:
        """All of them; of those at rest only what is new is read from their folders."""
        from gts.jobs.job_store import list_jobs
        from gts.jobs.queue import JobQueue

        queue = JobQueue()
        entries = queue.entries()
        standings = list_jobs(self._workspace, limit=NO_LIMIT)
        fresh = [one for one in standings if one.state.alive or self._cached_job(one) is None]
        described = {one.id: one for one in describe_jobs(fresh, entries)}
        for one in fresh:
            if not one.state.alive:
                self._inactive_jobs[one.job.id] = (_job_stamp(one), described[one.job.id])
        # Its own file tells at once when a job says that it stops or waits.
        self._active_locks = tuple(one.job.lock_path for one in standings if one.state.alive)
        jobs = [described.get(one.job.id) or self._inactive_jobs[one.job.id][1] for one in standings]
        return JobList(tuple(jobs), summarize_queue(Context(self._workspace), queue, entries))

    def _cached_job(self, standing: JobStatus) -> ListedJob | None:
        mark, listed = self._inactive_jobs.get(standing.job.id, (None, None))
        return listed if mark == _job_stamp(standing) else None


def _job_stamp(standing: JobStatus) -> Hashable:
    return standing.state, standing.job.changed, standing.job.recorded_state


_WIDE_LAYOUT_COLUMNS = 110
_NUMBER_COLUMNS = (
    VirtualTableColumn("since", 6, align_right=True),
    VirtualTableColumn("done", 5, align_right=True),
    VirtualTableColumn("rate", 6, align_right=True),
    VirtualTableColumn("left", 7, align_right=True),
    VirtualTableColumn("cpu", 5, align_right=True),
    VirtualTableColumn("memory", 7, align_right=True),
)
_NARROW_COLUMNS = (VirtualTableColumn("state", 13), VirtualTableColumn("job", 20), *_NUMBER_COLUMNS)
_WIDE_COLUMNS = (
    VirtualTableColumn("state", 13),
    VirtualTableColumn("kind", 6),
    VirtualTableColumn("job", 40),
    *_NUMBER_COLUMNS,
    VirtualTableColumn("steps", 7, align_right=True),
)
_STATE_FILTERS = ("", *STATE_NAMES)


class JobsMode(Mode):
    """A table of jobs, and the log of the one under the cursor."""

    NAME = "jobs"
    DEFAULT_CSS = """
    JobsMode #row { height: 1; color: $text-muted; }
    JobsMode #remarks { height: 1; }
    JobsMode VirtualTable { height: 3fr; }
    JobsMode LogPane { height: 2fr; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("s", "stop", "stop", id="jobs.stop"),
        Binding("S", "kill", "stop now", show=False, id="jobs.kill"),
        Binding("R", "resume", "resume", id="jobs.resume"),
        Binding("A", "resume_all", "resume all", id="jobs.resume_all"),
        Binding("plus", "slots", "slots", key_display="+", id="jobs.slots"),
        Binding("left_square_bracket", "state(-1)", "state before", key_display="[", show=False, id="jobs.state_before"),
        Binding("right_square_bracket", "state(1)", "state", key_display="]", id="jobs.state_next"),
        Binding("slash", "filter", "filter", key_display="/", id="jobs.filter"),
        Binding("p", "play", "play", show=False, id="jobs.play"),
        Binding("y", "copy", "copy id", show=False, id="jobs.copy"),
        Binding("escape", "back", "all", show=False, id="jobs.back"),
    ]

    def __init__(self) -> None:
        super().__init__()
        self._job_list: JobList | None = None
        self._state_filter = ""
        self._pending_job = ""
        """A job that was asked for and has not been listed yet."""

    def compose(self) -> ComposeResult:
        """The row of this machine, the jobs, what is to say about one, its log."""
        table = VirtualTable(id="jobs", gap=1)
        yield CachedStatic(id="row")
        yield table
        yield FilterInput(table, id="jobs-filter")
        yield CachedStatic(id="remarks")
        yield LogPane("jobs.log")

    @property
    def table(self) -> VirtualTable:
        """The jobs."""
        return self.query_one(VirtualTable)

    # -- coming and going ---------------------------------------------------------------------------------------------

    def enter(self) -> None:
        """Follow the jobs, and the log of one."""
        reader = JobReader(self.program.workspace)
        self.program.poller.watch("jobs.table", reader.stamp, reader.read, self._apply_jobs)
        self._follow_log()

    def leave(self) -> None:
        """Follow nothing."""
        self.program.poller.unwatch("jobs.table")
        self.query_one(LogPane).stop_polling()

    def selection(self) -> tuple[str, ...]:
        """The marked jobs, else the one under the cursor."""
        return self.table.selected_keys

    def open(self, word: str) -> None:
        """Put the cursor on a job."""
        found = [key for key in self.table.row_keys if key == word] or [key for key in self.table.row_keys if word in key]
        if not (len(found) == 1 and self.table.move_to_key(found[0])):
            self._pending_job = word

    # -- what is shown ------------------------------------------------------------------------------------------------

    def _apply_jobs(self, reading: Any) -> None:
        if isinstance(reading, GtsError):
            self.query_one("#row", CachedStatic).show_text(plain_text(reading.message))
            return
        self._job_list = reading
        self._show_jobs()
        if self._pending_job:
            word, self._pending_job = self._pending_job, ""
            self.open(word)
            self._pending_job = ""

    def _show_jobs(self) -> None:
        if self._job_list is None:
            return
        matches = self.query_one("#jobs-filter", FilterInput).matches
        in_state = [one for one in self._job_list.jobs if self._state_filter in ("", one.state)]
        jobs = [one for one in in_state if matches(f"{one.id} {one.kind} {one.reason}")]
        # Those at work stay in sight, however many came after them.
        jobs.sort(key=lambda one: not one.alive)
        columns = _WIDE_COLUMNS if self.size.width >= _WIDE_LAYOUT_COLUMNS else _NARROW_COLUMNS
        by_id = {one.id: one for one in jobs}
        self.table.show_rows(columns, tuple(by_id), lambda key: self._cells(by_id[key], columns))
        self._show_queue_line(len(jobs))
        self._show_remarks()

    def _show_queue_line(self, match_count: int) -> None:
        assert self._job_list is not None
        filter_note = f"{self._state_filter} only" if self._state_filter else ""
        total = len(self._job_list.jobs)
        listed = f"{match_count} of {total} jobs" if match_count < total else f"{total} jobs"
        line = "   ".join(filter(None, [format_queue_summary(self._job_list.queue), listed, filter_note]))
        self.query_one("#row", CachedStatic).show_text(plain_text(line if total else f"{line}   next: train a spec"))

    def _cells(self, job: ListedJob, columns: Sequence[VirtualTableColumn]) -> tuple[Text, ...]:
        wide = len(columns) > len(_NARROW_COLUMNS)
        share = percent_done(job)
        # The time that the id of a run begins with stands in a column of its own.
        name = job.id if wide or job.kind == "search" else short_run_name(job.id)
        numbers = (
            format_time(job.since),
            "" if share is None else f"{share} %",
            format_short(job.rate) if job.rate else "",
            format_clock(job.seconds_left) if job.seconds_left is not None and job.seconds_left < 1e7 else "",
            "" if job.cpu_percent is None else f"{job.cpu_percent:.0f} %",
            format_bytes(job.memory) if job.memory else "",
            *((format_short(job.step),) if wide else ()),
        )
        kind = (Text(job.kind),) if wide else ()
        return (state_text(self.program, job.state), *kind, plain_text(name), *map(Text, numbers))

    def _current_job(self) -> ListedJob | None:
        key = self.table.current_key
        return next((one for one in (self._job_list.jobs if self._job_list else ()) if one.id == key), None)

    def _show_remarks(self) -> None:
        job = self._current_job()
        remark_text = "  ".join(text for text, _ in job_details(job) if text) if job else ""
        process_note = f"  pid {job.pid} on {job.host}" if job and job.pid is not None else ""
        self.query_one("#remarks", CachedStatic).show_text(plain_text(f"{remark_text}{process_note}"))

    def _follow_log(self) -> None:
        job, pane = self._current_job(), self.query_one(LogPane)
        if job is None:
            pane.clear_log()
            return
        workspace = self.program.workspace
        folder = workspace.study_folder(job.id).path if job.kind == "search" else workspace.run_folder(job.id).path
        pane.show_log(JobFolder(folder).log, f"log of {job.id}")

    def on_virtual_table_cursor_moved(self) -> None:
        """Another job is looked at."""
        self._show_remarks()
        self._follow_log()

    def on_filter_input_filter_changed(self) -> None:
        """Show the jobs that have the words."""
        self._show_jobs()

    def on_resize(self, event: Resize) -> None:
        """More columns where there is room."""
        self._show_jobs()

    # -- keys ---------------------------------------------------------------------------------------------------------

    def on_virtual_table_row_selected(self) -> None:
        """Open the run or the study in its own mode."""
        job = self._current_job()
        if job is not None:
            self.program.run_command(quote_words(["mode", "search" if job.kind == "search" else "training", job.id]))

    def _chosen_jobs(self, predicate: Callable[[ListedJob], bool], warning: str) -> list[str]:
        """The chosen jobs that something can be done with; says so where there is none."""
        chosen = set(self.table.selected_keys)
        found = [one.id for one in (self._job_list.jobs if self._job_list else ()) if one.id in chosen and predicate(one)]
        if not found:
            self.notify(warning, severity="warning", markup=False)
        return found

    def action_stop(self) -> None:
        """Stop what is chosen, after its present update."""
        jobs = self._chosen_jobs(lambda one: one.alive, "nothing chosen here is at work")
        if jobs:
            self.program.run_command(quote_words(["stop", *jobs]))
            self.table.clear_marks()

    def action_kill(self) -> None:
        """Stop what is chosen at once, if the person means it."""
        jobs = self._chosen_jobs(lambda one: one.alive, "nothing chosen here is at work")
        if not jobs:
            return
        what = jobs[0] if len(jobs) == 1 else f"{len(jobs)} jobs"

        def answered(yes: bool | None) -> None:
            if yes:
                self.program.run_command(quote_words(["stop", "--now", *jobs]))
                self.table.clear_marks()

        self.app.push_screen(ConfirmDialog(f"Kill {what}? What has not been saved is lost."), answered)

    def action_resume(self) -> None:
        """Go on with what is chosen."""
        jobs = self._chosen_jobs(lambda one: not one.alive and one.state != "done", "nothing chosen here stands still")
        if jobs:
            self.program.run_command(quote_words(["resume", *jobs]))
            self.table.clear_marks()

    def action_resume_all(self) -> None:
        """Go on with everything that was interrupted, if the person means it."""
        found = sum(one.state == "interrupted" for one in (self._job_list.jobs if self._job_list else ()))
        if not found:
            self.notify("no job was interrupted", severity="warning")
            return

        def answered(yes: bool | None) -> None:
            if yes:
                self.program.run_command("resume --all")

        self.app.push_screen(ConfirmDialog(f"Go on with {found} interrupted job{'s' if found > 1 else ''}?"), answered)

    def action_slots(self) -> None:
        """Set how many jobs may work at a time."""
        now = self._job_list.queue.slots if self._job_list else None

        def answered(word: str | None) -> None:
            if word:
                self.program.run_command(quote_words(["jobs", "--slots", word]))

        self.app.push_screen(InputDialog("How many jobs may work at a time? A number, or auto.", str(now or "auto")), answered)

    def action_state(self, step: int) -> None:
        """List the jobs of the next state alone, or of all."""
        self._state_filter = _STATE_FILTERS[(_STATE_FILTERS.index(self._state_filter) + step) % len(_STATE_FILTERS)]
        self._show_jobs()

    def action_filter(self) -> None:
        """Write words that a job must have."""
        self.query_one("#jobs-filter", FilterInput).open()

    def action_play(self) -> None:
        """Play what the chosen runs have learned."""
        jobs = self._chosen_jobs(lambda one: one.kind == "train", "only trainings can be played")
        if jobs:
            self.program.run_command(quote_words(["mode", "play", *jobs]))

    def action_copy(self) -> None:
        """Copy the ids of what is chosen."""
        chosen = self.table.selected_keys
        if chosen:
            self.program.copy(" ".join(chosen), chosen[0] if len(chosen) == 1 else f"{len(chosen)} ids")

    def action_back(self) -> None:
        """From the log to the jobs; there take away the filter, then the marks, then the state."""
        if not self.table.has_focus:
            self.table.focus()
        elif not (self.query_one("#jobs-filter", FilterInput).clear_filter() or self.table.clear_marks()):
            self._state_filter = ""
            self._show_jobs()


MODE = JobsMode
