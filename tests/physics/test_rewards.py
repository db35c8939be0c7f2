"""Reward terms of figures in given poses after one step of physics."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence

import numpy as np
import pytest
from numpy.typing import NDArray

from gts.params.figures import FIGURES
from gts.physics.rewards import tolerance
from gts.physics.worlds import Worlds

Poser = Callable[..., Worlds]

# Coordinates of planar figures: 0 is x, 1 is height, 2 is tilt; of free ones: 0 is x, 2 is height, 3 to 6 the quaternion.
HIGH = 3.0
TRAVELLERS = [name for name in FIGURES if name != "invertedPendulum"]
PLANAR = ["hopper", "walker", "halfCheetah"]
FREE = ["ant", "humanoid"]


def height_index(figure: str) -> int:
    """Which coordinate is the height."""
    return 1 if figure in PLANAR else 2


def key(figure: str, name: str) -> str:
    """Full key of a reward parameter."""
    return f"{FIGURES[figure].prefix}/{name}"


def idle(worlds: Worlds) -> NDArray[np.float32]:
    """Controls that do nothing, (W, A)."""
    return np.zeros((worlds.n_worlds, worlds.action_size), np.float32)


def term(worlds: Worlds, name: str, actions: NDArray[np.float32] | None = None) -> NDArray[np.float64]:
    """What a term gives or takes in one step, (W,)."""
    worlds.step(idle(worlds) if actions is None else actions)
    contribution: NDArray[np.float64] = worlds.reward_terms()[worlds.term_names.index(name)]
    return contribution


def in_flight(
    posed: Poser, figure: str, rewards: Mapping[str, float], *, speeds: Sequence[float], more: Mapping[int, float] | None = None
) -> Worlds:
    """A figure far over the ground, without any joint moving, at some forward speeds."""
    poses = [{height_index(figure): HIGH, **(more or {})} for _ in speeds]
    return posed(figure, poses, [{0: speed} for speed in speeds], rewards)


def test_tolerance_is_one_at_the_target_and_a_tenth_at_the_margin() -> None:
    """And it falls on both sides alike, without end."""
    values = tolerance(np.array([-1.0, 0.5, 2.0, 3.5, 5.0, 100.0]), np.float64(2.0), np.float64(1.5))
    assert values[2] == 1.0
    assert values[1] == pytest.approx(0.1)
    assert values[3] == pytest.approx(0.1)
    assert values[0] == values[4] < 0.01
    assert 0.0 <= values[5] < 1e-12


@pytest.mark.parametrize("figure", TRAVELLERS)
def test_forward_pays_for_speed_beyond_the_minimum(posed: Poser, figure: str) -> None:
    """Rest is a cost, the minimum speed earns nothing, faster motion earns the excess."""
    weights = {key(figure, "forwardRewardWeight"): 2.0, key(figure, "minimumSpeed"): 0.5}
    worlds = in_flight(posed, figure, weights, speeds=[0.0, 0.5, 3.0])
    if figure in FREE:
        # Their positions lag one substep: the first step of a pose is not a whole one.
        worlds.step(idle(worlds))
    earned = term(worlds, "forward")
    assert earned == pytest.approx([-1.0, 0.0, 5.0], abs=0.05)


@pytest.mark.parametrize("figure", TRAVELLERS)
def test_a_target_speed_pays_most_at_the_target(posed: Poser, figure: str) -> None:
    """Too slow and too fast are alike; a margin away a tenth is left."""
    weights = {key(figure, name): value for name, value in (("targetSpeedWeight", 2.0), ("targetSpeed", 1.5))}
    worlds = in_flight(posed, figure, weights | {key(figure, "targetSpeedMargin"): 0.5}, speeds=[1.0, 1.5, 2.0])
    worlds.step(idle(worlds))
    earned = term(worlds, "targetSpeed")
    assert earned == pytest.approx([0.2, 2.0, 0.2], abs=0.02)


@pytest.mark.parametrize("figure", ["hopper", "walker", "ant", "humanoid"])
def test_alive_pays_until_the_figure_falls(posed: Poser, figure: str) -> None:
    """Standing earns the bonus, lying nothing (and for the ant, which cannot lie lower than its belly, flying away)."""
    up, down = (0.8, HIGH) if figure == "ant" else (1.3, 0.3)
    worlds = posed(figure, [{height_index(figure): up}, {height_index(figure): down}], None, {key(figure, "aliveBonus"): 3.0})
    assert term(worlds, "alive").tolist() == [3.0, 0.0]


@pytest.mark.parametrize("figure", TRAVELLERS)
def test_control_costs_its_square(figure: str) -> None:
    """Nothing for nothing, the same for either direction, four times as much for twice the control."""
    worlds = Worlds(figure, 4, rewards=[{key(figure, "controlPenalty"): 0.7}] * 4)
    worlds.reset([1] * 4)
    actions = idle(worlds)
    actions[:, 0] = [0.0, 0.2, -0.2, 0.4]
    cost = -term(worlds, "control", actions)
    assert cost[0] == 0.0
    assert cost[1] == cost[2] > 0.0
    assert cost[3] == pytest.approx(4 * cost[1])


@pytest.mark.parametrize("figure", TRAVELLERS)
def test_smoothness_costs_changes_of_controls(figure: str) -> None:
    """Keeping a control costs nothing, leaving it does, going to its opposite four times as much as letting it go."""
    worlds = Worlds(figure, 3, rewards=[{key(figure, "smoothnessPenalty"): 0.5}] * 3)
    worlds.reset([1] * 3)
    steady = idle(worlds)
    steady[:, 1] = 0.3
    first = term(worlds, "smoothness", steady)
    assert (first < 0.0).all()
    then = steady.copy()
    then[1, 1], then[2, 1] = 0.0, -0.3
    cost = -term(worlds, "smoothness", then)
    assert cost[0] == 0.0
    assert cost[1] == pytest.approx(-first[1])
    assert cost[2] == pytest.approx(4 * cost[1])
    worlds.restart(np.array([0]))
    assert term(worlds, "smoothness", steady)[0] == first[0], "a new episode begins with controls at rest"


@pytest.mark.parametrize("figure", ["hopper", "walker"])
def test_energy_counts_work_per_metre(posed: Poser, figure: str) -> None:
    """No torque, no cost. Braking costs like driving, and the same work over twice the way half as much."""
    joint = 3
    poses = [{1: HIGH}] * 4
    velocities = [{0: 1.0, joint: 1.0}, {0: 1.0, joint: 1.0}, {0: 2.0, joint: 1.0}, {0: 1.0, joint: -1.0}]
    worlds = posed(figure, poses, velocities, {key(figure, "energyPenalty"): 0.01})
    actions = idle(worlds)
    actions[1:, 0] = 0.01
    cost = -term(worlds, "energy", actions)
    assert cost[0] == 0.0
    assert cost[1] > 0.0
    assert cost[2] == pytest.approx(cost[1] / 2, rel=0.1)
    assert cost[3] == pytest.approx(cost[1], rel=0.2)


def test_energy_is_joules_per_metre(posed: Poser) -> None:
    """A hopper's thigh that turns at 2 rad/s under 1 N·m while the figure makes 4 m/s: 0.5 J/m."""
    worlds = posed("hopper", [{1: HIGH}], [{0: 4.0, 3: 2.0}], {"Hopper/energyPenalty": 1.0})
    actions = idle(worlds)
    # Control 1 is 200 N·m.
    actions[0, 0] = 1.0 / 200.0
    assert term(worlds, "energy", actions)[0] == pytest.approx(-0.5, rel=0.05)


@pytest.mark.parametrize("figure", PLANAR)
def test_upright_is_the_cosine_of_a_hinge(posed: Poser, figure: str) -> None:
    """Upright pays the weight, a sixth of a turn half of it, upside down takes it."""
    tilts = [0.0, math.pi / 3, -math.pi / 3, math.pi]
    worlds = posed(figure, [{1: HIGH, 2: tilt} for tilt in tilts], None, {key(figure, "uprightWeight"): 0.8})
    assert term(worlds, "upright") == pytest.approx([0.8, 0.4, 0.4, -0.8], abs=0.01)


@pytest.mark.parametrize("figure", FREE)
def test_upright_is_the_cosine_of_a_free_body(posed: Poser, figure: str) -> None:
    """Leaning to any side counts, turning on the spot does not, and neither does the length of the quaternion."""
    half = math.pi / 6
    upright = {3: 1.0, 4: 0.0, 5: 0.0, 6: 0.0}
    poses = [
        upright,
        {3: math.cos(half), 4: math.sin(half), 5: 0.0, 6: 0.0},
        {3: math.cos(half), 4: 0.0, 5: math.sin(half), 6: 0.0},
        {3: math.cos(half), 4: 0.0, 5: 0.0, 6: math.sin(half)},
        {3: 0.0, 4: 1.0, 5: 0.0, 6: 0.0},
        {3: 0.9 * math.cos(half), 4: 0.9 * math.sin(half), 5: 0.0, 6: 0.0},
    ]
    worlds = posed(figure, [{2: HIGH, **pose} for pose in poses], None, {key(figure, "uprightWeight"): 1.0})
    assert term(worlds, "upright") == pytest.approx([1.0, 0.5, 0.5, 1.0, -1.0, 0.5], abs=0.02)


@pytest.mark.parametrize("figure", TRAVELLERS)
def test_height_pays_at_its_target(posed: Poser, figure: str) -> None:
    """Measured from the ground, whatever a model calls 0: a tenth is left a margin below and above."""
    ground = 0.7 if figure == "halfCheetah" else 0.0
    heights = [2.0, 2.2, 2.4, 2.6, 2.8]
    weights = {key(figure, "heightWeight"): 1.0, key(figure, "targetHeight"): 2.4, key(figure, "targetHeightMargin"): 0.4}
    worlds = posed(figure, [{height_index(figure): height - ground} for height in heights], None, weights)
    earned = term(worlds, "height")
    assert earned[2] == pytest.approx(1.0, abs=0.01)
    assert earned[[0, 4]] == pytest.approx([0.1, 0.1], abs=0.02)
    assert earned[2] > earned[1] > earned[0]


@pytest.mark.parametrize("figure", ["walker", "ant", "humanoid"])
def test_symmetry_costs_one_sided_motion(posed: Poser, figure: str) -> None:
    """Both legs alike cost nothing, one leg alone the whole weight, one at half the other's speed a third of it."""
    worlds = posed(figure, [{height_index(figure): HIGH}] * 5, None, {key(figure, "symmetryPenalty"): 0.9})
    state = worlds.get_state()
    averages = state["memory.symmetry"]
    joints = averages.shape[1] // 2
    for row, (left, right) in enumerate([(40.0, 40.0), (40.0, 0.0), (0.0, 40.0), (40.0, 20.0), (0.0, 0.0)]):
        averages[row, :joints], averages[row, joints:] = left, right
    worlds.set_state(None, state)
    cost = -term(worlds, "symmetry")
    assert cost[:4] == pytest.approx([0.0, 0.9, 0.9, 0.3], abs=0.02)
    assert 0.0 <= cost[4] < 0.9


def test_the_cost_of_a_limp_grows(posed: Poser) -> None:
    """A walker that moves one leg pays more than one that moves both, in whichever direction they go."""
    thigh, left_thigh = 3, 6
    moves = [{thigh: 1.0, left_thigh: 1.0}, {thigh: 1.0, left_thigh: -1.0}, {thigh: 1.0}, {left_thigh: -1.0}]
    worlds = posed("walker", [{1: HIGH}] * 4, moves, {"Walker/symmetryPenalty": 1.0})
    costs = np.array([-term(worlds, "symmetry") for _ in range(10)])[-1]
    assert costs[2:].min() > 0.6
    assert costs[:2].max() < 0.2


def test_symmetry_forgets_within_a_second(posed: Poser) -> None:
    """What a leg did a second ago weighs a part e less."""
    worlds = posed("walker", [{1: HIGH}], [{}], {"Walker/symmetryPenalty": 1.0})
    state = worlds.get_state()
    state["memory.symmetry"][0] = [1e6, 0.0, 0.0, 0.0, 0.0, 0.0]
    for _ in range(round(1.0 / worlds.dt)):
        worlds.set_state(None, state)
        worlds.step(idle(worlds))
        state["memory.symmetry"] = worlds.get_state()["memory.symmetry"]
    assert state["memory.symmetry"][0, 0] == pytest.approx(1e6 / math.e, rel=0.01)


@pytest.mark.parametrize("figure", ["walker", "ant", "humanoid"])
def test_balance_costs_one_sided_contact(posed: Poser, figure: str) -> None:
    """Both sides alike cost nothing, one side alone the whole weight, one at half the other's a third of it."""
    worlds = posed(figure, [{height_index(figure): HIGH}] * 5, None, {key(figure, "balancePenalty"): 0.9})
    state = worlds.get_state()
    for row, (left, right) in enumerate([(0.6, 0.6), (0.6, 0.0), (0.0, 0.6), (0.8, 0.4), (0.0, 0.0)]):
        state["memory.balance"][row] = left, right
    worlds.set_state(None, state)
    assert -term(worlds, "balance") == pytest.approx([0.0, 0.9, 0.9, 0.3, 0.0], abs=0.02)


def test_the_cost_of_standing_on_one_leg_grows(posed: Poser) -> None:
    """A walker with one knee bent and its foot in the air pays; one with both feet on the ground does not."""
    knee = 4
    weights = {"Walker/balancePenalty": 1.0}
    worlds = posed("walker", [{1: 1.205}, {1: 1.205, knee: -1.5}], None, weights, relaxed=False)
    costs = np.array([-term(worlds, "balance") for _ in range(10)])[-1]
    assert costs[0] < 0.1
    assert costs[1] > 0.5


@pytest.mark.parametrize("figure", TRAVELLERS)
def test_flight_costs_in_the_air(posed: Poser, figure: str) -> None:
    """A figure high above the ground pays the weight."""
    worlds = posed(figure, [{height_index(figure): HIGH}], None, {key(figure, "flightPenalty"): 0.7})
    assert -term(worlds, "flight") == pytest.approx([0.7])


def test_flight_is_free_on_one_foot(posed: Poser) -> None:
    """A walker on both feet or on one of them does not pay; one with both feet lifted does."""
    knee, left_knee = 4, 7
    poses = [{1: 1.205}, {1: 1.205, knee: -1.5}, {1: 1.205, knee: -1.5, left_knee: -1.5}]
    worlds = posed("walker", poses, None, {"Walker/flightPenalty": 1.0}, relaxed=False)
    assert -term(worlds, "flight") == pytest.approx([0.0, 0.0, 1.0])


@pytest.mark.parametrize("figure", ["walker", "humanoid"])
def test_alternation_pays_for_strides_in_turn(posed: Poser, figure: str) -> None:
    """Each leg in front in turn earns the weight; one always in front, nothing, wherever it is; small strides, their part."""
    worlds = posed(figure, [{height_index(figure): HIGH}] * 5, None, {key(figure, "alternationWeight"): 0.9})
    state = worlds.get_state()
    for row, (wide, offset) in enumerate([(0.8, 0.0), (0.8, 0.8), (0.8, -0.8), (0.25, 0.0), (1.0, -0.5)]):
        state["memory.alternation"][row] = wide, offset
    worlds.set_state(None, state)
    assert term(worlds, "alternation") == pytest.approx([0.9, 0.0, 0.0, 0.45, 0.45], abs=0.03)


@pytest.mark.parametrize(("figure", "left", "right"), [("walker", 6, 3), ("humanoid", 15, 11)])
def test_the_thighs_are_those_that_swing(posed: Poser, figure: str, left: int, right: int) -> None:
    """In the air, thighs that go opposite ways open a stride, the one or the other way; those that go together open none."""
    weights = {key(figure, "alternationWeight"): 1.0}
    together = [{left: 4.0, right: 4.0}]
    opposite = [{left: sign * 6.0, right: sign * -6.0} for sign in (1.0, -1.0)]
    worlds = posed(figure, [{height_index(figure): HIGH}] * 3, opposite + together, weights)
    for _ in range(10):
        earned = term(worlds, "alternation")
    memory = worlds.get_state()["memory.alternation"]
    assert memory[0, 1] > 0.02
    assert memory[1, 1] < -0.02
    assert np.abs(memory[2]).max() < 0.01
    assert earned == pytest.approx([0.0, 0.0, 0.0], abs=0.02)


@pytest.mark.parametrize("figure", TRAVELLERS)
def test_foot_clearance_pays_for_lifted_feet_on_the_way(posed: Poser, figure: str) -> None:
    """Feet in the air pay while the figure moves forwards; standing, going back and shuffling pay nothing."""
    weights = {key(figure, "footClearanceWeight"): 1.5, key(figure, "footClearance"): 0.3}
    worlds = in_flight(posed, figure, weights, speeds=[0.0, 0.5, 1.0, 4.0, -1.0])
    worlds.step(idle(worlds))
    assert term(worlds, "footClearance") == pytest.approx([0.0, 0.75, 1.5, 1.5, 0.0], abs=0.05)


@pytest.mark.parametrize("figure", ["hopper", "walker", "humanoid"])
def test_feet_on_the_ground_earn_nothing(posed: Poser, figure: str) -> None:
    """The lowest point of a foot is what counts: a standing figure's is 0 over the ground."""
    height = {"hopper": 1.21, "walker": 1.21, "humanoid": 1.282}[figure]
    weights = {key(figure, "footClearanceWeight"): 1.0, key(figure, "footClearance"): 0.5}
    poses = [{height_index(figure): height}, {height_index(figure): height + 0.25}]
    worlds = posed(figure, poses, [{0: 1.0}, {0: 1.0}], weights, relaxed=False)
    earned = term(worlds, "footClearance")
    assert earned[0] == pytest.approx(0.0, abs=0.05)
    assert earned[1] == pytest.approx(0.5, abs=0.06)


@pytest.mark.parametrize("figure", FREE)
def test_contact_costs_ground_forces(posed: Poser, figure: str) -> None:
    """In the air nothing, on the ground something, and the humanoid's never more than 10."""
    low = {"ant": 0.6, "humanoid": 1.1}[figure]
    worlds = posed(figure, [{2: HIGH}, {2: low}], None, {key(figure, "contactPenalty"): 1.0})
    costs = np.array([-term(worlds, "contact") for _ in range(12)])
    assert (costs[:, 0] == 0.0).all()
    assert costs[:, 1].max() > 0.0
    if figure == "humanoid":
        assert costs[:, 1].max() == 10.0


def test_the_carts_speed_costs_in_either_direction(posed: Poser) -> None:
    """The original's cure for carts that balance while they race along the rail."""
    worlds = posed("invertedPendulum", [{}] * 4, [{}, {0: 0.5}, {0: -0.5}, {0: 1.0}], {"InvertedPendulum/speedPenalty": 0.1})
    cost = -term(worlds, "speed")
    assert cost == pytest.approx([0.0, 0.05, 0.05, 0.1], abs=0.005)
    assert "alive" in worlds.term_names
