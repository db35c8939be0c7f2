"""`gts info`: what is in a file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

from gts.commands.command import Argument, Command, Context, Option, Result
from gts.commands.job_progress import ListedJob, describe, read_facts
from gts.commands.resolve import Reference, find_study, refer
from gts.commands.search import Searched, searched
from gts.errors import FileError, GtsError, Problem
from gts.store.workspace import RunFolder, StudyFolder

if TYPE_CHECKING:
    from gts.params.spec import Spec


@dataclass(frozen=True)
class Value:
    """A parameter as a spec has it."""

    key: str
    value: Any
    default: Any
    changed: bool
    """Whether it differs from its default."""
    unit: str
    meaning: str


@dataclass(frozen=True)
class SpecInfo(Result):
    """What is in a spec."""

    path: str
    figure: str
    technique: str
    comment: str
    values: tuple[Value, ...]
    warnings: tuple[Problem, ...]
    kind: str = "spec"


@dataclass(frozen=True)
class SpaceInfo(Result):
    """What is in a space."""

    path: str
    figure: str
    technique: str
    name: str
    comment: str
    fixed: Mapping[str, Any]
    axes: Mapping[str, Any]
    """What is searched, by file key, as the file says it."""
    warnings: tuple[Problem, ...]
    kind: str = "space"


@dataclass(frozen=True)
class CheckpointInfo(Result):
    """What is in a checkpoint."""

    path: str
    figure: str
    technique: str
    comment: str
    networks: tuple[Mapping[str, Any], ...]
    values: tuple[Value, ...]
    counters: Mapping[str, Any]
    score: Mapping[str, Any] | None
    history: tuple[Mapping[str, Any], ...]
    """Learning curve: rows of step, mean, deviation, score, length."""
    parents: tuple[Mapping[str, Any], ...]
    versions: Mapping[str, str]
    checksum: str
    size: int
    """Bytes of the file."""
    kind: str = "checkpoint"


@dataclass(frozen=True)
class MemberInfo:
    """How one member of a run stands."""

    member: int
    history: tuple[Mapping[str, Any], ...]
    """Learning curve: rows of step, mean, deviation, score, length, best."""
    latest: Mapping[str, float]
    """The newest value of every metric."""
    failed: str = ""


@dataclass(frozen=True)
class RunInfo(Result):
    """What is in the folder of a run."""

    path: str
    facts: Mapping[str, Any]
    """Its `run.json`."""
    step: int
    seconds: float
    """Wall-clock that it has trained."""
    members: tuple[MemberInfo, ...]
    checkpoints: tuple[str, ...]
    """Newest complete states and best policies, as paths inside the folder."""
    remains: tuple[str, ...]
    """What members left that failed, as paths inside the folder."""
    job: ListedJob | None
    """How it stands; None where that cannot be read."""
    attempts: int
    """How often a process began at the step where it stands now and came no further."""
    notes: tuple[str, ...] = field(default=())
    kind: str = "run"


@dataclass(frozen=True)
class StudyInfo(Result):
    """What is in the folder of a study."""

    path: str
    name: str
    figure: str
    technique: str
    axes: tuple[str, ...]
    """What is searched, by file key."""
    job: ListedJob | None
    """How the search stands; None where that cannot be read."""
    found: Searched | None
    """What it has come to so far; None where its trials cannot be read."""
    notes: tuple[str, ...] = field(default=())
    kind: str = "study"


def run(context: Context, *, file: str, verbose: bool) -> Result:
    """Describe a spec, a space, a checkpoint, a run or a study."""
    study = find_study(context, file)
    if study is not None:
        return _study(study)
    reference = refer(context, file)
    describe = {"spec": _spec, "space": _space, "checkpoint": _checkpoint, "run": _run}[reference.kind]
    return describe(reference)


def values_of(spec: Spec) -> tuple[Value, ...]:
    """Every parameter of a spec, in the order of the declarations."""
    from gts.params.spec import parameters

    values, changed = spec.values(), spec.changed()
    return tuple(
        Value(known.key, values[known.key], known.default, known.key in changed, known.unit, known.meaning)
        for known in parameters(spec.figure, spec.technique)
    )


def _spec(reference: Reference) -> SpecInfo:
    from gts.formats.spec_file import read_spec

    spec = read_spec(reference.path)
    return SpecInfo(str(reference.path), spec.figure, spec.technique, spec.comment, values_of(spec), spec.warnings)


def _space(reference: Reference) -> SpaceInfo:
    from gts.formats.space_file import read_space

    space = read_space(reference.path)
    axes = {axis.key: axis.document() for axis in space.param_space}
    head = (str(reference.path), space.figure, space.technique, space.name, space.comment)
    return SpaceInfo(*head, space.fixed(), axes, space.warnings)


def _checkpoint(reference: Reference) -> CheckpointInfo:
    from gts.formats.checkpoint import read_header

    checkpoint = read_header(reference.path)
    return CheckpointInfo(
        path=str(reference.path),
        figure=checkpoint.spec.figure,
        technique=checkpoint.spec.technique,
        comment=checkpoint.spec.comment,
        networks=tuple(asdict(network) for network in checkpoint.describe_networks()),
        values=values_of(checkpoint.spec),
        counters=checkpoint.counters,
        score=checkpoint.score,
        history=checkpoint.history,
        parents=checkpoint.parents,
        versions=checkpoint.versions,
        checksum=checkpoint.checksum,
        size=checkpoint.file_size,
    )


def _run(reference: Reference) -> RunInfo:
    from gts.jobs.job_store import standing_of
    from gts.store.curves import MetricsReader

    folder = reference.run
    facts = read_facts(folder.facts)
    members: tuple[MemberInfo, ...] = ()
    step, seconds, notes = int(facts.get("step", 0)), 0.0, []
    try:
        with MetricsReader(folder.metrics) as reader:
            step, _, seconds = reader.position()
            failed = {failure.member: f"step {failure.step}: {failure.reason}" for failure in reader.failures()}
            members = tuple(_member(reader, member, failed) for member in range(int(facts.get("members", 1))))
    except FileError as error:
        notes.append(error.message)
    standing = None
    try:
        standing = standing_of(folder.path)
    except FileError as error:
        notes.append(error.message)
    return RunInfo(
        path=str(folder.path),
        facts=facts,
        step=step,
        seconds=seconds,
        members=members,
        checkpoints=_inside(folder, "member*/*.checkpoint"),
        remains=_inside(folder, "member*/failed-*.safetensors"),
        job=describe([standing])[0] if standing else None,
        attempts=len(standing.job.attempts) if standing else 0,
        notes=tuple(notes),
    )


def _study(folder: StudyFolder) -> StudyInfo:
    from gts.jobs.job_store import standing_of

    job, found, notes = None, None, []
    space: dict[str, Any] = {}
    try:
        space = dict(read_facts(folder.facts).get("space", {}))
    except FileError as error:
        notes.append(error.message)
    try:
        (job,) = describe([standing_of(folder.path)])
        found = searched(folder, folder.name, None)
    except GtsError as error:
        notes.append(error.message)
    return StudyInfo(
        path=str(folder.path),
        name=folder.name,
        figure=str(space.get("physicalModel", "")),
        technique=str(space.get("technique", "")),
        axes=tuple(space.get("paramSpace", {})),
        job=job,
        found=found,
        notes=tuple(notes),
    )


def _inside(folder: RunFolder, pattern: str) -> tuple[str, ...]:
    """The files of a run that fit a pattern, as paths inside its folder."""
    return tuple(str(path.relative_to(folder.path)) for path in sorted(folder.path.glob(pattern)))


def _member(reader: Any, member: int, failed: Mapping[int, str]) -> MemberInfo:
    history = tuple(
        {"step": one.step, "best": one.best} | {key: one.score.get(key) for key in ("mean", "deviation", "score", "length")}
        for one in reader.evaluations(member)
    )
    return MemberInfo(member, history, reader.latest(member), failed.get(member, ""))


COMMAND = Command(
    name="info",
    summary="Show what is in a file, a run or a study.",
    group="looking",
    run=run,
    looks=True,
    help="A spec or space with what differs from the defaults; a checkpoint with networks, score, learning curve, history and "
    "versions; a run with its numbers; a study with its best trials.",
    arguments=(
        Argument("file", "A spec, a space, a checkpoint; a run: its folder, id or @last; a study: its name.", "reference"),
    ),
    options=(Option(("-v", "--verbose"), "Show every parameter with its meaning.", "flag"),),
    examples=("gts info out.checkpoint", "gts info @last"),
)
