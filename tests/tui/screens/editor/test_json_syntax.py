"""What the editor knows of a text: what stands where, how it is changed, what could be written."""

from __future__ import annotations

import json
import random
from pathlib import Path

import pytest

from gts.errors import UsageError
from gts.formats.space_file import space_of
from gts.formats.spec_file import spec_of
from gts.formats.strict_json import parse_json
from gts_tui.editing.changing import difference, with_value, without
from gts_tui.editing.checking import check_text
from gts_tui.editing.comparing import lines_of, parameters_of
from gts_tui.editing.fields import assigned, fields_of
from gts_tui.editing.meanings import meaning_of, subject_of
from gts_tui.editing.offering import accepted, proposals_at
from gts_tui.editing.outline import outline, place_at, values_in
from gts_tui.editing.tokens import colours
from tests.support.repository import WORKSPACE, shipped_files

FILES = [*shipped_files("*.spec"), *shipped_files("*.space")]

SPEC = """{
  "comment": "notes [stay]",
  "physicalModel": "hopper",
  "technique": "ppo",
  "params": {
    "seed":   1,
    "actor.learningRate": 1e-3,

    "critic.learningRate": 0.001
  }
}
"""


def at(text: str) -> tuple[str, int]:
    """A text with `|` for the cursor."""
    return text.replace("|", ""), text.index("|")


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_outline_reads_what_json_reads(path: Path) -> None:
    text = path.read_text()
    values = values_in(text)
    assert values[()] == json.loads(text)
    for entry in outline(text):
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
def test_place_of_a_cursor_in_a_text_that_is_being_typed(text, role, path, typed) -> None:
    place = place_at(*at(text))
    assert (place.role, place.path, place.typed) == (role, path, typed)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_a_change_of_a_value_changes_nothing_else(path: Path) -> None:
    text = path.read_text()
    for entry in outline(text):
        if len(entry.path) == 2 and entry.path[0] == "params":
            changed = with_value(text, entry.path, "4711")
            assert changed[: entry.start] == text[: entry.start]
            assert changed[entry.start + 4 :] == text[entry.end :]


@pytest.mark.parametrize("key", ["seed", "actor.learningRate", "critic.learningRate"])
def test_a_member_taken_out_leaves_the_others_as_they_are(key: str) -> None:
    changed = without(SPEC, ("params", key))
    wanted = json.loads(SPEC)
    del wanted["params"][key]
    assert json.loads(changed) == wanted
    kept = [line.strip().rstrip(",") for line in changed.splitlines()]
    assert [line for line in kept if line] == [
        line for line in (each.strip().rstrip(",") for each in SPEC.splitlines()) if line and f'"{key}"' not in line
    ]


def test_a_new_member_comes_last_and_looks_like_the_others() -> None:
    changed = with_value(SPEC, ("params", "lambda"), "0.9")
    assert changed == SPEC.replace('"critic.learningRate": 0.001', '"critic.learningRate": 0.001,\n\n    "lambda": 0.9')
    assert with_value('{"a": 1}', ("b",), "2") == '{"a": 1, "b": 2}'.replace(", ", ",", 1).replace(",", ", ")
    assert json.loads(with_value("{}", ("params", "seed"), "2")) == {"params": {"seed": 2}}


def test_all_members_taken_out_and_one_put_in() -> None:
    text = SPEC
    for key in ("seed", "actor.learningRate", "critic.learningRate"):
        text = without(text, ("params", key))
    assert '"params": {}' in text
    again = with_value(text, ("params", "seed"), "5")
    assert '"params": {\n    "seed": 5\n  }' in again


@pytest.mark.parametrize(("old", "new"), [("", "a"), ("abc", "abc"), ("aaa", "aa"), ("abcabc", "abcXabc"), ("xy", "")])
def test_difference_makes_the_new_text(old: str, new: str) -> None:
    start, end, piece = difference(old, new)
    assert old[:start] + piece + old[end:] == new


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_a_form_that_is_filled_in_with_what_it_shows_changes_no_meaning(path: Path) -> None:
    text, kind = path.read_text(), path.suffix[1:]
    for field in fields_of(text, kind):
        if field.value:
            assert values_in(assigned(text, field, field.value, kind))[()] == json.loads(text), field.key
            if not field.searched:
                # Not even how a number is spelled, as long as it is typed as it stands there.
                spelled = next(text[one.start : one.end] for one in outline(text) if one.path == field.path)
                assert assigned(text, field, spelled.strip('"'), kind) == text


def test_a_form_takes_what_people_type() -> None:
    fields = {field.key: field for field in fields_of(SPEC, "spec")}

    def after(key: str, typed: str) -> object:
        return json.loads(assigned(SPEC, fields[key], typed, "spec"))["params"].get(key)

    assert after("nSteps", "2e6") == 2_000_000 and isinstance(after("nSteps", "2e6"), int)
    assert after("nSteps", "1_500_000") == 1_500_000
    assert after("lambda", ".9") == 0.9
    assert after("scaleRewards", "False") is False
    assert after("physics", "fast") == "fast"
    assert after("seed", "") is None
    assert '"lambda": 9.5e-1' in assigned(SPEC, fields["lambda"], "9.5e-1", "spec")
    for nonsense in ("abc", "nan", "1e999", "0x10"):
        with pytest.raises(UsageError, match="must be a number"):
            assigned(SPEC, fields["lambda"], nonsense, "spec")


def test_a_form_of_a_space_moves_a_parameter_between_fixed_and_searched() -> None:
    text = (WORKSPACE / "hopper" / "hopper.space").read_text()
    fields = {field.key: field for field in fields_of(text, "space")}
    fixed = assigned(text, fields["actor.learningRate"], "3e-4", "space")
    space = space_of(parse_json(fixed, "x.space"))
    assert space.params["actor.learningRate"] == 3e-4
    assert "actor.learningRate" not in {axis.key for axis in space.param_space}
    fields = {field.key: field for field in fields_of(fixed, "space")}
    searched = assigned(fixed, fields["entropyCoeff"], "0.0 .. 0.02", "space")
    axis = {axis.key: axis for axis in space_of(parse_json(searched, "x.space")).param_space}["entropyCoeff"]
    assert (axis.low, axis.high, axis.log) == (0.0, 0.02, False)


def test_a_range_that_changes_in_one_end_changes_one_number() -> None:
    text = (WORKSPACE / "hopper" / "hopper.space").read_text()
    field = next(field for field in fields_of(text, "space") if field.key == "actor.learningRate")
    assert field.value == "0.0002 .. 0.003 log"
    changed = assigned(text, field, "0.0002 .. 0.005 log", "space")
    assert changed == text.replace('"max": 0.003', '"max": 0.005', 1)
    field = next(field for field in fields_of(text, "space") if field.key == "discountFactor")
    changed = assigned(text, field, "0.98, 0.99, 0.999", "space")
    assert changed == text.replace("0.995", "0.999", 1)


@pytest.mark.parametrize("kind", ["spec", "space"])
def test_every_proposal_makes_a_file_that_is_right(kind: str) -> None:
    """Whatever a person takes from the list for a figure and a technique, the checker agrees."""
    tail = "" if kind == "spec" else ',\n  "paramSpace": {"seed": [1, 2]}'
    for figure in ("invertedPendulum", "humanoid"):
        for technique in ("reinforce", "a2c", "ppo"):
            head = f'{{\n  "physicalModel": "{figure}",\n  "technique": "{technique}",\n  "params": {{\n    '
            text = f"{head}\n  }}{tail}\n}}\n"
            proposals = proposals_at(text, kind, place_at(text, len(head)))
            assert len(proposals) > 30
            for proposal in proposals:
                made, cursor = accepted(text, place_at(text, len(head)), proposal)
                assert check_text(made, f"x.{kind}", kind).errors == (), proposal
                assert made[:cursor].endswith(proposal.value or proposal.key)


def test_every_range_that_is_proposed_can_be_searched() -> None:
    for figure in ("hopper", "ant"):
        for technique in ("reinforce", "a2c", "ppo"):
            head = f'{{"physicalModel": "{figure}", "technique": "{technique}", "params": {{}}, "paramSpace": {{\n'
            text = head + "\n}}"
            for proposal in proposals_at(text, "space", place_at(text, len(head))):
                made, _ = accepted(text, place_at(text, len(head)), proposal)
                assert check_text(made, "x.space", "space").errors == (), proposal


def test_proposals_fit_what_is_typed_and_leave_out_what_is_there() -> None:
    text, cursor = at(SPEC.replace('"seed":   1,', '"seed":   1,\n    "actor.le|"'))
    words = [proposal.word for proposal in proposals_at(text, "spec", place_at(text, cursor))]
    assert words == []
    text, cursor = at(SPEC.replace('"seed":   1,', '"seed":   1,\n    "hiddenA|"'))
    words = [proposal.word for proposal in proposals_at(text, "spec", place_at(text, cursor))]
    assert words == ["actor.hiddenActivation", "critic.hiddenActivation"]


def test_a_proposal_after_a_forgotten_comma_puts_the_comma() -> None:
    text, cursor = at(SPEC.replace("0.001\n", "0.001\n    lambd|\n"))
    place = place_at(text, cursor)
    made, _ = accepted(text, place, proposals_at(text, "spec", place)[0])
    assert json.loads(made)["params"]["lambda"] == 0.95


def test_values_are_proposed_with_the_others_when_one_is_there() -> None:
    text, cursor = at(SPEC.replace('"ppo"', '"ppo|"'))
    assert [proposal.word for proposal in proposals_at(text, "spec", place_at(text, cursor))][:3] == ["reinforce", "a2c", "ppo"]


def test_meaning_has_default_range_and_unit() -> None:
    subject = subject_of("spec", values_in(SPEC))
    meaning = meaning_of(subject, ("params", "exactTail"))
    assert meaning is not None
    assert (meaning.default, meaning.unit, meaning.allowed) == ("0.2", "fraction", "a number ≥ 0, ≤ 1")
    assert meaning_of(subject, ("params", "no.such.thing")) is None
    when = meaning_of(subject_of("space", values_in(SPEC)), ("paramSpace", "lambda", "when", "physics"))
    assert when is not None and when.key == "physics"


def test_difference_by_parameter_knows_defaults_and_spelling() -> None:
    other = SPEC.replace("1e-3", "0.001").replace('"seed":   1', '"seed": 2, "lambda": 0.9')
    found = {one.name: (one.before, one.after, one.default) for one in parameters_of(SPEC, other, "spec")}
    assert found == {"seed": ("1", "2", "1"), "lambda": ("", "0.9", "0.95")}
    assert any(line.startswith("+") and "lambda" in line for line in lines_of(SPEC, other, "a", "b"))


def test_colours_never_leave_their_line() -> None:
    kinds = {line: [colour for _, _, colour in colours(line)] for line in ('"a": "b",', '"a', "tru", '"x[/red]": 1e-3 \\"')}
    assert kinds['"a": "b",'] == ["key", "mark", "text", "mark"]
    assert kinds['"a'] == ["text"]
    assert kinds["tru"] == ["other"]
    assert kinds['"x[/red]": 1e-3 \\"'][:3] == ["key", "mark", "number"]


def test_warnings_have_their_lines() -> None:
    findings = check_text(SPEC.replace('"seed":   1,', '"seed":   1,\n    "nEpisodes": 5,'), "x.spec", "spec")
    assert findings.errors == () and [problem.line for problem in findings.warnings] == [7]
    assert spec_of(parse_json(SPEC, "x")).figure == "hopper"
    for broken in ("", "   ", "not json at all", "[1, 2]", "{", "\x00", "[" * 100, "null"):
        assert check_text(broken, "x.spec", "spec").errors


def test_whatever_stands_in_a_text_it_is_read_coloured_and_completed() -> None:
    draw, files = random.Random(5), [path.read_text() for path in FILES]
    pieces = ("", "{", "}", "[", "]", '"', ",", ":", "x", "\n", '""', "{}", '"a":', "\\", "1", "true", "\0", "é", "1e999")
    for _ in range(1500):
        text = draw.choice(files)
        for _ in range(draw.randrange(1, 5)):
            begin = draw.randrange(len(text) + 1)
            end = min(len(text), begin + draw.randrange(40))
            text = text[:begin] + draw.choice(pieces) + text[end:]
        if draw.random() < 0.5:
            text = text[draw.randrange(len(text) + 1) :][:60]
        place = place_at(text, draw.randrange(len(text) + 1))
        for kind in ("spec", "space"):
            meaning_of(subject_of(kind, values_in(text)), place.path)
            for proposal in proposals_at(text, kind, place)[:3]:
                accepted(text, place, proposal)
            check_text(text, "a.spec", kind)
            fields_of(text, kind)
        for line in text.splitlines():
            list(colours(line))
