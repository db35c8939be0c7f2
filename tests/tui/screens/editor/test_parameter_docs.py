"""The documentation of the parameter under the cursor."""

from __future__ import annotations

from gts_tui.screens.editor.json_syntax import parse_values
from gts_tui.screens.editor.parameter_docs import detect_document_context, doc_at
from tests.support.spec_texts import SPEC


def test_meaning_has_default_range_and_unit() -> None:
    subject = detect_document_context("spec", parse_values(SPEC))
    meaning = doc_at(subject, ("params", "exactTail"))
    assert meaning is not None
    assert (meaning.default, meaning.unit, meaning.allowed) == ("0.2", "fraction", "a number ≥ 0, ≤ 1")
    assert doc_at(subject, ("params", "no.such.thing")) is None
    when = doc_at(detect_document_context("space", parse_values(SPEC)), ("paramSpace", "lambda", "when", "physics"))
    assert when is not None and when.key == "physics"
