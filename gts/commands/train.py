"""`gts train`: from a spec to a scored checkpoint.

A training that works in this terminal, and what a training came to.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any

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
    """What a training came to."""

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
    """Statistics over the members' scores, by quantity; empty where there is one member or no score."""
    summary: str = ""
    """Path of the summary of several seeds."""

    @property
    def exit_code(self) -> int:
        """1 where no member came through, 130 where somebody ended it."""
        if all(member.failed for member in self.members):
            return 1
        return 130 if self.interrupted else 0

    def as_dict(self) -> dict[str, Any]:
        """Plain data for JSON."""
        members = [{**member.__dict__, "result": str(member.result) if member.result else None} for member in self.members]
        return super().as_dict() | {"members": members}


def run_training_inline(context: Context, job: Job, lock: JobLock, request: TrainingRequest | None = None) -> Iterator[Any]:
    """Work on a run in this process and terminal, from where it stands; yields events, then the result.

    For the one who holds the job's lock, which is let go at the end. `request` is read from the run's folder where it is None.
    """
    from gts.jobs.process import run_job as attended
    from gts.jobs.trainings.runs import read_training_request

    try:
        training_request = request or read_training_request(context.workspace, job)
        for told in attended(context.workspace, job, lock, context.stop_request, request=training_request):
            if isinstance(told, TrainingOutcome):
                yield make_train_result(training_request.source, told, told.summary)
            else:
                yield told
    finally:
        lock.release()


def make_train_result(source: str, outcome: TrainingOutcome, summary: Path | None) -> TrainResult:
    """What a training came to, as its command says it."""
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
    """A training that works in a process of its own."""

    source: str
    run: str
    """Id of the run, and of the job."""
    folder: str
    queued: bool
    """Whether it waits until there is room for it."""
    results: tuple[str, ...]
    """Where each member's outcome will be."""


def run(
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
    nosaveoninterrupt: bool,
    no_score: bool,
    save_every: float,
    detach: bool,
    queue: bool,
    verbose: bool,
) -> Iterator[Any]:
    """Train what `source` describes, here or in a process of its own; yields events, then the result."""
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
        save_when_stopped=not nosaveoninterrupt,
        threads=context.threads,
        save_every=save_every,
        queued=queue,
    )
    _check_results_writable(request)

    from gts.jobs.trainings.runs import create_run

    job, lock = create_run(request)
    yield from [_detach_training(request, job, lock)] if detach or queue else run_training_inline(context, job, lock, request)


def _detach_training(request: TrainingRequest, job: Job, lock: JobLock) -> DetachedTraining:
    """Leave a training to a process of its own."""
    from gts.jobs.launch import launch

    launch(job, lock)
    results = tuple(os.path.abspath(path) for path in request.results)
    return DetachedTraining(request.source, job.id, str(job.folder), job.queued, results)


def _resolve_source(context: Context, word: str) -> Reference:
    """The spec or checkpoint to train; raises FileError or UsageError."""
    path = resolve_path(context, word)
    kind = detect_path_kind(path, context.workspace)
    if kind == "space":
        raise UsageError(f"{path} is a space, which describes many trainings", hint="name a spec or a checkpoint")
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
    """The spec with what the command line says; its warnings stay."""
    from dataclasses import replace

    from gts.params.spec import parse_assignments

    words = [*assignments]
    if steps is not None:
        words.append(f"nSteps={steps}")
        if epochs is None and not any(word.startswith("nEpochs=") for word in assignments):
            # Rollouts keep their length: more steps are more rounds, not longer ones.
            epochs = max(1, round(spec.params.n_epochs * steps / spec.params.n_steps))
    if epochs is not None:
        words.append(f"nEpochs={epochs}")
    return replace(parse_assignments(spec, words), warnings=spec.warnings) if words else spec


def _check_shapes(source: Reference, spec: Spec, start: Checkpoint | None) -> None:
    """Make sure that a training can start from a checkpoint with what the command line has changed; raises FileError."""
    from gts.formats.networks import find_shape_problems

    problems = find_shape_problems(spec, start.shapes()) if start is not None else ()
    if problems:
        raise FileError(
            f"{source.path} does not fit what is asked for: {problems[0].message}",
            hint="networks keep their figure, their number of layers and their sizes",
        )


def _default_result(source: Reference) -> Path:
    """Where the outcome goes if nobody says so: never over the checkpoint that it was trained from."""
    if source.kind == "spec":
        return Path(f"{source.path.stem}.checkpoint")
    stem = re.sub(r"-\d+$", "", source.path.stem)
    return next(path for number in count(2) if not (path := Path(f"{stem}-{number}.checkpoint")).exists())


def _result_paths(out: Path, specs: Sequence[Spec], source: Path) -> tuple[Path, ...]:
    """Where each member's outcome goes; raises UsageError where that would destroy something else."""
    if out.suffix in (".spec", ".space"):
        raise UsageError(
            f"`{out}` has the name of a {out.suffix[1:]}, not of a checkpoint", hint=f"name it {out.stem}.checkpoint"
        )
    if len(specs) == 1:
        return (out,)
    ending = out.suffix or ".checkpoint"
    results = tuple(out.with_name(f"{out.stem}-seed{spec.params.seed}{ending}") for spec in specs)
    if any(path.exists() and path.samefile(source) for path in results):
        raise UsageError(f"one of the results would overwrite `{source}`", hint="name another OUT")
    return results


def _check_results_writable(request: TrainingRequest) -> None:
    """Make sure before hours of work that its outcome can be written; raises FileError."""
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
    summary="Train a spec, or go on training a checkpoint; then score it.",
    group="learning",
    run=run,
    help="Every training makes a run: a folder in the workspace's `runs` with its numbers, its log and its checkpoints. "
    "OUT is the policy that did best when it was tried out on the way. "
    "The first Ctrl-C ends the training after the present update and saves; the second one ends it at once. Every run is also "
    "a job: one that was stopped goes on with `gts resume`, and one with --detach works without this terminal.",
    arguments=(
        Argument("source", "A spec to train, or a checkpoint to go on from.", "document", metavar="SPEC|CHECKPOINT"),
        Argument(
            "out",
            "Where the outcome goes; here, with the name of the source, if it is left out.",
            "file",
            "path",
            required=False,
        ),
    ),
    options=(
        Option(
            ("-s", "--steps"),
            "Steps of the training, in place of nSteps; without -e, rollouts keep their length.",
            "integer",
            minimum=1,
        ),
        Option(("-e", "--epochs"), "Rounds of collect and update, in place of nEpochs.", "integer", minimum=1),
        Option(("-c", "--checkpoints"), "Also write checkpoints on the way: PREFIX-<step>.checkpoint.", metavar="PREFIX"),
        Option(("--checkinterval",), "Epochs from one of those to the next.", "integer", default=100, minimum=1, metavar="N"),
        Option(
            ("--seeds",),
            "Train that many seeds side by side; OUT gets -seed1, -seed2, … and a summary.",
            "integer",
            default=1,
            minimum=1,
            maximum=MAX_SEEDS,
            metavar="K",
        ),
        Option(
            ("--set",),
            "Change a parameter of the spec; may be given several times.",
            completion="parameter",
            multiple=True,
            metavar="KEY=VALUE",
            name="assignments",
        ),
        Option(("--keep",), "Which policy OUT is: the best, or the last.", "choice", choices=("best", "last"), default="best"),
        Option(("--nosaveoninterrupt",), "Do not save when the training is interrupted.", "flag"),
        Option(("--no-score",), "Do not score the outcome.", "flag"),
        *DETACH_OPTIONS,
        Option(("-v", "--verbose"), "Also show the numbers of the training every few seconds.", "flag"),
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
