"""`gts score`: scores of checkpoints over test episodes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from gts.commands.command import Argument, Command, Context, Note, Option, Result
from gts.commands.resolve import resolve_path
from gts.errors import FileError
from gts.jobs.job_events import SCORE_EPISODES, SCORE_STEPS, ScoringStarted

if TYPE_CHECKING:
    from gts.formats.checkpoint import Checkpoint


@dataclass(frozen=True)
class ScoredCheckpoint:
    """One checkpoint and its score."""

    path: str
    figure: str
    technique: str
    checksum: str
    score: Mapping[str, Any]
    """`Score.as_dict()`."""


@dataclass(frozen=True)
class ScoreResult(Result):
    """Scores of checkpoints."""

    view: ClassVar[str] = "scores:render_score"
    episodes: int
    steps: int
    seed: int
    checkpoints: tuple[ScoredCheckpoint, ...]


def run_score(
    context: Context, *, checkpoints: Sequence[str], episodes: int, steps: int, seed: int, verbose: bool
) -> Iterator[Any]:
    """Score checkpoints over the same test episodes; yields events, then the result."""
    from gts.formats.checkpoint import read_checkpoint

    paths = [resolve_path(context, word) for word in checkpoints]
    read = [read_checkpoint(path) for path in paths]
    yield ScoringStarted(len(read), episodes, steps)

    from gts.training.evaluation import evaluate_checkpoint

    scores = [evaluate_checkpoint(one, episodes=episodes, steps=steps, seed=seed, threads=context.threads) for one in read]
    rows = tuple(
        ScoredCheckpoint(str(path), one.spec.figure, one.spec.technique, one.checksum, score.as_dict())
        for path, one, score in zip(paths, read, scores, strict=True)
    )
    result = ScoreResult(episodes, steps, seed, rows)
    trouble = _record_scores(context, result, read, paths)
    if trouble:
        yield Note(trouble)
    yield result


def _record_scores(context: Context, result: ScoreResult, read: Sequence[Checkpoint], paths: Sequence[Path]) -> str:
    """Record the scores in the catalogue, if it exists; returns the error message, or an empty string."""
    from gts.store.catalogue import Catalogue, ScoreRecord, utc_now

    if not context.workspace.catalogue.is_file():
        return ""
    try:
        with Catalogue(context.workspace.catalogue) as catalogue:
            for row, one, path in zip(result.checkpoints, read, paths, strict=True):
                catalogue.add_score(
                    ScoreRecord(
                        checksum=one.checksum,
                        path=context.workspace.display_path(path),
                        seed=result.seed,
                        steps=result.steps,
                        episodes=result.episodes,
                        mean=float(row.score["mean"]),
                        score=float(row.score["score"]),
                        details=row.score,
                        taken=utc_now(),
                        figure=row.figure,
                    )
                )
    except FileError as error:
        return f"the scores were not recorded in the workspace: {error.message}"
    return ""


COMMAND = Command(
    name="score",
    summary="Score checkpoints over test episodes.",
    group="results",
    run=run_score,
    needs_torch=True,
    help="The score is mean × (1 − cov), cov = standard deviation ÷ |mean|. Actions are deterministic, physics is exact, and "
    "no training uses the start states: the same checkpoint always gets the same score.",
    arguments=(Argument("checkpoints", "Checkpoints to score.", "checkpoint", multiple=True, metavar="CHECKPOINT"),),
    options=(
        Option(
            ("--episodes",),
            "Test episodes.",
            "integer",
            default=SCORE_EPISODES,
            minimum=1,
            maximum=100_000,
            metavar="N",
        ),
        Option(
            ("--steps",),
            "Longest episode.",
            "integer",
            default=SCORE_STEPS,
            minimum=1,
            maximum=10_000_000,
            metavar="N",
        ),
        Option(("--seed",), "Seed of the test episodes.", "integer", default=0, minimum=0, maximum=2**31 - 1, metavar="S"),
        Option(("-v", "--verbose"), "Also show reward terms and measures.", "flag"),
    ),
    threads=True,
    streams_events=True,
    examples=("gts score out.checkpoint better.checkpoint",),
)
