"""Completion in the editor: every completion makes a valid file."""

from __future__ import annotations

import json

import pytest

from gts_tui.screens.editor.completion import find_completions, insert_completion
from gts_tui.screens.editor.files import check_text
from gts_tui.screens.editor.json_syntax import find_cursor_context
from tests.support.spec_texts import SPEC, at


@pytest.mark.parametrize("kind", ["spec", "space"])
def test_every_proposal_makes_a_file_that_is_right(kind: str) -> None:
    """Whatever a person takes from the list for a figure and a technique, the checker agrees."""
    tail = "" if kind == "spec" else ',\n  "paramSpace": {"seed": [1, 2]}'
    for figure in ("invertedPendulum", "humanoid"):
        for technique in ("reinforce", "a2c", "ppo"):
            head = f'{{\n  "physicalModel": "{figure}",\n  "technique": "{technique}",\n  "params": {{\n    '
            text = f"{head}\n  }}{tail}\n}}\n"
            proposals = find_completions(text, kind, find_cursor_context(text, len(head)))
            assert len(proposals) > 30
            for proposal in proposals:
                made, cursor = insert_completion(text, find_cursor_context(text, len(head)), proposal)
                assert check_text(made, f"x.{kind}", kind).errors == (), proposal
                assert made[:cursor].endswith(proposal.value or proposal.key)


def test_every_range_that_is_proposed_can_be_searched() -> None:
    for figure in ("hopper", "ant"):
        for technique in ("reinforce", "a2c", "ppo"):
            head = f'{{"physicalModel": "{figure}", "technique": "{technique}", "params": {{}}, "paramSpace": {{\n'
            text = head + "\n}}"
            for proposal in find_completions(text, "space", find_cursor_context(text, len(head))):
                made, _ = insert_completion(text, find_cursor_context(text, len(head)), proposal)
                assert check_text(made, "x.space", "space").errors == (), proposal


def test_proposals_fit_what_is_typed_and_leave_out_what_is_there() -> None:
    text, cursor = at(SPEC.replace('"seed":   1,', '"seed":   1,\n    "actor.le|"'))
    words = [proposal.label for proposal in find_completions(text, "spec", find_cursor_context(text, cursor))]
    assert words == []
    text, cursor = at(SPEC.replace('"seed":   1,', '"seed":   1,\n    "hiddenA|"'))
    words = [proposal.label for proposal in find_completions(text, "spec", find_cursor_context(text, cursor))]
    assert words == ["actor.hiddenActivation", "critic.hiddenActivation"]


def test_a_proposal_after_a_forgotten_comma_puts_the_comma() -> None:
    text, cursor = at(SPEC.replace("0.001\n", "0.001\n    lambd|\n"))
    place = find_cursor_context(text, cursor)
    made, _ = insert_completion(text, place, find_completions(text, "spec", place)[0])
    assert json.loads(made)["params"]["lambda"] == 0.95


def test_values_are_proposed_with_the_others_when_one_is_there() -> None:
    text, cursor = at(SPEC.replace('"ppo"', '"ppo|"'))
    assert [proposal.label for proposal in find_completions(text, "spec", find_cursor_context(text, cursor))][:3] == [
        "reinforce",
        "a2c",
        "ppo",
    ]
