"""Trainings that come and go: none of them notices the others."""

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


def drive(crew: CohortPool, most: int = 1000) -> list[object]:
    told: list[object] = []
    for _ in range(most):
        if not crew.keys:
            break
        told += list(crew.run_round())
    return told


def test_trainings_of_two_shapes_take_turns_and_all_come_to_their_end() -> None:
    crew = CohortPool(threads=1)
    for key, size in (("a", 8), ("b", 8), ("c", 16)):
        crew.add(TrainingTask(key, spec_of(1, **{"actor.hiddenSize": size})))
    told = drive(crew)
    assert sorted((one.key, one.step) for one in told if isinstance(one, TaskFinished)) == [("a", 960), ("b", 960), ("c", 960)]
    assert [one.step for one in told if isinstance(one, TaskEvaluated) and one.key == "c"] == [480, 960]
    steps = [one.step for one in told if isinstance(one, TaskRoundDone) and one.key == "b"]
    assert steps == list(range(120, 961, 120))
    first = next(index for index, one in enumerate(told) if one.key == "c")
    assert first < 3, "nobody waits until another shape has ended"


def test_who_comes_late_changes_nothing_for_those_who_were_there() -> None:
    alone, company = CohortPool(threads=1), CohortPool(threads=1)
    ends = {}
    for crew, name in ((alone, "alone"), (company, "company")):
        crew.add(TrainingTask("first", spec_of(1)))
        crew.add(TrainingTask("second", spec_of(2)))
        for _ in range(3):
            list(crew.run_round())
        if crew is company:
            crew.add(TrainingTask("late", spec_of(3)))
            crew.remove("second")
        while "first" in crew.keys:
            for one in crew.run_round():
                if isinstance(one, TaskFinished) and one.key == "first":
                    ends[name] = crew.checkpoint("first")
    for name, tensor in ends["alone"].tensors.items():
        np.testing.assert_allclose(ends["company"].tensors[name], tensor, rtol=1e-3, atol=1e-4, err_msg=name)
    assert "late" in company.keys and "second" not in company.keys


def test_a_state_goes_on_in_another_crew_exactly() -> None:
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


def drive_until(crew: CohortPool, key: str) -> list[object]:
    """Drive to the end of a training; its state there, and nothing else."""
    while True:
        for one in crew.run_round():
            if isinstance(one, TaskFinished) and one.key == key:
                return [crew.checkpoint(key)]


def test_one_that_breaks_leaves_and_says_why() -> None:
    crew = CohortPool(threads=1)
    crew.add(TrainingTask("sound", spec_of(1)))
    crew.add(TrainingTask("ill", spec_of(2)))
    list(crew.run_round())
    table = next(iter(crew._groups.values()))
    table.cohort.agent.state.policy.net.stack.block[1] = float("nan")
    told = drive(crew)
    (broke,) = [one for one in told if isinstance(one, TaskDiverged)]
    assert (broke.key, broke.step) == ("ill", 240)
    assert "rollout.observations" in broke.failure_dump
    assert [one.key for one in told if isinstance(one, TaskFinished)] == ["sound"]


def test_a_dropped_training_tells_nothing_more() -> None:
    crew = CohortPool(threads=1)
    crew.add(TrainingTask("kept", spec_of(1)))
    crew.add(TrainingTask("dropped", spec_of(2)))
    list(crew.run_round())
    for one in crew.run_round():
        if one.key == "kept" and isinstance(one, TaskRoundDone):
            crew.remove("dropped")
    after = drive(crew)
    assert {one.key for one in after} == {"kept"}
