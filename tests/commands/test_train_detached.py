"""Trainings in the background: started, followed, stopped and resumed."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from gts.jobs.job_store import list_jobs, read_job_status
from gts.store.workspace import Workspace
from tests.support.cli import start
from tests.support.waiting import wait_until

pytestmark = pytest.mark.process

ENDLESS = ("-s", "400M", "-e", "400000", "--set", "nEvaluations=0", "--no-score")


@pytest.fixture(autouse=True)
def _nothing_outlives_its_test(workspace: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("GTS_STATE", str(workspace / "state"))
    yield
    for standing in list_jobs(Workspace(workspace), alive=True):
        if standing.lock_info is not None and standing.lock_info.group:
            with suppress(ProcessLookupError):
                os.killpg(standing.lock_info.worker.pid, signal.SIGKILL)


def until(folder: Path, *words: str) -> None:
    def shown() -> str:
        log = folder / "log.txt"
        return f"{words}: {read_job_status(folder).state}\n{log.read_text() if log.exists() else ''}"

    wait_until(lambda: read_job_status(folder).state.name in words, what=shown, deadline=180.0)


def test_detached_training_is_stopped_and_resumed(gts, workspace: Path) -> None:
    begun = gts("train", "tiny.spec", "out/big.checkpoint", "--detach", *ENDLESS)
    assert (begun.code, begun.out) == (2, "")  # everything that can fail does so before
    begun = gts("train", "tiny.spec", "big.checkpoint", "--detach", "--save-every", 0.5, *ENDLESS, "--json").data
    run, folder = begun["run"], Path(begun["folder"])
    assert begun["results"] == [str(workspace / "big.checkpoint")]
    until(folder, "running")
    assert f" on {os.uname().nodename}" in gts("info", run).out
    outcome = gts("resume", run)
    assert (outcome.code, "is already running" in outcome.err) == (2, True)
    follower = start(workspace, "tail", run)
    assert follower.stdout is not None
    assert "training tiny.spec" in follower.stdout.readline()

    outcome = gts("stop", run)
    assert outcome.code == 0, outcome.err
    step = gts("jobs", "--json").data["jobs"][0]["step"]
    assert f"{run}: stopped, " + f"{step:,}".replace(",", " ") in outcome.out
    assert step > 0
    told, _ = follower.communicate(timeout=60)
    assert follower.returncode == 0
    assert f"stopped at step {step}" in told
    assert f"next: gts resume {run}" in told.replace("      gts", "next: gts")

    outcome = gts("resume", run)
    assert f"{run} resumed at step {step:,}".replace(",", " ") in outcome.out
    until(folder, "running")
    killed = gts("stop", "@last", "--now", "--json").data["jobs"][0]
    assert (killed["state"], killed["reason"]) == ("paused", "stopped")
    assert killed["step"] >= step


def test_queued_training_waits_for_a_slot_and_can_be_stopped(gts, workspace: Path, monkeypatch) -> None:
    gts("jobs", "--slots", 1)
    first = gts("train", "tiny.spec", "--queue", *ENDLESS, "--json").data
    until(Path(first["folder"]), "running")
    shown = gts("train", "tiny.spec", "second.checkpoint", "--queue", *ENDLESS)
    (second,) = [one for one in Workspace(workspace).run_ids() if one != first["run"]]
    assert f"{second} queued until the running jobs leave room" in shown.out
    folder = Workspace(workspace).run_folder(second).path
    wait_until(lambda: "1 of 1 are taken" in read_job_status(folder).state.reason, what="the reason why it waits")
    listed = gts("jobs")
    assert "for a slot: 1 of 1 are taken" in listed.out
    assert "number 1 in the queue" in listed.out
    assert "1 of 1 slots taken" in listed.out
    assert gts("stop", second, "--json").data["jobs"][0]["state"] == "paused"
    os.killpg(read_job_status(Path(first["folder"])).lock_info.worker.pid, signal.SIGKILL)
    until(Path(first["folder"]), "interrupted")
    data = gts("resume", "--all", "--json").data
    assert [one["id"] for one in data["jobs"]] == [first["run"]]
    assert [(one["id"], one["state"]) for one in data["left_alone"]] == [(second, "paused")]


@pytest.mark.slow
def test_detached_seeds_write_a_summary(gts, workspace: Path) -> None:
    begun = gts("train", "tiny.spec", "out.checkpoint", "--seeds", 2, "--detach", "--json").data
    outcome = gts("tail", begun["run"])
    assert outcome.code == 0, outcome.err
    assert "mean over seeds" in outcome.out
    assert (workspace / "out-summary.json").exists()
