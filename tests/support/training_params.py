"""Trainings of the tests: one that is over in less than a second, one that never is."""

from __future__ import annotations

from typing import Any

TINY: dict[str, Any] = {
    "nSteps": 1200,
    "nEpochs": 10,
    "nEnvironments": 4,
    "nEvaluations": 3,
    "evaluationEpisodes": 2,
    "actor.hiddenSize": 8,
    "critic.hiddenSize": 8,
}
"""A training of less than a second."""

ENDLESS = TINY | {"nSteps": 400_000_000, "nEpochs": 400_000, "nEvaluations": 0}
"""One that only ends when it is told to."""
