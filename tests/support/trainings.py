"""Trainings in the process of a test."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from gts.jobs.interruption import Interruption
from gts.jobs.process import attend
from gts.jobs.trainings.request import TrainingOutcome, TrainingRequest
from gts.jobs.trainings.runs import begin


def training(request: TrainingRequest, interruption: Interruption | None = None) -> Iterator[Any]:
    """Begin a run and work on it; tells and raises what `gts.jobs.trainings.worker.work` does."""
    job, life = begin(request)
    yield from attend(request.workspace, job, life, interruption or Interruption(), request=request)


def run_training(request: TrainingRequest, listener: Callable[[Any], object] = lambda _: None) -> TrainingOutcome:
    """Train to the end, telling `listener` what happens."""
    for told in training(request):
        if isinstance(told, TrainingOutcome):
            return told
        listener(told)
    raise AssertionError("a training ends with its outcome")
