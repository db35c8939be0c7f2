"""Spec files: all errors at once with line and column, and lossless writing."""

from __future__ import annotations

import json

import pytest

from gts.errors import FileError, FormatError
from gts.formats.spec_file import format_spec, read_spec, write_spec
from gts.params.spec import make_spec

GOOD = '{"physicalModel": "hopper", "technique": "ppo", "params": {"seed": 3}}'


@pytest.fixture
def read(tmp_path):
    def read(text: str):
        path = tmp_path / "a.spec"
        path.write_text(text, encoding="utf-8")
        return read_spec(path)

    return read


def problems(read, text):
    with pytest.raises(FormatError) as caught:
        read(text)
    return [(problem.line, problem.column, problem.message) for problem in caught.value.problems]


@pytest.mark.parametrize(
    ("file", "figure", "technique", "unread"),
    [
        ("hopper/hopperA2C.spec", "hopper", "a2c", ["actor.discountFactor"]),
        ("hopper/hopperPPO.spec", "hopper", "ppo", ["actor.discountFactor"]),
        ("hopper/hopperReinforce.spec", "hopper", "reinforce", ["nEpisodes", "policy.nHiddenLayers"]),
        ("hopper/worming.spec", "hopper", "ppo", ["actor.discountFactor"]),
        ("inverted/invertedA2C.spec", "invertedPendulum", "a2c", ["actor.discountFactor"]),
        ("inverted/invertedPPO.spec", "invertedPendulum", "ppo", ["actor.discountFactor"]),
        ("inverted/invertedReinforce.spec", "invertedPendulum", "reinforce", []),
    ],
)
def test_the_originals_specs_load_as_they_are(legacy, file, figure, technique, unread):
    spec = read_spec(legacy / file)

    stored = json.loads((legacy / file).read_text())["params"]
    assert (spec.figure, spec.technique) == (figure, technique)
    assert [warning.key for warning in spec.warnings] == unread
    kept = {key: value for key, value in stored.items() if key not in unread and key != "comment"}
    assert dict(spec.given_values) == kept
    assert {key: spec.values()[key] for key in kept} == kept
    assert spec.comment == stored.get("comment", "")


def test_warnings_have_their_place(legacy):
    (warning,) = read_spec(legacy / "hopper/hopperPPO.spec").warnings

    assert (warning.line, warning.column) == (23, 5)
    assert "never read" in warning.message


def test_all_problems_come_at_once_from_top_to_end(read):
    text = """{
  "physicalModel": "hopper",
  "technique": "ppo",
  "extra": 1,
  "params": {
    "sed": 1,
    "actor.hiddenSize": 0,
    "clipRatio": NaN,
    "lambda": 1e999,
    "seed": "7",
    "seed": 7,
    "discountFactor": 2,
    "Hopper/minimumSpeed": true,
    "Walker/minimumSpeed": 1.0
  },
  "comment": 3
}"""

    found = problems(read, text)

    assert [(line, column) for line, column, _ in found] == [
        (4, 3),
        (6, 5),
        (7, 5),
        (8, 18),
        (9, 15),
        (11, 5),
        (12, 5),
        (13, 5),
        (14, 5),
        (16, 3),
    ]
    words = ["extra", '"seed"', "whole number ≥ 1", "NaN", "1e999", "line 10", "≤ 1", "true", "Hopper/minimumSpeed", "string"]
    for word, (_, _, message) in zip(words, found, strict=True):
        assert word in message


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[]", "must be an object"),
        ('"hopper"', "must be an object"),
        ("{}", '`physicalModel` is missing; it is one of "invertedPendulum", "hopper"'),
        ("{}", '`technique` is missing; it is one of "reinforce", "a2c", "ppo"'),
        ('{"physicalModel": "hoper", "technique": "ppo"}', 'did you mean "hopper"?'),
        ('{"physicalModel": "hopper", "technique": "pp0"}', 'did you mean "ppo"?'),
        ('{"physicalModel": 3, "technique": "ppo"}', "`physicalModel` must be one of"),
        ('{"physicalModel": "hopper", "technique": null}', "`technique` must be one of"),
        ('{"physicalModel": "hopper", "technique": "ppo", "params": []}', "`params` must be an object"),
        ('{"physicalModel": "hopper", "technique": "ppo", "parms": {}}', 'did you mean "params"?'),
        ('{"physicalModel": "hopper", "technique": "ppo", "nSteps": 5}', "belongs under `params`"),
        ('{"physicalModel": "hopper", "technique": "ppo", "paramSpace": {}}', "belongs in a space"),
        ('{"physicalModel": "hopper", "technique": "ppo", "params": {"actor.hiddenSize": 64.0}}', "whole number"),
        ('{"physicalModel": "hopper", "technique": "ppo", "params": {"actor.hiddenSize": "64"}}', 'not "64"'),
        ('{"physicalModel": "hopper", "technique": "ppo", "params": {"clipActions": 1}}', "true or false"),
        ('{"physicalModel": "hopper", "technique": "ppo", "params": {"physics": "exakt"}}', '"exact", "fast"'),
        ('{"physicalModel": "hopper", "technique": "ppo", "params": {"seed": null}}', "not null"),
        ('{"physicalModel": "hopper", "technique": "ppo", "params": {"seed": {"a": 1}}}', 'not {"a": 1}'),
        ('{"physicalModel": "hopper", "technique": "ppo", "params": {"comment": [1]}}', "list of strings"),
    ],
)
def test_one_mistake_makes_one_message(read, text, words):
    assert any(words in message for _, _, message in problems(read, text))


def test_with_an_unknown_figure_the_techniques_parameters_are_still_checked(read):
    text = '{"physicalModel": "dog", "technique": "ppo", "params": {"seed": -1, "Dog/barking": 1}}'

    messages = [message for _, _, message in problems(read, text)]

    assert len(messages) == 2
    assert "dog" in messages[0] and "seed" in messages[1]


def test_with_an_unknown_technique_the_figures_parameters_are_still_checked(read):
    text = '{"physicalModel": "hopper", "technique": "dqn", "params": {"sed": -1, "Hopper/minimumSpeed": "fast"}}'

    messages = [message for _, _, message in problems(read, text)]

    assert len(messages) == 2
    assert "dqn" in messages[0] and "Hopper/minimumSpeed" in messages[1]


def test_a_value_of_an_older_spelling_is_refused_under_that_spelling(read):
    ((line, column, message),) = problems(read, GOOD.replace('"seed": 3', '\n"actor.fixedVariance": -1'))

    assert (line, column) == (2, 1)
    assert "`actor.fixedVariance` must be a number > 0" in message


def test_thousands_of_problems_are_cut_short(read):
    text = GOOD.replace('"seed": 3', ",".join(f'"x{index}": 1' for index in range(3000)))

    found = problems(read, text)

    assert len(found) == 101
    assert "2900 more" in found[-1][2]


def test_a_technique_in_capitals_is_read_as_the_original_read_it(read):
    spec = read(GOOD.replace('"ppo"', '"PPO"'))

    assert spec.technique == "ppo"
    assert [warning.key for warning in spec.warnings] == ["technique"]


def test_a_repeated_key_is_refused_even_among_the_originals_keys(legacy, read):
    text = (legacy / "hopper/hopperPPO.spec").read_text().replace('"seed": 34,', '"seed": 34, "seed": 35,')

    ((line, _, message),) = problems(read, text)

    assert line == 21 and "`seed` is repeated" in message


def test_comments_may_stand_at_the_top_and_in_params_as_text_or_lines(read):
    spec = read(GOOD.replace('"seed": 3', '"seed": 3, "comment": ["two", "three"]').replace("{", '{"comment": "one", ', 1))

    assert spec.comment == "one\ntwo\nthree"
    assert dict(spec.given_values) == {"seed": 3}


@pytest.mark.parametrize("comment", ["", "one line", "several\nlines\n", 'ünïcödé \\ " \t'])
def test_what_is_written_is_read_again(tmp_path, comment):
    given = {"Hopper/minimumSpeed": 0.5, "seed": 4, "actor.learningRate": 1e-05, "physics": "fast", "clipActions": False}
    spec = make_spec("hopper", "ppo", given, comment=comment)

    write_spec(tmp_path / "b.spec", spec)

    again = read_spec(tmp_path / "b.spec")
    assert again == spec
    assert list(again.given_values) == list(given)


def test_the_text_is_formatted_for_reading():
    text = format_spec(make_spec("hopper", "a2c", {"seed": 1, "lambda": 0.9}, comment="one\ntwo"))

    assert text == (
        '{\n  "comment": [\n    "one",\n    "two"\n  ],\n  "physicalModel": "hopper",\n  "technique": "a2c",\n'
        '  "params": {\n    "seed": 1,\n    "lambda": 0.9\n  }\n}\n'
    )


def test_a_missing_file_names_the_nearest_one(tmp_path):
    (tmp_path / "hopper.spec").write_text(GOOD)

    with pytest.raises(FileError) as caught:
        read_spec(tmp_path / "hoper.spec")

    assert "no such file" in caught.value.message
    assert "hopper.spec" in caught.value.hint
