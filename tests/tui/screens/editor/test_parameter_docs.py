"""The documentation of the parameter under the cursor."""

from __future__ import annotations

from gts_tui.screens.editor.json_syntax import values_in
from gts_tui.screens.editor.parameter_docs import meaning_of, subject_of
from tests.support.spec_texts import SPEC


def test_meaning_has_default_range_and_unit() -> None:
    subject = subject_of("spec", values_in(SPEC))
    meaning = meaning_of(subject, ("params", "exactTail"))
    assert meaning is not None
    assert (meaning.default, meaning.unit, meaning.allowed) == ("0.2", "fraction", "a number ≥ 0, ≤ 1")
    assert meaning_of(subject, ("params", "no.such.thing")) is None
    when = meaning_of(subject_of("space", values_in(SPEC)), ("paramSpace", "lambda", "when", "physics"))
    assert when is not None and when.key == "physics"
