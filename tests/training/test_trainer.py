"""The training loop by its events."""

import numpy as np
import pytest

from gts.errors import FileError, UsageError
from gts.params.figures import FIGURES
from gts.params.spec import make_spec, specs_with_seeds
from gts.training.evaluation import evaluate_checkpoint
from gts.training.events import MemberFailed, MembersEvaluated, TrainingFinished, TrainingProgress, TrainingStarted
from gts.training.trainer import Trainer

SMALL = {"nSteps": 1600, "nEpochs": 8, "nEnvironments": 4, "nEvaluations": 2, "evaluationEpisodes": 3, "maxEpisodeLength": 60}
NETS = {
    "ppo": {"actor.hiddenSize": 8, "critic.hiddenSize": 8, "minibatchSize": 64, "updateEpochs": 2},
    "a2c": {"actor.hiddenSize": 8, "critic.hiddenSize": 8},
    "reinforce": {"policy.hiddenSize": 8, "baseline.hiddenSize": 8, "baseline.trainingIterations": 2, "minibatchSize": 64},
}


def _spec(figure="invertedPendulum", technique="ppo", **values):
    return make_spec(figure, technique, SMALL | NETS[technique] | values)


def _same(a, b):
    """Names of the tensors of two checkpoints that are not bit for bit the same."""
    assert a.tensors.keys() == b.tensors.keys()
    return [name for name in a.tensors if not np.array_equal(a.tensors[name], b.tensors[name])]


def test_events_of_a_training_are_in_order():
    trainer = Trainer(specs_with_seeds(_spec(), 2), threads=1)
    events = list(trainer.run())

    assert isinstance(events[0], TrainingStarted) and isinstance(events[-1], TrainingFinished)
    assert (events[0].members, events[0].total_steps, events[0].rollout_steps, events[0].worlds) == (2, 1600, 50, 4)
    progress = [event for event in events if isinstance(event, TrainingProgress)]
    assert [event.step for event in progress] == list(range(200, 1601, 200))
    assert all(len(event.metrics) == 2 and {"policy_loss", "steps_per_second"} <= event.metrics[0].keys() for event in progress)
    assert any("return" in event.metrics[0] for event in progress)
    evaluated = [event for event in events if isinstance(event, MembersEvaluated)]
    assert [event.step for event in evaluated] == [800, 1600]
    assert evaluated[0].improved == (True, True)
    assert trainer.cohort.best_checkpoint(0) is not None


@pytest.mark.parametrize("technique", sorted(NETS))
@pytest.mark.parametrize("figure", FIGURES)
def test_a_resumed_training_ends_with_the_same_bits(figure, technique):
    specs = specs_with_seeds(_spec(figure, technique, physics="fast", exactTail=0.5), 2)
    whole = Trainer(specs, threads=1)
    for _ in whole.run():
        pass
    first = Trainer(specs, threads=1)
    for event in first.run():
        if isinstance(event, TrainingProgress) and event.epoch == 5:
            first.stop()
    second = Trainer(specs, threads=1, checkpoints=[first.cohort.checkpoint(member) for member in range(2)], resume=True)
    steps = [event.step for event in second.run() if isinstance(event, TrainingProgress)]

    assert steps == [1200, 1400, 1600]
    for member in range(2):
        assert _same(whole.cohort.checkpoint(member), second.cohort.checkpoint(member)) == []
        assert whole.cohort.checkpoint(member).counters == second.cohort.checkpoint(member).counters


@pytest.mark.parametrize("threads", [1, 2])
def test_the_same_seed_twice_gives_the_same_bits(threads):
    ends = []
    for _ in range(2):
        trainer = Trainer(specs_with_seeds(_spec("hopper"), 2), threads=threads)
        list(trainer.run())
        ends.append(trainer.cohort.checkpoint(1))

    assert _same(*ends) == []


def test_a_member_alone_equals_itself_in_a_cohort():
    """Up to rounding, which grows: the metrics of the first updates."""
    specs = specs_with_seeds(_spec("hopper", nEvaluations=0), 8)
    together, alone = Trainer(specs, threads=1), Trainer(specs[3:4], threads=1)
    shared = [event.metrics[3] for event in together.run() if isinstance(event, TrainingProgress)][:3]
    single = [event.metrics[0] for event in alone.run() if isinstance(event, TrainingProgress)][:3]

    for a, b in zip(shared, single, strict=True):
        assert a.keys() == b.keys()
        for name in a.keys() - {"steps_per_second"}:
            assert a[name] == pytest.approx(b[name], rel=1e-3, abs=1e-4), name


def test_a_score_does_not_depend_on_the_threads():
    trainer = Trainer([_spec("hopper")], threads=1)
    list(trainer.run())
    checkpoint, options = trainer.cohort.checkpoint(0), {"episodes": 6, "steps": 100}
    score = evaluate_checkpoint(checkpoint, threads=1, **options)

    assert (
        score == evaluate_checkpoint(checkpoint, threads=2, **options) == evaluate_checkpoint(checkpoint, threads=1, **options)
    )
    assert score != evaluate_checkpoint(checkpoint, threads=1, seed=5, **options)


def test_members_of_different_shapes_cannot_learn_together():
    with pytest.raises(UsageError, match="must agree"):
        Trainer([_spec(), _spec(**{"actor.hiddenSize": 16})])


def test_a_checkpoint_of_another_shape_is_refused():
    trainer = Trainer([_spec()], threads=1)

    with pytest.raises(FileError, match=r"does not fit the invertedPendulum: .*actor|layer0"):
        Trainer([_spec(**{"actor.hiddenSize": 16})], checkpoints=[trainer.cohort.checkpoint(0)])


def test_a_new_training_may_start_from_a_checkpoint():
    first = Trainer([_spec()], threads=1)
    list(first.run())
    second = Trainer([_spec(**{"actor.learningRate": 1e-9})], threads=1, checkpoints=[first.cohort.checkpoint(0)])

    assert second.step == 0
    name = "actor.output.weight"
    assert np.array_equal(first.cohort.checkpoint(0).tensors[name], second.cohort.checkpoint(0).tensors[name])


def test_a_member_that_leaves_the_finite_range_fails_alone():
    trainer = Trainer(specs_with_seeds(_spec("hopper"), 3), threads=1)
    events = []
    for event in trainer.run():
        events.append(event)
        if isinstance(event, TrainingProgress) and event.epoch == 2:
            trainer.cohort.agent.state.policy.net.stack.block[1] = float("nan")
    failed = [event for event in events if isinstance(event, MemberFailed)]
    undisturbed = Trainer(specs_with_seeds(_spec("hopper"), 3), threads=1)
    list(undisturbed.run())

    assert [event.member for event in failed] == [1] and failed[0].step == 600
    assert events[-1].step == 1600
    scores = [event.scores for event in events if isinstance(event, MembersEvaluated)]
    assert scores[-1][1] is None and scores[-1][0] is not None
    for member in (0, 2):
        assert _same(trainer.cohort.checkpoint(member), undisturbed.cohort.checkpoint(member)) == []


def test_stop_ends_after_the_present_update():
    trainer = Trainer([_spec()], threads=1)
    events = []
    for event in trainer.run():
        events.append(event)
        trainer.stop()

    assert events[-1] == TrainingFinished(0, True)


def test_a_world_that_diverges_fails_its_member():
    trainer = Trainer(specs_with_seeds(_spec("hopper"), 3), threads=1)
    failed = []
    for event in trainer.run():
        if isinstance(event, TrainingProgress) and event.epoch == 2:
            state = trainer.cohort.worlds.get_state(np.array([6]))
            rows = state["rows"].copy()
            rows[0, 3] = np.nan
            trainer.cohort.worlds.set_state(np.array([6]), state | {"rows": rows})
        if isinstance(event, MemberFailed):
            failed.append(event)

    assert [(event.member, event.reason) for event in failed] == [(1, "the physics of environment 3 of 4 diverged at step 400")]
