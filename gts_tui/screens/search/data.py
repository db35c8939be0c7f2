"""The studies of a workspace, as a list shows them: how each stands at a glance."""

from __future__ import annotations

import json
from collections.abc import Hashable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from gts.commands.views.formatting import moment, number, plain
from gts.errors import GtsError
from gts.jobs.job_lock import look
from gts.jobs.job_store import standing_of
from gts.store.workspace import StudyFolder, Workspace
from gts_tui.polling import changed
from gts_tui.trials.signs import INKS, signed
from gts_tui.widgets.table import Cell, Column

COLUMNS = (
    Column("study", 20),
    Column("state", 13),
    Column("trials", 9, right=True),
    Column("best", 9, right=True),
    Column("since", 7, right=True),
    Column("what", 30),
)


@dataclass(frozen=True)
class StudyLine:
    """One study."""

    word: str
    """By which it is named on a command line."""
    state: str
    reason: str = ""
    ended: int | None = None
    """Trials; None where it is not known."""
    wanted: int | None = None
    best: float | None = None
    since: str = ""
    created: str = ""
    what: str = ""
    """Figure, technique, where the trials are."""
    alive: bool = False

    @property
    def still(self) -> bool:
        """Whether nobody works on its trials, not even on those that were begun."""
        return bool(self.state) and not self.alive

    def cells(self) -> tuple[Cell, ...]:
        """What the table has of it."""
        trials = "–" if self.ended is None else f"{self.ended}/{self.wanted}"
        best = number(self.best) if self.best is not None else "–"
        state = (signed(self.state), INKS.get(self.state, ""))
        return (
            (plain(_short(self.word)).plain, ""),
            state,
            (trials, ""),
            (best, ""),
            (moment(self.since), "dim"),
            (plain(self.reason or self.what).plain, "dim"),
        )


@dataclass
class Studies:
    """Looks at the studies of a workspace again and again."""

    workspace: Workspace
    _glances: dict[str, tuple[Hashable, tuple[Any, str, str]]] = field(default_factory=dict)

    def stamp(self) -> Hashable:
        """Differs when a study may stand otherwise; a process that is killed leaves no trace but its lock."""
        folders = self._folders()
        return tuple((one.name, _files(one), look(one.lock)[0]) for one in folders)

    def read(self) -> tuple[StudyLine, ...]:
        """The studies, newest first."""
        lines = [self._line(folder) for folder in self._folders()]
        return tuple(sorted(lines, key=lambda line: (line.created, line.word), reverse=True))

    def _folders(self) -> Sequence[StudyFolder]:
        return [self.workspace.study(name) for name in self.workspace.study_names()]

    def _line(self, folder: StudyFolder) -> StudyLine:
        seen, what, created = self._glance(folder)
        numbers: dict[str, Any] = {"ended": seen.ended, "wanted": seen.wanted, "best": seen.best} if seen else {}
        try:
            standing = standing_of(folder.path)
        except (GtsError, OSError):
            missing = not folder.job.exists()
            return StudyLine(folder.name, "" if missing else "damaged", created=created, what=what, **numbers)
        job, state, sign = standing.job, standing.state, standing.sign
        since = sign.since if sign is not None and state.alive else job.changed or job.created
        reason = state.reason if state.word in ("failed", "interrupted", "waiting") else ""
        return StudyLine(
            folder.name, state.word, reason, since=since, created=job.created, what=what, alive=state.alive, **numbers
        )

    def _glance(self, folder: StudyFolder) -> tuple[Any, str, str]:
        """Numbers and description of a study, looked up again only when its files have changed."""
        # Only here: counting the points of a grid loads Optuna, which is a matter of the watching thread.
        from gts.search.summary import glance

        stamp = _files(folder)
        known = self._glances.get(folder.name)
        if known is None or known[0] != stamp:
            facts = _facts(folder)
            found = glance(folder), _what(facts), str(facts.get("created", ""))
            known = self._glances[folder.name] = stamp, found
        return known[1]


def _short(word: str) -> str:
    """The end of a long path or address, which says more than its beginning."""
    room = COLUMNS[0].width
    return word if len(word) <= room or "/" not in word else f"…{word[1 - room :]}"


def _files(folder: StudyFolder) -> Hashable:
    from gts.search.summary import progress, where_of

    path, _ = where_of(folder)
    return changed(path or progress(folder), folder.facts, folder.job)


def _facts(folder: StudyFolder) -> dict[str, Any]:
    with suppress(OSError, ValueError):
        facts = json.loads(folder.facts.read_bytes())
        return facts if isinstance(facts, dict) else {}
    return {}


def _what(facts: dict[str, Any]) -> str:
    """Figure and technique, and the storage where that is not in the folder."""
    space, storage = facts.get("space"), facts.get("storage")
    words = [str(space.get(key, "")) for key in ("physicalModel", "technique")] if isinstance(space, dict) else []
    return " ".join(filter(None, [*words, f"in {storage}" if storage else ""]))
