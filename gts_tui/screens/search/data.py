"""The studies of a workspace, as a list shows them: how each stands at a glance.

Following a study: read in a thread of its own, since a server may take its time, and no more often than reading allows.

The trials of a study as rows of a table: which columns, which order, which of them.
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Hashable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from gts.commands.trials import condition, ordered
from gts.commands.views.formatting import duration, moment, number, plain
from gts.errors import FileError, GtsError
from gts.jobs.job_lock import look
from gts.jobs.job_store import standing_of
from gts.store.workspace import StudyFolder, Workspace
from gts_tui.polling import changed
from gts_tui.widgets.status import INKS, signed
from gts_tui.widgets.table import Cell, Column

if TYPE_CHECKING:
    from gts.search.charts import Chart, Kind
    from gts.search.trial_reader import Memory
    from gts.search.trial_records import StudyView, TrialRow


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


FIELDS = ("number", "value", "confirmed", "state", "seconds")
"""By which trials are sorted with a key."""
STATES = ("waiting", "running", "complete", "pruned", "failed")

_SIGN = re.compile(r"\s*(<=|>=|!=|<|>|=)\s*")
_WIDEST = 14


def chosen(view: StudyView, text: str, sort: str, reverse: bool) -> list[TrialRow]:
    """The trials that fit the conditions of a line, in order; raises UsageError for what is no condition or field."""
    conditions = [condition(view, one) for one in conditions_in(text)]
    fitting = [trial for trial in view.trials if all(holds(trial) for holds in conditions)]
    return ordered(view, fitting, sort, reverse)


def conditions_in(text: str) -> list[str]:
    """`value > 100 failed` → `value>100`, `state=failed`: conditions as `gts trials --filter` has them.

    Trials that are shown as paused are running ones of a search that stands still.
    """
    words = re.sub(r"\bpaused\b", "running", _SIGN.sub(r"\1", text)).replace(",", " ").split()
    return [f"state={word}" if word in STATES else word for word in words if word != "and"]


def columns_of(
    view: StudyView, sort: str, reverse: bool, *, still: bool = False
) -> tuple[list[Column], Callable[[TrialRow], Sequence[Cell]]]:
    """The columns of a study, and what they have of a trial; the one that sorts has a sign.

    `still`: nobody works on the study, and what was begun waits for the search to go on.
    """
    from gts.search.charts import short_names

    several = len(view.maximised) > 1
    again = any(trial.confirmed for trial in view.trials)
    failed = any(trial.state == "failed" for trial in view.trials)
    names = short_names(view.domains)
    columns = [Column("trial", 6, right=True), Column("state", 10)]
    goals = [goal[:_WIDEST] for goal in view.goals()]
    columns += [Column(goal, max(9, len(goal) + 1), right=True) for goal in goals]
    columns += [Column("confirmed", 10, right=True)] if again else []
    columns += [Column("time", 7, right=True)]
    for key, domain in view.domains.items():
        widest = max((len(number(choice)) for choice in domain.choices), default=8)
        columns.append(Column(names[key][:_WIDEST], min(_WIDEST, max(len(names[key]), widest)) + 1, right=True))
    columns += [Column("why it failed", 60)] if failed else []
    heads = {"number": "trial", "value": goals[0], "seconds": "time"}
    heads |= {key: name[:_WIDEST] for key, name in names.items()}
    title = heads.get(sort, sort)
    sign = "▴" if reverse else "▾"
    columns = [replace(one, title=f"{title}{sign}") if one.title == title else one for one in columns]

    def cells(trial: TrialRow) -> Sequence[Cell]:
        known = tuple(value for _, value in trial.curve[-1:]) if trial.state == "running" else trial.values
        values = [number(known[at]) if at < len(known) else "" for at in range(1 + several)]
        # The value of one that is at work or was pruned is of fewer steps.
        ink = "dim" if trial.state != "complete" else ""
        state = "paused" if still and trial.state == "running" else trial.state
        made: list[Cell] = [(str(trial.number), ""), (signed(state), INKS[state])]
        made += [(value, ink) for value in values]
        made += [(number(trial.confirmed.iqm) if trial.confirmed else "", "")] if again else []
        made += [(spent(trial.seconds), "dim")]
        made += [(plain(number(trial.params[key])).plain if key in trial.params else "", "") for key in view.domains]
        made += [(plain(trial.reason.partition("\n")[0]).plain, "bad")] if failed else []
        return made

    return columns, cells


def spent(seconds: float | None) -> str:
    """A time in seven columns."""
    if seconds is None:
        return ""
    if seconds < 600:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 36_000 else f"{seconds / 3600:.1f} h"


def told(trial: TrialRow) -> list[tuple[str, str]]:
    """Names and values of all that is known of a trial, a pair a line."""
    rows = [("trial", f"{trial.number}  {signed(trial.state)}")]
    if trial.values:
        what = "value" if trial.state == "complete" else "last value"
        rows.append((what, ", ".join(map(number, trial.values))))
    if len(trial.seed_values) > 1:
        rows.append(("of each seed", ", ".join(map(number, trial.seed_values))))
    again = trial.confirmed
    if again is not None:
        rows.append(("confirmed", f"{number(again.iqm)}  [{number(again.low)}, {number(again.high)}]"))
        rows.append(
            ("fresh seeds", ", ".join(f"{seed}: {number(one)}" for seed, one in zip(again.seeds, again.values, strict=False)))
        )
    if trial.reason:
        rows.append(("why", trial.reason.strip()))
    if trial.seconds is not None:
        rows.append(("took", duration(trial.seconds)))
    return rows + [(key, number(value)) for key, value in trial.params.items()]
