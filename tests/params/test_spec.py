"""Specs: defaults, checks, changes."""

from __future__ import annotations

import dataclasses

import pydantic
import pytest

from gts.errors import UsageError
from gts.params.spec import (
    ParameterError,
    check_value,
    make_spec,
    parse_assignments,
    spec_parameters,
    specs_with_seeds,
    unknown_name_message,
)


def messages(*args):
    with pytest.raises(ParameterError) as caught:
        make_spec(*args)
    assert caught.value.exit_code == 2
    return {problem.key: problem.message for problem in caught.value.problems}


@pytest.mark.parametrize("technique", ["reinforce", "a2c", "ppo"])
def test_a_spec_has_every_parameter(technique):
    spec = make_spec("walker", technique, {})

    assert spec.values() == {parameter.key: parameter.default for parameter in spec_parameters("walker", technique)}
    assert spec.non_default_values() == {} and dict(spec.given_values) == {}


def test_non_default_values():
    spec = make_spec("hopper", "ppo", {"seed": 1, "lambda": 0.5, "Hopper/minimumSpeed": 2})

    assert spec.non_default_values() == {"lambda": 0.5, "Hopper/minimumSpeed": 2.0}
    assert list(spec.given_values) == ["seed", "lambda", "Hopper/minimumSpeed"]


def test_all_problems_come_at_once_in_the_order_of_the_values():
    given = {"Hopper/minimumSpeed": "x", "sed": 1, "actor.fixedVariance": 0, "seed": 1.5, "clipActions": "yes"}

    assert list(messages("hopper", "ppo", given)) == list(given)


def test_a_whole_number_is_a_number_too():
    spec = make_spec("hopper", "ppo", {"actor.learningRate": 1, "Hopper/minimumSpeed": 1})

    assert spec.params.actor_learning_rate == 1.0
    assert type(spec.rewards["Hopper/minimumSpeed"]) is float


@pytest.mark.parametrize(
    ("given", "deviation"),
    [
        ({}, "learned"),
        ({"actor.varianceScale": 0.2}, "fixed"),
        ({"actor.fixedVariance": 0.2}, "fixed"),
        ({"actor.varianceScale": 0.2, "actor.deviation": "stateDependent"}, "stateDependent"),
    ],
)
def test_a_given_variance_scale_means_a_fixed_deviation_as_in_the_original(given, deviation):
    assert make_spec("hopper", "a2c", given).params.actor_deviation == deviation


def test_ignored_keys_are_left_out_with_a_warning():
    spec = make_spec("hopper", "reinforce", {"nEpisodes": 5, "policy.nHiddenLayers": 7, "seed": 2})

    assert dict(spec.given_values) == {"seed": 2}
    assert spec.params.policy_n_hidden == 2
    assert [warning.key for warning in spec.warnings] == ["nEpisodes", "policy.nHiddenLayers"]


def test_an_older_spelling_is_read_as_the_new_one():
    spec = make_spec("hopper", "ppo", {"actor.fixedVariance": 0.2})

    assert dict(spec.given_values) == {"actor.varianceScale": 0.2}
    assert [warning.key for warning in spec.warnings] == ["actor.fixedVariance"]


@pytest.mark.parametrize(
    "given", [("actor.fixedVariance", "actor.varianceScale"), ("actor.varianceScale", "actor.fixedVariance")]
)
def test_two_spellings_of_one_parameter_are_refused(given):
    found = messages("hopper", "ppo", dict.fromkeys(given, 0.2))

    assert list(found) == [given[1]]
    assert f"repeats `{given[0]}`" in found[given[1]]


def test_values_change_into_another_spec():
    spec = make_spec("hopper", "ppo", {"lambda": 0.9, "seed": 3}, comment="mine")

    other = spec.with_values({"lambda": 0.8, "updateEpochs": 2})

    assert dict(other.given_values) == {"lambda": 0.8, "seed": 3, "updateEpochs": 2}
    assert other.comment == "mine" and spec.params.gae_lambda == 0.9
    assert [each.params.seed for each in specs_with_seeds(spec, 3)] == [3, 4, 5]
    with pytest.raises(ParameterError):
        spec.with_values({"lambda": 2})


def test_a_specs_document_makes_the_spec_again():
    spec = make_spec("ant", "reinforce", {"baseline": "none", "seed": 8}, comment="a\nb")
    document = spec.to_document()

    again = make_spec(document["physicalModel"], document["technique"], document["params"], comment=document["comment"])

    assert again == spec


def test_nothing_in_a_spec_can_be_changed_in_place():
    spec = make_spec("hopper", "ppo", {})

    with pytest.raises(dataclasses.FrozenInstanceError):
        spec.figure = "walker"
    with pytest.raises(pydantic.ValidationError):
        spec.params.seed = 3


def test_members_of_a_cohort_share_sizes_and_not_numbers():
    spec = make_spec("hopper", "ppo", {})

    alike = spec.with_values({"seed": 9, "actor.learningRate": 0.01, "lambda": 0.5, "Hopper/minimumSpeed": 1.0})
    assert alike.shape_key() == spec.shape_key()
    for other in ({"actor.hiddenSize": 32}, {"nEnvironments": 8}, {"physics": "fast"}, {"minibatchSize": 64}):
        assert spec.with_values(other).shape_key() != spec.shape_key()
    assert make_spec("walker", "ppo", {}).shape_key() != spec.shape_key()


@pytest.mark.parametrize(
    ("word", "key", "value"),
    [
        ("seed=7", "seed", 7),
        ("actor.learningRate=1e-3", "actor.learningRate", 0.001),
        ("actor.learningRate=1", "actor.learningRate", 1.0),
        ("clipActions=False", "clipActions", False),
        ("physics=fast", "physics", "fast"),
        ("Hopper/minimumSpeed=-0.5", "Hopper/minimumSpeed", -0.5),
    ],
)
def test_assignments_become_values(word, key, value):
    assert parse_assignments(make_spec("hopper", "ppo", {}), [word]).values()[key] == value


@pytest.mark.parametrize(
    "word", ["seed=x", "seed=1.5", "seed=", "lambda=nan", "lambda=inf", "clipActions=1", "sed=1", "physics=3"]
)
def test_assignments_of_invalid_values_are_refused(word):
    with pytest.raises(ParameterError):
        parse_assignments(make_spec("hopper", "ppo", {}), [word])


@pytest.mark.parametrize("word", ["seed", "=3", ""])
def test_words_that_are_no_assignment_are_refused(word):
    with pytest.raises(UsageError, match="not an assignment"):
        parse_assignments(make_spec("hopper", "ppo", {}), [word])


@pytest.mark.parametrize(("figure", "technique"), [("dog", "ppo"), ("hopper", "dqn"), ("", "")])
def test_unknown_figures_and_techniques_are_refused(figure, technique):
    with pytest.raises(UsageError, match="unknown"):
        make_spec(figure, technique, {})


@pytest.mark.parametrize(
    ("word", "message"),
    [
        ("pp0", 'unknown technique "pp0"; did you mean "ppo"? known: ppo, a2c'),
        ("PPO", 'unknown technique "PPO"; did you mean "ppo"? known: ppo, a2c'),
        ("xyz", 'unknown technique "xyz"; known: ppo, a2c'),
        ("a\x1b[2Jb", 'unknown technique "a\\x1b[2Jb"; known: ppo, a2c'),
    ],
)
def test_unknown_words_come_with_the_nearest_and_the_known(word, message):
    assert unknown_name_message("technique", word, ["ppo", "a2c"]) == message


def test_a_very_long_value_is_shown_in_short():
    found = messages("hopper", "ppo", {"seed": "x" * 10_000, "lambda": 10**5000})

    assert all(len(message) < 200 for message in found.values())


@pytest.mark.parametrize("given", ["actor.trainingIterations", "critic.trainingIterations"])
def test_full_batch_iterations_of_one_network_alone_are_refused(given):
    (other,) = {"actor.trainingIterations", "critic.trainingIterations"} - {given}

    assert messages("hopper", "ppo", {given: 5}) == {given: f"`{other}` must be at least 1 when `{given}` is 5"}
    assert list(messages("hopper", "ppo", {given: 5, other: 0})) == [other]
    assert make_spec("hopper", "ppo", {given: 5, other: 3}).values()[other] == 3
    assert make_spec("hopper", "ppo", {given: 5}, partial=True).values()[given] == 5
    assert check_value("hopper", "ppo", given, 5) is None


def test_full_batch_iterations_normalise_advantages_by_default():
    iterations = {"actor.trainingIterations": 5, "critic.trainingIterations": 5}

    assert make_spec("hopper", "ppo", iterations).params.normalise_advantages
    assert not make_spec("hopper", "ppo", iterations | {"normaliseAdvantages": False}).params.normalise_advantages
    assert not make_spec("hopper", "ppo", {}).params.normalise_advantages


def test_a_parameter_of_another_technique_is_named_with_its_counterpart():
    found = messages("hopper", "ppo", {"policy.learningRate": 0.1, "baseline": "none"})

    assert found["policy.learningRate"].endswith("it belongs to reinforce; here it is actor.learningRate")
    assert found["baseline"].endswith("it belongs to reinforce")
