"""Small trainings, and running one in the process of a test."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from gts.jobs.job_events import TrainingOutcome
from gts.jobs.process import run_job
from gts.jobs.requests import TrainingRequest
from gts.jobs.stop_request import StopRequest
from gts.jobs.trainings.runs import create_run

TINY: dict[str, Any] = {
    "nSteps": 1200,
    "nEpochs": 10,
    "nEnvironments": 4,
    "nEvaluations": 3,
    "evaluationEpisodes": 2,
    "actor.hiddenSize": 8,
    "critic.hiddenSize": 8,
}
"""Parameters of a training that takes less than a second."""

ENDLESS = TINY | {"nSteps": 400_000_000, "nEpochs": 400_000, "nEvaluations": 0}
"""A training that ends only when it is stopped."""


def training(request: TrainingRequest, interruption: StopRequest | None = None) -> Iterator[Any]:
    """Create a run and work on it; yields and raises what `gts.jobs.trainings.attempt.work` does."""
    job, life = create_run(request)
    yield from run_job(request.workspace, job, life, interruption or StopRequest(), request=request)


def run_training(request: TrainingRequest, listener: Callable[[Any], object] = lambda _: None) -> TrainingOutcome:
    """Train to the end; every event but the outcome is passed to `listener`."""
    for event in training(request):
        if isinstance(event, TrainingOutcome):
            return event
        listener(event)
    raise AssertionError("a training ends with its outcome")
