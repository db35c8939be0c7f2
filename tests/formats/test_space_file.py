"""Space files: searched parameters, conditions, objectives, and the specs of points."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from gts.errors import FormatError
from gts.formats.objectives import list_measures
from gts.formats.space_file import SearchSpace, read_space, write_space
from gts.formats.space_parameters import CategoricalParameter, ParameterCondition, RangeParameter
from gts.params.spec import ParameterError


@pytest.fixture
def read(tmp_path):
    def read(text: str | None = None, **changes):
        content = {
            "physicalModel": "hopper",
            "name": "try",
            "technique": "ppo",
            "params": {},
            "paramSpace": {"lambda": [0.9, 1.0]},
        }
        path = tmp_path / "a.space"
        path.write_text(text if text is not None else json.dumps(content | changes, indent=1), encoding="utf-8")
        return read_space(path)

    return read


def messages(read, *args, **changes):
    with pytest.raises(FormatError) as caught:
        read(*args, **changes)
    assert all(problem.line and problem.column for problem in caught.value.problems)
    return [problem.message for problem in caught.value.problems]


def test_the_originals_a2c_space_loads_as_it_is(legacy):
    space = read_space(legacy / "hopper/hopperA2C.space")

    assert (space.figure, space.technique, space.name) == ("hopper", "a2c", "hopperA2C_1")
    assert (space.n_steps, space.n_epochs) == (1_500_000, 3000)
    assert space.param_space == (
        CategoricalParameter("seed", (1, 2, 3, 5, 8, 13, 21, 34)),
        RangeParameter("actor.varianceScale", 0.3, 0.6),
    )
    assert [(warning.line, warning.key) for warning in space.warnings] == [(22, "actor.discountFactor"), (25, "seed")]
    assert "lucky seeds" in space.warnings[1].message


def test_the_originals_ppo_space_loads_and_its_second_value_counts(legacy):
    space = read_space(legacy / "hopper/hopperPPO.space")

    assert space.params["actor.varianceScale"] == 0.2
    assert space.comment == "Fixing size of networks from last pass."
    again = next(warning for warning in space.warnings if warning.key == "actor.varianceScale")
    assert (again.line, again.column) == (14, 9)
    assert "as in the original program" in again.message


def test_the_originals_pendulum_space_loads_as_it_is(legacy):
    space = read_space(legacy / "inverted/inverted.space")

    assert space.n_epochs is None
    assert space.param_space == (
        RangeParameter("policy.hiddenSize", 16, 64, log=True, integer=True),
        CategoricalParameter("policy.hiddenActivation", ("ReLU", "ELU")),
        RangeParameter("policy.learningRate", 0.001, 0.01, log=True),
    )
    assert [warning.key for warning in space.warnings] == ["policy.nHiddenLayers"]


def test_a_repeated_key_is_refused_where_the_file_is_not_the_originals(legacy, read):
    text = (legacy / "hopper/hopperPPO.space").read_text().replace('"actor.discountFactor": 0.995,\n', "")

    (message,) = messages(read, text)

    assert "`actor.varianceScale` is repeated" in message


@pytest.mark.parametrize(
    ("old", "new"),
    [('"nEpochs" : 25', '"nEpochs" : 25, "nEpochs": 26'), ('"seed" : [1, 2, 3]', '"seed" : [1, 2, 3], "seed": [4]')],
)
def test_outside_params_a_repeated_key_is_always_refused(legacy, read, old, new):
    text = (legacy / "hopper/hopperPPO.space").read_text().replace(old, new)

    (message,) = messages(read, text)

    assert "is repeated" in message


@pytest.mark.parametrize("file", ["hopper/hopperA2C.space", "hopper/hopperPPO.space", "inverted/inverted.space"])
def test_what_is_written_is_read_again(legacy, tmp_path, file):
    space = read_space(legacy / file)

    write_space(tmp_path / "b.space", space)

    assert replace(read_space(tmp_path / "b.space"), warnings=()) == replace(space, warnings=())


def test_everything_that_a_space_can_say_is_written_and_read_again(tmp_path):
    space = SearchSpace(
        figure="walker",
        technique="reinforce",
        name="all of it",
        params={"seed": 2, "Walker/minimumSpeed": 0.5},
        param_space=(
            RangeParameter("baseline.learningRate", 1e-4, 1e-2, log=True, when=(ParameterCondition("baseline", ("learned",)),)),
            CategoricalParameter("baseline", ("white", "learned")),
            CategoricalParameter(
                "baseline.hiddenSize",
                (8, 16),
                when=(ParameterCondition("baseline", ("learned", "none")), ParameterCondition("seed", (2,))),
            ),
            RangeParameter("policy.hiddenSize", 8, 64, step=8, integer=True),
            RangeParameter("policy.discountFactor", 0.9, 1.0, step=0.05),
        ),
        n_steps=1000,
        objective=({"score": 1.0}, {"speed": 1.0, "effort": -0.1}),
        comment="two\nlines",
    )

    write_space(tmp_path / "b.space", space)

    assert read_space(tmp_path / "b.space") == space


def test_a_range_is_of_whole_numbers_where_min_is_one(read):
    space = read(paramSpace={"actor.hiddenSize": {"min": 8, "max": 64}, "lambda": {"min": 0.5, "max": 1}})

    whole, real = space.param_space
    assert (whole.integer, whole.low, whole.high) == (True, 8, 64)
    assert type(whole.low) is int
    assert (real.integer, real.low, real.high) == (False, 0.5, 1.0)
    assert type(real.high) is float


def test_a_whole_range_of_a_real_parameter_is_accepted_with_a_warning(read):
    space = read(paramSpace={"Hopper/minimumSpeed": {"min": 0, "max": 2}})

    assert space.param_space == (RangeParameter("Hopper/minimumSpeed", 0, 2, integer=True),)
    assert "only whole numbers" in space.warnings[0].message


@pytest.mark.parametrize(
    ("key", "axis", "words"),
    [
        ("lambda", {"min": 0.9, "max": 0.1}, "must be below"),
        ("lambda", {"min": 0.5, "max": 0.5}, "must be below"),
        ("lambda", {"min": 0.0, "max": 1.0, "log": True}, "above 0"),
        ("lambda", {"min": -0.5, "max": 1.0}, "must be a number ≥ 0, ≤ 1, not -0.5"),
        ("lambda", {"min": 0.5, "max": 1.5}, "not 1.5"),
        ("lambda", {"min": 0.5}, "needs the numbers"),
        ("lambda", {"min": "0.5", "max": 1.0}, "needs the numbers"),
        ("lambda", {"min": True, "max": 1.0}, "needs the numbers"),
        ("lambda", {"min": 0.5, "max": 1.0, "step": 0}, "above 0"),
        ("lambda", {"min": 0.5, "max": 1.0, "step": -1}, "above 0"),
        ("lambda", {"min": 0.5, "max": 1.0, "step": None}, "above 0"),
        ("lambda", {"min": 0.5, "max": 1.0, "step": 0.1, "log": True}, "leave one out"),
        ("lambda", {"min": 0.5, "max": 1.0, "log": 1}, "true or false"),
        ("lambda", {"min": 0.5, "max": 1.0, "Log": True}, 'did you mean "log"?'),
        ("lambda", {}, "needs the numbers"),
        ("lambda", [], "1 to 1000 values"),
        ("lambda", [[0.5]], "must be numbers, strings"),
        ("lambda", [None], "must be numbers, strings"),
        ("lambda", [0.5, "a"], 'not "a"'),
        ("lambda", 0.5, "a list of values, or a range"),
        ("lambda", "0.5", "a list of values, or a range"),
        ("lambda", {"values": 0.5}, "1 to 1000 values"),
        ("lambda", {"values": [0.5], "min": 0.5}, 'unknown key "min"'),
        ("lambda", [0.5] * 1001, "1 to 1000 values"),
        ("actor.hiddenSize", {"min": 8, "max": 64.5}, "whole number"),
        ("actor.hiddenSize", {"min": 8.0, "max": 64.0}, "whole number"),
        ("actor.hiddenSize", {"min": 0, "max": 64}, "≥ 1"),
        ("actor.hiddenSize", {"min": 8, "max": 64, "step": 0.5}, "whole number above 0"),
        ("actor.hiddenSize", {"min": 8, "max": 64, "step": 2, "log": True}, "leave one out"),
        ("physics", {"min": 1, "max": 2}, "list its values"),
        ("physics", ["exact", "slow"], 'not "slow"'),
        ("clipActions", [True, 1], "true or false, not 1"),
        ("lamda", [0.5], 'did you mean "lambda"?'),
        ("Walker/minimumSpeed", [0.5], "unknown parameter"),
        ("lambda", {"values": [0.5], "when": "physics"}, "must name a parameter"),
        ("lambda", {"values": [0.5], "when": {"phisics": "fast"}}, 'did you mean "physics"?'),
        ("lambda", {"values": [0.5], "when": {"physics": "fats"}}, 'not "fats"'),
        ("lambda", {"values": [0.5], "when": {"physics": []}}, "needs a value"),
        ("lambda", {"values": [0.5], "when": {"lambda": 0.5}}, "another parameter"),
    ],
)
def test_a_wrong_axis_is_refused_with_its_reason(read, key, axis, words):
    assert any(words in message for message in messages(read, paramSpace={key: axis}))


def test_cyclic_conditions_are_refused(read):
    axes = {
        "lambda": {"values": [0.5], "when": {"physics": "fast"}},
        "physics": {"values": ["fast"], "when": {"entropyCoeff": 0.5}},
        "entropyCoeff": {"values": [0.5], "when": {"lambda": 0.5}},
    }

    assert any("cyclic" in message for message in messages(read, paramSpace=axes))


def test_invalid_numbers_are_refused_once(read):
    text = json.dumps(
        {"physicalModel": "hopper", "technique": "ppo", "nSteps": 0, "objective": "score", "paramSpace": {"lambda": [0]}}
    )
    text = text.replace('"nSteps": 0', '"nSteps": NaN').replace("[0]", '{"min": 1e999, "max": NaN}')

    found = messages(read, text)

    assert len(found) == 3


def test_suspicious_axes_are_accepted_with_a_warning(read):
    space = read(
        paramSpace={
            "seed": [1, 2],
            "lambda": [0.5, 0.5, 1.0],
            "updateEpochs": {"min": 1, "max": 10, "step": 4},
            "clipRatio": {"min": 0.1, "max": 0.4, "step": 0.1},
            "actor.fixedVariance": [0.1, 0.2],
            "actor.discountFactor": [0.9],
        }
    )

    assert [warning.key for warning in space.warnings] == [
        "seed",
        "lambda",
        "updateEpochs",
        "actor.fixedVariance",
        "actor.discountFactor",
    ]
    assert [axis.key for axis in space.param_space] == ["seed", "lambda", "updateEpochs", "clipRatio", "actor.varianceScale"]
    assert space.param_space[1].values == (0.5, 1.0)


def test_an_empty_space_has_a_warning(read):
    assert "no parameter is searched" in read(paramSpace={}).warnings[0].message


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"nSteps": 0}, "`nSteps` must be a whole number ≥ 1"),
        ({"nEpochs": 1.5}, "`nEpochs` must be a whole number"),
        ({"nSteps": 5, "params": {"nSteps": 6}}, "at the top level too"),
        ({"params": {"sed": 5}}, 'did you mean "seed"?'),
        ({"nStep": 5}, 'did you mean "nSteps"?'),
        ({"paramSpace": []}, "`paramSpace` must be an object"),
        ({"name": "../up"}, "becomes a folder"),
        ({"name": ""}, "becomes a folder"),
        ({"name": "a/b"}, "becomes a folder"),
        ({"name": ".."}, "becomes a folder"),
        ({"name": 3}, "becomes a folder"),
        ({"name": "x" * 81}, "becomes a folder"),
        ({"name": "a\n"}, "becomes a folder"),
        ({"objective": "scor"}, 'did you mean "score"?'),
        ({"objective": {}}, "an objective is one of"),
        ({"objective": 3}, "an objective is one of"),
        ({"objective": ["score"]}, "two elements, not 1"),
        ({"objective": ["score", "score"]}, "are the same"),
        ({"objective": ["score", ["mean"]]}, "an objective is one of"),
        ({"objective": {"speed": "much"}}, "must be a number"),
        ({"objective": {"speed": 0}}, "other than 0"),
        ({"objective": {"sped": 1}}, 'did you mean "speed"?'),
        ({"objective": "symmetry"}, "measure of the hopper"),
    ],
)
def test_other_mistakes_have_their_reason(read, changes, words):
    assert any(words in message for message in messages(read, **changes))


@pytest.mark.parametrize(
    ("objective", "goals"),
    [
        ("speed", ({"speed": 1.0},)),
        ({"speed": 1, "effort": -0.1}, ({"speed": 1.0, "effort": -0.1},)),
        (["score", {"effort": -1, "comment": "gently"}], ({"score": 1.0}, {"effort": -1.0})),
    ],
)
def test_objectives_become_goals(read, objective, goals):
    assert read(objective=objective).objective == goals


def test_every_figure_has_objectives():
    assert set(list_measures("invertedPendulum")) >= {"score", "mean", "angle"}
    assert "symmetry" in list_measures("walker") and "symmetry" not in list_measures("hopper")


def test_a_name_that_is_missing_is_the_files(read):
    text = json.dumps({"physicalModel": "hopper", "technique": "ppo", "paramSpace": {"lambda": [0.5]}})

    assert read(text).name == "a"


CONDITIONAL = {
    "baseline.learningRate": {"min": 1e-4, "max": 1e-2, "when": {"baseline": "learned"}},
    "baseline": {"values": ["white", "learned"], "when": {"physics": ["exact", "fast"]}},
    "policy.nHidden": {"values": [1, 2], "when": {"seed": 3}},
}


def test_a_point_becomes_a_spec_without_the_axes_that_are_not_there(read):
    space = read(technique="reinforce", nSteps=500, params={"seed": 3, "baseline": "none"}, paramSpace=CONDITIONAL)

    learned = space.spec({"baseline": "learned", "baseline.learningRate": 0.005, "policy.nHidden": 1})
    white = space.spec({"baseline": "white", "baseline.learningRate": 0.005, "policy.nHidden": 2})

    assert dict(learned.given_values) == {
        "nSteps": 500,
        "seed": 3,
        "baseline": "learned",
        "baseline.learningRate": 0.005,
        "policy.nHidden": 1,
    }
    assert dict(white.given_values) == {"nSteps": 500, "seed": 3, "baseline": "white", "policy.nHidden": 2}
    assert white.params.n_steps == 500


def test_axes_come_in_an_order_in_which_a_point_can_be_drawn(read):
    space = read(technique="reinforce", params={"seed": 4}, paramSpace=CONDITIONAL)

    point = {}
    for axis in space.ordered_parameters():
        if space.is_active(axis, point):
            point[axis.key] = axis.values[-1] if isinstance(axis, CategoricalParameter) else axis.high

    assert [axis.key for axis in space.ordered_parameters()] == ["baseline", "policy.nHidden", "baseline.learningRate"]
    assert point == {"baseline": "learned", "baseline.learningRate": 0.01}
    assert space.spec(point).given_values["baseline.learningRate"] == 0.01


@pytest.mark.parametrize(
    ("point", "words"),
    [({}, "no value of `lambda`"), ({"lambda": 7.0}, "≤ 1"), ({"lambda": 0.5, "sed": 1}, 'unknown searched parameter "sed"')],
)
def test_an_invalid_point_is_refused(read, point, words):
    with pytest.raises(ParameterError, match=words):
        read().spec(point)
