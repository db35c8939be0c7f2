"""The reward as a sum of terms: active terms, sums, weights per world."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import NDArray

from gts.params.figures import FIGURES
from gts.physics.figures import get_figure
from gts.physics.worlds import Worlds

Weights = Callable[[str], dict[str, float]]
Actions = Callable[..., NDArray[np.float32]]


def key(figure: str, name: str) -> str:
    """Full key of a reward parameter."""
    return f"{FIGURES[figure].prefix}/{name}"


def test_terms_sum_to_the_reward(figure: str, every_term: Weights, random_actions: Actions) -> None:
    """With all terms active, in every step."""
    worlds = Worlds(figure, 4, rewards=[every_term(figure)] * 4, autoreset=False)
    worlds.reset(range(4))
    # Everything that the figure's declaration can put in force is.
    assert set(worlds.term_names) == {declared.name for declared in get_figure(figure).terms}
    for actions in random_actions(worlds, 25):
        transition = worlds.step(actions)
        assert np.allclose(worlds.reward_terms().sum(axis=0), transition.rewards, rtol=1e-12, atol=1e-12)


def test_terms_with_weight_0_are_not_computed(figure: str) -> None:
    """Gymnasium's reward has the terms of Gymnasium's environment and no other; a weight of 0 takes one away."""
    gymnasium_terms = {
        "invertedPendulum": ("alive",),
        "halfCheetah": ("forward", "control"),
        "hopper": ("forward", "alive", "control"),
        "walker": ("forward", "alive", "control"),
        "ant": ("forward", "alive", "control", "contact"),
        "humanoid": ("forward", "alive", "control", "contact"),
    }[figure]
    assert Worlds(figure, 2).term_names == gymnasium_terms
    assert Worlds(figure, 2, rewards=[{}, {}]).term_names == gymnasium_terms
    weight = {declared.name: declared.weight_name for declared in get_figure(figure).terms}[gymnasium_terms[0]]
    assert Worlds(figure, 2, rewards=[{key(figure, weight): 0.0}] * 2).term_names == gymnasium_terms[1:]
    one_of_two = [{key(figure, weight): 0.0}, {}]
    assert Worlds(figure, 2, rewards=one_of_two).term_names == gymnasium_terms


def test_weights_may_differ_from_world_to_world(figure: str, every_term: Weights, random_actions: Actions) -> None:
    """Each world earns what it would earn alone with its own weights, all stepped together or one by one."""
    others = {name: 2.0 * value for name, value in every_term(figure).items()}
    mappings: list[Mapping[str, float]] = [every_term(figure), {}, others]
    together, subset = Worlds(figure, 3, rewards=mappings), Worlds(figure, 3, rewards=mappings)
    alone = [Worlds(figure, 1, rewards=[mapping]) for mapping in mappings]
    together.reset([5, 6, 7])
    subset.reset([5, 6, 7])
    for seed, worlds in zip([5, 6, 7], alone, strict=True):
        worlds.reset([seed])
    for actions in random_actions(together, 20):
        rewards = together.step(actions).rewards
        ids = np.array([0, 2])
        assert np.array_equal(subset.step(actions[ids], ids).rewards, rewards[ids])
        subset.step(actions[[1]], np.array([1]))
        expected = [worlds.step(actions[[world]]).rewards[0] for world, worlds in enumerate(alone)]
        assert np.array_equal(rewards, expected)


def test_a_minimum_speed_makes_rest_pay_less_than_motion() -> None:
    """A hopper at rest earns its alive bonus with Gymnasium's reward, and almost nothing with a minimum speed."""
    earned = []
    for mapping in ({}, {"Hopper/minimumSpeed": 1.0}):
        worlds = Worlds("hopper", 1, rewards=[mapping])
        worlds.reset([0])
        earned.append(sum(float(worlds.step(np.zeros((1, 3), np.float32)).rewards[0]) for _ in range(20)))
    assert earned[0] > 15.0
    assert abs(earned[1]) < 5.0


def test_declarations_and_terms_know_the_same_parameters(figure: str) -> None:
    """Every declared parameter is read by a term, every parameter that a term reads is declared, and all are explained."""
    declaration = FIGURES[figure]
    declared = [parameter.name for parameter in declaration.parameters()]
    read = {name for term in get_figure(figure).terms for name in (term.weight_name, *term.constant_names)}
    assert len(set(declared)) == len(declared)
    assert set(declared) == read
    for parameter in declaration.parameters():
        assert parameter.description.endswith("."), parameter.key
        if parameter.minimum is not None:
            assert parameter.default >= parameter.minimum
            assert parameter.default > parameter.minimum or not parameter.exclusive_minimum
