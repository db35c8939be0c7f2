"""The cohort pool: adding and removing trainings does not change the others."""

from __future__ import annotations

import numpy as np

from gts.params.spec import Spec, make_spec
from gts.search.cohort_pool import CohortPool, TaskDiverged, TaskEvaluated, TaskFinished, TaskRoundDone, TrainingTask
from gts.training.trainer import Trainer

TINY = {
    "nSteps": 960,
    "nEpochs": 8,
    "nEnvironments": 4,
    "nEvaluations": 2,
    "evaluationEpisodes": 2,
    "actor.hiddenSize": 8,
    "critic.hiddenSize": 8,
}


def spec_of(seed: int, **values: object) -> Spec:
    return make_spec("invertedPendulum", "ppo", TINY | {"seed": seed} | values)


def drive(pool: CohortPool, most: int = 1000) -> list[object]:
    events: list[object] = []
    for _ in range(most):
        if not pool.keys:
            break
        events += list(pool.run_round())
    return events


def test_trainings_of_two_shapes_take_turns_and_all_finish() -> None:
    pool = CohortPool(threads=1)
    for key, size in (("a", 8), ("b", 8), ("c", 16)):
        pool.add(TrainingTask(key, spec_of(1, **{"actor.hiddenSize": size})))
    events = drive(pool)
    assert sorted((one.key, one.step) for one in events if isinstance(one, TaskFinished)) == [
        ("a", 960),
        ("b", 960),
        ("c", 960),
    ]
    assert [one.step for one in events if isinstance(one, TaskEvaluated) and one.key == "c"] == [480, 960]
    steps = [one.step for one in events if isinstance(one, TaskRoundDone) and one.key == "b"]
    assert steps == list(range(120, 961, 120))
    first = next(index for index, one in enumerate(events) if one.key == "c")
    assert first < 3, "no shape waits until another one has finished"


def test_a_late_training_does_not_change_the_others() -> None:
    alone, company = CohortPool(threads=1), CohortPool(threads=1)
    ends = {}
    for pool, name in ((alone, "alone"), (company, "company")):
        pool.add(TrainingTask("first", spec_of(1)))
        pool.add(TrainingTask("second", spec_of(2)))
        for _ in range(3):
            list(pool.run_round())
        if pool is company:
            pool.add(TrainingTask("late", spec_of(3)))
            pool.remove("second")
        while "first" in pool.keys:
            for one in pool.run_round():
                if isinstance(one, TaskFinished) and one.key == "first":
                    ends[name] = pool.checkpoint("first")
    for name, tensor in ends["alone"].tensors.items():
        np.testing.assert_allclose(ends["company"].tensors[name], tensor, rtol=1e-3, atol=1e-4, err_msg=name)
    assert "late" in company.keys and "second" not in company.keys


def test_a_state_resumes_exactly_in_another_pool() -> None:
    first, second = CohortPool(threads=1), CohortPool(threads=1)
    first.add(TrainingTask("x", spec_of(1)))
    for _ in range(5):
        list(first.run_round())
    second.add(TrainingTask("x", spec_of(1), first.checkpoint("x"), first.best_checkpoint("x")))
    for one in drive_until(second, "x"):
        state = one
    whole = Trainer([spec_of(1)], threads=1)
    list(whole.run())
    for name, tensor in whole.cohort.checkpoint(0).tensors.items():
        assert np.array_equal(state.tensors[name], tensor), name


def drive_until(pool: CohortPool, key: str) -> list[object]:
    """Run until a training finishes. Returns a list with its last state."""
    while True:
        for one in pool.run_round():
            if isinstance(one, TaskFinished) and one.key == key:
                return [pool.checkpoint(key)]


def test_a_diverged_training_leaves_with_its_reason() -> None:
    pool = CohortPool(threads=1)
    pool.add(TrainingTask("sound", spec_of(1)))
    pool.add(TrainingTask("ill", spec_of(2)))
    list(pool.run_round())
    group = next(iter(pool._groups.values()))
    group.cohort.agent.state.policy.net.stack.block[1] = float("nan")
    events = drive(pool)
    (broke,) = [one for one in events if isinstance(one, TaskDiverged)]
    assert (broke.key, broke.step) == ("ill", 240)
    assert "rollout.observations" in broke.failure_dump
    assert [one.key for one in events if isinstance(one, TaskFinished)] == ["sound"]


def test_a_removed_training_yields_no_more_events() -> None:
    pool = CohortPool(threads=1)
    pool.add(TrainingTask("kept", spec_of(1)))
    pool.add(TrainingTask("dropped", spec_of(2)))
    list(pool.run_round())
    for one in pool.run_round():
        if one.key == "kept" and isinstance(one, TaskRoundDone):
            pool.remove("dropped")
    after = drive(pool)
    assert {one.key for one in after} == {"kept"}
