"""The form beside the text: fields show values, and an assignment changes one value."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from gts.errors import UsageError
from gts.formats.space_file import parse_space
from gts.formats.strict_json import parse_json
from gts_tui.screens.editor.form import build_form_fields, set_field_value
from gts_tui.screens.editor.json_syntax import parse_outline, parse_values
from tests.support.repository import WORKSPACE
from tests.support.spec_texts import FILES, SPEC


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_entering_the_shown_values_changes_nothing(path: Path) -> None:
    text, kind = path.read_text(), path.suffix[1:]
    for field in build_form_fields(text, kind):
        if field.value:
            assert parse_values(set_field_value(text, field, field.value, kind))[()] == json.loads(text), field.key
            if not field.is_searched:
                # A number typed as the file spells it leaves the text unchanged.
                spelled = next(text[one.start : one.end] for one in parse_outline(text) if one.path == field.path)
                assert set_field_value(text, field, spelled.strip('"'), kind) == text


def test_values_are_parsed_leniently() -> None:
    fields = {field.key: field for field in build_form_fields(SPEC, "spec")}

    def after(key: str, typed: str) -> object:
        return json.loads(set_field_value(SPEC, fields[key], typed, "spec"))["params"].get(key)

    assert after("nSteps", "2e6") == 2_000_000 and isinstance(after("nSteps", "2e6"), int)
    assert after("nSteps", "1_500_000") == 1_500_000
    assert after("lambda", ".9") == 0.9
    assert after("scaleRewards", "False") is False
    assert after("physics", "fast") == "fast"
    assert after("seed", "") is None
    assert '"lambda": 9.5e-1' in set_field_value(SPEC, fields["lambda"], "9.5e-1", "spec")
    for nonsense in ("abc", "nan", "1e999", "0x10"):
        with pytest.raises(UsageError, match="must be a number"):
            set_field_value(SPEC, fields["lambda"], nonsense, "spec")


def test_a_space_parameter_moves_between_fixed_and_searched() -> None:
    text = (WORKSPACE / "hopper" / "hopper.space").read_text()
    fields = {field.key: field for field in build_form_fields(text, "space")}
    fixed = set_field_value(text, fields["actor.learningRate"], "3e-4", "space")
    space = parse_space(parse_json(fixed, "x.space"))
    assert space.params["actor.learningRate"] == 3e-4
    assert "actor.learningRate" not in {axis.key for axis in space.param_space}
    fields = {field.key: field for field in build_form_fields(fixed, "space")}
    searched = set_field_value(fixed, fields["entropyCoeff"], "0.0 .. 0.02", "space")
    axis = {axis.key: axis for axis in parse_space(parse_json(searched, "x.space")).param_space}["entropyCoeff"]
    assert (axis.low, axis.high, axis.log) == (0.0, 0.02, False)


def test_changing_one_end_of_a_range_changes_one_number() -> None:
    text = (WORKSPACE / "hopper" / "hopper.space").read_text()
    field = next(field for field in build_form_fields(text, "space") if field.key == "actor.learningRate")
    assert field.value == "0.0002 .. 0.003 log"
    changed = set_field_value(text, field, "0.0002 .. 0.005 log", "space")
    assert changed == text.replace('"max": 0.003', '"max": 0.005', 1)
    field = next(field for field in build_form_fields(text, "space") if field.key == "discountFactor")
    changed = set_field_value(text, field, "0.98, 0.99, 0.999", "space")
    assert changed == text.replace("0.995", "0.999", 1)
