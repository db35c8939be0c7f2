"""Completion at the shell: candidates of every kind."""

from __future__ import annotations

import os
import subprocess
import sys
from datetime import datetime
from pathlib import Path

import pytest

from gts.commands.command import Context
from gts.commands.shell_completion import complete_word
from gts.params.techniques import TECHNIQUES
from gts.store.workspace import Workspace


def test_words_are_completed_by_kind(workspace: Path) -> None:
    context = Context(Workspace(workspace))
    (workspace / "hopper").mkdir()
    (workspace / "a.space").touch()
    (workspace / "a.txt").touch()
    (workspace / ".hidden.spec").touch()
    assert complete_word("figure", "h", context) == ["hopper", "halfCheetah", "humanoid"]
    assert complete_word("technique", "", context) == list(TECHNIQUES)
    assert complete_word("spec", "", context) == ["hopper/", "tiny.spec"]
    assert complete_word("document", "a", context) == ["a.space"]
    assert complete_word("document", "./t", context) == ["./tiny.spec"]
    assert complete_word("reference", "@", context) == complete_word("job", "", context) == []
    runs = [Workspace(workspace).create_run_folder(name, datetime.now()) for name in ("one", "two")]
    for run in runs:
        run.run_file.touch()
    assert complete_word("job", "", context) == ["@last", *sorted((run.id for run in runs), reverse=True)]
    assert "Hopper/minimumSpeed=" in complete_word("parameter", "Hopper/min", context)
    assert complete_word("nothing", "", context) == []


@pytest.mark.process
def test_shell_completion_script_works(workspace: Path) -> None:
    environment = {**os.environ, "_GTS_COMPLETE": "bash_complete", "COMP_WORDS": "gts train ti", "COMP_CWORD": "2"}
    program = "from gts.cli import main; import sys; sys.exit(main())"
    done = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, text=True, cwd=workspace)
    assert done.stdout.split() == ["plain,tiny.spec"]
