"""What the tests of jobs share: a tiny training, a row of jobs of their own, and workers that do not outlive their test."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from gts.jobs.job_store import Job, JobStatus, read_job_status
from gts.jobs.launch import launch
from gts.jobs.requests import TrainingRequest
from gts.jobs.trainings.runs import create_run
from gts.params.spec import make_spec, specs_with_seeds
from gts.store.workspace import Workspace
from tests.support.trainings import TINY
from tests.support.waiting import wait_until

Ask = Callable[..., TrainingRequest]
Launch = Callable[..., Job]


@pytest.fixture(autouse=True)
def _own_state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GTS_STATE", str(tmp_path / "state"))


@pytest.fixture
def ask(tmp_path: Path) -> Ask:
    """A request for a tiny training; `ask(seeds=2, save_every=0.0)`."""

    def request(folder: Path = tmp_path, *, seeds: int = 1, params: dict[str, Any] = TINY, **more: Any) -> TrainingRequest:
        specs = specs_with_seeds(make_spec("invertedPendulum", "ppo", params), seeds)
        results = tuple(folder / f"out{number}.checkpoint" for number in range(seeds))
        wanted = {"name": "tiny", "source": "tiny.spec", "score": False, "threads": 1} | more
        return TrainingRequest(workspace=Workspace(folder), specs=specs, results=results, **wanted)

    return request


@pytest.fixture
def launched() -> Iterator[Launch]:
    """Starts a training in a process of its own, and ends it with the test."""
    jobs: list[Job] = []

    def start(request: TrainingRequest) -> Job:
        job, life = create_run(request)
        jobs.append(job)
        launch(job, life)
        return job

    yield start
    for job in jobs:
        end(job)


def end(job: Job) -> None:
    """Kill the process of a job."""
    standing = read_job_status(job.folder)
    if standing.state.alive and standing.lock_info is not None and standing.lock_info.group:
        with suppress(ProcessLookupError):
            os.killpg(standing.lock_info.worker.pid, signal.SIGKILL)


@pytest.fixture
def until() -> Callable[..., JobStatus]:
    """Wait until a job has one of some states; `until(job, "running", "done")`."""

    def wait(job: Job, *words: str, seconds: float = 180.0) -> JobStatus:
        def reached() -> JobStatus | None:
            status = read_job_status(job.folder)
            return status if status.state.name in words else None

        def shown() -> str:
            log = job.folder / "log.txt"
            return f"{job.id} to be {words}: {read_job_status(job.folder).state}\n{log.read_text() if log.exists() else ''}"

        status = wait_until(reached, what=shown, deadline=seconds)
        assert status is not None
        return status

    return wait
