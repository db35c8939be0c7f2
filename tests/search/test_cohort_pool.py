"""Trainings that come and go: none of them notices the others."""

from __future__ import annotations

import numpy as np

from gts.params.spec import Spec, make_spec
from gts.search.cohort_pool import Broke, Crew, Ended, Rounded, Task, Tried
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


def drive(crew: Crew, most: int = 1000) -> list[object]:
    told: list[object] = []
    for _ in range(most):
        if not crew.keys:
            break
        told += list(crew.round())
    return told


def test_trainings_of_two_shapes_take_turns_and_all_come_to_their_end() -> None:
    crew = Crew(threads=1)
    for key, size in (("a", 8), ("b", 8), ("c", 16)):
        crew.join(Task(key, spec_of(1, **{"actor.hiddenSize": size})))
    told = drive(crew)
    assert sorted((one.key, one.step) for one in told if isinstance(one, Ended)) == [("a", 960), ("b", 960), ("c", 960)]
    assert [one.step for one in told if isinstance(one, Tried) and one.key == "c"] == [480, 960]
    steps = [one.step for one in told if isinstance(one, Rounded) and one.key == "b"]
    assert steps == list(range(120, 961, 120))
    first = next(index for index, one in enumerate(told) if one.key == "c")
    assert first < 3, "nobody waits until another shape has ended"


def test_who_comes_late_changes_nothing_for_those_who_were_there() -> None:
    alone, company = Crew(threads=1), Crew(threads=1)
    ends = {}
    for crew, name in ((alone, "alone"), (company, "company")):
        crew.join(Task("first", spec_of(1)))
        crew.join(Task("second", spec_of(2)))
        for _ in range(3):
            list(crew.round())
        if crew is company:
            crew.join(Task("late", spec_of(3)))
            crew.leave("second")
        while "first" in crew.keys:
            for one in crew.round():
                if isinstance(one, Ended) and one.key == "first":
                    ends[name] = crew.checkpoint("first")
    for name, tensor in ends["alone"].tensors.items():
        np.testing.assert_allclose(ends["company"].tensors[name], tensor, rtol=1e-3, atol=1e-4, err_msg=name)
    assert "late" in company.keys and "second" not in company.keys


def test_a_state_goes_on_in_another_crew_exactly() -> None:
    first, second = Crew(threads=1), Crew(threads=1)
    first.join(Task("x", spec_of(1)))
    for _ in range(5):
        list(first.round())
    second.join(Task("x", spec_of(1), first.checkpoint("x"), first.best("x")))
    for one in drive_until(second, "x"):
        state = one
    whole = Trainer([spec_of(1)], threads=1)
    list(whole.run())
    for name, tensor in whole.checkpoint(0).tensors.items():
        assert np.array_equal(state.tensors[name], tensor), name


def drive_until(crew: Crew, key: str) -> list[object]:
    """Drive to the end of a training; its state there, and nothing else."""
    while True:
        for one in crew.round():
            if isinstance(one, Ended) and one.key == key:
                return [crew.checkpoint(key)]


def test_one_that_breaks_leaves_and_says_why() -> None:
    crew = Crew(threads=1)
    crew.join(Task("sound", spec_of(1)))
    crew.join(Task("ill", spec_of(2)))
    list(crew.round())
    table = next(iter(crew._tables.values()))
    table.cohort.agent.state.policy.net.stack.block[1] = float("nan")
    told = drive(crew)
    (broke,) = [one for one in told if isinstance(one, Broke)]
    assert (broke.key, broke.step) == ("ill", 240)
    assert "rollout.observations" in broke.remains
    assert [one.key for one in told if isinstance(one, Ended)] == ["sound"]


def test_a_dropped_training_tells_nothing_more() -> None:
    crew = Crew(threads=1)
    crew.join(Task("kept", spec_of(1)))
    crew.join(Task("dropped", spec_of(2)))
    list(crew.round())
    for one in crew.round():
        if one.key == "kept" and isinstance(one, Rounded):
            crew.leave("dropped")
    after = drive(crew)
    assert {one.key for one in after} == {"kept"}
