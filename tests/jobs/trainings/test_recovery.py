"""Faults of the machine during a run: each has a defined end, and no saved state is lost."""

from __future__ import annotations

import ctypes
import json
import resource
import shutil
import sqlite3
import subprocess
import sys
import time
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import pytest
from safetensors import safe_open

from gts.errors import UsageError, WorkError
from gts.formats.checkpoint import read_checkpoint
from gts.jobs import control, job_store
from gts.jobs.job_events import DiskFull, DiskFullCleared, JobWarning, TrainingOutcome
from gts.jobs.job_lock import JobLock
from gts.jobs.job_store import Job, read_job, read_job_status, write_job
from gts.jobs.process import run_job
from gts.jobs.states import Done, Failed
from gts.jobs.stop_request import StopRequest
from gts.jobs.trainings import attempt, resume_state, run_writer, runs
from gts.store import catalogue
from gts.store.curves import MetricsReader
from gts.store.workspace import RunFolder, Workspace
from gts.system.filesystem import FileSystem
from gts.training.cohort import Cohort
from gts.training.events import TrainingProgress
from tests.support.trainings import run_training, training
from tests.support.waiting import wait_until


@pytest.fixture
def tiny(ask) -> dict[str, Any]:
    """The parameters of the tiny training."""
    return dict(ask().specs[0].to_document()["params"])


def left_unfinished(request: Any) -> tuple[Job, Path]:
    """A finished run, changed to look as if it was killed just before its end; returns its job and an unchanged copy."""
    outcome = run_training(request)
    folder = outcome.folder.path
    calm = folder.with_name("calm")
    shutil.copytree(folder, calm)
    results = calm / "results"
    results.mkdir()
    for path in request.results:
        shutil.move(path, results / path.name)
    return write_job(request.workspace, replace(read_job(folder), recorded_state="running")), calm


def go_on(workspace: Workspace, job: Job) -> list[Any]:
    """Resume a job in this process; returns its events."""
    claimed, life = control.acquire_for_resume(workspace, job, by_name=True)
    return list(run_job(workspace, claimed, life, StopRequest()))


def same_end(request: Any, job: Job, calm: Path) -> bool:
    """Whether a run ended bit for bit like its unchanged copy."""
    pairs = [(calm / "results" / path.name, path) for path in request.results]
    kept = [path.relative_to(calm) for path in calm.glob("member*/*.checkpoint")]
    pairs += [(calm / path, job.folder / path) for path in kept]
    return all(other.exists() and one.read_bytes() == other.read_bytes() for one, other in pairs)


def test_a_damaged_newest_state_falls_back_to_the_one_before(ask, tmp_path: Path) -> None:
    request = ask(seeds=2, save_every=0.0, score=True)
    job, calm = left_unfinished(request)
    newest = RunFolder(job.folder).last_checkpoints(1)[-1]
    newest.write_bytes(newest.read_bytes()[:-100])
    told = go_on(request.workspace, job)
    (note,) = [one.text for one in told if isinstance(one, JobWarning)]
    assert note == "member2/last-0000000001200.checkpoint: damaged, so the run is resumed from step 1080"
    assert same_end(request, job, calm)
    assert read_job_status(job.folder).state == Done()
    with MetricsReader(RunFolder(job.folder).metrics) as reader:
        steps, _ = reader.curve("return").steps, None
        assert len(set(steps)) == len(steps)
        assert [one.step for one in reader.evaluations(1)] == [480, 840, 1200]


def test_without_any_whole_state_it_begins_anew_and_ends_alike(ask) -> None:
    request = ask(save_every=0.0)
    job, calm = left_unfinished(request)
    for path in RunFolder(job.folder).last_checkpoints(0):
        path.write_bytes(b"nothing")
    told = go_on(request.workspace, job)
    assert sum(isinstance(one, TrainingProgress) for one in told) == 10
    assert same_end(request, job, calm)


def test_a_training_that_began_with_a_checkpoint_is_resumed_without_it(ask, tmp_path: Path) -> None:
    run_training(ask())
    start = read_checkpoint(tmp_path / "out0.checkpoint")
    request = ask(start=start, source="out0.checkpoint", save_every=1e9)
    job, calm = left_unfinished(request)
    for path in RunFolder(job.folder).last_checkpoints(0):
        path.unlink()
    (tmp_path / "out0.checkpoint").unlink(missing_ok=True)
    go_on(request.workspace, job)
    assert same_end(request, job, calm)
    assert read_checkpoint(request.results[0]).parents[0]["checksum"] == start.checksum


def test_other_versions_continue_and_say_that_it_is_not_bit_exact(ask, monkeypatch: pytest.MonkeyPatch) -> None:
    request = ask(save_every=0.0)
    job, _ = left_unfinished(request)
    now = attempt.package_versions(peers=False)
    monkeypatch.setattr(attempt, "package_versions", lambda peers: now | {"torch": "9.9"})
    told = go_on(request.workspace, job)
    (note,) = [one.text for one in told if isinstance(one, JobWarning)]
    assert note == f"the run is resumed, but not bit-exact: torch {now['torch']} → 9.9"
    assert note in (job.folder / "log.txt").read_text()


def test_another_thread_count_is_named(ask) -> None:
    request = ask(save_every=0.0)
    job, _ = left_unfinished(request)
    claimed, life = control.acquire_for_resume(request.workspace, job, by_name=True, threads=2)
    told = list(run_job(request.workspace, claimed, life, StopRequest()))
    assert [one.text for one in told if isinstance(one, JobWarning)] == ["the run is resumed, but not bit-exact: threads 1 → 2"]


def test_numbers_that_are_damaged_are_set_aside_and_the_learning_goes_on(ask) -> None:
    request = ask(save_every=0.0)
    job, calm = left_unfinished(request)
    newest = RunFolder(job.folder).last_checkpoints(0)[-1]
    newest.unlink()
    metrics = RunFolder(job.folder).metrics
    metrics.write_bytes(metrics.read_bytes()[:5000])
    told = go_on(request.workspace, job)
    (note,) = [one.text for one in told if isinstance(one, JobWarning)]
    assert "the numbers before step 1080 are lost" in note
    assert same_end(request, job, calm)
    assert list(job.folder.glob("metrics-damaged-*.db"))
    with MetricsReader(metrics) as reader:
        assert reader.curve("policy_loss").steps == (1200,) or reader.newest_position()[0] == 1200


@pytest.mark.process
@pytest.mark.slow
def test_a_workspace_copied_while_its_run_writes_can_be_gone_on_with(ask, launched, until, tiny, tmp_path: Path) -> None:
    params = tiny | {"nSteps": 24_000, "nEpochs": 200}
    home, copy = tmp_path / "home", tmp_path / "copy"
    home.mkdir()
    request = ask(home, params=params, save_every=0.0)
    job = launched(request)
    until(job, "running")
    wait_until(lambda: len(RunFolder(job.folder).last_checkpoints(0)) >= 3, what="three checkpoints", interval=0.01)
    _copied(home, copy)
    until(job, "done")
    twin = read_job(copy / "runs" / job.id)
    assert read_job_status(twin.folder).state.name == "interrupted"
    go_on(Workspace(copy), twin)
    assert (copy / "out0.checkpoint").read_bytes() == (home / "out0.checkpoint").read_bytes()


@pytest.mark.process
@pytest.mark.slow
def test_a_full_disk_halts_the_run_until_there_is_room(ask, launched, until, tiny) -> None:
    params = tiny | {"nSteps": 72_000, "nEpochs": 600, "nEvaluations": 0}
    job = launched(ask(params=params, save_every=0.2))
    pid = until(job, "running").lock_info.worker.pid
    wait_until(lambda: RunFolder(job.folder).last_checkpoints(0), what="a checkpoint", interval=0.01)
    # No file may grow beyond what a sign of life and a log need: what a full disk does to checkpoints and numbers.
    resource.prlimit(pid, resource.RLIMIT_FSIZE, (8192, resource.RLIM_INFINITY))
    standing = until(job, "paused")
    assert standing.state.alive
    assert "cannot" in standing.state.reason
    halted_at = RunFolder(job.folder).last_checkpoints(0)[-1]
    # Without room it tries to write in vain, again and again.
    worker = psutil.Process(pid)
    for _ in range(2):
        tried = worker.io_counters().write_count
        wait_until(lambda tried=tried: worker.io_counters().write_count > tried, what="another attempt to write")
        time.sleep(1.0)  # the attempt ends; the next one begins two seconds after it
    assert read_job_status(job.folder).state.name == "paused", "it stays so while there is no room"
    resource.prlimit(pid, resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    until(job, "done")
    assert RunFolder(job.folder).last_checkpoints(0)[-1] > halted_at
    log = (job.folder / "log.txt").read_text()
    assert log.index("paused: ") < log.index("there is room again: running") < log.index("done")
    calm = launched(ask(params=params, save_every=0.2))
    until(calm, "done")
    ends = [RunFolder(folder).last_checkpoints(0)[-1].read_bytes() for folder in (job.folder, calm.folder)]
    assert ends[0] == ends[1], "the pause changes nothing"


def test_a_run_that_is_ended_while_the_disk_is_full_goes_on_from_its_newest_state(ask, monkeypatch: pytest.MonkeyPatch) -> None:
    from gts.errors import FullDiskError

    monkeypatch.setattr(attempt, "DISK_FULL_RETRY_SECONDS", 0.01)
    request, interruption = ask(save_every=0.0, score=True), StopRequest()
    write, told = run_writer.write_checkpoint, []

    def full(path: Path, checkpoint: Any) -> str:
        if int(checkpoint.counters["step"]) > 600:
            raise FullDiskError(f"cannot write {path}: the disk is full")
        return write(path, checkpoint)

    monkeypatch.setattr(run_writer, "write_checkpoint", full)
    with pytest.raises(FullDiskError):
        for one in training(request, interruption):
            told.append(one)
            if isinstance(one, DiskFull):
                interruption.request()
    assert any(isinstance(one, DiskFull) and "the disk is full" in one.reason for one in told)
    monkeypatch.setattr(run_writer, "write_checkpoint", write)
    (folder,) = (request.workspace.root / "runs").iterdir()
    assert read_job_status(folder).state.name == "interrupted"
    told = go_on(request.workspace, read_job(folder))
    assert next(one.step for one in told if isinstance(one, TrainingProgress)) == 720
    assert not any(isinstance(one, (DiskFull, DiskFullCleared)) for one in told)


def test_a_loss_that_is_no_number_leaves_what_was_before_it(ask, tiny, monkeypatch: pytest.MonkeyPatch) -> None:
    group_by_physics = Cohort.group_by_physics

    def poisoned(cohort: Cohort, learners: Any) -> Any:
        if cohort.epochs.max() == 4:
            # The second member's own learning rate goes wild: what follows is the real way of a divergence.
            cohort.agent.state.policy.net.stack.block[1] *= 1e30
        return group_by_physics(cohort, learners)

    monkeypatch.setattr(Cohort, "group_by_physics", poisoned)
    request = ask(seeds=2, save_every=0.0)
    outcome = run_training(request)
    first, second = outcome.members
    assert first.failed == ""
    assert second.failed.startswith("step 600: ")
    remains = outcome.folder.failure_dump(1, 600)
    with safe_open(remains, "numpy") as file:
        about = json.loads(file.metadata()["gts"])
        names = set(file.keys())
        observations = file.get_tensor("rollout.observations")
    assert (about["step"], about["spec"]["params"]["seed"]) == (600, 2)
    assert about["values"]["actor.learningRate"] > 0
    assert {"rollout.actions", "rollout.rewards", "worlds.rows", "actor.layer0.weight"} <= names
    assert np.isfinite(observations).all() and observations.shape[1] == 4
    assert outcome.folder.last_checkpoints(1)[-1].name == "last-0000000000480.checkpoint", "the states before it are kept"

    # Gone on with from before the failure, the first member is what it would have been, and the second fails again.
    calm = {path: path.read_bytes() for path in (request.results[0], outcome.folder.last_checkpoints(0)[-1])}
    job = write_job(request.workspace, replace(read_job(outcome.folder.path), recorded_state="running"))
    for path in outcome.folder.last_checkpoints(0)[-2:]:
        path.unlink()
    told = go_on(request.workspace, job)
    assert all(path.read_bytes() == content for path, content in calm.items())
    again = next(one for one in told if isinstance(one, TrainingOutcome))
    assert again.members[1].failed == second.failed


def test_a_run_whose_members_all_failed_is_not_gone_on_with(ask, monkeypatch: pytest.MonkeyPatch) -> None:
    group_by_physics = Cohort.group_by_physics

    def poisoned(cohort: Cohort, learners: Any) -> Any:
        cohort.agent.state.policy.net.stack.block *= 1e30
        return group_by_physics(cohort, learners)

    monkeypatch.setattr(Cohort, "group_by_physics", poisoned)
    request = ask(save_every=0.0)
    outcome = run_training(request)
    state = read_job_status(outcome.folder.path).state
    assert isinstance(state, Failed)
    with pytest.raises(UsageError, match="failed in all its members"):
        control.acquire_for_resume(request.workspace, read_job(outcome.folder.path), by_name=True)


@pytest.mark.parametrize(
    "error", [MemoryError(), RuntimeError("DefaultCPUAllocator: not enough memory: you tried to allocate")]
)
def test_memory_that_runs_out_is_a_failure_with_a_remedy(ask, monkeypatch: pytest.MonkeyPatch, error: Exception) -> None:
    def hungry(cohort: Cohort, learners: Any) -> Any:
        if cohort.epochs.max() == 4:
            raise error
        return group_by_physics(cohort, learners)

    group_by_physics = Cohort.group_by_physics
    monkeypatch.setattr(Cohort, "group_by_physics", hungry)
    request = ask(save_every=0.0)
    with pytest.raises(WorkError, match="memory ran out at step 480") as raised:
        run_training(request)
    assert "fewer environments" in raised.value.hint
    (folder,) = (request.workspace.root / "runs").iterdir()
    assert read_job_status(folder).state == Failed("memory ran out at step 480")
    monkeypatch.setattr(Cohort, "group_by_physics", group_by_physics)
    told = go_on(request.workspace, read_job(folder))
    assert next(one.step for one in told if isinstance(one, TrainingProgress)) == 600, "with more memory it goes on"


@pytest.mark.process
@pytest.mark.slow
def test_real_memory_that_runs_out_ends_a_process_of_its_own_in_order(ask, tiny, launched, until) -> None:
    request = ask(params=tiny | {"actor.hiddenSize": 4096, "actor.nHidden": 8})
    limit = 2_500_000_000
    before = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (limit, before[1]))
    try:
        job = launched(request)
    finally:
        resource.setrlimit(resource.RLIMIT_AS, before)
    state = until(job, "failed").state
    assert "memory" in state.reason, (job.folder / "log.txt").read_text()


def test_a_clock_that_jumps_changes_nothing(ask, monkeypatch: pytest.MonkeyPatch) -> None:
    class Wild(datetime):
        """A clock that goes back a day with every look at it."""

        looks = 0

        @classmethod
        def now(cls, tz: Any = None) -> datetime:
            cls.looks += 1
            return datetime.now(tz) - timedelta(days=cls.looks)

    request = ask(save_every=0.0)
    job, calm = left_unfinished(request)
    for module in (runs, job_store, catalogue):
        monkeypatch.setattr(module, "datetime", Wild)
    monkeypatch.setattr(time, "time", lambda: 0.0)
    RunFolder(job.folder).last_checkpoints(0)[-1].unlink()
    go_on(request.workspace, job)
    assert Wild.looks > 2
    assert same_end(request, job, calm)
    assert read_job_status(job.folder).state == Done()
    with MetricsReader(RunFolder(job.folder).metrics) as reader:
        elapsed = reader.curve("policy_loss").elapsed
    assert list(elapsed) == sorted(elapsed) and elapsed[0] >= 0


def test_a_network_disk_is_said_and_used(ask, monkeypatch: pytest.MonkeyPatch) -> None:
    network = FileSystem("nfs4", is_network=True, free_bytes=1 << 40)
    for module in ("gts.store.metrics", "gts.jobs.trainings.attempt", "gts.jobs.control"):
        monkeypatch.setattr(f"{module}.file_system", lambda folder: network)
    told: list[Any] = []
    outcome = run_training(ask(), told.append)
    assert any(isinstance(one, JobWarning) and "network disk (nfs4)" in one.text for one in told)
    connection = sqlite3.connect(outcome.folder.metrics)
    assert connection.execute("PRAGMA journal_mode").fetchone() == ("delete",)
    connection.close()
    assert read_job_status(outcome.folder.path).state == Done()


def looks_at(workspace: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """`gts` in a workspace that may only be read, also by root."""

    def without_privileges() -> None:
        # Root passes over permissions by a capability of its own; a program that it starts without that has to mind them.
        libc, drop, dac_override = ctypes.CDLL(None), 24, 1
        libc.prctl(drop, dac_override, 0, 0, 0)

    places = [workspace, *workspace.rglob("*")]
    modes = {path: path.stat().st_mode for path in places}
    for path in places:
        path.chmod(modes[path] & 0o555)
    try:
        command = [sys.executable, "-m", "gts", *words, "--workspace", str(workspace)]
        return subprocess.run(command, capture_output=True, text=True, cwd="/", preexec_fn=without_privileges)
    finally:
        for path, mode in modes.items():
            path.chmod(mode)


@pytest.mark.process
def test_a_workspace_that_may_only_be_read_can_be_looked_at(ask, tmp_path: Path) -> None:
    request = ask()
    run_training(request)
    for words in (("jobs",), ("info", "@last"), ("tail", "@last", "--no-follow")):
        done = looks_at(tmp_path, *words)
        assert done.returncode == 0, done.stderr
        assert "tiny" in done.stdout + done.stderr
    spec = tmp_path / "tiny.spec"
    spec.write_text(json.dumps(request.specs[0].to_document()))
    for words in (("resume", "@last"), ("train", str(spec), str(tmp_path.parent / "never.checkpoint"), "--detach")):
        done = looks_at(tmp_path, *words)
        assert done.returncode == 2, done.stderr
        assert "ermission denied" in done.stderr
        assert "Traceback" not in done.stderr


def test_the_newest_steps_are_those_of_any_member(ask) -> None:
    request = ask(seeds=2, save_every=0.0)
    job, _ = left_unfinished(request)
    folder = RunFolder(job.folder)
    folder.last_checkpoints(1)[-1].unlink()
    assert resume_state.saved_steps(folder) == [1200, 1080, 960]
    assert resume_state.find_resume_state(folder, 2, {}).step == 1080


def test_a_lock_that_is_held_keeps_everybody_else_out(ask) -> None:
    request = ask(save_every=0.0)
    job, _ = left_unfinished(request)
    life = JobLock.acquire(job.lock_path)
    with pytest.raises(UsageError, match="already"):
        control.acquire_for_resume(request.workspace, job, by_name=True)
    life.release()


def _copied(source: Path, target: Path) -> None:
    """A copy made while files come and go, as `cp -r` makes it: what vanished on the way is left out."""

    def copy(one: str, other: str) -> None:
        with suppress(FileNotFoundError):
            shutil.copy2(one, other)

    shutil.copytree(source, target, copy_function=copy)
