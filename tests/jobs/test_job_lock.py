"""The lock of a job: held exactly as long as its process exists, and never taken for another process's."""

from __future__ import annotations

import errno
import fcntl
import os
import signal
import subprocess
import sys
import threading
from dataclasses import replace
from pathlib import Path

import pytest

from gts.errors import FileError
from gts.jobs.job_lock import BusyError, JobLock, read_lock
from gts.system import identify_process, own_identity

HOLDER = """
import sys, time
from pathlib import Path
from gts.jobs.job_lock import JobLock
life = JobLock.acquire(Path(sys.argv[1]), group=True)
life.set_activity("running")
print("holding", flush=True)
time.sleep(60)
"""


@pytest.fixture
def lock(tmp_path: Path) -> Path:
    (tmp_path / "job").mkdir()
    return tmp_path / "job" / "lock"


@pytest.fixture
def holder(lock: Path):
    process = subprocess.Popen([sys.executable, "-c", HOLDER, str(lock)], stdout=subprocess.PIPE, text=True)
    assert process.stdout.readline() == "holding\n"
    yield process
    process.kill()
    process.wait()
    process.stdout.close()


def test_a_lock_that_nobody_ever_had_is_free_and_says_nothing(lock: Path) -> None:
    assert read_lock(lock) == (False, None)


def test_whoever_holds_it_is_seen_and_what_it_does(lock: Path) -> None:
    life = JobLock.acquire(lock)
    life.set_activity("paused", "the disk is full")
    held, sign = read_lock(lock)
    assert held
    assert (sign.worker, sign.activity, sign.reason, sign.group) == (own_identity(), "paused", "the disk is full", False)
    life.set_activity("running")
    assert read_lock(lock)[1].reason == ""
    life.release()
    assert read_lock(lock)[0] is False


@pytest.mark.process
def test_sigkill_frees_it_at_once(lock: Path, holder: subprocess.Popen[str]) -> None:
    assert read_lock(lock)[0]
    holder.send_signal(signal.SIGKILL)
    holder.wait()
    held, sign = read_lock(lock)
    assert not held
    assert sign.worker.pid == holder.pid, "who it was can still be read"


@pytest.mark.process
def test_a_second_one_is_refused_and_told_who_has_it(lock: Path, holder: subprocess.Popen[str]) -> None:
    with pytest.raises(BusyError, match=rf"job is already running \(process {holder.pid} on "):
        JobLock.acquire(lock, timeout=0.05)


def test_looking_does_not_keep_others_from_taking_it(lock: Path) -> None:
    JobLock.acquire(lock).release()
    over = threading.Event()

    def watch() -> None:
        while not over.is_set():
            read_lock(lock)

    watchers = [threading.Thread(target=watch) for _ in range(3)]
    for watcher in watchers:
        watcher.start()
    try:
        for _ in range(50):
            JobLock.acquire(lock).release()
    finally:
        over.set()
        for watcher in watchers:
            watcher.join()


@pytest.mark.process
def test_the_lock_passes_to_a_child_without_a_moment_of_freedom(lock: Path) -> None:
    life = JobLock.acquire(lock)
    child = subprocess.Popen(["sleep", "60"], pass_fds=(life.descriptor,))
    life.transfer_to(identify_process(child.pid))
    life.release()
    held, sign = read_lock(lock)
    assert held
    assert (sign.worker.pid, sign.group) == (child.pid, True)
    child.kill()
    child.wait()
    assert read_lock(lock)[0] is False


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"worker": 1}', b"\0" * 4096])
def test_a_sign_that_cannot_be_read_is_none(lock: Path, content: bytes) -> None:
    lock.write_bytes(content)
    assert read_lock(lock) == (False, None)
    JobLock.acquire(lock).release()


@pytest.mark.process
def test_a_disk_without_locks_falls_back_to_looking_for_the_process(lock: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def unsupported(descriptor: int, how: int) -> None:
        raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))

    monkeypatch.setattr(fcntl, "flock", unsupported)
    other = subprocess.Popen(["sleep", "60"])
    try:
        life = JobLock.acquire(lock)
        life.transfer_to(identify_process(other.pid))
        assert read_lock(lock)[0]
        with pytest.raises(BusyError):
            JobLock.acquire(lock, timeout=0.05)
        # The same pid with another start is another process.
        life.transfer_to(replace(identify_process(other.pid), started="1"))
        assert not read_lock(lock)[0]
        JobLock.acquire(lock).release()
    finally:
        other.kill()
        other.wait()


def test_a_folder_that_cannot_be_written_to_is_an_error_for_a_person(tmp_path: Path) -> None:
    with pytest.raises(FileError, match="cannot lock"):
        JobLock.acquire(tmp_path / "missing" / "lock")


def test_saying_something_never_makes_the_file_longer(lock: Path) -> None:
    life = JobLock.acquire(lock)
    life.set_activity("running")
    size = lock.stat().st_size
    life.set_activity("paused", "x" * 10_000)
    assert lock.stat().st_size == size
    assert read_lock(lock)[1].reason.startswith("xxx")


def test_taking_waits_for_one_who_is_about_to_let_go(lock: Path) -> None:
    life = JobLock.acquire(lock)
    let_go = threading.Event()

    def release() -> None:
        let_go.set()
        life.release()

    timer = threading.Timer(0.2, release)
    timer.start()
    JobLock.acquire(lock, timeout=60.0).release()
    assert let_go.is_set()
    timer.join()
