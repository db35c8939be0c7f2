"""JSON as it is typed: positions, minimal edits, colours; no text raises."""

from __future__ import annotations

import json
import random
from pathlib import Path

import pytest

from gts_tui.screens.editor.completion import find_completions, insert_completion
from gts_tui.screens.editor.files import check_text
from gts_tui.screens.editor.form import build_form_fields
from gts_tui.screens.editor.json_syntax import (
    find_changed_span,
    find_cursor_context,
    highlight_spans,
    parse_outline,
    parse_values,
    remove_member,
    set_json_value,
)
from gts_tui.screens.editor.parameter_docs import detect_document_context, doc_at
from tests.support.spec_texts import FILES, SPEC, at


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_outline_reads_what_json_reads(path: Path) -> None:
    text = path.read_text()
    values = parse_values(text)
    assert values[()] == json.loads(text)
    for entry in parse_outline(text):
        inside = json.loads(text)
        for key in entry.path:
            inside = inside[key]
        assert values[entry.path] == inside


@pytest.mark.parametrize(
    ("text", "role", "path", "typed"),
    [
        ('{"params": {"actor.le|', "key", ("params", "actor.le"), "actor.le"),
        ('{"params": {"seed": 1,\n  |\n}}', "key", ("params",), ""),
        ('{"params": {"seed": 1\n  |\n}}', "key", ("params",), ""),
        ('{"params": {"seed": 1\n  "lam|', "key", ("params", "lam"), "lam"),
        ('{"technique": "p|po"}', "value", ("technique",), "p"),
        ('{"technique": |\n "params": {}}', "value", ("technique",), ""),
        ('{"params": {"physics": "fast"|, "seed": 1}}', "value", ("params", "physics"), 'fast"'),
        ('{"paramSpace": {"physics": ["exact", |]}}', "value", ("paramSpace", "physics", 1), ""),
        ('{"params": {lam|}}', "key", ("params", "lam"), "lam"),
        ("|", "value", (), ""),
    ],
)
def test_cursor_context_in_incomplete_text(text, role, path, typed) -> None:
    context = find_cursor_context(*at(text))
    assert (context.role, context.path, context.prefix) == (role, path, typed)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_setting_a_value_changes_nothing_else(path: Path) -> None:
    text = path.read_text()
    for entry in parse_outline(text):
        if len(entry.path) == 2 and entry.path[0] == "params":
            changed = set_json_value(text, entry.path, "4711")
            assert changed[: entry.start] == text[: entry.start]
            assert changed[entry.start + 4 :] == text[entry.end :]


@pytest.mark.parametrize("key", ["seed", "actor.learningRate", "critic.learningRate"])
def test_removing_a_member_keeps_the_others(key: str) -> None:
    changed = remove_member(SPEC, ("params", key))
    wanted = json.loads(SPEC)
    del wanted["params"][key]
    assert json.loads(changed) == wanted
    kept = [line.strip().rstrip(",") for line in changed.splitlines()]
    assert [line for line in kept if line] == [
        line for line in (each.strip().rstrip(",") for each in SPEC.splitlines()) if line and f'"{key}"' not in line
    ]


def test_a_new_member_is_last_and_formatted_like_the_others() -> None:
    changed = set_json_value(SPEC, ("params", "lambda"), "0.9")
    assert changed == SPEC.replace('"critic.learningRate": 0.001', '"critic.learningRate": 0.001,\n\n    "lambda": 0.9')
    assert set_json_value('{"a": 1}', ("b",), "2") == '{"a": 1, "b": 2}'.replace(", ", ",", 1).replace(",", ", ")
    assert json.loads(set_json_value("{}", ("params", "seed"), "2")) == {"params": {"seed": 2}}


def test_removing_all_members_and_adding_one() -> None:
    text = SPEC
    for key in ("seed", "actor.learningRate", "critic.learningRate"):
        text = remove_member(text, ("params", key))
    assert '"params": {}' in text
    again = set_json_value(text, ("params", "seed"), "5")
    assert '"params": {\n    "seed": 5\n  }' in again


@pytest.mark.parametrize(("old", "new"), [("", "a"), ("abc", "abc"), ("aaa", "aa"), ("abcabc", "abcXabc"), ("xy", "")])
def test_changed_span_makes_the_new_text(old: str, new: str) -> None:
    start, end, piece = find_changed_span(old, new)
    assert old[:start] + piece + old[end:] == new


def test_colours_end_with_the_line() -> None:
    kinds = {
        line: [colour for _, _, colour in highlight_spans(line)] for line in ('"a": "b",', '"a', "tru", '"x[/red]": 1e-3 \\"')
    }
    assert kinds['"a": "b",'] == ["key", "mark", "text", "mark"]
    assert kinds['"a'] == ["text"]
    assert kinds["tru"] == ["other"]
    assert kinds['"x[/red]": 1e-3 \\"'][:3] == ["key", "mark", "number"]


def test_random_text_is_parsed_coloured_and_completed() -> None:
    seed = 5
    draw, files = random.Random(seed), [path.read_text() for path in FILES]
    pieces = ("", "{", "}", "[", "]", '"', ",", ":", "x", "\n", '""', "{}", '"a":', "\\", "1", "true", "\0", "é", "1e999")
    for number in range(1500):
        text = draw.choice(files)
        for _ in range(draw.randrange(1, 5)):
            begin = draw.randrange(len(text) + 1)
            end = min(len(text), begin + draw.randrange(40))
            text = text[:begin] + draw.choice(pieces) + text[end:]
        if draw.random() < 0.5:
            text = text[draw.randrange(len(text) + 1) :][:60]
        try:
            context = find_cursor_context(text, draw.randrange(len(text) + 1))
            for kind in ("spec", "space"):
                doc_at(detect_document_context(kind, parse_values(text)), context.path)
                for completion in find_completions(text, kind, context)[:3]:
                    insert_completion(text, context, completion)
                check_text(text, "a.spec", kind)
                build_form_fields(text, kind)
            for line in text.splitlines():
                list(highlight_spans(line))
        except Exception as error:
            raise AssertionError(f"seed {seed}, text {number}: {text!r}") from error
