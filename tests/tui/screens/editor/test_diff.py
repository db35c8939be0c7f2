"""Differences of two texts, by line and by parameter."""

from __future__ import annotations

from gts_tui.screens.editor.diff import lines_of, parameters_of
from tests.support.spec_texts import SPEC


def test_difference_by_parameter_knows_defaults_and_spelling() -> None:
    other = SPEC.replace("1e-3", "0.001").replace('"seed":   1', '"seed": 2, "lambda": 0.9')
    found = {one.name: (one.before, one.after, one.default) for one in parameters_of(SPEC, other, "spec")}
    assert found == {"seed": ("1", "2", "1"), "lambda": ("", "0.9", "0.95")}
    assert any(line.startswith("+") and "lambda" in line for line in lines_of(SPEC, other, "a", "b"))
