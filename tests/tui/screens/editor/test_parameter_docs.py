"""The documentation of the parameter under the cursor."""

from __future__ import annotations

from gts_tui.screens.editor.json_syntax import parse_values
from gts_tui.screens.editor.parameter_docs import detect_document_context, doc_at
from tests.support.spec_texts import SPEC


def test_docs_have_default_range_and_unit() -> None:
    context = detect_document_context("spec", parse_values(SPEC))
    doc = doc_at(context, ("params", "exactTail"))
    assert doc is not None
    assert (doc.default, doc.unit, doc.allowed) == ("0.2", "fraction", "a number ≥ 0, ≤ 1")
    assert doc_at(context, ("params", "no.such.thing")) is None
    when = doc_at(detect_document_context("space", parse_values(SPEC)), ("paramSpace", "lambda", "when", "physics"))
    assert when is not None and when.key == "physics"
