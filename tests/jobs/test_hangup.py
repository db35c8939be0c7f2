"""Closing the terminal: the job that was started in it lives, and another terminal follows it."""

from __future__ import annotations

import json
import os
import pty
import select
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from gts.jobs.job_store import list_jobs
from gts.store.workspace import Workspace
from tests.support.trainings import ENDLESS
from tests.support.waiting import wait_until

pytestmark = pytest.mark.process


class Terminal:
    """A shell in a terminal of its own."""

    def __init__(self, folder: Path) -> None:
        self.pid, self.master = pty.fork()
        if self.pid == 0:
            os.chdir(folder)
            os.environ.update(TERM="xterm-256color", PS1="$ ")
            os.execv("/bin/sh", ["/bin/sh", "-i"])
        self.shown = ""

    def type(self, line: str) -> None:
        """Type a line and Enter."""
        os.write(self.master, (line + "\n").encode())

    def wait_for(self, text: str, seconds: float = 60.0) -> str:
        """Read until a text is shown; returns everything shown so far."""

        def seen() -> bool:
            if text not in self.shown and select.select([self.master], [], [], 0.1)[0]:
                self.shown += os.read(self.master, 65536).decode(errors="replace")
            return text in self.shown

        wait_until(seen, what=lambda: f"{text!r} in {self.shown}", deadline=seconds, interval=0.0)
        return self.shown

    def close(self) -> None:
        """Close the window: everything in it gets SIGHUP."""
        with suppress(OSError):
            os.close(self.master)
        with suppress(ChildProcessError):
            os.waitpid(self.pid, 0)


@pytest.fixture
def terminals(tmp_path: Path) -> Iterator[list[Terminal]]:
    opened: list[Terminal] = []
    yield opened
    for terminal in opened:
        terminal.close()
    for one in list_jobs(Workspace(tmp_path), alive=True):
        with suppress(ProcessLookupError):
            os.killpg(one.lock_info.worker.pid, signal.SIGKILL)


@pytest.mark.slow
def test_a_closed_terminal_ends_no_job_and_another_follows_it(tmp_path: Path, terminals: list[Terminal], until) -> None:
    (tmp_path / "gts.spec").write_text(json.dumps({"physicalModel": "invertedPendulum", "technique": "ppo", "params": ENDLESS}))
    first = Terminal(tmp_path)
    terminals.append(first)
    command = f"{sys.executable} -m gts"
    first.type(f"{command} train gts.spec --detach --save-every 1 --threads 1 --workspace .; echo over $?")
    first.wait_for("over 0")
    (job,) = [one.job for one in list_jobs(Workspace(tmp_path))]
    assert job.id in first.shown
    first.close()

    worker = until(job, "running").lock_info.worker.pid
    second = Terminal(tmp_path)
    terminals.append(second)
    second.type(f"{command} tail {job.id} --workspace .; echo over $?")
    second.wait_for("training")
    before = _steps(tmp_path, job.id)
    wait_until(lambda: _steps(tmp_path, job.id) > before, what="further steps", interval=0.2)
    os.write(second.master, b"\x03")
    shown = second.wait_for("over 130")
    assert "the job is still running" in shown
    assert until(job, "running").lock_info.worker.pid == worker
    second.close()
    assert until(job, "running").lock_info.worker.pid == worker


def _steps(workspace: Path, run: str) -> int:
    words = [sys.executable, "-m", "gts", "info", run, "--json", "--workspace", str(workspace)]
    return int(json.loads(subprocess.run(words, capture_output=True, text=True, check=True).stdout)["step"])
