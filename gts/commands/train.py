"""`gts train`: train a spec or a checkpoint, in this process or in the background, and score the result."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from gts.commands.command import DETACH_OPTIONS, Argument, Command, Context, Note, Option, Result
from gts.commands.resolve import Reference, detect_path_kind, resolve_path
from gts.errors import FileError, UsageError
from gts.jobs.job_events import MemberOutcome, TrainingOutcome
from gts.jobs.requests import Milestones, TrainingRequest
from gts.jobs.trainings.seed_summary import SeedStatistics, seed_statistics, summary_path

if TYPE_CHECKING:
    from gts.formats.checkpoint import Checkpoint
    from gts.jobs.job_lock import JobLock
    from gts.jobs.job_store import Job
    from gts.params.spec import Spec


@dataclass(frozen=True)
class TrainResult(Result):
    """Result of a training."""

    view: ClassVar[str] = "scores:render_train"
    source: str
    run: str
    """Id of the run."""
    folder: str
    figure: str
    technique: str
    steps: int
    total_steps: int
    seconds: float
    interrupted: bool
    members: tuple[MemberOutcome, ...]
    over_seeds: Mapping[str, SeedStatistics]
    """Statistics over the members' scores, by quantity; empty for one member or without scores."""
    summary: str = ""
    """Path of the summary over seeds; empty for one seed."""

    @property
    def exit_code(self) -> int:
        """Return 1 if all members failed, 130 if the training was interrupted."""
        if all(member.failed for member in self.members):
            return 1
        return 130 if self.interrupted else 0

    def as_dict(self) -> dict[str, Any]:
        """Return plain data for JSON."""
        members = [{**member.__dict__, "result": str(member.result) if member.result else None} for member in self.members]
        return super().as_dict() | {"members": members}


def run_training_inline(context: Context, job: Job, lock: JobLock, request: TrainingRequest | None = None) -> Iterator[Any]:
    """Train a run in this process, from its newest checkpoint; yields events, then the result.

    Releases `lock`, the held lock of the job, at the end. `request` is read from the run's folder if it is None.
    """
    from gts.jobs.process import run_job
    from gts.jobs.trainings.runs import read_training_request

    try:
        training_request = request or read_training_request(context.workspace, job)
        for event in run_job(context.workspace, job, lock, context.stop_request, request=training_request):
            if isinstance(event, TrainingOutcome):
                yield make_train_result(training_request.source, event, event.summary)
            else:
                yield event
    finally:
        lock.release()


def make_train_result(source: str, outcome: TrainingOutcome, summary: Path | None) -> TrainResult:
    """Make the result of the command from the outcome of a training."""
    return TrainResult(
        source=source,
        run=outcome.folder.id,
        folder=str(outcome.folder.path),
        figure=outcome.figure,
        technique=outcome.technique,
        steps=outcome.step,
        total_steps=outcome.total_steps,
        seconds=round(outcome.seconds, 3),
        interrupted=outcome.stopped,
        members=outcome.members,
        over_seeds=seed_statistics(outcome),
        summary=str(summary or ""),
    )


MAX_SEEDS = 1024


@dataclass(frozen=True)
class DetachedTraining(Result):
    """A training in the background."""

    view: ClassVar[str] = "jobs:render_detached_training"
    source: str
    run: str
    """Id of the run, and of the job."""
    folder: str
    queued: bool
    """Whether it waits in the queue."""
    results: tuple[str, ...]
    """Path of each member's result."""


def run_train(
    context: Context,
    *,
    source: str,
    out: Path | None,
    steps: int | None,
    epochs: int | None,
    checkpoints: str | None,
    checkinterval: int,
    seeds: int,
    assignments: Sequence[str],
    keep: str,
    no_save_on_interrupt: bool,
    no_score: bool,
    save_every: float,
    detach: bool,
    queue: bool,
    verbose: bool,
) -> Iterator[Any]:
    """Train `source` in this process or in the background; yields events, then the result."""
    from gts.params.spec import specs_with_seeds

    named = _resolve_source(context, source)
    spec, start = _read_source(named)
    spec = _apply_overrides(spec, steps, epochs, assignments)
    _check_shapes(named, spec, start)
    yield from (Note(problem.format_at(str(named.path))) for problem in spec.warnings)
    specs = specs_with_seeds(spec, seeds) if seeds > 1 else (spec,)
    request = TrainingRequest(
        workspace=context.workspace,
        name=named.path.stem,
        source=source,
        specs=specs,
        results=_result_paths(out or _default_result(named), specs, named.path),
        start=start,
        keep="last" if keep == "last" else "best",
        milestones=Milestones(checkpoints, checkinterval) if checkpoints else None,
        score=not no_score,
        save_when_stopped=not no_save_on_interrupt,
        threads=context.threads,
        save_every=save_every,
        queued=queue,
    )
    _check_results_writable(request)

    from gts.jobs.trainings.runs import create_run

    job, lock = create_run(request)
    yield from [_detach_training(request, job, lock)] if detach or queue else run_training_inline(context, job, lock, request)


def _detach_training(request: TrainingRequest, job: Job, lock: JobLock) -> DetachedTraining:
    """Start a training in the background."""
    from gts.jobs.launch import launch

    launch(job, lock)
    results = tuple(os.path.abspath(path) for path in request.results)
    return DetachedTraining(request.source, job.id, str(job.folder), job.queued, results)


def _resolve_source(context: Context, word: str) -> Reference:
    """Resolve the spec or checkpoint to train; raises FileError or UsageError."""
    path = resolve_path(context, word)
    kind = detect_path_kind(path, context.workspace)
    if kind == "space":
        raise UsageError(f"{path} is a space; `gts search` trains spaces", hint="name a spec or a checkpoint")
    if kind == "run":
        raise UsageError(f"{path} is a run", hint="name a checkpoint in it")
    return Reference(word, path, kind)


def _read_source(source: Reference) -> tuple[Spec, Checkpoint | None]:
    if source.kind == "spec":
        from gts.formats.spec_file import read_spec

        return read_spec(source.path), None
    from gts.formats.checkpoint import read_checkpoint

    checkpoint = read_checkpoint(source.path)
    return checkpoint.spec, checkpoint


def _apply_overrides(spec: Spec, steps: int | None, epochs: int | None, assignments: Sequence[str]) -> Spec:
    """Apply the values of the command line to a spec; keeps its warnings."""
    from dataclasses import replace

    from gts.params.spec import parse_assignments

    words = [*assignments]
    if steps is not None:
        words.append(f"nSteps={steps}")
        if epochs is None and not any(word.startswith("nEpochs=") for word in assignments):
            # Keep the rollout length: more steps mean more rounds, not longer ones.
            epochs = max(1, round(spec.params.n_epochs * steps / spec.params.n_steps))
    if epochs is not None:
        words.append(f"nEpochs={epochs}")
    return replace(parse_assignments(spec, words), warnings=spec.warnings) if words else spec


def _check_shapes(source: Reference, spec: Spec, start: Checkpoint | None) -> None:
    """Check that a checkpoint fits the changed spec; raises FileError."""
    from gts.formats.networks import find_shape_problems

    problems = find_shape_problems(spec, start.shapes()) if start is not None else ()
    if problems:
        raise FileError(
            f"{source.path} does not fit the changed parameters: {problems[0].message}",
            hint="figure, number of layers and layer sizes cannot change",
        )


def _default_result(source: Reference) -> Path:
    """Choose the path of the result if OUT is not given; never that of an existing checkpoint it was trained from."""
    if source.kind == "spec":
        return Path(f"{source.path.stem}.checkpoint")
    stem = re.sub(r"-\d+$", "", source.path.stem)
    return next(path for number in count(2) if not (path := Path(f"{stem}-{number}.checkpoint")).exists())


def _result_paths(out: Path, specs: Sequence[Spec], source: Path) -> tuple[Path, ...]:
    """Choose the path of each member's result; raises UsageError if that would overwrite the source."""
    if out.suffix in (".spec", ".space"):
        raise UsageError(
            f"`{out}` has the suffix of a {out.suffix[1:]}, not of a checkpoint", hint=f"name it {out.stem}.checkpoint"
        )
    if len(specs) == 1:
        return (out,)
    ending = out.suffix or ".checkpoint"
    results = tuple(out.with_name(f"{out.stem}-seed{spec.params.seed}{ending}") for spec in specs)
    if any(path.exists() and path.samefile(source) for path in results):
        raise UsageError(f"one of the results would overwrite `{source}`", hint="name another OUT")
    return results


def _check_results_writable(request: TrainingRequest) -> None:
    """Check before hours of training that its results can be written; raises FileError."""
    from gts.formats.durable import check_writable

    for path in request.results:
        check_writable(path)
    if len(request.specs) > 1:
        check_writable(summary_path(request.results, request.specs[0].params.seed))
    if request.milestones is not None:
        for member in range(len(request.specs)):
            check_writable(request.milestones.path(0, request.suffix(member)))


COMMAND = Command(
    name="train",
    summary="Train a spec or continue a checkpoint, then score the result.",
    group="training",
    run=run_train,
    help="Every training makes a run: a folder in the workspace's `runs` with its metrics, its log and its checkpoints. "
    "OUT is the policy with the best evaluation during the training. "
    "The first Ctrl-C stops the training after the current update and saves; the second one ends it at once. Every run is also "
    "a job: `gts resume` continues a stopped one, and --detach starts one in the background.",
    arguments=(
        Argument("source", "A spec to train, or a checkpoint to continue from.", "document", metavar="SPEC|CHECKPOINT"),
        Argument(
            "out",
            "The checkpoint to write; default: the name of the source, in the current folder.",
            "file",
            "path",
            required=False,
        ),
    ),
    options=(
        Option(
            ("-s", "--steps"),
            "Environment steps, instead of nSteps; without -e, rollouts keep their length.",
            "integer",
            minimum=1,
        ),
        Option(("-e", "--epochs"), "Rounds of collecting and updating, instead of nEpochs.", "integer", minimum=1),
        Option(("-c", "--checkpoints"), "Also write PREFIX-<step>.checkpoint during the training.", metavar="PREFIX"),
        Option(("--checkinterval",), "Epochs between those checkpoints.", "integer", default=100, minimum=1, metavar="N"),
        Option(
            ("--seeds",),
            "Train K seeds side by side; OUT becomes OUT-seed1, OUT-seed2, … and a summary.",
            "integer",
            default=1,
            minimum=1,
            maximum=MAX_SEEDS,
            metavar="K",
        ),
        Option(
            ("--set",),
            "Change a parameter of the spec; can be repeated.",
            completion="parameter",
            multiple=True,
            metavar="KEY=VALUE",
            name="assignments",
        ),
        Option(("--keep",), "Policy to write to OUT: best or last.", "choice", choices=("best", "last"), default="best"),
        Option(
            ("--no-save-on-interrupt",),
            "Do not save when the training is interrupted.",
            "flag",
            hidden_flags=("--nosaveoninterrupt",),
        ),
        Option(("--no-score",), "Do not score the result.", "flag"),
        *DETACH_OPTIONS,
        Option(("-v", "--verbose"), "Also show all metrics every few seconds.", "flag"),
    ),
    threads=True,
    streams_events=True,
    examples=(
        "gts train hopper/hopperA2C.spec out.checkpoint -e 500 -s 100000 -v",
        "gts train hopper/hopperPPO.spec --seeds 8 --set actor.hiddenSize=128",
        "gts train out.checkpoint better.checkpoint",
        "gts train hopper/hopperPPO.spec --detach",
    ),
)
