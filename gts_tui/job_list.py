"""The jobs of a workspace as the screen shows them: read again and again, but only what may have changed."""

from __future__ import annotations

import time
from collections.abc import Hashable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from gts.commands.command import Context
from gts.commands.jobs import EVERY, Row, row_of
from gts.commands.listing import ListedJob, describe
from gts.store.workspace import Workspace
from gts_tui.polling import changed

if TYPE_CHECKING:
    from gts.jobs.job_store import Standing

SECONDS = 2.0
"""Between two readings while something is at work; its numbers change as often."""


@dataclass(frozen=True)
class JobList:
    """All jobs, newest first, and the row of this machine."""

    jobs: tuple[ListedJob, ...]
    row: Row


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
