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

from gts.commands.trials import parse_condition, sort_trials
from gts.commands.views.formatting import format_duration, format_number, format_time, plain_text
from gts.errors import FileError, GtsError
from gts.jobs.job_lock import read_lock
from gts.jobs.job_store import read_job_status
from gts.store.workspace import StudyFolder, Workspace
from gts_tui.polling import stat_stamp
from gts_tui.widgets.status import STATE_COLOURS, format_state
from gts_tui.widgets.table import StyledCell, VirtualTableColumn

if TYPE_CHECKING:
    from gts.search.charts import StudyChart, StudyChartKind
    from gts.search.trial_reader import TrialCache
    from gts.search.trial_records import StudyView, TrialRecord


STUDY_COLUMNS = (
    VirtualTableColumn("study", 20),
    VirtualTableColumn("state", 13),
    VirtualTableColumn("trials", 9, align_right=True),
    VirtualTableColumn("best", 9, align_right=True),
    VirtualTableColumn("since", 7, align_right=True),
    VirtualTableColumn("what", 30),
)


@dataclass(frozen=True)
class StudyListItem:
    """One study."""

    reference: str
    """By which it is named on a command line."""
    state: str
    reason: str = ""
    n_finished: int | None = None
    """Trials; None where it is not known."""
    n_trials: int | None = None
    best: float | None = None
    since: str = ""
    created: str = ""
    description: str = ""
    """Figure, technique, where the trials are."""
    alive: bool = False

    @property
    def is_idle(self) -> bool:
        """Whether nobody works on its trials, not even on those that were begun."""
        return bool(self.state) and not self.alive

    def table_cells(self) -> tuple[StyledCell, ...]:
        """What the table has of it."""
        trials = "–" if self.n_finished is None else f"{self.n_finished}/{self.n_trials}"
        best = format_number(self.best) if self.best is not None else "–"
        state = (format_state(self.state), STATE_COLOURS.get(self.state, ""))
        return (
            (plain_text(_shorten_name(self.reference)).plain, ""),
            state,
            (trials, ""),
            (best, ""),
            (format_time(self.since), "dim"),
            (plain_text(self.reason or self.description).plain, "dim"),
        )


@dataclass
class StudyListReader:
    """Looks at the studies of a workspace again and again."""

    workspace: Workspace
    _summary_cache: dict[str, tuple[Hashable, tuple[Any, str, str]]] = field(default_factory=dict)

    def stamp(self) -> Hashable:
        """Differs when a study may stand otherwise; a process that is killed leaves no trace but its lock."""
        folders = self._study_folders()
        return tuple((one.name, _study_files_stamp(one), read_lock(one.lock)[0]) for one in folders)

    def read(self) -> tuple[StudyListItem, ...]:
        """The studies, newest first."""
        lines = [self._read_item(folder) for folder in self._study_folders()]
        return tuple(sorted(lines, key=lambda line: (line.created, line.reference), reverse=True))

    def _study_folders(self) -> Sequence[StudyFolder]:
        return [self.workspace.study_folder(name) for name in self.workspace.study_names()]

    def _read_item(self, folder: StudyFolder) -> StudyListItem:
        seen, what, created = self._read_summary(folder)
        numbers: dict[str, Any] = {"n_finished": seen.ended, "n_trials": seen.wanted, "best": seen.best} if seen else {}
        try:
            standing = read_job_status(folder.path)
        except (GtsError, OSError):
            missing = not folder.job_file.exists()
            return StudyListItem(folder.name, "" if missing else "damaged", created=created, description=what, **numbers)
        job, state, sign = standing.job, standing.state, standing.lock_info
        since = sign.since if sign is not None and state.alive else job.changed or job.created
        reason = state.reason if state.name in ("failed", "interrupted", "waiting") else ""
        return StudyListItem(
            folder.name, state.name, reason, since=since, created=job.created, description=what, alive=state.alive, **numbers
        )

    def _read_summary(self, folder: StudyFolder) -> tuple[Any, str, str]:
        """Numbers and description of a study, looked up again only when its files have changed."""
        # Only here: counting the points of a grid loads Optuna, which is a matter of the watching thread.
        from gts.search.summary import read_study_summary

        stamp = _study_files_stamp(folder)
        known = self._summary_cache.get(folder.name)
        if known is None or known[0] != stamp:
            facts = _read_study_facts(folder)
            found = read_study_summary(folder), _describe_space(facts), str(facts.get("created", ""))
            known = self._summary_cache[folder.name] = stamp, found
        return known[1]


def _shorten_name(name: str) -> str:
    """The end of a long path or address, which says more than its beginning."""
    room = STUDY_COLUMNS[0].width
    return name if len(name) <= room or "/" not in name else f"…{name[1 - room :]}"


def _study_files_stamp(folder: StudyFolder) -> Hashable:
    from gts.search.summary import get_progress_file, locate_study_database

    path, _ = locate_study_database(folder)
    return stat_stamp(path or get_progress_file(folder), folder.study_file, folder.job_file)


def _read_study_facts(folder: StudyFolder) -> dict[str, Any]:
    with suppress(OSError, ValueError):
        facts = json.loads(folder.study_file.read_bytes())
        return facts if isinstance(facts, dict) else {}
    return {}


def _describe_space(facts: dict[str, Any]) -> str:
    """Figure and technique, and the storage where that is not in the folder."""
    space, storage = facts.get("space"), facts.get("storage")
    words = [str(space.get(key, "")) for key in ("physicalModel", "technique")] if isinstance(space, dict) else []
    return " ".join(filter(None, [*words, f"in {storage}" if storage else ""]))


_READ_INTERVAL_FACTOR = 4.0
"""Reading may take one part in so many of the time."""
_SERVER_POLL_SECONDS = 5.0
"""Between two questions to a server, which does not say by itself that it has news."""


@dataclass(frozen=True)
class StudySnapshot:
    """A study at one moment, with what its head line says."""

    view: StudyView
    pareto_front: tuple[TrialRecord, ...]
    """Where there are two objectives."""
    best: TrialRecord | None
    """By the value of the search."""
    confirmed: TrialRecord | None
    """The best of those that were trained again."""
    n_trials: int | None
    read_at: float
    """When it was read; tells two readings apart."""
    chart: StudyChart | None = None
    """The one that was wanted."""


@dataclass
class StudyReader:
    """Looks at one study again and again, in one thread."""

    workspace: Workspace
    study_reference: str
    chart_kind: StudyChartKind | None = None
    """The chart that is wanted."""
    _trial_cache: TrialCache | None = None
    _snapshot: StudySnapshot | None = None
    _last_stamp: Hashable = None
    _next_read: float = field(default=0.0)

    @property
    def folder(self) -> StudyFolder | None:
        """Where the study is in the workspace, if it is there."""
        found = self.workspace.study_folder(self.study_reference)
        return found if "://" not in self.study_reference and found.exists() else None

    def stamp(self) -> Hashable:
        """Differs when another reading is wanted, and may be had."""
        if self._next_read <= time.monotonic():
            self._last_stamp = self._files_stamp()
        return self._last_stamp, self.chart_kind

    def read(self) -> StudySnapshot:
        """The study as it stands, with the chart that is wanted; raises GtsError."""
        from gts.search.charts import make_study_chart

        began = time.monotonic()
        try:
            if self._snapshot is None or self._last_stamp != self._snapshot_stamp:
                self._snapshot, self._snapshot_stamp = self._read_snapshot(), self._last_stamp
            kind = self.chart_kind
            if kind is None:
                return replace(self._snapshot, chart=None)
            return replace(self._snapshot, chart=make_study_chart(self._snapshot.view, kind))
        except (GtsError, OSError):
            self._snapshot = None
            raise
        except Exception as error:
            # A database that holds something else than it should.
            self._snapshot = None
            raise FileError(f"cannot read {self.study_reference}: {type(error).__name__}: {error}") from error
        finally:
            self._next_read = time.monotonic() + _READ_INTERVAL_FACTOR * (time.monotonic() - began)

    _snapshot_stamp: Hashable = None

    def _files_stamp(self) -> Hashable:
        folder = self.folder
        if folder is not None:
            from gts.search.summary import locate_study_database

            path, _ = locate_study_database(folder)
            here = stat_stamp(folder.study_file, folder.job_file), read_lock(folder.lock)[0]
            return here, stat_stamp(path) if path is not None else int(time.monotonic() / _SERVER_POLL_SECONDS)
        if "://" in self.study_reference:
            return int(time.monotonic() / _SERVER_POLL_SECONDS)
        path = self.workspace.root / self.study_reference.partition("#")[0]
        return stat_stamp(path, path / "study.db")

    def _read_snapshot(self) -> StudySnapshot:
        from gts.search.study_reader import read_study_by_reference
        from gts.search.trial_reader import TrialCache

        if self._trial_cache is None:
            self._trial_cache = TrialCache()
        view = read_study_by_reference(self.workspace, self.study_reference, cache=self._trial_cache)
        ranked, confirmed = view.ranked_trials(), view.confirmed_trials()
        return StudySnapshot(
            view=view,
            pareto_front=tuple(view.pareto_front()) if len(view.maximised) > 1 else (),
            best=ranked[0] if ranked else None,
            confirmed=confirmed[0] if confirmed else None,
            n_trials=self._count_requested_trials(view),
            read_at=time.monotonic(),
        )

    def _count_requested_trials(self, view: StudyView) -> int | None:
        from gts.search.summary import read_study_summary

        seen = read_study_summary(self.folder) if self.folder is not None else None
        return seen.wanted if seen else view.settings.trials if view.settings else None


SORT_FIELDS = ("number", "value", "confirmed", "state", "seconds")
"""By which trials are sorted with a key."""
FILTER_STATES = ("waiting", "running", "complete", "pruned", "failed")

_OPERATOR = re.compile(r"\s*(<=|>=|!=|<|>|=)\s*")
_MAX_COLUMN_WIDTH = 14


def filter_trials(view: StudyView, conditions_text: str, sort_field: str, reverse: bool) -> list[TrialRecord]:
    """The trials that fit the conditions of a line, in order; raises UsageError for what is no condition or field."""
    conditions = [parse_condition(view, one) for one in parse_conditions(conditions_text)]
    fitting = [trial for trial in view.trials if all(holds(trial) for holds in conditions)]
    return sort_trials(view, fitting, sort_field, reverse)


def parse_conditions(text: str) -> list[str]:
    """`value > 100 failed` → `value>100`, `state=failed`: conditions as `gts trials --filter` has them.

    Trials that are shown as paused are running ones of a search that stands still.
    """
    words = re.sub(r"\bpaused\b", "running", _OPERATOR.sub(r"\1", text)).replace(",", " ").split()
    return [f"state={word}" if word in FILTER_STATES else word for word in words if word != "and"]


def build_trial_columns(
    view: StudyView, sort_field: str, reverse: bool, *, is_idle: bool = False
) -> tuple[list[VirtualTableColumn], Callable[[TrialRecord], Sequence[StyledCell]]]:
    """The columns of a study, and what they have of a trial; the one that sorts has a sign.

    `still`: nobody works on the study, and what was begun waits for the search to go on.
    """
    from gts.search.charts import shorten_keys

    is_multi_objective = len(view.maximised) > 1
    has_confirmed = any(trial.confirmed for trial in view.trials)
    failed = any(trial.state == "failed" for trial in view.trials)
    names = shorten_keys(view.domains)
    columns = [VirtualTableColumn("trial", 6, align_right=True), VirtualTableColumn("state", 10)]
    goals = [goal[:_MAX_COLUMN_WIDTH] for goal in view.objective_names()]
    columns += [VirtualTableColumn(goal, max(9, len(goal) + 1), align_right=True) for goal in goals]
    columns += [VirtualTableColumn("confirmed", 10, align_right=True)] if has_confirmed else []
    columns += [VirtualTableColumn("time", 7, align_right=True)]
    for key, domain in view.domains.items():
        widest = max((len(format_number(choice)) for choice in domain.choices), default=8)
        columns.append(
            VirtualTableColumn(
                names[key][:_MAX_COLUMN_WIDTH], min(_MAX_COLUMN_WIDTH, max(len(names[key]), widest)) + 1, align_right=True
            )
        )
    columns += [VirtualTableColumn("why it failed", 60)] if failed else []
    heads = {"number": "trial", "value": goals[0], "seconds": "time"}
    heads |= {key: name[:_MAX_COLUMN_WIDTH] for key, name in names.items()}
    title = heads.get(sort_field, sort_field)
    sign = "▴" if reverse else "▾"
    columns = [replace(one, title=f"{title}{sign}") if one.title == title else one for one in columns]

    def cells(trial: TrialRecord) -> Sequence[StyledCell]:
        known = tuple(value for _, value in trial.curve[-1:]) if trial.state == "running" else trial.values
        values = [format_number(known[at]) if at < len(known) else "" for at in range(1 + is_multi_objective)]
        # The value of one that is at work or was pruned is of fewer steps.
        ink = "dim" if trial.state != "complete" else ""
        state = "paused" if is_idle and trial.state == "running" else trial.state
        made: list[StyledCell] = [(str(trial.number), ""), (format_state(state), STATE_COLOURS[state])]
        made += [(value, ink) for value in values]
        made += [(format_number(trial.confirmed.iqm) if trial.confirmed else "", "")] if has_confirmed else []
        made += [(format_trial_time(trial.seconds), "dim")]
        made += [
            (plain_text(format_number(trial.params[key])).plain if key in trial.params else "", "") for key in view.domains
        ]
        made += [(plain_text(trial.reason.partition("\n")[0]).plain, "bad")] if failed else []
        return made

    return columns, cells


def format_trial_time(seconds: float | None) -> str:
    """A time in seven columns."""
    if seconds is None:
        return ""
    if seconds < 600:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 36_000 else f"{seconds / 3600:.1f} h"


def describe_trial(trial: TrialRecord) -> list[tuple[str, str]]:
    """Names and values of all that is known of a trial, a pair a line."""
    rows = [("trial", f"{trial.number}  {format_state(trial.state)}")]
    if trial.values:
        what = "value" if trial.state == "complete" else "last value"
        rows.append((what, ", ".join(map(format_number, trial.values))))
    if len(trial.seed_values) > 1:
        rows.append(("of each seed", ", ".join(map(format_number, trial.seed_values))))
    confirmed = trial.confirmed
    if confirmed is not None:
        rows.append(
            ("confirmed", f"{format_number(confirmed.iqm)}  [{format_number(confirmed.low)}, {format_number(confirmed.high)}]")
        )
        rows.append(
            (
                "fresh seeds",
                ", ".join(
                    f"{seed}: {format_number(one)}" for seed, one in zip(confirmed.seeds, confirmed.values, strict=False)
                ),
            )
        )
    if trial.reason:
        rows.append(("why", trial.reason.strip()))
    if trial.seconds is not None:
        rows.append(("took", format_duration(trial.seconds)))
    return rows + [(key, format_number(value)) for key, value in trial.params.items()]
