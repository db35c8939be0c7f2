"""What the page about one thing says, read in the watcher's thread."""

from __future__ import annotations

import math
from collections.abc import Hashable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

from gts.errors import FileError, GtsError
from gts.store.workspace import RunFolder, StudyFolder, Workspace
from gts_tui.polling import changed
from gts_tui.screens.workspace.model import Thing, folder_of, job_stamp

if TYPE_CHECKING:
    from gts.commands.info import CheckpointInfo, SpaceInfo, SpecInfo

    Seen: TypeAlias = "SpecInfo | SpaceInfo | CheckpointInfo | RunSeen | StudySeen"

COLUMNS = 200
"""Points of a curve; a page draws fewer."""


@dataclass(frozen=True)
class JobSeen:
    """How a run or study stands."""

    id: str
    state: str
    reason: str
    alive: bool
    since: str
    figure: str
    technique: str


@dataclass(frozen=True)
class RunSeen:
    """A run, with its newest numbers."""

    job: JobSeen
    source: str
    members: int
    step: int
    total_steps: int
    seconds: float
    """Wall-clock that it has trained."""
    rate: float | None
    """Environment steps per second of all members."""
    returns: tuple[float, ...]
    """Mean return of the episodes while it learned, over the members."""
    evaluations: tuple[tuple[int, float], ...]
    """Steps and mean returns of the first member's evaluations."""
    best: float | None
    """Best mean return of an evaluation, of all members."""
    latest: Mapping[str, float]
    """The newest value of each metric, over the members."""
    results: tuple[str, ...]
    failures: tuple[str, ...]
    notes: tuple[str, ...]


@dataclass(frozen=True)
class StudySeen:
    """A study, without its trials."""

    job: JobSeen
    searched: tuple[tuple[str, Any], ...]
    """What is searched, by file key."""
    ended: int | None
    wanted: int | None
    best: float | None
    steps: int
    notes: tuple[str, ...]


def seen_stamp(workspace: Workspace, thing: Thing) -> Hashable:
    """Differs when the page about a thing may have to say something else."""
    return changed(workspace.root / thing.word) if thing.is_file else job_stamp(folder_of(workspace, thing))


def see(workspace: Workspace, thing: Thing) -> Seen:
    """Look at a thing; raises GtsError."""
    try:
        if thing.kind == "run":
            return _run(workspace, workspace.run(thing.word))
        if thing.kind == "study":
            return _study(workspace.study(thing.word))
        from gts.commands.command import Context
        from gts.commands.info import CheckpointInfo, SpaceInfo, SpecInfo, run

        seen = run(Context(workspace), file=str(workspace.root / thing.word), verbose=False)
        assert isinstance(seen, SpecInfo | SpaceInfo | CheckpointInfo)
        return seen
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        # A file of which a person, or another program, has changed the shape.
        raise FileError(f"{thing.word} is not as it should be: {error}") from error


def _run(workspace: Workspace, folder: RunFolder) -> RunSeen:
    from gts.commands.job_progress import read_facts
    from gts.store.curves import MetricsReader

    facts = read_facts(folder.facts)
    members = max(1, int(facts.get("members", 1)))
    numbers: dict[str, Any] = {"step": int(facts.get("step", 0)), "seconds": 0.0, "rate": None}
    numbers |= {"returns": (), "evaluations": (), "best": None, "latest": {}, "failures": ()}
    notes: tuple[str, ...] = ()
    try:
        with MetricsReader(folder.metrics) as reader:
            numbers |= _numbers(reader, members)
    except FileError as error:
        notes = (error.message,)
    results = [one["result"] for one in facts.get("outcome", []) if isinstance(one, dict) and one.get("result")]
    return RunSeen(
        job=_job(folder, str(facts.get("figure", "")), str(facts.get("technique", ""))),
        source=str(facts.get("source", "")),
        members=members,
        total_steps=int(facts.get("total_steps", 0)),
        results=tuple(workspace.word_for(Path(str(one))) for one in results),
        notes=notes,
        **numbers,
    )


def _numbers(reader: Any, members: int) -> dict[str, Any]:
    from gts.commands.job_progress import rate_of

    step, _, seconds = reader.position()
    curves = [reader.curve("return", member, columns=COLUMNS).means for member in range(members)]
    evaluations = [reader.evaluations(member) for member in range(members)]
    means = [[(one.step, float(one.score["mean"])) for one in each if _finite(one.score.get("mean"))] for each in evaluations]
    return {
        "step": step,
        "seconds": seconds,
        "rate": rate_of(reader, members),
        "returns": tuple(_mean(values) for values in zip(*curves, strict=False)),
        "evaluations": tuple(means[0]),
        "best": max((mean for each in means for _, mean in each), default=None),
        "latest": _latest([reader.latest(member) for member in range(members)]),
        "failures": tuple(f"member {one.member + 1}, step {one.step}: {one.reason}" for one in reader.failures()),
    }


def _study(folder: StudyFolder) -> StudySeen:
    from gts.commands.job_progress import read_facts
    from gts.search.summary import glance

    facts: dict[str, Any] = {}
    notes: tuple[str, ...] = ()
    try:
        facts = read_facts(folder.facts)
    except FileError as error:
        notes = (error.message,)
    space = facts.get("space")
    space = space if isinstance(space, dict) else {}
    seen = glance(folder)
    return StudySeen(
        job=_job(folder, str(space.get("physicalModel", "")), str(space.get("technique", ""))),
        searched=tuple(dict(space.get("paramSpace", {})).items()),
        ended=seen.ended if seen else None,
        wanted=seen.wanted if seen else None,
        best=seen.best if seen else None,
        steps=seen.steps if seen else 0,
        notes=notes,
    )


def _job(folder: RunFolder | StudyFolder, figure: str, technique: str) -> JobSeen:
    from gts.jobs.job_store import standing_of

    with suppress(GtsError):
        standing = standing_of(folder.path)
        job, state, sign = standing.job, standing.state, standing.sign
        since = sign.since if sign is not None and state.alive else job.changed or job.created
        return JobSeen(job.id, state.word, state.reason, state.alive, since, figure, technique)
    return JobSeen(folder.path.name, "", "", False, "", figure, technique)


def _latest(each: Sequence[Mapping[str, float]]) -> dict[str, float]:
    return {
        name: _mean(one[name] for one in each if name in one) for name in dict.fromkeys(name for one in each for name in one)
    }


def _mean(values: Iterable[float]) -> float:
    finite = [value for value in values if _finite(value)]
    return sum(finite) / len(finite) if finite else math.nan


def _finite(value: Any) -> bool:
    return isinstance(value, (int, float)) and math.isfinite(value)
