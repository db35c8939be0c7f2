"""The table of commands: whatever is declared can be run, asked about and found in the reference."""

from __future__ import annotations

import inspect
import os
import subprocess
import sys
from datetime import datetime
from pathlib import Path

import pytest

from gts.commands import reference
from gts.commands.completion import candidates
from gts.commands.declare import GROUPS, Command, Context, Result
from gts.commands.table import COMMANDS
from gts.commands.views import VIEWS, function_for
from gts.params.figures import FIGURES
from gts.params.techniques import TECHNIQUES
from gts.store.workspace import Workspace


@pytest.fixture(params=COMMANDS.values(), ids=COMMANDS)
def command(request: pytest.FixtureRequest) -> Command:
    return request.param


def test_the_commands_are_there() -> None:
    words = "init new check copy rename delete restore import train search worker jobs tail stop resume workers service "
    words += "trials study best play score info"
    assert " ".join(COMMANDS) == f"{words} compare export bench doctor themes"
    assert {command.group for command in COMMANDS.values()} == set(GROUPS)


def test_run_takes_just_what_is_declared(command: Command) -> None:
    declared = [one.name for one in command.arguments] + [one.value_name for one in command.options]
    taken = [name for name, value in inspect.signature(command.run).parameters.items() if value.kind == value.KEYWORD_ONLY]
    assert sorted(declared) == sorted(taken)
    assert len(set(declared)) == len(declared)


def test_texts_are_sentences(command: Command) -> None:
    texts = [command.summary, *(one.help for one in command.arguments), *(one.help for one in command.options)]
    assert all(text.endswith(".") and text[0].isupper() for text in texts if not text.startswith("`"))


def test_help_names_everything(gts, command: Command) -> None:
    outcome = gts(command.name, "--help")
    assert outcome.code == 0
    said = " ".join(outcome.out.split())
    assert command.summary in said
    for argument in command.arguments:
        assert argument.shown in said
    for option in command.options:
        assert all(flag in said for flag in option.flags)
    assert "--json" in said
    assert "--workspace" in said
    assert ("--threads" in said) == command.threads


def test_alone_it_helps_and_says_how_to_begin(gts) -> None:
    outcome = gts()
    assert outcome.code == 0
    assert "hint: start with: gts init" in outcome.err
    assert all(name in outcome.out for name in COMMANDS)
    assert gts("--version").out.startswith("gts ")


def test_a_misspelled_command_is_guessed(gts) -> None:
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
def test_wrong_use_is_one_sentence_and_a_hint(gts, words: list[str], complaint: str) -> None:
    outcome = gts(*words)
    assert (outcome.code, outcome.out) == (2, "")
    assert complaint in outcome.err
    assert outcome.err.startswith("error: ")
    assert f"hint: `gts {words[0]} --help`" in outcome.err


@pytest.mark.parametrize(("word", "steps"), [("300", 300), ("2k", 2000), ("1e3", 1000), ("1_000", 1000), ("0.5M", 500_000)])
def test_whole_numbers_may_be_short(word: str, steps: int) -> None:
    from gts.commands.grammar import _Whole

    assert _Whole(1, None).convert(word, None, None) == steps


@pytest.mark.parametrize("word", ["-1", "nan", "inf", "soon"])
def test_numbers_are_finite_and_within_their_bounds(gts, workspace: Path, word: str) -> None:
    outcome = gts("train", "tiny.spec", f"--save-every={word}")
    assert (outcome.code, outcome.out) == (2, "")
    assert ("at least 0" if word == "-1" else "is not a number") in outcome.err


def test_every_command_imports_only_what_it_needs() -> None:
    program = "import sys\nfrom gts.commands.table import COMMANDS\nprint(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout.split()
    assert not {"torch", "mujoco", "gymnasium", "optuna", "numpy", "pydantic", "rich", "sqlite_utils", "psutil"} & set(loaded)


def test_help_costs_a_third_of_a_second_at_most(tmp_path: Path) -> None:
    spent = []
    for _ in range(3):
        before = os.times()
        subprocess.run([sys.executable, "-m", "gts", "--help"], check=True, capture_output=True)
        after = os.times()
        # Processor time, since other work on the machine makes the clock say more.
        spent.append(after.children_user + after.children_system - before.children_user - before.children_system)
    assert min(spent) < 0.3


def test_reference_has_every_command_parameter_reward_and_metric() -> None:
    from gts.training.metrics import METRICS

    said = {name: write() for name, write in reference.BLOCKS.items()}
    for command in COMMANDS.values():
        assert f"## gts {command.name}\n" in said["commands"]
        assert f"[{command.name}](gts/commands/README.md#gts-{command.name})" in said["summary"]
        assert all(flag in said["commands"] for option in command.options for flag in option.flags)
    for technique, model in TECHNIQUES.items():
        assert f"## {technique}" in said["parameters"]
        assert all(f"`{field.alias}`" in said["parameters"] for field in model.model_fields.values())
    for figure in FIGURES.values():
        assert all(f"`{one.key}`" in said["rewards"] for one in figure.parameters())
    assert all(f"`{name}`" in said["metrics"] for name in METRICS)
    for text in said.values():
        tables = [line for line in text.splitlines() if line.startswith("|")]
        assert all(line.endswith("|") for line in tables)


def test_reference_replaces_its_blocks_and_checks_them(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    page = tmp_path / "README.md"
    page.write_text("# Title\n\n<!-- metrics -->\nstale\n<!-- /metrics -->\n\nThe end.\n")
    assert reference.main([str(page), "--check"]) == 1
    assert "stale" in page.read_text()
    assert reference.main([str(page)]) == 0
    text = page.read_text()
    assert text.startswith("# Title\n\n<!-- metrics -->\n\n| metric |")
    assert text.endswith("<!-- /metrics -->\n\nThe end.\n")
    assert "stale" not in text
    assert reference.main([str(page), "--check"]) == 0
    page.write_text("<!-- metrics -->\n")
    assert reference.main([str(page)]) == 2
    assert reference.main([str(tmp_path / "none.md")]) == 2
    assert "error: " in capsys.readouterr().err


def test_words_are_completed_by_what_they_stand_for(workspace: Path) -> None:
    context = Context(Workspace(workspace))
    (workspace / "hopper").mkdir()
    (workspace / "a.space").touch()
    (workspace / "a.txt").touch()
    (workspace / ".hidden.spec").touch()
    assert candidates("figure", "h", context) == ["hopper", "halfCheetah", "humanoid"]
    assert candidates("technique", "", context) == list(TECHNIQUES)
    assert candidates("spec", "", context) == ["hopper/", "tiny.spec"]
    assert candidates("document", "a", context) == ["a.space"]
    assert candidates("document", "./t", context) == ["./tiny.spec"]
    assert candidates("reference", "@", context) == candidates("job", "", context) == []
    runs = [Workspace(workspace).make_run(name, datetime.now()) for name in ("one", "two")]
    for run in runs:
        run.facts.touch()
    assert candidates("job", "", context) == ["@last", *sorted((run.id for run in runs), reverse=True)]
    assert "Hopper/minimumSpeed=" in candidates("parameter", "Hopper/min", context)
    assert candidates("nothing", "", context) == []


def test_the_shell_completes(workspace: Path) -> None:
    environment = {**os.environ, "_GTS_COMPLETE": "bash_complete", "COMP_WORDS": "gts train ti", "COMP_CWORD": "2"}
    program = "from gts.cli import main; import sys; sys.exit(main())"
    done = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, text=True, cwd=workspace)
    assert done.stdout.split() == ["plain,tiny.spec"]


def test_a_command_line_loads_its_own_command_alone() -> None:
    program = "import sys\nfrom gts.cli import main\nmain(['check', '--help'])\nprint(*sys.modules, file=sys.stderr)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    loaded = {name.removeprefix("gts.commands.") for name in done.stderr.split() if name.startswith("gts.commands.")}
    assert loaded & set(COMMANDS) == {"check"}


def test_every_result_has_a_view() -> None:
    assert len(list(COMMANDS.values())) == len(COMMANDS)  # every module is loaded from here on
    kinds = [Result]
    for kind in kinds:
        kinds += kind.__subclasses__()
    shown = {
        f"{kind.__module__.rpartition('.')[2]}.{kind.__name__}" for kind in kinds[1:] if kind.__module__.startswith("gts.")
    }
    assert shown == set(VIEWS)
    assert all(callable(function_for(kind)) for kind in kinds[1:] if kind.__module__.startswith("gts."))
