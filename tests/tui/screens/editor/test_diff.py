"""Differences of two texts, by line and by parameter."""

from __future__ import annotations

from gts_tui.screens.editor.diff import diff_parameters, unified_diff_lines
from tests.support.spec_texts import SPEC


def test_difference_by_parameter_shows_defaults_and_ignores_spelling() -> None:
    other = SPEC.replace("1e-3", "0.001").replace('"seed":   1', '"seed": 2, "lambda": 0.9')
    found = {one.key: (one.before, one.after, one.default) for one in diff_parameters(SPEC, other, "spec")}
    assert found == {"seed": ("1", "2", "1"), "lambda": ("", "0.9", "0.95")}
    assert any(line.startswith("+") and "lambda" in line for line in unified_diff_lines(SPEC, other, "a", "b"))
