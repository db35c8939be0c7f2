"""Division of steps into rounds."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gts.params.techniques import PpoParams
from gts.training.plan import TrainingPlan


def _plan(**values) -> TrainingPlan:
    return TrainingPlan.from_params(PpoParams.model_validate(values))


def test_a_rollout_is_steps_by_epochs_by_environments():
    plan = _plan(nSteps=1_000_000, nEpochs=500, nEnvironments=20)

    assert (plan.rollout_steps, plan.n_epochs, plan.total_steps) == (100, 500, 1_000_000)


@given(st.integers(1, 10**7), st.integers(1, 10**5), st.integers(1, 512), st.integers(0, 50))
def test_the_budget_is_kept_unless_one_step_in_every_world_is_too_much(steps, epochs, worlds, evaluations):
    plan = _plan(nSteps=steps, nEpochs=epochs, nEnvironments=worlds, nEvaluations=evaluations)

    assert plan.rollout_steps >= 1 and plan.n_epochs >= 1
    assert plan.total_steps <= max(steps, worlds)
    assert plan.total_steps > steps - plan.steps_per_epoch
    if plan.n_epochs < 10_000:
        due = [epoch for epoch in range(1, plan.n_epochs + 1) if plan.is_evaluation_due(epoch)]
        assert len(due) == min(evaluations, plan.n_epochs)
        assert not due or due[-1] == plan.n_epochs


@pytest.mark.parametrize(("tail", "expected"), [(0.2, 800), (0.0, 1000), (1.0, 0)])
def test_the_exact_tail_is_the_last_part(tail, expected):
    plan = _plan(nSteps=1000, nEpochs=10, nEnvironments=10, physics="fast", exactTail=tail)

    assert sum(plan.physics_at(epoch * 100) == "fast" for epoch in range(10)) * 100 == expected
    assert _plan(nSteps=1000, nEpochs=10, nEnvironments=10).physics_at(0) == "exact"
