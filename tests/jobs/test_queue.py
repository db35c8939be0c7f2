"""The row of jobs: first come, first served, never more than there is room for, and the dead hold no place."""

from __future__ import annotations

import errno
import fcntl
import os
import subprocess
import sys
import threading
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from gts.errors import FileError
from gts.jobs import queue
from gts.jobs.queue import JobQueue, QueueEntry
from gts.jobs.stop_request import StopRequest
from tests.support.waiting import wait_until

WORKER = """
import sys, time
from pathlib import Path
from gts.jobs.stop_request import StopRequest
from gts.jobs.queue import JobQueue, QueueEntry
row = JobQueue(Path(sys.argv[1]))
with row.enter(QueueEntry(sys.argv[2], "w", int(sys.argv[3]), is_running=False)) as place:
    print("placed", flush=True)
    place.wait(StopRequest(), lambda reason: print(reason, flush=True))
    print("working", flush=True)
    time.sleep(60)
"""


@pytest.fixture
def row(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> JobQueue:
    monkeypatch.setattr(queue, "available_cpus", lambda: 4)
    monkeypatch.setattr(queue, "QUEUE_POLL_SECONDS", 0.02)
    return JobQueue(tmp_path / "row")


def entry(job: str, threads: int = 1, *, working: bool = False, asked: str = "2026-11-22T08:15:30.5Z") -> QueueEntry:
    return QueueEntry(job, "workspace", threads, working, asked)


def begins(row: JobQueue, place: queue.QueuePlace) -> tuple[bool, str]:
    return row.check_turn(place._path, place._entry)


def test_jobs_share_the_cpus(row: JobQueue) -> None:
    with ExitStack() as stack:
        stack.enter_context(row.enter(entry("a", 3, working=True)))
        second = stack.enter_context(row.enter(entry("b", 2)))
        assert begins(row, second) == (False, "CPUs: 3 of 4 are taken, it uses 2")
        assert [one.job for one in row.entries()] == ["a", "b"]
    with row.enter(entry("c", 2)) as alone:
        assert begins(row, alone)[0]
    assert row.entries() == []


def test_a_job_of_more_cpus_than_there_are_works_alone(row: JobQueue) -> None:
    with row.enter(entry("large", 64)) as place:
        assert begins(row, place)[0]


def test_nobody_overtakes(row: JobQueue) -> None:
    with ExitStack() as stack:
        stack.enter_context(row.enter(entry("a", 3, working=True)))
        small = stack.enter_context(row.enter(entry("small", 1, asked="2026-11-22T08:15:31Z")))
        assert begins(row, small)[0]
        # It was asked for before, and its process was slower to start.
        large = stack.enter_context(row.enter(entry("large", 4, asked="2026-11-22T08:15:30.999Z")))
        assert not begins(row, large)[0]
        assert begins(row, small) == (False, "its turn: 1 before it")


def test_slots_count_jobs_in_place_of_cpus(row: JobQueue) -> None:
    row.set_slots(2)
    with ExitStack() as stack:
        stack.enter_context(row.enter(entry("a", 4, working=True)))
        second = stack.enter_context(row.enter(entry("b", 4)))
        assert begins(row, second)[0]
        stack.enter_context(row.enter(entry("c", 1, working=True)))
        assert begins(row, second) == (False, "a slot: 2 of 2 are taken")
    assert row.slots == 2
    row.set_slots(None)
    assert row.slots is None


def test_one_that_waits_begins_when_there_is_room(row: JobQueue, monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[str] = []
    answers: list[bool] = []
    began = threading.Event()

    def wait() -> None:
        with row.enter(entry("second", 4)) as place:
            if place.wait(StopRequest(), told.append):
                began.set()

    try_start = JobQueue.try_start

    def recorded(*arguments: Any) -> tuple[bool, str]:
        answer = try_start(*arguments)
        answers.append(answer[0])
        return answer

    monkeypatch.setattr(JobQueue, "try_start", recorded)
    with row.enter(entry("first", 4, working=True)):
        thread = threading.Thread(target=wait)
        thread.start()
        wait_until(lambda: len(answers) >= 3, what="three attempts to begin")
        assert not any(answers)
        assert not began.is_set()
    thread.join(60)
    assert began.is_set()
    assert told == ["for CPUs: 4 of 4 are taken, it uses 4"]


def test_waiting_ends_when_somebody_wants_it_to(row: JobQueue) -> None:
    interruption = StopRequest()
    interruption.request()
    with row.enter(entry("first", 4, working=True)), row.enter(entry("second", 4)) as place:
        assert place.wait(interruption, lambda _: None) is False


@pytest.mark.process
def test_the_dead_hold_no_place(row: JobQueue) -> None:
    command = [sys.executable, "-c", WORKER, str(row.folder), "victim", "64"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert process.stdout.readline() == "placed\n"
    assert process.stdout.readline() == "working\n"
    with row.enter(entry("heir", 4)) as heir:
        assert not begins(row, heir)[0]
        process.kill()
        process.wait()
        assert begins(row, heir)[0]
        assert [one.job for one in row.entries()] == ["heir"]
    assert [path.name for path in row.folder.iterdir()] == ["lock"]
    process.stdout.close()


def test_slots_that_vanish_while_they_are_read(row: JobQueue, monkeypatch: pytest.MonkeyPatch) -> None:
    values = iter([2, None, None])
    monkeypatch.setattr(JobQueue, "slots", property(lambda self: next(values)))
    with row.enter(entry("a", 1, working=True)), row.enter(entry("b", 4)) as second:
        assert begins(row, second) == (True, "a slot: 1 of 2 are taken")


@pytest.mark.parametrize("number", [errno.ENOLCK, errno.ENOSPC])
def test_a_disk_without_locks_is_a_file_error(row: JobQueue, monkeypatch: pytest.MonkeyPatch, number: int) -> None:
    def refuse(descriptor: int, how: int) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(fcntl, "flock", refuse)
    with pytest.raises(FileError, match="cannot use the folder of the queue"), row.enter(entry("a")):
        pass
    assert [path.name for path in row.folder.iterdir() if path.name != "lock"] == []


def test_slots_that_cannot_be_removed_are_a_file_error(row: JobQueue) -> None:
    (row.folder / "slots").mkdir(parents=True)
    with pytest.raises(FileError, match="cannot use the folder of the queue"):
        row.set_slots(None)


def test_a_state_folder_that_cannot_be_made_names_the_way_out(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with (
        pytest.raises(FileError, match="cannot use the folder of the queue") as error,
        JobQueue(tmp_path / "file" / "x").enter(entry("a")),
    ):
        pass
    assert "GTS_STATE" in error.value.hint
