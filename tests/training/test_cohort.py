"""A cohort with members that join and leave: the training of a member does not depend on the others."""

from __future__ import annotations

import numpy as np
import pytest

from gts.formats.checkpoint import Checkpoint
from gts.params.spec import Spec, make_spec
from gts.training.cohort import Cohort
from gts.training.trainer import learn

SMALL = {
    "nSteps": 1600,
    "nEpochs": 8,
    "nEnvironments": 4,
    "nEvaluations": 2,
    "evaluationEpisodes": 3,
    "maxEpisodeLength": 60,
    "actor.hiddenSize": 8,
    "critic.hiddenSize": 8,
    "minibatchSize": 64,
    "updateEpochs": 2,
}


def spec_of(seed: int, **values: object) -> Spec:
    return make_spec("hopper", "ppo", SMALL | {"seed": seed} | values)


def train(cohort: Cohort, rounds: int = 1000) -> None:
    for _ in range(rounds):
        if not bool(cohort.learning_members().any()):
            return
        next(learn(cohort))


def differing(one: Checkpoint, other: Checkpoint) -> list[str]:
    return [name for name in one.tensors if not np.array_equal(one.tensors[name], other.tensors[name])]


@pytest.mark.parametrize("physics", ["exact", "fast"])
def test_members_at_different_steps_end_as_if_started_together(physics: str) -> None:
    """Two members end equally whether the second one starts with the first or three rounds later."""
    specs = [spec_of(seed, physics=physics, exactTail=0.5) for seed in (1, 2)]
    together = Cohort(specs, threads=1)
    train(together)
    late = Cohort(specs, threads=1)
    late.deactivate(1)
    train(late, 3)
    joined = Cohort(specs, threads=1)
    joined.resume(0, late.checkpoint(0))
    assert (joined.member_step(0), joined.member_step(1)) == (600, 0)
    train(joined)
    for member in range(2):
        assert differing(together.checkpoint(member), joined.checkpoint(member)) == []
        assert together.checkpoint(member).counters == joined.checkpoint(member).counters
        assert together.best_checkpoint(member).counters == joined.best_checkpoint(member).counters


def test_each_member_is_evaluated_at_its_own_steps() -> None:
    specs = [spec_of(1), spec_of(2)]
    early = Cohort(specs, threads=1)
    train(early, 2)
    cohort = Cohort(specs, threads=1)
    cohort.resume(1, early.checkpoint(1))
    seen: list[tuple[int, int]] = []
    while bool(cohort.learning_members().any()):
        result = next(learn(cohort))
        seen += [(member, cohort.member_step(member)) for member in result.scores]
    assert sorted(seen) == [(0, 800), (0, 1600), (1, 800), (1, 1600)]


def test_an_update_may_report_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """As an agent that first fills a replay buffer."""
    cohort = Cohort([spec_of(1), spec_of(2)], threads=1)
    monkeypatch.setattr(cohort.agent, "update", lambda rollout, progress, active: {})
    result = next(learn(cohort))
    assert [metrics.keys() & {"policy_loss", "steps_per_second"} for metrics in result.metrics] == [{"steps_per_second"}] * 2
    assert result.failures == {} and cohort.member_step(1) == 200


def test_schedules_run_by_each_members_own_progress() -> None:
    specs = [spec_of(seed, schedule="linear", finalFraction=0.0) for seed in (1, 2)]
    early = Cohort(specs, threads=1)
    train(early, 4)
    cohort = Cohort(specs, threads=1)
    cohort.resume(1, early.checkpoint(1))
    rates = [metrics["learning_rate"] for metrics in next(learn(cohort)).metrics]
    assert rates[1] == pytest.approx(rates[0] / 2)


def test_a_deactivated_member_stays_and_the_others_do_not_change() -> None:
    specs = [spec_of(1), spec_of(2)]
    whole = Cohort(specs, threads=1)
    train(whole)
    cohort = Cohort(specs, threads=1)
    train(cohort, 2)
    before = cohort.checkpoint(1)
    cohort.deactivate(1)
    train(cohort)
    assert differing(before, cohort.checkpoint(1)) == []
    assert differing(whole.checkpoint(0), cohort.checkpoint(0)) == []
    assert cohort.member_step(1) == 400
