"""Worlds: streams, subsets, states, physics, divergence, episodes."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray

from gts.errors import GtsError, UsageError
from gts.physics.worlds import Worlds

Weights = Callable[[str], dict[str, float]]
Actions = Callable[..., NDArray[np.float32]]


def idle(worlds: Worlds) -> NDArray[np.float32]:
    """Controls that do nothing, (W, A)."""
    return np.zeros((worlds.n_worlds, worlds.action_size), np.float32)


def test_same_seed_same_trajectory(figure: str, random_actions: Actions) -> None:
    """A seed decides a world's starts; equal seeds and actions give equal episodes, other seeds others."""
    first, second = Worlds(figure, 3), Worlds(figure, 3, threads=2)
    starts = first.reset([7, 7, 8])
    assert np.array_equal(starts, second.reset([7, 7, 8]))
    assert np.array_equal(starts[0], starts[1])
    assert not np.array_equal(starts[0], starts[2])
    for actions in random_actions(first, 40):
        actions[1] = actions[0]
        one, other = first.step(actions), second.step(actions)
        assert np.array_equal(one.observations, other.observations)
        assert np.array_equal(one.observations[0], one.observations[1])


def test_results_are_not_overwritten_by_later_steps(figure: str, every_term: Weights, random_actions: Actions) -> None:
    """A transition keeps its numbers during later steps."""
    worlds = Worlds(figure, 4, rewards=[every_term(figure)] * 4, max_episode_length=5)
    kept = [worlds.reset(range(4))]
    copies = [kept[0].copy()]
    for actions in random_actions(worlds, 12):
        transition = worlds.step(actions)
        arrays = [*transition[:6]]
        if transition.episodes is not None:
            episodes = transition.episodes
            arrays += [episodes.ids, episodes.returns, episodes.lengths, episodes.terms, *episodes.measures.values()]
        kept += arrays
        copies += [array.copy() for array in arrays]
    assert all(np.array_equal(array, copy) for array, copy in zip(kept, copies, strict=True))


def test_final_observations_are_the_ends_and_observations_the_new_starts(random_actions: Actions) -> None:
    """A finished world shows its last moment and its next start; the others show one thing."""
    worlds = Worlds("halfCheetah", 2, max_episode_length=3)
    worlds.reset([1, 2])
    worlds.restart(np.array([1]))
    actions = random_actions(worlds, 3, reach=0.5)
    for step in range(2):
        transition = worlds.step(actions[step])
        assert transition.final_observations is transition.observations
    worlds.restart(np.array([1]))
    transition = worlds.step(actions[2])
    assert transition.truncated.tolist() == [True, False]
    assert not transition.terminated.any()
    assert not np.array_equal(transition.final_observations[0], transition.observations[0])
    assert np.array_equal(transition.final_observations[1], transition.observations[1])
    assert worlds.episode_lengths.tolist() == [0, 1]


def test_without_autoreset_finished_worlds_are_left_alone() -> None:
    """Their episodes are reported, and their next observation is the final one."""
    worlds = Worlds("hopper", 2, max_episode_length=2, autoreset=False)
    worlds.reset([1, 2])
    worlds.step(idle(worlds))
    transition = worlds.step(idle(worlds))
    assert transition.truncated.all()
    assert np.array_equal(transition.observations, transition.final_observations)
    assert transition.episodes is not None
    assert transition.episodes.lengths.tolist() == [2, 2]


def test_a_restart_can_bring_a_new_seed() -> None:
    """A world restarted with a seed equals a new world of that seed; without one its stream continues."""
    worlds, other = Worlds("ant", 3), Worlds("ant", 1)
    starts = worlds.reset([1, 2, 3])
    again = worlds.restart(np.array([0, 2]), [9, None])
    assert np.array_equal(again[0], other.reset([9])[0])
    assert not np.array_equal(again[1], starts[2])


@pytest.mark.parametrize("threads", [1, 2])
def test_a_state_continues_bit_for_bit(figure: str, threads: int, every_term: Weights, random_actions: Actions) -> None:
    """In the middle of episodes, in other rows, at another number of threads, with every term in force."""
    weights = every_term(figure)
    source = Worlds(figure, 3, rewards=[weights] * 3, max_episode_length=60)
    source.reset([3, 4, 5])
    actions = random_actions(source, 60, reach=0.6)
    for step in range(9):
        source.step(actions[step])
    state = {name: array.copy() for name, array in source.get_state(np.array([0, 2])).items()}
    target = Worlds(figure, 5, rewards=[weights] * 5, threads=threads, max_episode_length=60)
    if threads == 2:
        target.reset(range(5))
    target.set_state(np.array([1, 4]), state)
    for step in range(9, 60):
        expected = source.step(actions[step])
        transition = target.step(actions[step, [0, 2]], np.array([1, 4]))
        for array, wanted in zip(transition[:6], expected[:6], strict=True):
            assert np.array_equal(array, wanted[[0, 2]])
        if transition.episodes is not None and expected.episodes is not None:
            rows = np.isin(expected.episodes.ids, [0, 2])
            assert np.array_equal(transition.episodes.returns, expected.episodes.returns[rows])
            assert np.array_equal(transition.episodes.terms, expected.episodes.terms[:, rows])
            for name, values in transition.episodes.measures.items():
                assert np.array_equal(values, expected.episodes.measures[name][rows])


def test_a_state_that_does_not_fit_is_refused() -> None:
    """Of another figure, of other terms, or with a part missing."""
    hopper, walker = Worlds("hopper", 2), Worlds("walker", 2)
    hopper.reset([0, 1])
    walker.reset([0, 1])
    with pytest.raises(UsageError, match="rows"):
        walker.set_state(None, hopper.get_state())
    smooth = Worlds("hopper", 2, rewards=[{"Hopper/smoothnessPenalty": 1.0}] * 2)
    with pytest.raises(UsageError, match=r"sums, memory\.smoothness"):
        smooth.set_state(None, hopper.get_state())


def test_fast_physics_differs_and_stays_close(figure: str, random_actions: Actions) -> None:
    """Another integrator at the same timestep: not the same numbers, but the same movement for a few steps."""
    exact, fast = Worlds(figure, 8), Worlds(figure, 8, physics="fast")
    assert np.array_equal(exact.reset(range(8)), fast.reset(range(8)))
    assert exact.dt == fast.dt
    start = exact.get_state()["rows"]
    actions = random_actions(exact, 5, reach=0.5)
    for step in range(5):
        exact.step(actions[step])
        fast.step(actions[step])
    nq = exact.frame.model.nq
    places = slice(1, 1 + nq)
    ours, theirs = exact.get_state()["rows"][:, places], fast.get_state()["rows"][:, places]
    moved = np.abs(ours - start[:, places]).max(axis=1)
    # The half cheetah's own integrator treats damping implicitly, which is all that implicitfast would do for it.
    assert np.array_equal(ours, theirs) == (figure == "halfCheetah")
    assert np.median(np.abs(ours - theirs).max(axis=1) / moved) < 0.4


def test_switching_physics_there_and_back_changes_nothing_by_itself(figure: str, random_actions: Actions) -> None:
    """States go over as they are; a world that was fast for no step at all is as exact as one that never was."""
    still, switched = Worlds(figure, 2, physics="exact"), Worlds(figure, 2, physics="exact")
    still.reset([1, 2])
    switched.reset([1, 2])
    for step, actions in enumerate(random_actions(still, 30, reach=0.6)):
        if step in (4, 17):
            switched.set_physics("fast")
            assert switched.physics == "fast"
            switched.set_physics("exact")
        expected, transition = still.step(actions), switched.step(actions)
        assert np.array_equal(transition.observations, expected.observations)
        assert np.array_equal(transition.rewards, expected.rewards)


def test_fast_physics_that_becomes_exact_equals_exact_from_there(random_actions: Actions) -> None:
    """An exact tail after fast physics equals exact physics from the same state."""
    worlds = Worlds("walker", 2, physics="fast")
    worlds.reset([1, 2])
    actions = random_actions(worlds, 20, reach=0.5)
    for step in range(6):
        worlds.step(actions[step])
    other = Worlds("walker", 2)
    other.set_state(None, worlds.get_state())
    worlds.set_physics("exact")
    for step in range(6, 20):
        assert np.array_equal(worlds.step(actions[step]).observations, other.step(actions[step]).observations)


@pytest.mark.parametrize("place", ["position", "velocity", "action"])
def test_a_divergence_is_confined_to_its_world(figure: str, place: str, every_term: Weights, random_actions: Actions) -> None:
    """NaN in one world ends and restarts that world alone, with finite numbers and reward 0; the others do not change."""
    weights = [every_term(figure)] * 3
    healthy, ill = Worlds(figure, 3, rewards=weights), Worlds(figure, 3, rewards=weights, threads=2)
    healthy.reset([1, 2, 3])
    ill.reset([1, 2, 3])
    actions = random_actions(healthy, 8, reach=0.3)
    for step in range(8):
        given = actions[step].copy()
        if step == 3 and place == "action":
            given[1, 0] = np.nan
        elif step == 3:
            state = ill.get_state(np.array([1]))
            nq = ill.frame.model.nq
            state["rows"][0, 1 if place == "position" else 1 + nq] = np.nan
            ill.set_state(np.array([1]), state)
        expected, transition = healthy.step(actions[step]), ill.step(given)
        assert transition.diverged.tolist() == [False, step == 3, False]
        others = [0, 2]
        for array, wanted in zip(transition[:6], expected[:6], strict=True):
            assert np.isfinite(array).all()
            assert np.array_equal(array[others], wanted[others])
        if step == 3:
            assert transition.terminated[1]
            assert transition.rewards[1] == 0.0
            assert transition.episodes is not None
            ended = transition.episodes.ids.tolist().index(1)
            assert not transition.episodes.fell[ended]
            assert all(np.isfinite(values).all() for values in transition.episodes.measures.values())
            assert ill.episode_lengths[1] == 0


def test_a_state_that_explodes_in_a_step_is_noticed_in_that_step() -> None:
    """MuJoCo itself would notice it only in the next step."""
    worlds = Worlds("hopper", 2)
    worlds.reset([1, 2])
    step = worlds._simulations.step

    def exploding(*arguments: object) -> object:
        lost = step(*arguments)  # type: ignore[arg-type]
        worlds._simulations.state[1, 9] = np.inf
        return lost

    worlds._simulations.step = exploding  # type: ignore[assignment, method-assign]
    transition = worlds.step(idle(worlds))
    assert transition.diverged.tolist() == [False, True]
    assert np.isfinite(transition.final_observations).all()


def test_finished_episodes_equal_their_steps(figure: str, every_term: Weights, random_actions: Actions) -> None:
    """Returns are sums of rewards, terms sum to returns, lengths count steps, falls are falls."""
    limit = 60
    worlds = Worlds(figure, 4, rewards=[every_term(figure)] * 4, max_episode_length=limit)
    worlds.reset(range(4))
    sums, lengths, seen = np.zeros(4), np.zeros(4, int), 0
    for actions in random_actions(worlds, 2 * limit):
        transition = worlds.step(actions)
        sums += transition.rewards
        lengths += 1
        assert np.allclose(worlds.reward_terms().sum(axis=0), transition.rewards) or transition.episodes is not None
        ended = transition.terminated | transition.truncated
        assert (transition.episodes is not None) == ended.any()
        if transition.episodes is None:
            continue
        episodes = transition.episodes
        assert episodes.ids.tolist() == np.flatnonzero(ended).tolist()
        assert np.allclose(episodes.returns, sums[episodes.ids])
        assert episodes.lengths.tolist() == lengths[episodes.ids].tolist()
        assert episodes.fell.tolist() == transition.terminated[episodes.ids].tolist()
        assert (transition.truncated[episodes.ids] == (episodes.lengths == limit)).all()
        assert episodes.terms.shape == (len(worlds.term_names), len(episodes.ids))
        assert np.allclose(episodes.terms.sum(axis=0), episodes.returns)
        assert tuple(episodes.measures) == worlds.measure_names
        sums[episodes.ids], lengths[episodes.ids] = 0.0, 0
        seen += len(episodes.ids)
    assert seen >= 4


def test_wrong_use_raises_usage_error() -> None:
    """Unknown names, wrong numbers of things, and steps before the first reset."""
    with pytest.raises(UsageError, match=r'did you mean "hopper"'):
        Worlds("hoper", 1)
    with pytest.raises(UsageError, match=r'did you mean "Hopper/minimumSpeed"'):
        Worlds("hopper", 1, rewards=[{"Hopper/minimunSpeed": 1.0}])
    for name, value in (("targetSpeedMargin", 0.0), ("controlPenalty", -1.0), ("minimumSpeed", np.nan)):
        with pytest.raises(UsageError, match=f"Hopper/{name}` must be a number"):
            Worlds("hopper", 1, rewards=[{f"Hopper/{name}": value}])
    with pytest.raises(UsageError, match='unknown physics "quick"'):
        Worlds("hopper", 1, physics="quick")  # type: ignore[arg-type]
    with pytest.raises(UsageError, match="2 worlds and rewards for 1"):
        Worlds("hopper", 2, rewards=[{}])
    with pytest.raises(UsageError, match="at least 1"):
        Worlds("hopper", 0)
    worlds = Worlds("hopper", 2)
    with pytest.raises(UsageError, match="before they are stepped"):
        worlds.step(idle(worlds))
    with pytest.raises(UsageError, match="2 worlds and 3 seeds"):
        worlds.reset([1, 2, 3])
    worlds.reset([1, 2])
    with pytest.raises(UsageError, match="1 worlds to start and 2 seeds"):
        worlds.restart(np.array([1]), [1, 2])
    with pytest.raises(KeyError, match="not among the fields"):
        worlds.frame.field("xpos")
    with pytest.raises(UsageError, match="shape"):
        worlds.step(np.zeros((2, 4), np.float32))
    for ids in ([1, 0], [0, 0], [2], [-1]):
        with pytest.raises(GtsError, match="sorted, unique"):
            worlds.step(idle(worlds)[: len(ids)], np.array(ids))
