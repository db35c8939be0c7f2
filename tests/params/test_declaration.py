"""Declarations of parameters hold for their values, and keys of the original program are kept."""

from __future__ import annotations

import math

import pytest

from gts.params.declaration import model_parameters
from gts.params.figures import FIGURES
from gts.params.spec import KEY_ALIASES, check_value, spec_parameters
from gts.params.techniques import TECHNIQUES

EVERY = [
    pytest.param(figure, technique, parameter, id=f"{figure}-{technique}-{parameter.key}")
    for figure, technique in [("hopper", "ppo"), ("humanoid", "a2c"), ("invertedPendulum", "reinforce")]
    for parameter in spec_parameters(figure, technique)
]

ORIGINAL_KEYS = {
    "reinforce": {
        "policy.discountFactor",
        "policy.nHidden",
        "policy.hiddenSize",
        "policy.hiddenActivation",
        "policy.learningRate",
        "policy.fixedVariance",
        "baseline",
        "seed",
    },
    "a2c": {
        "nEnvironments",
        "actor.varianceScale",
        "actor.varianceScaleDelta",
        "actor.learningRate",
        "actor.nHidden",
        "actor.hiddenSize",
        "actor.hiddenActivation",
        "critic.learningRate",
        "critic.nHidden",
        "critic.hiddenSize",
        "critic.hiddenActivation",
        "lambda",
        "discountFactor",
        "maxEpisodeLength",
        "entropyCoeff",
        "seed",
    },
    "ppo": {
        "actor.learningRate",
        "actor.nHidden",
        "actor.hiddenSize",
        "actor.hiddenActivation",
        "actor.varianceScale",
        "actor.trainingIterations",
        "critic.learningRate",
        "critic.nHidden",
        "critic.hiddenSize",
        "critic.hiddenActivation",
        "critic.trainingIterations",
        "clipRatio",
        "targetKL",
        "lambda",
        "discountFactor",
        "maxEpisodeLength",
        "seed",
    },
}
ORIGINAL_REWARDS = {
    "invertedPendulum": {"InvertedPendulum/speedPenalty"},
    "hopper": {"Hopper/forwardRewardWeight", "Hopper/minimumSpeed", "Hopper/controlPenalty"},
}


@pytest.mark.parametrize(("figure", "technique", "parameter"), EVERY)
def test_every_parameter_is_described_and_accepts_its_default(figure, technique, parameter):
    assert parameter.description.strip().endswith(".")
    assert parameter.allowed
    assert check_value(figure, technique, parameter.key, parameter.default) is None


@pytest.mark.parametrize(("figure", "technique", "parameter"), EVERY)
def test_bounds_are_where_they_are_declared(figure, technique, parameter):
    whole = parameter.kind == "integer"

    def allowed(value):
        return check_value(figure, technique, parameter.key, value) is None

    for bound, exclusive, outwards in (
        (parameter.minimum, parameter.exclusive_minimum, -math.inf),
        (parameter.maximum, parameter.exclusive_maximum, math.inf),
    ):
        if bound is None:
            continue
        at = int(bound) if whole else bound
        beyond = at + int(math.copysign(1, outwards)) if whole else math.nextafter(bound, outwards)
        within = at - int(math.copysign(1, outwards)) if whole else math.nextafter(bound, -outwards)
        assert allowed(at) is not exclusive
        assert not allowed(beyond)
        assert allowed(within)
        assert f"{bound:g}" in parameter.allowed or str(int(bound)) in parameter.allowed


@pytest.mark.parametrize(("figure", "technique", "parameter"), EVERY)
def test_no_parameter_takes_a_value_of_another_kind(figure, technique, parameter):
    right = {"integer": {int}, "number": {int, float}, "boolean": {bool}, "choice": {str}}[parameter.kind]
    for value in (3, 0.5, True, "three", None, [3], {"a": 3}, math.nan, math.inf, -math.inf):
        problem = check_value(figure, technique, parameter.key, value)
        if type(value) not in right or (isinstance(value, float) and not math.isfinite(value)):
            assert problem is not None
            assert problem.key == parameter.key and parameter.allowed in problem.message


@pytest.mark.parametrize("technique", TECHNIQUES)
def test_keys_and_names_are_unique_and_the_seed_comes_first(technique):
    for figure in FIGURES:
        every = spec_parameters(figure, technique)
        assert len({parameter.key for parameter in every}) == len(every)
    own = list(model_parameters(TECHNIQUES[technique]))
    assert len({parameter.name for parameter in own}) == len(own)
    assert [parameter.key for parameter in own[:4]] == ["seed", "nSteps", "nEpochs", "nEnvironments"]


@pytest.mark.parametrize("technique", TECHNIQUES)
def test_the_originals_keys_are_still_understood(technique):
    known = {parameter.key for parameter in spec_parameters("hopper", technique)}

    assert {KEY_ALIASES.get(key, key) for key in ORIGINAL_KEYS[technique]} <= known


@pytest.mark.parametrize("figure", ORIGINAL_REWARDS)
def test_the_originals_reward_keys_are_still_understood(figure):
    assert ORIGINAL_REWARDS[figure] <= {parameter.key for parameter in spec_parameters(figure, "ppo")}


@pytest.mark.parametrize("activation", ["tanh", "sigmoid", "ReLU", "leakyReLU", "ELU", "SiLU"])
def test_the_originals_activations_are_known_in_every_network(activation):
    for technique, networks in {
        "reinforce": ("policy", "baseline"),
        "a2c": ("actor", "critic"),
        "ppo": ("actor", "critic"),
    }.items():
        for network in networks:
            assert check_value("ant", technique, f"{network}.hiddenActivation", activation) is None


def test_a_bound_is_shown_without_rounding():
    (seed,) = (parameter for parameter in spec_parameters("hopper", "ppo") if parameter.key == "seed")

    assert seed.allowed == "a whole number ≥ 0, < 4294967296"
