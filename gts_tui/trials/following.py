"""Following a study: read in a thread of its own, since a server may take its time, and no more often than reading allows."""

from __future__ import annotations

import time
from collections.abc import Hashable
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from gts.errors import FileError, GtsError
from gts.jobs.job_lock import look
from gts.store.workspace import StudyFolder, Workspace
from gts_tui.polling import changed

if TYPE_CHECKING:
    from gts.search.charts import Chart, Kind
    from gts.search.trial_reader import Memory
    from gts.search.trial_records import StudyView, TrialRow

_SHARE = 4.0
"""Reading may take one part in so many of the time."""
_SERVER_SECONDS = 5.0
"""Between two questions to a server, which does not say by itself that it has news."""


@dataclass(frozen=True)
class Reading:
    """A study at one moment, with what its head line says."""

    view: StudyView
    front: tuple[TrialRow, ...]
    """Where there are two objectives."""
    best: TrialRow | None
    """By the value of the search."""
    confirmed: TrialRow | None
    """The best of those that were trained again."""
    wanted: int | None
    at: float
    """When it was read; tells two readings apart."""
    chart: Chart | None = None
    """The one that was wanted."""


@dataclass
class Follower:
    """Looks at one study again and again, in one thread."""

    workspace: Workspace
    word: str
    kind: Kind | None = None
    """The chart that is wanted."""
    _memory: Memory | None = None
    _reading: Reading | None = None
    _seen: Hashable = None
    _rest_until: float = field(default=0.0)

    @property
    def folder(self) -> StudyFolder | None:
        """Where the study is in the workspace, if it is there."""
        found = self.workspace.study(self.word)
        return found if "://" not in self.word and found.exists() else None

    def stamp(self) -> Hashable:
        """Differs when another reading is wanted, and may be had."""
        if self._rest_until <= time.monotonic():
            self._seen = self._files()
        return self._seen, self.kind

    def read(self) -> Reading:
        """The study as it stands, with the chart that is wanted; raises GtsError."""
        from gts.search.charts import chart

        began = time.monotonic()
        try:
            if self._reading is None or self._seen != self._reading_of:
                self._reading, self._reading_of = self._look(), self._seen
            kind = self.kind
            if kind is None:
                return replace(self._reading, chart=None)
            return replace(self._reading, chart=chart(self._reading.view, kind))
        except (GtsError, OSError):
            self._reading = None
            raise
        except Exception as error:
            # A database that holds something else than it should.
            self._reading = None
            raise FileError(f"cannot read {self.word}: {type(error).__name__}: {error}") from error
        finally:
            self._rest_until = time.monotonic() + _SHARE * (time.monotonic() - began)

    _reading_of: Hashable = None

    def _files(self) -> Hashable:
        folder = self.folder
        if folder is not None:
            from gts.search.summary import where_of

            path, _ = where_of(folder)
            here = changed(folder.facts, folder.job), look(folder.lock)[0]
            return here, changed(path) if path is not None else int(time.monotonic() / _SERVER_SECONDS)
        if "://" in self.word:
            return int(time.monotonic() / _SERVER_SECONDS)
        path = self.workspace.root / self.word.partition("#")[0]
        return changed(path, path / "study.db")

    def _look(self) -> Reading:
        from gts.search.study_reader import read_named
        from gts.search.trial_reader import Memory

        if self._memory is None:
            self._memory = Memory()
        view = read_named(self.workspace, self.word, memory=self._memory)
        ranked, confirmed = view.ranked(), view.confirmed()
        return Reading(
            view=view,
            front=tuple(view.front()) if len(view.maximised) > 1 else (),
            best=ranked[0] if ranked else None,
            confirmed=confirmed[0] if confirmed else None,
            wanted=self._wanted(view),
            at=time.monotonic(),
        )

    def _wanted(self, view: StudyView) -> int | None:
        from gts.search.summary import glance

        seen = glance(self.folder) if self.folder is not None else None
        return seen.wanted if seen else view.settings.trials if view.settings else None
