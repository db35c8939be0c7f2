"""Jobs as processes of their own: they outlive their starter, stop in order, are killed, and are resumed exactly."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import psutil
import pytest

from gts.errors import GtsError, UsageError
from gts.formats.checkpoint import read_checkpoint
from gts.jobs import control, job_store
from gts.jobs.job_lock import BusyError, JobLock
from gts.jobs.job_store import Job, find_job, list_jobs, read_job, read_job_status, write_job
from gts.jobs.queue import JobQueue
from gts.jobs.states import Done, Failed, Interrupted, Paused
from gts.jobs.trainings.runs import create_run
from gts.store.curves import MetricsReader
from gts.store.workspace import RunFolder, Workspace
from gts.system import identify_process
from tests.support.trainings import ENDLESS, TINY
from tests.support.waiting import wait_until


@pytest.mark.process
@pytest.mark.slow
def test_a_job_goes_its_way_and_goes_on_after_a_stop(ask, launched, until, tmp_path: Path) -> None:
    params = TINY | {"nSteps": 60_000, "nEpochs": 500}
    job = launched(ask(params=params))
    standing = until(job, "running")
    assert standing.lock_info.worker == identify_process(standing.lock_info.worker.pid)
    worker = psutil.Process(standing.lock_info.worker.pid)
    assert os.getsid(worker.pid) == os.getpgid(worker.pid) == worker.pid != os.getpgid(0)
    assert worker.terminal() is None
    with pytest.raises(BusyError):
        control.resume_job(Workspace(tmp_path), job, by_name=True)

    control.request_stop(standing)
    assert control.wait_for_end(job, 30)
    standing = read_job_status(job.folder)
    assert standing.state == Paused("stopped")
    stopped_at = read_checkpoint(RunFolder(job.folder).last_checkpoints(0)[-1]).counters["step"]
    assert 0 < stopped_at < 60_000

    control.resume_job(Workspace(tmp_path), job, by_name=True)
    until(job, "done")
    assert f"resuming from step {stopped_at}" in (job.folder / "log.txt").read_text()
    with pytest.raises(UsageError, match="is done"):
        control.resume_job(Workspace(tmp_path), job, by_name=True)

    calm = launched(ask(params=params))
    assert not psutil.pid_exists(worker.pid), "an ended worker leaves no zombie behind in a process that starts others"
    until(calm, "done")
    ends = [RunFolder(folder).last_checkpoints(0)[-1].read_bytes() for folder in (job.folder, calm.folder)]
    assert ends[0] == ends[1], "a stop between two rounds changes nothing"


@pytest.mark.process
@pytest.mark.slow
@pytest.mark.skipif(shutil.which("ps") is None, reason="what every system has includes ps")
def test_jobs_work_alike_with_what_every_system_has(
    ask, launched, until, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GTS_SYSTEM", "portable")
    workspace = Workspace(tmp_path)
    job = launched(ask(params=TINY | {"nSteps": 24_000, "nEpochs": 200}, save_every=0.5))
    standing = until(job, "running")
    assert standing.lock_info.worker == identify_process(standing.lock_info.worker.pid)
    assert not standing.lock_info.worker.started.isdigit(), "a date as ps gives it, not ticks as /proc does"
    os.killpg(standing.lock_info.worker.pid, signal.SIGKILL)
    assert until(job, "interrupted").state == Interrupted("kill")
    control.resume_job(workspace, job, by_name=False)
    control.request_stop(until(job, "running"))
    until(job, "paused")
    control.resume_job(workspace, job, by_name=True)
    until(job, "done")


@pytest.mark.process
def test_kill_ends_at_once_and_for_good(ask, launched, until, tmp_path: Path) -> None:
    job = launched(ask(params=ENDLESS))
    standing = until(job, "running")
    control.kill_job(Workspace(tmp_path), standing)
    assert (
        not psutil.pid_exists(standing.lock_info.worker.pid)
        or psutil.Process(standing.lock_info.worker.pid).status() == "zombie"
    )
    assert read_job_status(job.folder).state == Paused("stopped"), "what a person has ended is not resumed by itself"
    with pytest.raises(UsageError, match="paused"):
        control.resume_job(Workspace(tmp_path), job, by_name=False)


@pytest.mark.process
def test_two_who_resume_at_once_make_one_worker(ask, launched, until, tmp_path: Path) -> None:
    job = launched(ask(params=ENDLESS))
    os.killpg(until(job, "running").lock_info.worker.pid, signal.SIGKILL)
    until(job, "interrupted")
    program = (
        "import sys; from pathlib import Path; from gts.jobs import control; from gts.jobs.job_store import read_job\n"
        "from gts.store.workspace import Workspace; from gts.errors import GtsError\n"
        "job = read_job(Path(sys.argv[1])); print('ready', flush=True); sys.stdin.readline()\n"
        "try: control.resume_job(Workspace(Path(sys.argv[2])), job, by_name=True); print('resumed')\n"
        "except GtsError as error: print(type(error).__name__)\n"
    )
    both = [
        subprocess.Popen(
            [sys.executable, "-c", program, str(job.folder), str(tmp_path)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(2)
    ]
    for process in both:
        assert process.stdout.readline() == "ready\n"
    for process in both:
        process.stdin.write("\n")
        process.stdin.flush()
    answers = sorted(process.communicate(timeout=60)[0].strip() for process in both)
    assert answers == ["BusyError", "resumed"]
    workers = [one for one in psutil.process_iter(["cmdline"]) if str(job.folder) in " ".join(one.info["cmdline"] or [])]
    assert len([one for one in workers if one.status() != "zombie"]) == 1


@pytest.mark.process
def test_a_hang_up_does_not_touch_a_job_and_a_terminate_ends_it_in_order(ask, launched, until) -> None:
    job = launched(ask(params=ENDLESS))
    pid = until(job, "running").lock_info.worker.pid
    os.kill(pid, signal.SIGHUP)
    before = _newest_step(job)
    wait_until(lambda: _newest_step(job) > before, what="steps after the hang-up")
    assert read_job_status(job.folder).state.name == "running"
    os.kill(pid, signal.SIGTERM)
    assert until(job, "paused").state == Paused("stopped")
    assert RunFolder(job.folder).last_checkpoints(0)


@pytest.mark.process
@pytest.mark.slow
def test_one_that_waits_for_a_slot_says_so_and_can_be_stopped(ask, launched, until, tmp_path: Path) -> None:
    JobQueue().set_slots(1)
    first = launched(ask(params=ENDLESS))
    until(first, "running")
    second, third = launched(ask(params=ENDLESS, queued=True)), launched(ask(params=ENDLESS, queued=True))
    _waits_for(until, second, "a slot: 1 of 1")
    _waits_for(until, third, "1 before it")
    control.request_stop(read_job_status(second.folder))
    assert until(second, "paused").state == Paused("stopped")
    control.kill_job(Workspace(tmp_path), read_job_status(first.folder))
    until(third, "running")


@pytest.mark.process
def test_a_reused_pid_is_somebody_else(ask, tmp_path: Path) -> None:
    job, life = create_run(ask())
    innocent = subprocess.Popen(["sleep", "60"])
    try:
        life.transfer_to(replace(identify_process(innocent.pid), started="12345"))
        life.release()
        standing = read_job_status(job.folder)
        assert standing.state == Interrupted("kill")
        for end in (control.request_stop, lambda one: control.kill_job(Workspace(tmp_path), one)):
            with pytest.raises(UsageError, match="is not running, it is interrupted"):
                end(standing)
        assert innocent.poll() is None
    finally:
        innocent.kill()
        innocent.wait()


def test_a_reboot_is_told_from_a_kill(ask, monkeypatch: pytest.MonkeyPatch) -> None:
    job, life = create_run(ask())
    life.release()
    assert read_job_status(job.folder).state == Interrupted("kill")

    class Rebooted:
        def boot_id(self) -> str:
            return "another start of this machine"

    monkeypatch.setattr(job_store, "this_system", Rebooted)
    assert read_job_status(job.folder).state == Interrupted("reboot")
    assert read_job_status(job.folder).state.reason == "by reboot"


def test_what_dies_three_times_at_one_step_is_failed_until_a_person_wants_it(ask, tmp_path: Path) -> None:
    workspace = Workspace(tmp_path)
    job, life = create_run(ask(params=ENDLESS))
    life.release()
    from gts.jobs.process import record_attempt

    for expected in (Interrupted("kill"), Interrupted("kill"), Failed("it crashed 3 times at step 0")):
        claimed, life = control.acquire_for_resume(workspace, job, by_name=False)
        record_attempt(workspace, claimed)
        life.release()
        assert read_job_status(job.folder).state == expected
    with pytest.raises(UsageError, match="crashed 3 times"):
        control.acquire_for_resume(workspace, job, by_name=False)
    claimed, life = control.acquire_for_resume(workspace, job, by_name=True)
    life.release()
    assert claimed.attempts == ()


def test_attempts_that_came_further_are_forgotten(ask, tmp_path: Path) -> None:
    from gts.jobs.process import record_attempt

    job, life = create_run(ask())
    job = record_attempt(Workspace(tmp_path), record_attempt(Workspace(tmp_path), job))
    assert job.attempts == (0, 0)
    (RunFolder(job.folder).last_checkpoint(0, 960)).write_bytes(b"")
    assert record_attempt(Workspace(tmp_path), job).attempts == (960,)
    life.release()


def test_a_job_on_another_machine_is_left_alone(ask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from gts.system.filesystem import FileSystem

    job, life = create_run(ask())
    worker = life._worker
    life.transfer_to(replace(worker, host="elsewhere", boot="of that machine"))
    life.release()
    monkeypatch.setattr(control, "file_system", lambda folder: FileSystem("nfs4", is_network=True, free_bytes=1 << 30))
    with pytest.raises(UsageError, match="last run on elsewhere"):
        control.acquire_for_resume(Workspace(tmp_path), job, by_name=True)
    assert JobLock.acquire(job.lock_path, timeout=0.0) is not None, "the refusal lets go of the lock"


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"format": 99}', b'{"recorded_state": "done"}'])
def test_a_damaged_claim_is_an_error_and_hides_no_other_job(ask, tmp_path: Path, content: bytes) -> None:
    jobs = []
    for _ in range(2):
        job, life = create_run(ask())
        life.release()
        jobs.append(job)
    (jobs[0].folder / "job.json").write_bytes(content)
    with pytest.raises(Exception, match="damaged"):
        read_job(jobs[0].folder)
    assert jobs[1].id in [one.job.id for one in list_jobs(Workspace(tmp_path))]


def test_jobs_are_found_by_any_part_that_is_clear(ask, tmp_path: Path) -> None:
    workspace = Workspace(tmp_path)
    jobs: list[Job] = []
    for _ in range(2):
        job, life = create_run(ask())
        life.release()
        jobs.append(job)
    assert find_job(workspace, jobs[0].id[-3:]).job.id == jobs[0].id
    with pytest.raises(UsageError, match="names 2 jobs"):
        find_job(workspace, jobs[0].id[:8])
    with pytest.raises(UsageError, match="there is no job `nobody`"):
        find_job(workspace, "nobody")


def test_the_folder_decides_where_the_catalogue_is_behind(ask, tmp_path: Path) -> None:
    job, life = create_run(ask())
    life.release()
    catalogue = (tmp_path / "gts.db").read_bytes()
    write_job(Workspace(tmp_path), replace(job, recorded_state="done"))
    (tmp_path / "gts.db").write_bytes(catalogue)
    (one,) = list_jobs(Workspace(tmp_path))
    assert one.state == Done()
    (tmp_path / "gts.db").unlink()
    assert [one.job.id for one in list_jobs(Workspace(tmp_path))] == [job.id]


def _waits_for(until: Callable[..., job_store.JobStatus], job: Job, what: str) -> None:
    """Wait until a queued job reports a reason."""
    wait_until(lambda: what in until(job, "queued").state.reason, what=lambda: f"{what}: {read_job_status(job.folder).state}")


def _newest_step(job: Job) -> int:
    """Step of the newest round that a run has stored; 0 before the first."""
    try:
        with MetricsReader(RunFolder(job.folder).metrics) as reader:
            return reader.newest_position()[0]
    except GtsError:
        return 0
