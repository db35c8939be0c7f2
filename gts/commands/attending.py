"""A training that works in this terminal, and what a training came to."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gts.commands.command import Context, Result
from gts.jobs.trainings.request import MemberOutcome, TrainingOutcome, TrainingRequest
from gts.jobs.trainings.summary import OverSeeds, over_seeds

if TYPE_CHECKING:
    from gts.jobs.job_lock import Life
    from gts.jobs.job_store import Job


@dataclass(frozen=True)
class Trained(Result):
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
    over_seeds: Mapping[str, OverSeeds]
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


def attend(context: Context, job: Job, life: Life, request: TrainingRequest | None = None) -> Iterator[Any]:
    """Work on a run in this process and terminal, from where it stands; yields events, then the result.

    For the one who holds the job's lock, which is let go at the end. `request` is read from the run's folder where it is None.
    """
    from gts.jobs.process import attend as attended
    from gts.jobs.trainings.runs import request_of

    try:
        asked = request or request_of(context.workspace, job)
        for told in attended(context.workspace, job, life, context.interruption, request=asked):
            if isinstance(told, TrainingOutcome):
                yield trained(asked.source, told, told.summary)
            else:
                yield told
    finally:
        life.release()


def trained(source: str, outcome: TrainingOutcome, summary: Path | None) -> Trained:
    """What a training came to, as its command says it."""
    return Trained(
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
        over_seeds=over_seeds(outcome),
        summary=str(summary or ""),
    )
