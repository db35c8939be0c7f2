"""Completion in the editor: every completion makes a valid file."""

from __future__ import annotations

import json

import pytest

from gts_tui.screens.editor.completion import find_completions, insert_completion
from gts_tui.screens.editor.files import check_text
from gts_tui.screens.editor.json_syntax import find_cursor_context
from tests.support.spec_texts import SPEC, at


@pytest.mark.parametrize("kind", ["spec", "space"])
def test_every_completion_makes_a_valid_file(kind: str) -> None:
    tail = "" if kind == "spec" else ',\n  "paramSpace": {"seed": [1, 2]}'
    for figure in ("invertedPendulum", "humanoid"):
        for technique in ("reinforce", "a2c", "ppo"):
            head = f'{{\n  "physicalModel": "{figure}",\n  "technique": "{technique}",\n  "params": {{\n    '
            text = f"{head}\n  }}{tail}\n}}\n"
            completions = find_completions(text, kind, find_cursor_context(text, len(head)))
            assert len(completions) > 30
            for completion in completions:
                made, cursor = insert_completion(text, find_cursor_context(text, len(head)), completion)
                assert check_text(made, f"x.{kind}", kind).errors == (), completion
                assert made[:cursor].endswith(completion.value or completion.key)


def test_every_suggested_range_is_valid() -> None:
    for figure in ("hopper", "ant"):
        for technique in ("reinforce", "a2c", "ppo"):
            head = f'{{"physicalModel": "{figure}", "technique": "{technique}", "params": {{}}, "paramSpace": {{\n'
            text = head + "\n}}"
            for completion in find_completions(text, "space", find_cursor_context(text, len(head))):
                made, _ = insert_completion(text, find_cursor_context(text, len(head)), completion)
                assert check_text(made, "x.space", "space").errors == (), completion


def test_completions_match_the_prefix_and_skip_existing_keys() -> None:
    text, cursor = at(SPEC.replace('"seed":   1,', '"seed":   1,\n    "actor.le|"'))
    words = [completion.label for completion in find_completions(text, "spec", find_cursor_context(text, cursor))]
    assert words == []
    text, cursor = at(SPEC.replace('"seed":   1,', '"seed":   1,\n    "hiddenA|"'))
    words = [completion.label for completion in find_completions(text, "spec", find_cursor_context(text, cursor))]
    assert words == ["actor.hiddenActivation", "critic.hiddenActivation"]


def test_completion_inserts_a_missing_comma() -> None:
    text, cursor = at(SPEC.replace("0.001\n", "0.001\n    lambd|\n"))
    context = find_cursor_context(text, cursor)
    made, _ = insert_completion(text, context, find_completions(text, "spec", context)[0])
    assert json.loads(made)["params"]["lambda"] == 0.95


def test_a_complete_value_offers_its_alternatives() -> None:
    text, cursor = at(SPEC.replace('"ppo"', '"ppo|"'))
    assert [completion.label for completion in find_completions(text, "spec", find_cursor_context(text, cursor))][:3] == [
        "reinforce",
        "a2c",
        "ppo",
    ]
