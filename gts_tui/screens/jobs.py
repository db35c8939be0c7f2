"""The mode `jobs`: a table of trainings and searches, and the log of the one under the cursor."""

from __future__ import annotations

import time
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

from rich.text import Text
from textual import getters, on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.events import Resize

from gts.commands.command import Context
from gts.commands.job_progress import ListedJob, describe_jobs
from gts.commands.jobs import NO_LIMIT, QueueSummary, summarize_queue
from gts.commands.views.formatting import format_bytes, format_clock, format_short, format_time, plain_text
from gts.commands.views.jobs import format_queue_summary, job_details, percent_done
from gts.errors import GtsError
from gts.jobs.job_store import JobStatus, list_jobs
from gts.jobs.queue import JobQueue
from gts.jobs.states import STATE_NAMES
from gts.store.workspace import JobFolder, Workspace, short_run_name
from gts_tui.app_base import BaseApp
from gts_tui.command_syntax import quote_words
from gts_tui.polling import stat_stamp
from gts_tui.screens.mode import Mode
from gts_tui.textual_fixes import CachedStatic
from gts_tui.widgets.dialogs import ConfirmDialog, InputDialog
from gts_tui.widgets.filter_input import FilterInput
from gts_tui.widgets.log_view import LogPane
from gts_tui.widgets.status import state_text
from gts_tui.widgets.table import VirtualTable, VirtualTableColumn

REFRESH_SECONDS = 2.0
"""Interval between readings while a job is active."""


@dataclass(frozen=True)
class JobList:
    """All jobs, newest first, and the queue of this machine."""

    jobs: tuple[ListedJob, ...]
    queue: QueueSummary


class JobReader:
    """Reads the jobs of a workspace in the polling thread; jobs that have ended are read once."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self._inactive_jobs: dict[str, tuple[Hashable, ListedJob]] = {}
        self._active_locks: tuple[Path, ...] = ()

    def stamp(self) -> Hashable:
        """Return a stamp that changes with the jobs; while one is active, also with time."""
        queue = JobQueue().folder
        paths = (self._workspace.catalogue, self._workspace.runs, self._workspace.studies, queue, queue / "slots")
        tick = int(time.monotonic() / REFRESH_SECONDS) if self._active_locks else 0
        return stat_stamp(*paths), stat_stamp(*self._active_locks), tick

    def read(self) -> JobList:
        """Return all jobs."""
        queue = JobQueue()
        entries = queue.entries()
        statuses = list_jobs(self._workspace, limit=NO_LIMIT)
        fresh = [one for one in statuses if one.state.alive or self._cached_job(one) is None]
        described = {one.id: one for one in describe_jobs(fresh, entries)}
        for one in fresh:
            if not one.state.alive:
                self._inactive_jobs[one.job.id] = (_job_stamp(one), described[one.job.id])
        # A job writes its activity, such as stopping, to its lock file.
        self._active_locks = tuple(one.job.lock_path for one in statuses if one.state.alive)
        jobs = [described.get(one.job.id) or self._inactive_jobs[one.job.id][1] for one in statuses]
        return JobList(tuple(jobs), summarize_queue(Context(self._workspace), queue, entries))

    def _cached_job(self, status: JobStatus) -> ListedJob | None:
        stamp, listed = self._inactive_jobs.get(status.job.id, (None, None))
        return listed if stamp == _job_stamp(status) else None


def _job_stamp(status: JobStatus) -> Hashable:
    return status.state, status.job.changed, status.job.recorded_state


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
    """Table of jobs, and the log of the current one."""

    NAME = "jobs"
    DEFAULT_CSS = """
    JobsMode #queue { height: 1; color: $text-muted; }
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
        Binding("left_square_bracket", "state(-1)", "previous state", key_display="[", show=False, id="jobs.state_before"),
        Binding("right_square_bracket", "state(1)", "state", key_display="]", id="jobs.state_next"),
        Binding("slash", "filter", "filter", key_display="/", id="jobs.filter"),
        Binding("p", "play", "play", show=False, id="jobs.play"),
        Binding("y", "copy", "copy ID", show=False, id="jobs.copy"),
        Binding("escape", "back", "all", show=False, id="jobs.back"),
    ]

    app = getters.app(BaseApp)
    table = getters.query_one("#jobs", VirtualTable)
    queue_line = getters.query_one("#queue", CachedStatic)
    filter_input = getters.query_one("#jobs-filter", FilterInput)
    remarks = getters.query_one("#remarks", CachedStatic)
    log_pane = getters.query_one(LogPane)

    def __init__(self) -> None:
        super().__init__()
        self._job_list: JobList | None = None
        self._state_filter = ""
        self._pending_job = ""
        """Job to move the cursor to once it is listed."""

    def compose(self) -> ComposeResult:
        """Create the queue's summary, the table, the details and the log."""
        table = VirtualTable(id="jobs", gap=1)
        yield CachedStatic(id="queue")
        yield table
        yield FilterInput(table, id="jobs-filter")
        yield CachedStatic(id="remarks")
        yield LogPane("jobs.log")

    # -- mode ------------------------------------------------------------------------------------------------------

    def enter(self) -> None:
        """Poll the jobs and the current log."""
        reader = JobReader(self.app.workspace)
        self.app.poller.watch("jobs.table", reader.stamp, reader.read, self._apply_jobs)
        self._follow_log()

    def leave(self) -> None:
        """Stop polling."""
        self.app.poller.unwatch("jobs.table")
        self.log_pane.stop_polling()

    def selection(self) -> tuple[str, ...]:
        """Return the IDs of the marked jobs, else of the one under the cursor."""
        return self.table.selected_keys

    def open(self, reference: str) -> None:
        """Move the cursor to a job, given by its ID or a unique part of it; if it is not listed yet, once it is."""
        keys = self.table.row_keys
        found = [reference] if reference in keys else [key for key in keys if reference in key]
        if not (len(found) == 1 and self.table.move_to_key(found[0])):
            self._pending_job = reference

    # -- display -----------------------------------------------------------------------------------------------------

    def _apply_jobs(self, reading: Any) -> None:
        if isinstance(reading, GtsError):
            self.queue_line.show_text(plain_text(reading.message))
            return
        self._job_list = reading
        self._show_jobs()
        if self._pending_job:
            self.open(self._pending_job)
            self._pending_job = ""

    def _show_jobs(self) -> None:
        if self._job_list is None:
            return
        matches = self.filter_input.matches
        in_state = [one for one in self._job_list.jobs if self._state_filter in ("", one.state)]
        jobs = [one for one in in_state if matches(f"{one.id} {one.kind} {one.reason}")]
        # Active jobs come first, however many newer ones have ended.
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
        listed = f"{total} jobs" if match_count == total else f"{match_count} of {total} jobs"
        hint = "" if total else "next: train a spec"
        line = "   ".join(filter(None, [format_queue_summary(self._job_list.queue), listed, filter_note, hint]))
        self.queue_line.show_text(plain_text(line))

    def _cells(self, job: ListedJob, columns: Sequence[VirtualTableColumn]) -> tuple[Text, ...]:
        wide = len(columns) > len(_NARROW_COLUMNS)
        share = percent_done(job)
        # The column `since` shows the time that a run ID begins with.
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
        return (state_text(self.app, job.state), *kind, plain_text(name), *map(Text, numbers))

    def _current_job(self) -> ListedJob | None:
        key = self.table.current_key
        return next((one for one in (self._job_list.jobs if self._job_list else ()) if one.id == key), None)

    def _show_remarks(self) -> None:
        job = self._current_job()
        text = ""
        if job is not None:
            text = "  ".join(detail for detail, _ in job_details(job) if detail)
            if job.pid is not None:
                text += f"  pid {job.pid} on {job.host}"
        self.remarks.show_text(plain_text(text))

    def _follow_log(self) -> None:
        job, pane = self._current_job(), self.log_pane
        if job is None:
            pane.clear_log()
            return
        workspace = self.app.workspace
        folder = workspace.study_folder(job.id).path if job.kind == "search" else workspace.run_folder(job.id).path
        pane.show_log(JobFolder(folder).log, f"log of {job.id}")

    @on(VirtualTable.CursorMoved, "#jobs")
    def show_details(self) -> None:
        """Show details and log of the job under the cursor."""
        self._show_remarks()
        self._follow_log()

    @on(FilterInput.FilterChanged)
    def apply_filter(self) -> None:
        """Show the jobs that match the filter."""
        self._show_jobs()

    def on_resize(self, event: Resize) -> None:
        """Choose the columns that fit the width."""
        self._show_jobs()

    # -- keys ---------------------------------------------------------------------------------------------------------

    @on(VirtualTable.RowSelected, "#jobs")
    def open_job(self) -> None:
        """Open the run or study in its mode."""
        job = self._current_job()
        if job is not None:
            self.app.run_command(quote_words(["mode", "search" if job.kind == "search" else "training", job.id]))

    def _chosen_jobs(self, predicate: Callable[[ListedJob], bool], warning: str) -> list[str]:
        """Return the IDs of the chosen jobs that satisfy a predicate; show a warning if there are none."""
        chosen = set(self.table.selected_keys)
        found = [one.id for one in (self._job_list.jobs if self._job_list else ()) if one.id in chosen and predicate(one)]
        if not found:
            self.notify(warning, severity="warning", markup=False)
        return found

    def action_stop(self) -> None:
        """Stop the chosen jobs after their current update."""
        jobs = self._chosen_jobs(lambda one: one.alive, "no running or queued job is selected")
        if jobs:
            self.app.run_command(quote_words(["stop", *jobs]))
            self.table.clear_marks()

    def action_kill(self) -> None:
        """Ask, then stop the chosen jobs at once."""
        jobs = self._chosen_jobs(lambda one: one.alive, "no running or queued job is selected")
        if not jobs:
            return
        label = jobs[0] if len(jobs) == 1 else f"{len(jobs)} jobs"

        def answered(yes: bool | None) -> None:
            if yes:
                self.app.run_command(quote_words(["stop", "--now", *jobs]))
                self.table.clear_marks()

        self.app.push_screen(ConfirmDialog(f"Kill {label}? Unsaved progress is lost."), answered)

    def action_resume(self) -> None:
        """Resume the chosen jobs."""
        jobs = self._chosen_jobs(lambda one: not one.alive and one.state != "done", "no stopped job is selected")
        if jobs:
            self.app.run_command(quote_words(["resume", *jobs]))
            self.table.clear_marks()

    def action_resume_all(self) -> None:
        """Ask, then resume all interrupted jobs."""
        found = sum(one.state == "interrupted" for one in (self._job_list.jobs if self._job_list else ()))
        if not found:
            self.notify("no job is interrupted", severity="warning")
            return

        def answered(yes: bool | None) -> None:
            if yes:
                self.app.run_command("resume --all")

        self.app.push_screen(ConfirmDialog(f"Resume {found} interrupted job{'s' if found > 1 else ''}?"), answered)

    def action_slots(self) -> None:
        """Ask how many jobs may run at a time."""
        now = self._job_list.queue.slots if self._job_list else None

        def answered(word: str | None) -> None:
            if word:
                self.app.run_command(quote_words(["jobs", "--slots", word]))

        self.app.push_screen(InputDialog("How many jobs may run at a time? A number, or auto.", str(now or "auto")), answered)

    def action_state(self, step: int) -> None:
        """Show only jobs of the next or previous state, or all."""
        self._state_filter = _STATE_FILTERS[(_STATE_FILTERS.index(self._state_filter) + step) % len(_STATE_FILTERS)]
        self._show_jobs()

    def action_filter(self) -> None:
        """Open the filter."""
        self.filter_input.open()

    def action_play(self) -> None:
        """Play the policies of the chosen runs."""
        jobs = self._chosen_jobs(lambda one: one.kind == "train", "only trainings can be played")
        if jobs:
            self.app.run_command(quote_words(["mode", "play", *jobs]))

    def action_copy(self) -> None:
        """Copy the IDs of the chosen jobs."""
        self.app.copy_names(self.table.selected_keys, "IDs")

    def action_back(self) -> None:
        """Return from the log to the table; there clear the filter, the marks and the state in turn."""
        if not self.table.has_focus:
            self.table.focus()
        elif not (self.filter_input.clear_filter() or self.table.clear_marks()):
            self._state_filter = ""
            self._show_jobs()


MODE = JobsMode
