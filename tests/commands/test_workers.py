"""`gts workers` during a search: one process more, then one less, and no trial is lost."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from gts.jobs.job_store import find_job
from gts.store.workspace import Workspace
from tests.support.cli import TINY_SPACE, run_json
from tests.support.waiting import wait_until

pytestmark = pytest.mark.process

PATIENCE = 90.0
"""Deadline in seconds for a process to start, or to save its trainings and end, on a busy machine."""


@pytest.mark.slow
def test_running_search_gets_and_loses_a_worker(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GTS_STATE", str(tmp_path / "state"))
    space = {**TINY_SPACE, "name": "long", "nSteps": 4_000_000, "nEpochs": 4000}
    (tmp_path / "long.space").write_text(json.dumps(space))
    words = ("search", "long.space", "8", "-n", "1", "--threads", "2", "--cohort", "2", "--save-every", "2")
    command = [sys.executable, "-m", "gts", *words]
    nowhere = subprocess.DEVNULL
    search = subprocess.Popen(command, cwd=tmp_path, env=dict(os.environ), stdout=nowhere, stderr=nowhere)
    try:
        until(lambda: working(search.pid) == 1, search)
        code, data, said = run_json(tmp_path, "workers", "long", "2")
        assert (code, data["workers"], data["at_work"]) == (0, 2, True), said
        until(lambda: working(search.pid) == 2, search)
        code, data, said = run_json(tmp_path, "workers", "long", "1")
        assert (code, data["workers"], data["at_work"]) == (0, 1, True), said
        until(lambda: working(search.pid) == 1, search)
        log = (tmp_path / "studies" / "long" / "log.txt").read_text()
        assert log.index("2 workers now") < log.index("1 worker now\n")
        assert "failed" not in log and "unasked" not in log
    finally:
        search.terminate()
        try:
            search.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            search.kill()
    # What was begun goes on next time, with the number that was asked for last.
    assert find_job(Workspace(tmp_path), "long").state.name == "paused"
    assert json.loads((tmp_path / "studies" / "long" / "workers.json").read_text()) == {"workers": 1}


def working(pid: int) -> int:
    """List the worker processes of a search."""
    found = 0
    for process in psutil.Process(pid).children(recursive=True):
        try:
            found += "gts.jobs.searches.search_worker" in process.cmdline()
        except psutil.Error:
            continue
    return found


def until(condition: Callable[[], bool], search: subprocess.Popen[bytes]) -> None:
    """Wait until a condition holds; fails when the search ends."""

    def holds() -> bool:
        assert search.poll() is None, "the search has ended"
        return condition()

    wait_until(holds, what="the number of workers", deadline=PATIENCE, interval=0.1)
