"""Completion at the shell: candidates of every kind."""

from __future__ import annotations

import os
import subprocess
import sys
from datetime import datetime
from pathlib import Path

from gts.commands.command import Context
from gts.commands.shell_completion import candidates
from gts.params.techniques import TECHNIQUES
from gts.store.workspace import Workspace


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
