"""`gts info`: contents of a spec, space, checkpoint, run or study."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar

from gts.commands.command import Argument, Command, Context, Option, Result
from gts.commands.job_progress import ListedJob, describe_jobs, read_json_object
from gts.commands.resolve import Reference, find_study, resolve
from gts.commands.search import SearchResult, read_search_result
from gts.errors import FileError, GtsError, Problem
from gts.store.workspace import RunFolder, StudyFolder

if TYPE_CHECKING:
    from gts.params.spec import Spec


@dataclass(frozen=True)
class ParameterValue:
    """A parameter and its value in a spec."""

    key: str
    value: Any
    default: Any
    changed: bool
    """Whether it differs from its default."""
    unit: str
    meaning: str


@dataclass(frozen=True)
class SpecInfo(Result):
    """Contents of a spec."""

    view: ClassVar[str] = "files:render_spec_info"
    path: str
    figure: str
    technique: str
    comment: str
    values: tuple[ParameterValue, ...]
    warnings: tuple[Problem, ...]
    kind: str = "spec"


@dataclass(frozen=True)
class SpaceInfo(Result):
    """Contents of a space."""

    view: ClassVar[str] = "files:render_space_info"
    path: str
    figure: str
    technique: str
    name: str
    comment: str
    fixed: Mapping[str, Any]
    axes: Mapping[str, Any]
    """Searched parameters by file key, each as in the file."""
    warnings: tuple[Problem, ...]
    kind: str = "space"


@dataclass(frozen=True)
class CheckpointInfo(Result):
    """Contents of a checkpoint."""

    view: ClassVar[str] = "files:render_checkpoint_info"
    path: str
    figure: str
    technique: str
    comment: str
    networks: tuple[Mapping[str, Any], ...]
    values: tuple[ParameterValue, ...]
    counters: Mapping[str, Any]
    score: Mapping[str, Any] | None
    history: tuple[Mapping[str, Any], ...]
    """Learning curve: rows of step, mean, deviation, score, length."""
    parents: tuple[Mapping[str, Any], ...]
    versions: Mapping[str, str]
    checksum: str
    size: int
    """File size in bytes."""
    kind: str = "checkpoint"


@dataclass(frozen=True)
class MemberInfo:
    """Results of one member of a run."""

    member: int
    history: tuple[Mapping[str, Any], ...]
    """Learning curve: rows of step, mean, deviation, score, length, best."""
    latest: Mapping[str, float]
    """Newest value of each metric."""
    failed: str = ""


@dataclass(frozen=True)
class RunInfo(Result):
    """Contents of a run."""

    view: ClassVar[str] = "files:render_run_info"
    path: str
    facts: Mapping[str, Any]
    """Contents of `run.json`."""
    step: int
    seconds: float
    """Wall-clock training time."""
    members: tuple[MemberInfo, ...]
    checkpoints: tuple[str, ...]
    """Newest complete checkpoints and best policies, relative to the folder."""
    remains: tuple[str, ...]
    """Failure dumps of failed members, relative to the folder."""
    job: ListedJob | None
    """State and progress; None if unreadable."""
    attempts: int
    """Attempts that started at the current step and died before the next checkpoint."""
    notes: tuple[str, ...] = field(default=())
    kind: str = "run"


@dataclass(frozen=True)
class StudyInfo(Result):
    """Contents of a study."""

    view: ClassVar[str] = "files:render_study_info"
    path: str
    name: str
    figure: str
    technique: str
    axes: tuple[str, ...]
    """File keys of the searched parameters."""
    job: ListedJob | None
    """State and progress of the search; None if unreadable."""
    found: SearchResult | None
    """Result so far; None if its trials are unreadable."""
    notes: tuple[str, ...] = field(default=())
    kind: str = "study"


def run_info(context: Context, *, file: str, verbose: bool) -> Result:
    """Describe a spec, a space, a checkpoint, a run or a study."""
    study = find_study(context, file)
    if study is not None:
        return _study(study)
    reference = resolve(context, file)
    describe = {"spec": _spec, "space": _space, "checkpoint": _checkpoint, "run": _run}[reference.kind]
    return describe(reference)


def list_parameter_values(spec: Spec) -> tuple[ParameterValue, ...]:
    """List all parameters of a spec, in the order of their declarations."""
    from gts.params.spec import spec_parameters

    values, changed = spec.values(), spec.non_default_values()
    return tuple(
        ParameterValue(known.key, values[known.key], known.default, known.key in changed, known.unit, known.description)
        for known in spec_parameters(spec.figure, spec.technique)
    )


def _spec(reference: Reference) -> SpecInfo:
    from gts.formats.spec_file import read_spec

    spec = read_spec(reference.path)
    return SpecInfo(str(reference.path), spec.figure, spec.technique, spec.comment, list_parameter_values(spec), spec.warnings)


def _space(reference: Reference) -> SpaceInfo:
    from gts.formats.space_file import read_space

    space = read_space(reference.path)
    axes = {axis.key: axis.document() for axis in space.param_space}
    head = (str(reference.path), space.figure, space.technique, space.name, space.comment)
    return SpaceInfo(*head, space.fixed_params(), axes, space.warnings)


def _checkpoint(reference: Reference) -> CheckpointInfo:
    from gts.formats.checkpoint import read_checkpoint_header

    checkpoint = read_checkpoint_header(reference.path)
    return CheckpointInfo(
        path=str(reference.path),
        figure=checkpoint.spec.figure,
        technique=checkpoint.spec.technique,
        comment=checkpoint.spec.comment,
        networks=tuple(asdict(network) for network in checkpoint.describe_networks()),
        values=list_parameter_values(checkpoint.spec),
        counters=checkpoint.counters,
        score=checkpoint.score,
        history=checkpoint.history,
        parents=checkpoint.parents,
        versions=checkpoint.versions,
        checksum=checkpoint.checksum,
        size=checkpoint.file_size,
    )


def _run(reference: Reference) -> RunInfo:
    from gts.jobs.job_store import read_job_status
    from gts.store.curves import MetricsReader

    folder = reference.run
    facts = read_json_object(folder.run_file)
    members: tuple[MemberInfo, ...] = ()
    step, seconds, notes = int(facts.get("step", 0)), 0.0, []
    try:
        with MetricsReader(folder.metrics) as reader:
            step, _, seconds = reader.newest_position()
            failed = {failure.member: f"step {failure.step}: {failure.reason}" for failure in reader.failures()}
            members = tuple(_member(reader, member, failed) for member in range(int(facts.get("members", 1))))
    except FileError as error:
        notes.append(error.message)
    status = None
    try:
        status = read_job_status(folder.path)
    except FileError as error:
        notes.append(error.message)
    return RunInfo(
        path=str(folder.path),
        facts=facts,
        step=step,
        seconds=seconds,
        members=members,
        checkpoints=_find_in_run(folder, "member*/*.checkpoint"),
        remains=_find_in_run(folder, "member*/failed-*.safetensors"),
        job=describe_jobs([status])[0] if status else None,
        attempts=len(status.job.attempts) if status else 0,
        notes=tuple(notes),
    )


def _study(folder: StudyFolder) -> StudyInfo:
    from gts.jobs.job_store import read_job_status

    job, found, notes = None, None, []
    space: dict[str, Any] = {}
    try:
        space = dict(read_json_object(folder.study_file).get("space", {}))
    except FileError as error:
        notes.append(error.message)
    try:
        (job,) = describe_jobs([read_job_status(folder.path)])
        found = read_search_result(folder, folder.name, None)
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


def _find_in_run(folder: RunFolder, pattern: str) -> tuple[str, ...]:
    """List the files of a run that match a pattern, relative to its folder."""
    return tuple(str(path.relative_to(folder.path)) for path in sorted(folder.path.glob(pattern)))


def _member(reader: Any, member: int, failed: Mapping[int, str]) -> MemberInfo:
    history = tuple(
        {"step": one.step, "best": one.best} | {key: one.score.get(key) for key in ("mean", "deviation", "score", "length")}
        for one in reader.evaluations(member)
    )
    return MemberInfo(member, history, reader.latest(member), failed.get(member, ""))


COMMAND = Command(
    name="info",
    summary="Show the contents of a file, a run or a study.",
    group="results",
    run=run_info,
    read_only=True,
    help="Of a spec or space, the parameters that differ from their defaults; of a checkpoint, networks, score, learning "
    "curve, history and versions; of a run, state and metrics; of a study, its best trials.",
    arguments=(
        Argument("file", "A spec, a space or a checkpoint; a run by folder, id or @last; a study by name.", "reference"),
    ),
    options=(Option(("-v", "--verbose"), "Show all parameters with their meanings.", "flag"),),
    examples=("gts info out.checkpoint", "gts info @last"),
)
