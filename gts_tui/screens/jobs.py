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
from gts.commands.job_progress import ListedJob, describe
from gts.commands.jobs import EVERY, row_of
from gts.commands.jobs import Row as JobRow
from gts.commands.views.formatting import clock, moment, plain, short, size
from gts.commands.views.jobs import remarks, row_line, share_of
from gts.errors import GtsError
from gts.jobs.states import WORDS
from gts.store.workspace import JobFolder, Workspace
from gts_tui.command_syntax import joined
from gts_tui.polling import changed
from gts_tui.screens.mode import Mode
from gts_tui.textual_fixes import SteadyLine
from gts_tui.widgets.dialogs import Ask, Confirm
from gts_tui.widgets.filter_input import FilterLine
from gts_tui.widgets.log_view import LogPane
from gts_tui.widgets.status import state_text
from gts_tui.widgets.table import MOST_ROWS, KeyedTable, Row
from gts_tui.widgets.table import ColumnKeyedTable as Column

if TYPE_CHECKING:
    from gts.jobs.job_store import Standing


SECONDS = 2.0
"""Between two readings while something is at work; its numbers change as often."""


@dataclass(frozen=True)
class JobList:
    """All jobs, newest first, and the row of this machine."""

    jobs: tuple[ListedJob, ...]
    row: JobRow


class JobReader:
    """Reads the jobs of a workspace, in the watcher's thread."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self._resting: dict[str, tuple[Hashable, ListedJob]] = {}
        self._working: tuple[Path, ...] = ()

    def stamp(self) -> Hashable:
        """Differs when jobs may stand otherwise; with the time, while one is at work."""
        from gts.jobs.queue import Queue

        queue = Queue().folder
        places = (self._workspace.catalogue, self._workspace.runs, self._workspace.studies, queue, queue / "slots")
        tick = int(time.monotonic() / SECONDS) if self._working else 0
        return changed(*places), changed(*self._working), tick

    def read(self) -> JobList:
        """All of them; of those at rest only what is new is read from their folders."""
        from gts.jobs.job_store import jobs_of
        from gts.jobs.queue import Queue

        queue = Queue()
        entries = queue.entries()
        standings = jobs_of(self._workspace, limit=EVERY)
        fresh = [one for one in standings if one.state.alive or self._known(one) is None]
        described = {one.id: one for one in describe(fresh, entries)}
        for one in fresh:
            if not one.state.alive:
                self._resting[one.job.id] = (_mark(one), described[one.job.id])
        # Its own file tells at once when a job says that it stops or waits.
        self._working = tuple(one.job.lock for one in standings if one.state.alive)
        jobs = [described.get(one.job.id) or self._resting[one.job.id][1] for one in standings]
        return JobList(tuple(jobs), row_of(Context(self._workspace), queue, entries))

    def _known(self, standing: Standing) -> ListedJob | None:
        mark, listed = self._resting.get(standing.job.id, (None, None))
        return listed if mark == _mark(standing) else None


def _mark(standing: Standing) -> Hashable:
    return standing.state, standing.job.changed, standing.job.claim


_WIDE = 110
_NUMBERS = (
    Column("since", 6, right=True),
    Column("done", 5, right=True),
    Column("rate", 6, right=True),
    Column("left", 7, right=True),
    Column("cpu", 5, right=True),
    Column("memory", 7, right=True),
)
_NARROW_COLUMNS = (Column("state", 13), Column("job", 20), *_NUMBERS)
_WIDE_COLUMNS = (Column("state", 13), Column("kind", 6), Column("job", 40), *_NUMBERS, Column("steps", 7, right=True))
_STATES = ("", *WORDS)


class JobsMode(Mode):
    """A table of jobs, and the log of the one under the cursor."""

    NAME = "jobs"
    TITLE = "jobs"
    DEFAULT_CSS = """
    JobsMode #row { height: 1; color: $text-muted; }
    JobsMode #remarks { height: 1; }
    JobsMode KeyedTable { height: 3fr; }
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
        self._list: JobList | None = None
        self._state = ""
        self._wanted = ""
        """A job that was asked for and has not been listed yet."""

    def compose(self) -> ComposeResult:
        """The row of this machine, the jobs, what is to say about one, its log."""
        table = KeyedTable(id="jobs")
        yield SteadyLine(id="row")
        yield table
        yield FilterLine(table, id="jobs-filter")
        yield SteadyLine(id="remarks")
        yield LogPane("jobs.log")

    @property
    def table(self) -> KeyedTable:
        """The jobs."""
        return self.query_one(KeyedTable)

    # -- coming and going ---------------------------------------------------------------------------------------------

    def enter(self) -> None:
        """Follow the jobs, and the log of one."""
        reader = JobReader(self.program.workspace)
        self.program.watcher.follow("jobs.table", reader.stamp, reader.read, self._take)
        self._look_at_log()

    def leave(self) -> None:
        """Follow nothing."""
        self.program.watcher.forget("jobs.table")
        self.query_one(LogPane).forget()

    def selection(self) -> tuple[str, ...]:
        """The marked jobs, else the one under the cursor."""
        return self.table.chosen

    def open(self, word: str) -> None:
        """Put the cursor on a job."""
        found = [key for key in self.table.keys if key == word] or [key for key in self.table.keys if word in key]
        if not (len(found) == 1 and self.table.go_to(found[0])):
            self._wanted = word

    # -- what is shown ------------------------------------------------------------------------------------------------

    def _take(self, reading: Any) -> None:
        if isinstance(reading, GtsError):
            self.query_one("#row", SteadyLine).tell(plain(reading.message))
            return
        self._list = reading
        self._show()
        if self._wanted:
            word, self._wanted = self._wanted, ""
            self.open(word)
            self._wanted = ""

    def _show(self) -> None:
        if self._list is None:
            return
        admits = self.query_one("#jobs-filter", FilterLine).admits
        standing = [one for one in self._list.jobs if self._state in ("", one.state)]
        jobs = [one for one in standing if admits(f"{one.id} {one.kind} {one.reason}")]
        # Those at work stay in sight, however many came after them.
        jobs.sort(key=lambda one: not one.alive)
        columns = _WIDE_COLUMNS if self.size.width >= _WIDE else _NARROW_COLUMNS
        self.table.show(columns, [Row(one.id, self._cells(one, columns)) for one in jobs[:MOST_ROWS]])
        self._show_row(len(jobs))
        self._show_one()

    def _show_row(self, found: int) -> None:
        assert self._list is not None
        which = f"{self._state} only" if self._state else ""
        every = len(self._list.jobs)
        listed = f"{min(found, MOST_ROWS)} of {every} jobs" if found < every or found > MOST_ROWS else f"{every} jobs"
        line = "   ".join(filter(None, [row_line(self._list.row), listed, which]))
        self.query_one("#row", SteadyLine).tell(plain(line if every else f"{line}   next: train a spec"))

    def _cells(self, job: ListedJob, columns: Sequence[Column]) -> tuple[Text, ...]:
        wide = len(columns) > len(_NARROW_COLUMNS)
        share = share_of(job)
        # The time that the id of a run begins with stands in a column of its own.
        name = job.id if wide or job.kind == "search" else job.id[16:] or job.id
        numbers = (
            moment(job.since),
            "" if share is None else f"{share} %",
            short(job.rate) if job.rate else "",
            clock(job.seconds_left) if job.seconds_left is not None and job.seconds_left < 1e7 else "",
            "" if job.cpu_percent is None else f"{job.cpu_percent:.0f} %",
            size(job.memory) if job.memory else "",
            *((short(job.step),) if wide else ()),
        )
        kind = (Text(job.kind),) if wide else ()
        return (state_text(self.program, job.state), *kind, plain(name), *map(Text, numbers))

    def _one(self) -> ListedJob | None:
        key = self.table.current
        return next((one for one in (self._list.jobs if self._list else ()) if one.id == key), None)

    def _show_one(self) -> None:
        job = self._one()
        said = "  ".join(text for text, _ in remarks(job) if text) if job else ""
        known = f"  pid {job.pid} on {job.host}" if job and job.pid is not None else ""
        self.query_one("#remarks", SteadyLine).tell(plain(f"{said}{known}"))

    def _look_at_log(self) -> None:
        job, pane = self._one(), self.query_one(LogPane)
        if job is None:
            pane.blank()
            return
        workspace = self.program.workspace
        folder = workspace.study(job.id).path if job.kind == "search" else workspace.run(job.id).path
        pane.follow(JobFolder(folder).log, f"log of {job.id}")

    def on_data_table_row_highlighted(self) -> None:
        """Another job is looked at."""
        self._show_one()
        self._look_at_log()

    def on_filter_line_filtered(self) -> None:
        """Show the jobs that have the words."""
        self._show()

    def on_resize(self, event: Resize) -> None:
        """More columns where there is room."""
        self._show()

    # -- keys ---------------------------------------------------------------------------------------------------------

    def on_data_table_row_selected(self) -> None:
        """Open the run or the study in its own mode."""
        job = self._one()
        if job is not None:
            self.program.perform(joined(["mode", "search" if job.kind == "search" else "training", job.id]))

    def _chosen(self, fits: Callable[[ListedJob], bool], otherwise: str) -> list[str]:
        """The chosen jobs that something can be done with; says so where there is none."""
        chosen = set(self.table.chosen)
        found = [one.id for one in (self._list.jobs if self._list else ()) if one.id in chosen and fits(one)]
        if not found:
            self.notify(otherwise, severity="warning", markup=False)
        return found

    def action_stop(self) -> None:
        """Stop what is chosen, after its present update."""
        jobs = self._chosen(lambda one: one.alive, "nothing chosen here is at work")
        if jobs:
            self.program.perform(joined(["stop", *jobs]))
            self.table.unmark()

    def action_kill(self) -> None:
        """Stop what is chosen at once, if the person means it."""
        jobs = self._chosen(lambda one: one.alive, "nothing chosen here is at work")
        if not jobs:
            return
        what = jobs[0] if len(jobs) == 1 else f"{len(jobs)} jobs"

        def answered(yes: bool | None) -> None:
            if yes:
                self.program.perform(joined(["stop", "--now", *jobs]))
                self.table.unmark()

        self.app.push_screen(Confirm(f"Kill {what}? What has not been saved is lost."), answered)

    def action_resume(self) -> None:
        """Go on with what is chosen."""
        jobs = self._chosen(lambda one: not one.alive and one.state != "done", "nothing chosen here stands still")
        if jobs:
            self.program.perform(joined(["resume", *jobs]))
            self.table.unmark()

    def action_resume_all(self) -> None:
        """Go on with everything that was interrupted, if the person means it."""
        found = sum(one.state == "interrupted" for one in (self._list.jobs if self._list else ()))
        if not found:
            self.notify("no job was interrupted", severity="warning")
            return

        def answered(yes: bool | None) -> None:
            if yes:
                self.program.perform("resume --all")

        self.app.push_screen(Confirm(f"Go on with {found} interrupted job{'s' if found > 1 else ''}?"), answered)

    def action_slots(self) -> None:
        """Set how many jobs may work at a time."""
        now = self._list.row.slots if self._list else None

        def answered(word: str | None) -> None:
            if word:
                self.program.perform(joined(["jobs", "--slots", word]))

        self.app.push_screen(Ask("How many jobs may work at a time? A number, or auto.", str(now or "auto")), answered)

    def action_state(self, step: int) -> None:
        """List the jobs of the next state alone, or of all."""
        self._state = _STATES[(_STATES.index(self._state) + step) % len(_STATES)]
        self._show()

    def action_filter(self) -> None:
        """Write words that a job must have."""
        self.query_one("#jobs-filter", FilterLine).begin()

    def action_play(self) -> None:
        """Play what the chosen runs have learned."""
        jobs = self._chosen(lambda one: one.kind == "train", "only trainings can be played")
        if jobs:
            self.program.perform(joined(["mode", "play", *jobs]))

    def action_copy(self) -> None:
        """Copy the ids of what is chosen."""
        chosen = self.table.chosen
        if chosen:
            self.program.copy(" ".join(chosen), chosen[0] if len(chosen) == 1 else f"{len(chosen)} ids")

    def action_back(self) -> None:
        """From the log to the jobs; there take away the filter, then the marks, then the state."""
        if not self.table.has_focus:
            self.table.focus()
        elif not (self.query_one("#jobs-filter", FilterLine).drop() or self.table.unmark()):
            self._state = ""
            self._show()


MODE = JobsMode
