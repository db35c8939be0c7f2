"""Strict JSON: positions of all values, and refusal of everything beyond RFC 8259."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gts.errors import FileError, FormatError
from gts.formats.strict_json import parse_json, read_json, to_printable

JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**30), 10**30) | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


@settings(max_examples=400)
@given(JSON, st.sampled_from([None, 0, 2, "\t"]), st.booleans())
def test_valid_json_reads_as_python_reads_it(value, indent, ascii_only):
    text = json.dumps(value, indent=indent, ensure_ascii=ascii_only)

    document = parse_json(text, "x")

    assert document.value == json.loads(text)
    assert not document.invalid_values and not document.repeated_keys


def test_every_member_and_element_has_a_position():
    document = parse_json('{\n  "a": [1,\n    {"b": 2}],\n "ü": 3, "c": 4}', "x")

    assert document.positions == {
        (): (1, 1),
        ("a",): (2, 3),
        ("a", 0): (2, 9),
        ("a", 1): (3, 5),
        ("a", 1, "b"): (3, 6),
        ("ü",): (4, 2),
        ("c",): (4, 10),
    }


@pytest.mark.parametrize(
    ("text", "line", "column", "words"),
    [
        ("", 1, 1, "the end of the file"),
        ('{"a": 1,}', 1, 8, "comma before"),
        ('{"a": [1, 2,]}', 1, 12, "comma before"),
        ('{"a" 1}', 1, 6, '":"'),
        ('{"a": 1\n "b": 2}', 2, 2, '","'),
        ("{'a': 1}", 1, 2, "double quotes"),
        ("{\"a\": 'b'}", 1, 7, "double quotes"),
        ("{a: 1}", 1, 2, "double quotes"),
        ('{"a": True}', 1, 7, "write true"),
        ('{"a": 01}', 1, 7, "'01' is not a number"),
        ('{"a": 1.}', 1, 7, "'1.' is not a number"),
        ('{"a": 0x10}', 1, 7, "'0x10' is not a number"),
        ('{"a": 1e5e}', 1, 7, "is not a number"),
        ('{"a": .5}', 1, 7, "expected a value"),
        ('{"a": "b}', 1, 7, "unterminated"),
        ('{"a": "b\nc"}', 1, 9, "control character"),
        ('{"a": "\\q"}', 1, 8, "escape"),
        ('{"a": "\\ud800"}', 1, 7, "surrogate"),
        ('{"a": 1} {"b": 2}', 1, 10, "after the end"),
        ('{"a": 1 // one\n}', 1, 9, "comment"),
        ("# hello\n{}", 1, 1, "comment"),
        ("[" * 33, 1, 33, "deep"),
        ("[" * 500_000, 1, 33, "deep"),
        ('{"a":' * 500_000, 1, 161, "deep"),
    ],
)
def test_broken_syntax_has_its_place_and_its_name(text, line, column, words):
    with pytest.raises(FormatError) as caught:
        parse_json(text, "x")

    (problem,) = caught.value.problems
    assert (problem.line, problem.column) == (line, column)
    assert words in problem.message


@pytest.mark.parametrize("word", ["NaN", "-NaN", "Infinity", "-Infinity", "1e999", "-1e999", "9" * 400, "1" + "0" * 5000])
def test_invalid_numbers_are_collected_with_their_position(word):
    document = parse_json(f'{{"a": [0,\n {word}], "b": {word}}}', "x")

    assert document.value == {"a": [0, None], "b": None}
    assert set(document.invalid_values) == {("a", 1), ("b",)}
    assert (document.invalid_values["a", 1].line, document.invalid_values["a", 1].column) == (2, 2)


def test_repeated_keys_are_collected_and_the_last_counts():
    document = parse_json('{"a": {"b": 1,\n "b": 2}, "c": 0,\n "a": {"b": 3, "b": 4}}', "x")

    assert document.value == {"a": {"b": 4}, "c": 0}
    assert [(each.path, each.line, each.column, each.first_line) for each in document.repeated_keys] == [
        (("a", "b"), 2, 2, 1),
        (("a",), 3, 2, 1),
        (("a", "b"), 3, 16, 3),
    ]


def test_a_problem_of_something_absent_stands_at_what_is_around_it():
    document = parse_json('{\n "a": {"b": 1}}', "x")

    problem = document.problem(("a", "missing", "deeper"), "wrong")

    assert (problem.line, problem.column) == (2, 2)


def test_messages_cannot_move_a_terminal():
    document = parse_json('{"\\u001b[2J": 1}', "x")

    message = document.problem(("\x1b[2J",), "unknown `\x1b[2J`").message

    assert message.isprintable()
    assert to_printable("a\nb\x1b") == "a\\nb\\x1b"
    assert len(to_printable("x" * 1000)) < 100


def test_a_byte_that_is_no_utf8_has_its_place(tmp_path):
    path = tmp_path / "a.spec"
    path.write_bytes('{"ü":\n "é'.encode() + b'\xff"}')

    with pytest.raises(FormatError) as caught:
        read_json(path, "spec")

    assert (caught.value.problems[0].line, caught.value.problems[0].column) == (2, 4)
    assert "0xff" in caught.value.message and "UTF-8" in caught.value.hint


def test_a_byte_order_mark_is_no_problem(tmp_path):
    path = tmp_path / "a.spec"
    path.write_bytes(b'\xef\xbb\xbf{"a": 1}')

    assert read_json(path, "spec").value == {"a": 1}


@pytest.mark.parametrize(
    ("head", "words"),
    [
        (b"PK\x03\x04\xff", "zip"),
        (b"\x80\x02\xff", "pickle"),
        (b"SQLite format 3\x00\xff", "SQLite"),
        ("{}".encode("utf-16"), "UTF-16"),
        (b"\x10\x27\x00\x00\x00\x00\x00\x00{\xff", "checkpoint"),
    ],
)
def test_files_of_other_types_are_named(tmp_path, head, words):
    path = tmp_path / "a.spec"
    path.write_bytes(head)

    with pytest.raises(FormatError, match=words):
        read_json(path, "spec")


def test_a_hundred_megabytes_are_refused_before_they_are_read(tmp_path):
    path = tmp_path / "a.spec"
    with open(path, "wb") as file:
        file.truncate(100_000_000)
    start = time.process_time()

    with pytest.raises(FileError, match=r"100\.0 MB; a spec has at most 1 MB"):
        read_json(path, "spec")

    assert time.process_time() - start < 0.5


@pytest.mark.parametrize("text", ["[" + "1," * 499_000 + "1]", "{" + ",".join(f'"a{i % 7}":{i}' for i in range(90_000)) + "}"])
def test_the_largest_file_is_read_in_seconds(text):
    start = time.process_time()

    parse_json(text, "x")

    assert time.process_time() - start < 15


def test_the_folder_is_left_as_it_was(tmp_path: Path):
    (tmp_path / "a.spec").write_text("{")
    with pytest.raises(FormatError):
        read_json(tmp_path / "a.spec", "spec")

    assert [entry.name for entry in tmp_path.iterdir()] == ["a.spec"]
