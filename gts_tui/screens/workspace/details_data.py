"""Details of a workspace item as frozen values, read in the polling thread."""

from __future__ import annotations

import math
from collections.abc import Hashable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

from gts.errors import FileError, GtsError
from gts.store.workspace import RunFolder, StudyFolder, Workspace
from gts_tui.polling import stat_stamp
from gts_tui.screens.workspace.model import WorkspaceItem, item_folder, job_stamp

if TYPE_CHECKING:
    from gts.commands.info import CheckpointInfo, SpaceInfo, SpecInfo
    from gts.store.curves import MetricsReader

    ItemDetails: TypeAlias = "SpecInfo | SpaceInfo | CheckpointInfo | RunDetails | StudyDetails"

MAX_CURVE_POINTS = 200
"""Points read per curve; the pane draws fewer."""


@dataclass(frozen=True)
class JobDetails:
    """Job state of a run or study."""

    id: str
    state: str
    reason: str
    alive: bool
    since: str
    figure: str
    technique: str


@dataclass(frozen=True)
class RunDetails:
    """A run with its curves and latest metrics."""

    job: JobDetails
    source: str
    members: int
    step: int
    total_steps: int
    seconds: float
    """Wall-clock training time."""
    steps_per_second: float | None
    """Environment steps of all members."""
    returns: tuple[float, ...]
    """Mean return of training episodes, averaged over members."""
    evaluations: tuple[tuple[int, float], ...]
    """Steps and mean returns of the evaluations of member 0."""
    best: float | None
    """Best mean return of any member's evaluations."""
    latest: Mapping[str, float]
    """Latest value of each metric, averaged over members."""
    results: tuple[str, ...]
    failures: tuple[str, ...]
    notes: tuple[str, ...]


@dataclass(frozen=True)
class StudyDetails:
    """A study without its trials."""

    job: JobDetails
    search_space: tuple[tuple[str, Any], ...]
    """Searched parameters: file key and domain."""
    n_finished: int | None
    n_trials: int | None
    best: float | None
    steps: int
    notes: tuple[str, ...]


def details_stamp(workspace: Workspace, item: WorkspaceItem) -> Hashable:
    """Stamp for `read_details`."""
    return stat_stamp(workspace.root / item.reference) if item.is_file else job_stamp(item_folder(workspace, item))


def read_details(workspace: Workspace, item: WorkspaceItem) -> ItemDetails:
    """Read the details of an item; raises GtsError."""
    try:
        if item.kind == "run":
            return _read_run_details(workspace, workspace.run_folder(item.reference))
        if item.kind == "study":
            return _read_study_details(workspace.study_folder(item.reference))
        from gts.commands.command import Context
        from gts.commands.info import CheckpointInfo, SpaceInfo, SpecInfo, run_info

        info = run_info(Context(workspace), file=str(workspace.root / item.reference), verbose=False)
        assert isinstance(info, SpecInfo | SpaceInfo | CheckpointInfo)
        return info
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        # Valid JSON of another shape, for example edited by hand.
        raise FileError(f"{item.reference} is damaged: {type(error).__name__}: {error}") from error


def _read_run_details(workspace: Workspace, folder: RunFolder) -> RunDetails:
    from gts.commands.job_progress import read_json_object
    from gts.store.curves import MetricsReader

    run = read_json_object(folder.run_file)
    members = max(1, int(run.get("members", 1)))
    numbers: dict[str, Any] = {"step": int(run.get("step", 0)), "seconds": 0.0, "steps_per_second": None}
    numbers |= {"returns": (), "evaluations": (), "best": None, "latest": {}, "failures": ()}
    notes: tuple[str, ...] = ()
    try:
        with MetricsReader(folder.metrics) as reader:
            numbers |= _read_run_metrics(reader, members)
    except FileError as error:
        notes = (error.message,)
    results = [one["result"] for one in run.get("outcome", []) if isinstance(one, dict) and one.get("result")]
    return RunDetails(
        job=_read_job_details(folder, str(run.get("figure", "")), str(run.get("technique", ""))),
        source=str(run.get("source", "")),
        members=members,
        total_steps=int(run.get("total_steps", 0)),
        results=tuple(workspace.display_path(Path(str(one))) for one in results),
        notes=notes,
        **numbers,
    )


def _read_run_metrics(reader: MetricsReader, members: int) -> dict[str, Any]:
    from gts.commands.job_progress import steps_per_second

    step, _, seconds = reader.newest_position()
    curves = [reader.curve("return", member, columns=MAX_CURVE_POINTS).means for member in range(members)]
    evaluations = [reader.evaluations(member) for member in range(members)]
    means = [
        [(one.step, float(one.score["mean"])) for one in each if _is_finite(one.score.get("mean"))] for each in evaluations
    ]
    return {
        "step": step,
        "seconds": seconds,
        "steps_per_second": steps_per_second(reader, members),
        "returns": tuple(_finite_mean(values) for values in zip(*curves, strict=False)),
        "evaluations": tuple(means[0]),
        "best": max((mean for each in means for _, mean in each), default=None),
        "latest": _average_metrics([reader.latest(member) for member in range(members)]),
        "failures": tuple(f"member {one.member + 1}, step {one.step}: {one.reason}" for one in reader.failures()),
    }


def _read_study_details(folder: StudyFolder) -> StudyDetails:
    from gts.commands.job_progress import read_json_object
    from gts.search.summary import read_study_summary

    study: dict[str, Any] = {}
    notes: tuple[str, ...] = ()
    try:
        study = read_json_object(folder.study_file)
    except FileError as error:
        notes = (error.message,)
    space = study.get("space")
    space = space if isinstance(space, dict) else {}
    summary = read_study_summary(folder)
    return StudyDetails(
        job=_read_job_details(folder, str(space.get("physicalModel", "")), str(space.get("technique", ""))),
        search_space=tuple(dict(space.get("paramSpace", {})).items()),
        n_finished=summary.ended if summary else None,
        n_trials=summary.wanted if summary else None,
        best=summary.best if summary else None,
        steps=summary.steps if summary else 0,
        notes=notes,
    )


def _read_job_details(folder: RunFolder | StudyFolder, figure: str, technique: str) -> JobDetails:
    from gts.jobs.job_store import read_job_status

    with suppress(GtsError):
        status = read_job_status(folder.path)
        job, state, lock_info = status.job, status.state, status.lock_info
        since = lock_info.since if lock_info is not None and state.alive else job.changed or job.created
        return JobDetails(job.id, state.name, state.reason, state.alive, since, figure, technique)
    return JobDetails(folder.path.name, "", "", False, "", figure, technique)


def _average_metrics(each: Sequence[Mapping[str, float]]) -> dict[str, float]:
    return {
        name: _finite_mean(one[name] for one in each if name in one)
        for name in dict.fromkeys(name for one in each for name in one)
    }


def _finite_mean(values: Iterable[float]) -> float:
    finite = [value for value in values if _is_finite(value)]
    return sum(finite) / len(finite) if finite else math.nan


def _is_finite(value: Any) -> bool:
    return isinstance(value, (int, float)) and math.isfinite(value)
