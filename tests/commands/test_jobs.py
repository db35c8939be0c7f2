"""`gts jobs`, `tail`, `stop` and `resume` with simulated jobs, whose locks this process holds."""

from __future__ import annotations

import os
import shutil
import signal
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from io import StringIO
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from rich.console import Console

from gts.commands import tail
from gts.commands.job_progress import RunProgress
from gts.commands.views.live import EventDisplay
from gts.formats.checkpoint import read_checkpoint
from gts.jobs import control
from gts.jobs.job_events import DiskFull, DiskFullCleared, RunStarted
from gts.jobs.job_lock import JobLock
from gts.jobs.job_store import Job, read_job, read_job_status, write_job
from gts.jobs.queue import JobQueue, QueueEntry
from gts.jobs.requests import TrainingRequest
from gts.jobs.states import Done
from gts.jobs.stop_request import StopRequest
from gts.jobs.trainings.run_writer import RunWriter
from gts.jobs.trainings.runs import create_run
from gts.params.spec import make_spec
from gts.store.metrics import MetricsWriter
from gts.store.workspace import RunFolder, Workspace
from gts.training.events import TrainingProgress
from tests.support.cli import TINY_SPEC
from tests.support.waiting import wait_until

Pretend = Callable[..., tuple[Job, JobLock]]


@pytest.fixture(autouse=True)
def _own_row(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GTS_STATE", str(tmp_path / "state"))


@pytest.fixture
def pretend(workspace: Path) -> Iterator[Pretend]:
    """Simulates jobs: `pretend("running")`, `pretend(recorded="failed", reason="…")`."""
    lives: list[JobLock] = []

    def make(
        doing: Any = "running", reason: str = "", *, recorded: str = "running", attempts: tuple[int, ...] = ()
    ) -> tuple[Job, JobLock]:
        spec = make_spec(TINY_SPEC["physicalModel"], TINY_SPEC["technique"], TINY_SPEC["params"] | {"nSteps": 1_000_000})
        results = (workspace / "out.checkpoint",)
        asked = TrainingRequest(Workspace(workspace), "tiny", "tiny.spec", (spec,), results, threads=1)
        job, life = create_run(asked)
        lives.append(life)
        job = write_job(
            asked.workspace,
            replace(job, recorded_state=recorded, reason=reason if recorded != "running" else "", attempts=attempts),
        )
        if doing is None:
            life.release()
        else:
            life.set_activity(doing, reason)
        return job, life

    yield make
    for life in lives:
        life.release()


def numbers(job: Job, rounds: int) -> None:
    """Write rounds of 100 steps at 10 000 steps per second."""
    with MetricsWriter(RunFolder(job.folder).metrics, rounds=1000) as writer:
        for epoch in range(1, rounds + 1):
            time.sleep(0.01)
            writer.add_round(100 * epoch, epoch, [{"return": float(epoch)}], {"physics": 0.01})
        writer.add_evaluation(0, 100 * rounds, {"mean": 77.0}, best=True)


class PollCounter:
    """Counts how often a command that follows a job has looked at it."""

    def __init__(self) -> None:
        self._count = 0

    def add(self) -> None:
        self._count += 1

    def wait(self, polls: int = 2) -> None:
        """Wait until it has looked again, that often."""
        wanted = self._count + polls
        wait_until(lambda: self._count >= wanted, what=f"{polls} looks at the job")


@pytest.fixture
def polls(monkeypatch: pytest.MonkeyPatch) -> PollCounter:
    counter, wait, wait_for_end = PollCounter(), StopRequest.wait, control.wait_for_end

    def counted(self: StopRequest, seconds: float) -> bool:
        counter.add()
        return wait(self, seconds)

    def counted_end(job: Job, seconds: float) -> bool:
        counter.add()
        return wait_for_end(job, seconds)

    monkeypatch.setattr(StopRequest, "wait", counted)
    monkeypatch.setattr(control, "wait_for_end", counted_end)
    return counter


def after_polls(polls: PollCounter, act: Callable[[], object]) -> threading.Thread:
    """Act in a thread once a command has looked at its job."""

    def run() -> None:
        polls.wait()
        act()

    thread = threading.Thread(target=run)
    thread.start()
    return thread


def test_empty_list_of_jobs_has_a_next_step(gts, workspace: Path) -> None:
    outcome = gts("jobs")
    assert outcome.code == 0
    assert "next: gts train FILE.spec --detach" in outcome.out
    assert gts("tail").code == gts("stop", "nothing").code == gts("stop").code == gts("resume").code == 2
    assert gts("stop", "--all").code == gts("resume", "--all").code == 0
    assert "note: there is no interrupted job" in gts("resume", "--all").err


def test_jobs_shows_every_state_in_80_columns(gts, workspace: Path, pretend, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    done, _ = pretend(None, recorded="done")
    failed, _ = pretend(None, "a loss of nan", recorded="failed")
    died, _ = pretend(None, attempts=(0, 0, 0))
    killed, _ = pretend(None)
    full, _ = pretend("paused", "the disk is full")
    waits, _ = pretend("queued", "for CPUs: 1 of 1 are taken, it uses 1")
    works, _ = pretend("running")
    numbers(works, 20)
    with (
        JobQueue().enter(QueueEntry("elsewhere", "/other", 1, is_running=True)),
        JobQueue().enter(QueueEntry(waits.id, str(workspace), 1, False)),
    ):
        outcome = gts("jobs")
        data = {job["id"]: job for job in gts("jobs", "--json").data["jobs"]}
    lines = outcome.out.splitlines()
    assert all(len(line.rstrip()) <= 80 for line in lines)
    for job, says in [
        (works, "▶ running"), (waits, "… queued"), (full, "‖ paused"), (killed, "! interrupted"),
        (died, "✗ failed"), (failed, "✗ failed"), (done, "✓ done"),
    ]:  # fmt: skip
        assert any(line.startswith(job.id) and says in line for line in lines), says
    for said in ("the disk is full", "a loss of nan", "by kill", "it crashed 3 times at step 0", "number 1 in the queue"):
        assert said in outcome.out
    assert "1 running, 1 queued (1 in other workspaces); 1 thread on" in lines[-1]
    assert (data[works.id]["step"], data[works.id]["pid"], data[waits.id]["place"]) == (2000, os.getpid(), 1)
    assert 5000 < data[works.id]["rate"] < 10500
    assert data[works.id]["seconds_left"] == pytest.approx((data[works.id]["total_steps"] - 2000) / data[works.id]["rate"])
    assert data[works.id]["memory"] > 1e6
    assert data[killed.id]["rate"] is data[killed.id]["pid"] is None


def test_jobs_are_filtered_and_limited(gts, workspace: Path, pretend) -> None:
    works, _ = pretend("running")
    others = [pretend(None, recorded="done")[0].id for _ in range(12)]
    listed = gts("jobs", "--json").data
    assert (len(listed["jobs"]), listed["more"]) == (11, True)
    assert "older ones: gts jobs --all" in gts("jobs").out
    assert [job["id"] for job in gts("jobs", "-n", 0, "--json").data["jobs"]] == [works.id]
    assert {job["id"] for job in gts("jobs", "--all", "--json").data["jobs"]} == {works.id, *others}
    assert [job["id"] for job in gts("jobs", "--state", "running", "--json").data["jobs"]] == [works.id]
    assert gts("jobs", "--state", "failed", "--json").data["jobs"] == []


def test_job_without_progress_is_marked(gts, workspace: Path, pretend) -> None:
    job, _ = pretend("running")
    numbers(job, 2)
    assert "no progress" not in gts("jobs").out
    for path in (job.lock_path, RunFolder(job.folder).metrics):
        os.utime(path, (time.time() - 400, time.time() - 400))
    assert "no progress for 6 min 40 s" in gts("jobs").out


def test_slots_are_set_and_reset(gts, workspace: Path) -> None:
    assert "fewer than 3 jobs" in gts("jobs", "--slots", 3).err
    assert "0 of 3 slots taken" in gts("jobs").out
    assert gts("jobs", "--slots", "auto", "--json").data["row"]["slots"] is None
    for word in ("0", "many", "²", "1.5"):
        outcome = gts("jobs", "--slots", word)
        assert (outcome.code, "is not a number of slots" in outcome.err) == (2, True)


def test_tail_shows_last_lines_and_state(gts, workspace: Path, pretend) -> None:
    job, _ = pretend("running")
    numbers(job, 3)
    (job.folder / "log.txt").write_text("".join(f"line {number} \x1b[31m\n" for number in range(30)))
    outcome = gts("tail", job.id[-3:], "-n", 2, "--no-follow")
    assert outcome.code == 0
    assert [line.split()[1] for line in outcome.out.splitlines()[:2]] == ["28", "29"]
    assert "\x1b" not in outcome.out
    assert f"running  {job.id}, 300 of " in outcome.out.replace("▶ ", "")
    data = gts("tail", f"runs/{job.id}", "--no-follow", "--json").data
    assert (data["state"], data["step"], data["came_to"]) == ("running", 300, None)
    (job.folder / "log.txt").unlink()
    assert gts("tail", "--no-follow").code == 0


@pytest.mark.slow
def test_tail_follows_until_the_end_despite_log_changes(gts, workspace: Path, pretend, polls: PollCounter) -> None:
    job, life = pretend("queued", "a slot: 1 of 1 are taken")
    log = job.folder / "log.txt"

    def live() -> None:
        for act in (
            lambda: log.write_text("first\nhalf a"),
            lambda: log.open("a").write(" line\n"),
            lambda: (numbers(job, 5), life.set_activity("running")),
            lambda: log.write_text("cut\n"),
            lambda: life.set_activity("paused", "the disk is full"),
            lambda: log.unlink(),
            lambda: (
                log.write_text("last word"),
                write_job(Workspace(workspace), replace(job, recorded_state="failed", reason="nan")),
                life.release(),
            ),
        ):
            polls.wait()
            act()

    thread = threading.Thread(target=live)
    thread.start()
    outcome = gts("tail")
    thread.join()
    assert outcome.code == 1
    assert outcome.out.splitlines()[:4] == ["first", "half a line", "cut", "last word"]
    states = ["is queued: a slot: 1 of 1 are taken", "is running", "step 500 of", "is paused: the disk is full"]
    places = [outcome.err.index(said) for said in states]
    assert places == sorted(places)
    assert "best 77" in outcome.err
    assert outcome.out.splitlines()[-1].endswith("nan")


def test_ctrl_c_ends_only_tail(gts, workspace: Path, pretend, polls: PollCounter) -> None:
    job, _ = pretend("running")
    before = sorted((path, path.stat().st_mtime_ns) for path in job.folder.rglob("*"))
    thread = after_polls(polls, lambda: os.kill(os.getpid(), signal.SIGINT))
    outcome = gts("tail", "--json")
    thread.join()
    assert (outcome.code, outcome.data["state"]) == (130, "running")
    assert "note: the job is still running" in outcome.err
    assert "stopping" not in outcome.err
    assert read_job_status(job.folder).state.name == "running"
    assert sorted((path, path.stat().st_mtime_ns) for path in job.folder.rglob("*")) == before


def test_tail_of_a_job_that_is_removed(gts, workspace: Path, pretend, polls: PollCounter) -> None:
    job, _ = pretend("running")
    thread = after_polls(polls, lambda: shutil.rmtree(job.folder))
    outcome = gts("tail")
    thread.join()
    assert outcome.code == 2
    assert f"error: the folder of {job.id} was removed" in outcome.err


def test_tail_of_a_job_that_is_removed_slowly(
    gts, workspace: Path, pretend, polls: PollCounter, monkeypatch: pytest.MonkeyPatch
) -> None:
    job, _ = pretend("running")
    noticed, removed = threading.Event(), threading.Event()

    def sleep(seconds: float) -> None:
        noticed.set()
        assert removed.wait(60)

    def remove() -> None:
        job.lock_path.unlink()
        assert noticed.wait(60)
        shutil.rmtree(job.folder)
        removed.set()

    monkeypatch.setattr(tail, "time", SimpleNamespace(sleep=sleep, monotonic=time.monotonic))
    thread = after_polls(polls, remove)
    outcome = gts("tail")
    thread.join()
    assert outcome.code == 2
    assert f"error: the folder of {job.id} was removed" in outcome.err


def test_paused_training_is_shown_on_its_bar(tmp_path: Path) -> None:
    drawn = StringIO()
    console = Console(file=drawn, force_terminal=True, width=80, color_system=None)
    with EventDisplay(console, StopRequest(), detail=False) as display:
        display.show(RunStarted(RunFolder(tmp_path / "some-run"), 480))
        display.show(RunProgress(500, 1000, 1, 10.0, 3.5, 4.5))
        display.show(DiskFull("the disk is full"))
        told = drawn.getvalue()
        assert "run some-run, resumed at step 480" in told
        assert "500 10/s 0:50 left return 3.5 best 4.5" in told
        assert "paused: the disk is full" in told
        assert told.rindex("paused") > told.rindex("training")
        display.show(DiskFullCleared())
        assert drawn.getvalue().rindex("training") > drawn.getvalue().rindex("paused")


def test_stop_needs_a_running_job(gts, workspace: Path, pretend) -> None:
    job, _ = pretend(None, recorded="done")
    outcome = gts("stop", job.id)
    assert outcome.code == 2
    assert f"{job.id} is not running, it is done" in outcome.err
    assert gts("stop", job.id, "--all").code == 2


def test_ctrl_c_keeps_a_stop_request(gts, workspace: Path, pretend, polls: PollCounter) -> None:
    job, life = pretend("stopping")  # asked before: nobody signals this process a second time
    thread = after_polls(polls, lambda: os.kill(os.getpid(), signal.SIGINT))
    outcome = gts("stop", job.id, "--json")
    thread.join()
    assert (outcome.code, outcome.data["jobs"][0]["state"]) == (130, "stopping")
    assert "the job still stops" in outcome.err
    thread = after_polls(polls, life.release)
    assert gts("stop", job.id, "--json").data["jobs"][0]["state"] == "paused"
    thread.join()


def test_resume_refuses_invalid_requests(gts, workspace: Path, pretend) -> None:
    done, _ = pretend(None, recorded="done")
    works, _ = pretend("running")
    for words, says in [
        ([done.id], f"{done.id} is done"),
        ([works.id], f"process {os.getpid()} on"),
        ([works.id, "--attach"], "is already running"),
        (["--attach", "--all"], "--attach resumes one job"),
        ([done.id, "--attach", "--queue"], "--attach resumes one job"),
        ([done.id, "--all"], "name the jobs"),
    ]:
        outcome = gts("resume", *words)
        assert (outcome.code, outcome.out) == (2, ""), words
        assert says in outcome.err
    outcome = gts("resume", done.id, works.id, "--json")
    assert (outcome.code, [one["state"] for one in outcome.data["left_alone"]]) == (2, ["done", "running"])


def test_resume_all_skips_stopped_and_repeatedly_failing_jobs(gts, workspace: Path, pretend) -> None:
    stopped, _ = pretend(None, "stopped", recorded="paused")
    died, _ = pretend(None, attempts=(0, 0, 0))
    pretend(None, recorded="done")
    outcome = gts("resume", "--all")
    assert outcome.code == 0
    assert f"not resumed, paused: {stopped.id} (stopped on request)" in outcome.out
    assert f"not resumed, failed: {died.id} (it crashed 3 times at step 0)" in outcome.out
    data = gts("resume", "--all", "--json").data
    assert data["jobs"] == []
    assert {one["id"] for one in data["left_alone"]} == {stopped.id, died.id}


def test_interrupted_training_is_resumed_in_the_terminal(gts, workspace: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    take = RunWriter.add_round

    def take_and_signal(recorder: RunWriter, event: TrainingProgress) -> None:
        take(recorder, event)
        if event.epoch == 4:
            os.kill(os.getpid(), signal.SIGINT)

    gts("train", "tiny.spec", "whole.checkpoint", "--no-score", "--keep", "last")
    with monkeypatch.context() as patch:
        patch.setattr(RunWriter, "add_round", take_and_signal)
        assert gts("train", "tiny.spec", "cut.checkpoint", "--no-score", "--keep", "last").code == 130
    (run,) = [
        one
        for one in Workspace(workspace).run_ids()
        if read_job_status(Workspace(workspace).run_folder(one).path).state != Done()
    ]
    assert f"paused  {run}, 480 of 1 200 steps" in gts("tail", run).out
    outcome = gts("resume", run, "--attach")
    assert outcome.code == 0, outcome.err
    assert f"run {run}, resumed at step 480" in outcome.err
    assert "trained 1 200 steps" in outcome.out
    whole, cut = read_checkpoint("whole.checkpoint"), read_checkpoint("cut.checkpoint")
    assert cut.checksum == whole.checksum
    told = gts("tail", run)
    assert (told.code, f"done  {run}, 1 200 of 1 200 steps" in told.out) == (0, True)
    assert read_job(Workspace(workspace).run_folder(run).path).recorded_state == "done"
