"""Data of the search mode: the list of studies, snapshots of one study, and the columns and fields of its trials."""

from __future__ import annotations

import re
import time
from collections.abc import Hashable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from gts.commands.job_progress import read_json_object
from gts.commands.trials import parse_condition, sort_trials
from gts.commands.views.formatting import format_duration, format_number, format_time, plain_text
from gts.errors import FileError, GtsError
from gts.jobs.job_lock import read_lock
from gts.jobs.job_store import read_job_status
from gts.jobs.states import Failed, Interrupted, Queued
from gts.store.workspace import StudyFolder, Workspace
from gts_tui.polling import stat_stamp
from gts_tui.widgets.status import STATE_COLOURS, format_state
from gts_tui.widgets.table import StyledCell, VirtualTableColumn

if TYPE_CHECKING:
    from gts.search.charts import StudyChart, StudyChartKind
    from gts.search.summary import StudySummary
    from gts.search.trial_reader import TrialCache
    from gts.search.trial_records import StudyView, TrialRecord


STUDY_COLUMNS = (
    VirtualTableColumn("study", 20),
    VirtualTableColumn("state", 13),
    VirtualTableColumn("trials", 9, align_right=True),
    VirtualTableColumn("best", 9, align_right=True),
    VirtualTableColumn("since", 7, align_right=True),
    VirtualTableColumn("details", 30),
)
SORT_FIELDS = ("number", "value", "confirmed", "state", "seconds")
"""Fields of trials that have a key for sorting."""
FILTER_STATES = ("waiting", "running", "complete", "pruned", "failed")

_OPERATOR = re.compile(r"\s*(<=|>=|!=|<|>|=)\s*")
_MAX_COLUMN_WIDTH = 14
_READ_INTERVAL_FACTOR = 4.0
"""Pause after a reading, as a multiple of its duration."""
_SERVER_POLL_SECONDS = 5.0
"""Interval of queries to a server, which has no files to watch."""


@dataclass(frozen=True)
class StudyListItem:
    """A study in the list."""

    reference: str
    """Argument for commands: a name, a database file or a server URL."""
    state: str
    """Job state, "damaged", or empty if unknown."""
    reason: str = ""
    n_finished: int | None = None
    """Number of finished trials; None if unknown."""
    n_trials: int | None = None
    best: float | None = None
    since: str = ""
    created: str = ""
    description: str = ""
    """Figure, technique and storage."""
    alive: bool = False

    @property
    def is_idle(self) -> bool:
        """Whether no process works on the study."""
        return bool(self.state) and not self.alive

    def table_cells(self) -> tuple[StyledCell, ...]:
        """Cells for `STUDY_COLUMNS`."""
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


class StudyListReader:
    """Lists the studies of a workspace repeatedly, in the polling thread."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self._summary_cache: dict[str, tuple[Hashable, _StudyInfo]] = {}

    def stamp(self) -> Hashable:
        """Stamp of the studies' files and locks; a killed process changes only its lock."""
        return tuple((folder.name, _study_files_stamp(folder), read_lock(folder.lock)[0]) for folder in self._study_folders())

    def read(self) -> tuple[StudyListItem, ...]:
        """List the studies, newest first."""
        items = [self._read_item(folder) for folder in self._study_folders()]
        return tuple(sorted(items, key=lambda item: (item.created, item.reference), reverse=True))

    def _study_folders(self) -> Sequence[StudyFolder]:
        return [self._workspace.study_folder(name) for name in self._workspace.study_names()]

    def _read_item(self, folder: StudyFolder) -> StudyListItem:
        info = self._read_info(folder)
        summary = info.summary
        item = StudyListItem(folder.name, "", created=info.created, description=info.description)
        if summary is not None:
            item = replace(item, n_finished=summary.ended, n_trials=summary.wanted, best=summary.best)
        try:
            status = read_job_status(folder.path)
        except (GtsError, OSError):
            return replace(item, state="damaged" if folder.job_file.exists() else "")
        job, state, lock_info = status.job, status.state, status.lock_info
        since = lock_info.since if lock_info is not None and state.alive else job.changed or job.created
        reason = state.reason if state.name in (Failed.name, Interrupted.name, Queued.name) else ""
        return replace(item, state=state.name, reason=reason, since=since, created=job.created, alive=state.alive)

    def _read_info(self, folder: StudyFolder) -> _StudyInfo:
        """Read the numbers and the description of a study; cached until its files change."""
        # Imported in the polling thread: counting the points of a grid loads Optuna.
        from gts.search.summary import read_study_summary

        stamp = _study_files_stamp(folder)
        cached = self._summary_cache.get(folder.name)
        if cached is None or cached[0] != stamp:
            study = _read_study_file(folder)
            info = _StudyInfo(read_study_summary(folder), _describe_study(study), str(study.get("created", "")))
            cached = self._summary_cache[folder.name] = stamp, info
        return cached[1]


@dataclass(frozen=True)
class _StudyInfo:
    summary: StudySummary | None
    description: str
    created: str


def _shorten_name(name: str) -> str:
    """Cut the start of a long path or URL."""
    width = STUDY_COLUMNS[0].width
    return name if len(name) <= width or "/" not in name else f"…{name[1 - width :]}"


def _study_files_stamp(folder: StudyFolder) -> Hashable:
    from gts.search.summary import get_progress_file, locate_study_database

    path, _ = locate_study_database(folder)
    return stat_stamp(path or get_progress_file(folder), folder.study_file, folder.job_file)


def _read_study_file(folder: StudyFolder) -> Mapping[str, Any]:
    with suppress(GtsError):
        return read_json_object(folder.study_file)
    return {}


def _describe_study(study: Mapping[str, Any]) -> str:
    """Figure and technique, and the storage if it is outside of the study's folder."""
    space, storage = study.get("space"), study.get("storage")
    words = [str(space.get(key, "")) for key in ("physicalModel", "technique")] if isinstance(space, dict) else []
    return " ".join(filter(None, [*words, f"in {storage}" if storage else ""]))


@dataclass(frozen=True)
class StudySnapshot:
    """A study at one moment."""

    view: StudyView
    pareto_front: tuple[TrialRecord, ...]
    """Empty unless there are two objectives."""
    best: TrialRecord | None
    """Best trial by the objective of the search."""
    confirmed: TrialRecord | None
    """Best of the trials confirmed on fresh seeds."""
    n_trials: int | None
    read_at: float
    """Monotonic time; makes two readings unequal."""
    chart: StudyChart | None = None
    """The requested chart."""


class StudyReader:
    """Reads one study repeatedly, in the thread of its pane."""

    def __init__(self, workspace: Workspace, study_reference: str, chart_kind: StudyChartKind | None = None) -> None:
        self.study_reference = study_reference
        self.chart_kind = chart_kind
        """The chart to make; None for no chart."""
        self._workspace = workspace
        self._trial_cache: TrialCache | None = None
        self._snapshot: StudySnapshot | None = None
        self._snapshot_stamp: Hashable = None
        self._last_stamp: Hashable = None
        self._next_read = 0.0

    @property
    def folder(self) -> StudyFolder | None:
        """Folder of the study; None if it is outside of the workspace."""
        folder = self._workspace.study_folder(self.study_reference)
        return folder if "://" not in self.study_reference and folder.exists() else None

    def stamp(self) -> Hashable:
        """Stamp of the study and the requested chart; kept during the pause after a slow reading."""
        if self._next_read <= time.monotonic():
            self._last_stamp = self._files_stamp()
        return self._last_stamp, self.chart_kind

    def read(self) -> StudySnapshot:
        """Read the study and make the requested chart; raises GtsError or OSError."""
        from gts.search.charts import make_study_chart

        started = time.monotonic()
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
            # A database with unexpected contents.
            self._snapshot = None
            raise FileError(f"cannot read {self.study_reference}: {type(error).__name__}: {error}") from error
        finally:
            self._next_read = time.monotonic() + _READ_INTERVAL_FACTOR * (time.monotonic() - started)

    def _files_stamp(self) -> Hashable:
        folder = self.folder
        if folder is not None:
            from gts.search.summary import locate_study_database

            path, _ = locate_study_database(folder)
            job = stat_stamp(folder.study_file, folder.job_file), read_lock(folder.lock)[0]
            return job, stat_stamp(path) if path is not None else int(time.monotonic() / _SERVER_POLL_SECONDS)
        if "://" in self.study_reference:
            return int(time.monotonic() / _SERVER_POLL_SECONDS)
        path = self._workspace.root / self.study_reference.partition("#")[0]
        return stat_stamp(path, path / "study.db")

    def _read_snapshot(self) -> StudySnapshot:
        from gts.search.study_reader import read_study_by_reference
        from gts.search.trial_reader import TrialCache

        if self._trial_cache is None:
            self._trial_cache = TrialCache()
        view = read_study_by_reference(self._workspace, self.study_reference, cache=self._trial_cache)
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

        summary = read_study_summary(self.folder) if self.folder is not None else None
        return summary.wanted if summary else view.settings.trials if view.settings else None


def filter_trials(view: StudyView, conditions_text: str, sort_field: str, reverse: bool) -> list[TrialRecord]:
    """Filter and sort trials; raises UsageError for an invalid condition or field."""
    conditions = [parse_condition(view, condition) for condition in parse_conditions(conditions_text)]
    matching = [trial for trial in view.trials if all(condition(trial) for condition in conditions)]
    return sort_trials(view, matching, sort_field, reverse)


def parse_conditions(text: str) -> list[str]:
    """Split a line into conditions of `gts trials --filter`: `value > 100 failed` → `value>100`, `state=failed`.

    `paused` becomes `running`: the running trials of an idle study are displayed as paused.
    """
    words = re.sub(r"\bpaused\b", "running", _OPERATOR.sub(r"\1", text)).replace(",", " ").split()
    return [f"state={word}" if word in FILTER_STATES else word for word in words if word != "and"]


class TrialColumns:
    """Columns of the table of trials, and the cells of a trial."""

    def __init__(self, view: StudyView, sort_field: str, reverse: bool, *, is_idle: bool = False) -> None:
        """`is_idle`: no process works on the study, so that its running trials are paused."""
        self._view, self._is_idle = view, is_idle
        self._value_count = 2 if len(view.maximised) > 1 else 1
        self._has_confirmed = any(trial.confirmed for trial in view.trials)
        self._has_failed = any(trial.state == "failed" for trial in view.trials)
        self.columns = self._make_columns(sort_field, reverse)

    def _make_columns(self, sort_field: str, reverse: bool) -> tuple[VirtualTableColumn, ...]:
        from gts.search.charts import shorten_keys

        domains = self._view.domains
        objectives = [name[:_MAX_COLUMN_WIDTH] for name in self._view.objective_names()]
        names = {key: name[:_MAX_COLUMN_WIDTH] for key, name in shorten_keys(domains).items()}
        columns = [VirtualTableColumn("trial", 6, align_right=True), VirtualTableColumn("state", 10)]
        columns += [VirtualTableColumn(name, max(9, len(name) + 1), align_right=True) for name in objectives]
        columns += [VirtualTableColumn("confirmed", 10, align_right=True)] if self._has_confirmed else []
        columns += [VirtualTableColumn("time", 7, align_right=True)]
        for key, domain in domains.items():
            widest = max((len(format_number(choice)) for choice in domain.choices), default=8)
            width = min(_MAX_COLUMN_WIDTH, max(len(names[key]), widest)) + 1
            columns.append(VirtualTableColumn(names[key], width, align_right=True))
        columns += [VirtualTableColumn("reason", 60)] if self._has_failed else []
        titles = {"number": "trial", "value": objectives[0], "seconds": "time"} | names
        sorted_title = titles.get(sort_field, sort_field)
        arrow = "▴" if reverse else "▾"
        return tuple(
            replace(column, title=f"{sorted_title}{arrow}") if column.title == sorted_title else column for column in columns
        )

    def cells(self, trial: TrialRecord) -> tuple[StyledCell, ...]:
        """Cells of a trial; a running trial has its last reported value."""
        known = tuple(value for _, value in trial.curve[-1:]) if trial.state == "running" else trial.values
        # Values of running and pruned trials are of fewer steps than those of complete ones.
        value_style = "dim" if trial.state != "complete" else ""
        state = "paused" if self._is_idle and trial.state == "running" else trial.state
        cells: list[StyledCell] = [(str(trial.number), ""), (format_state(state), STATE_COLOURS[state])]
        for index in range(self._value_count):
            cells.append((format_number(known[index]) if index < len(known) else "", value_style))
        if self._has_confirmed:
            cells.append((format_number(trial.confirmed.iqm) if trial.confirmed else "", ""))
        cells.append((format_trial_time(trial.seconds), "dim"))
        for key in self._view.domains:
            cells.append((plain_text(format_number(trial.params[key])).plain if key in trial.params else "", ""))
        if self._has_failed:
            cells.append((plain_text(trial.reason.partition("\n")[0]).plain, "bad"))
        return tuple(cells)


def format_trial_time(seconds: float | None) -> str:
    """Format seconds in at most seven columns."""
    if seconds is None:
        return ""
    if seconds < 600:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 36_000 else f"{seconds / 3600:.1f} h"


def describe_trial(trial: TrialRecord) -> list[tuple[str, str]]:
    """Describe a trial as pairs of name and value."""
    rows = [("trial", f"{trial.number}  {format_state(trial.state)}")]
    if trial.values:
        name = "value" if trial.state == "complete" else "last value"
        rows.append((name, ", ".join(map(format_number, trial.values))))
    if len(trial.seed_values) > 1:
        rows.append(("value per seed", ", ".join(map(format_number, trial.seed_values))))
    confirmed = trial.confirmed
    if confirmed is not None:
        interval = f"[{format_number(confirmed.low)}, {format_number(confirmed.high)}]"
        by_seed = zip(confirmed.seeds, confirmed.values, strict=False)
        rows.append(("confirmed", f"{format_number(confirmed.iqm)}  {interval}"))
        rows.append(("fresh seeds", ", ".join(f"{seed}: {format_number(value)}" for seed, value in by_seed)))
    if trial.reason:
        rows.append(("reason", trial.reason.strip()))
    if trial.seconds is not None:
        rows.append(("took", format_duration(trial.seconds)))
    return rows + [(key, format_number(value)) for key, value in trial.params.items()]
