"""The registry: each command is declared once, documented, and loads only what it needs."""

from __future__ import annotations

import inspect
import os
import subprocess
import sys
from pathlib import Path

import pytest

from gts.commands.command import GROUP_TITLES, Command, Result
from gts.commands.registry import COMMANDS
from gts.commands.views import find_renderer


@pytest.fixture(params=COMMANDS.values(), ids=COMMANDS)
def command(request: pytest.FixtureRequest) -> Command:
    return request.param


def test_registry_lists_all_commands() -> None:
    words = "init new check copy rename delete restore import train search worker jobs tail stop resume workers service "
    words += "trials study best play score info"
    assert " ".join(COMMANDS) == f"{words} compare export bench doctor themes"
    assert {command.group for command in COMMANDS.values()} == set(GROUP_TITLES)


def test_run_parameters_match_the_declaration(command: Command) -> None:
    declared = [one.name for one in command.arguments] + [one.value_name for one in command.options]
    taken = [name for name, value in inspect.signature(command.run).parameters.items() if value.kind == value.KEYWORD_ONLY]
    assert sorted(declared) == sorted(taken)
    assert len(set(declared)) == len(declared)


def test_texts_are_sentences(command: Command) -> None:
    texts = [command.summary, *(one.help for one in command.arguments), *(one.help for one in command.options)]
    assert all(text.endswith(".") and text[0].isupper() for text in texts if not text.startswith("`"))


@pytest.mark.process
def test_every_command_imports_only_what_it_needs() -> None:
    program = "import sys\nfrom gts.commands.registry import COMMANDS\nprint(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout.split()
    assert not {"torch", "mujoco", "gymnasium", "optuna", "numpy", "pydantic", "rich", "sqlite_utils", "psutil"} & set(loaded)


@pytest.mark.process
def test_help_takes_at_most_a_third_of_a_second(tmp_path: Path) -> None:
    spent = []
    for _ in range(3):
        before = os.times()
        subprocess.run([sys.executable, "-m", "gts", "--help"], check=True, capture_output=True)
        after = os.times()
        # Processor time, since other work on the machine makes the clock say more.
        spent.append(after.children_user + after.children_system - before.children_user - before.children_system)
    assert min(spent) < 0.3


@pytest.mark.process
def test_command_line_loads_only_its_own_command() -> None:
    program = "import sys\nfrom gts.cli import main\nmain(['check', '--help'])\nprint(*sys.modules, file=sys.stderr)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    loaded = {name.removeprefix("gts.commands.") for name in done.stderr.split() if name.startswith("gts.commands.")}
    assert loaded & set(COMMANDS) == {"check"}


def test_every_result_has_a_view() -> None:
    assert len(list(COMMANDS.values())) == len(COMMANDS)  # every module is loaded from here on
    kinds = [Result]
    for kind in kinds:
        kinds += kind.__subclasses__()
    kinds = [kind for kind in kinds[1:] if kind.__module__.startswith("gts.")]
    assert len({kind.view for kind in kinds}) == len(kinds)
    assert all(callable(find_renderer(kind)) for kind in kinds)
