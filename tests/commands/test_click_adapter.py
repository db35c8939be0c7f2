"""Command lines parsed by click: help, wrong usage, numbers."""

from __future__ import annotations

from pathlib import Path

import pytest

from gts.commands.command import Command
from gts.commands.registry import COMMANDS


@pytest.fixture(params=COMMANDS.values(), ids=COMMANDS)
def command(request: pytest.FixtureRequest) -> Command:
    return request.param


def test_help_names_everything(gts, command: Command) -> None:
    outcome = gts(command.name, "--help")
    assert outcome.code == 0
    said = " ".join(outcome.out.split())
    assert command.summary in said
    for argument in command.arguments:
        assert argument.display_metavar in said
    for option in command.options:
        assert all(flag in said for flag in option.flags)
    assert "--json" in said
    assert "--workspace" in said
    assert ("--threads" in said) == command.threads


def test_hidden_spelling_is_not_in_the_help(gts) -> None:
    out = gts("train", "--help").out
    assert "--no-save-on-interrupt" in out
    assert "--nosaveoninterrupt" not in out


def test_without_command_help_and_first_steps_are_shown(gts) -> None:
    outcome = gts()
    assert outcome.code == 0
    assert "hint: start with: gts init" in outcome.err
    assert all(name in outcome.out for name in COMMANDS)
    assert gts("--version").out.startswith("gts ")


def test_misspelled_command_gets_a_suggestion(gts) -> None:
    outcome = gts("trian", "a.spec")
    assert (outcome.code, outcome.out) == (2, "")
    assert "did you mean `train`?" in outcome.err


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (["train"], "missing argument"),
        (["train", "--fast"], "no such option"),
        (["train", "a.spec", "-s", "many"], "not a whole number"),
        (["train", "a.spec", "-s", "1e999"], "not a whole number"),
        (["train", "a.spec", "--seeds", "0"], "at least 1"),
        (["train", "a.spec", "--keep", "some"], "not one of"),
        (["new", "study", "x"], "not one of"),
        (["score"], "missing argument"),
        (["doctor", "extra"], "unexpected extra argument"),
    ],
)
def test_wrong_usage_is_one_error_and_a_hint(gts, words: list[str], complaint: str) -> None:
    outcome = gts(*words)
    assert (outcome.code, outcome.out) == (2, "")
    assert complaint in outcome.err
    assert outcome.err.startswith("error: ")
    assert f"hint: see `gts {words[0]} --help`" in outcome.err


@pytest.mark.parametrize(("word", "steps"), [("300", 300), ("2k", 2000), ("1e3", 1000), ("1_000", 1000), ("0.5M", 500_000)])
def test_integers_accept_suffixes(word: str, steps: int) -> None:
    from gts.commands.click_adapter import _Integer

    assert _Integer(1, None).convert(word, None, None) == steps


@pytest.mark.parametrize("word", ["-1", "nan", "inf", "soon"])
def test_numbers_are_finite_and_within_their_bounds(gts, workspace: Path, word: str) -> None:
    outcome = gts("train", "tiny.spec", f"--save-every={word}")
    assert (outcome.code, outcome.out) == (2, "")
    assert ("at least 0" if word == "-1" else "is not a number") in outcome.err
