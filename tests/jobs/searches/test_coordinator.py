"""The coordinator of a search, with stub workers and a stub study."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from gts.formats.space_file import SearchSpace, write_space
from gts.jobs.job_events import TrialEnded
from gts.jobs.job_lock import JobLock
from gts.jobs.job_store import read_job
from gts.jobs.requests import SearchRequest
from gts.jobs.searches import coordinator
from gts.jobs.searches import job as searching
from gts.jobs.searches.coordinator import MAX_WORKER_CRASHES, SearchCoordinator
from gts.jobs.searches.workers import WorkerProcess, read_worker_count, set_worker_count
from gts.jobs.stop_request import StopRequest
from gts.params.spec import make_spec
from gts.search.settings import SearchSettings
from gts.search.study import TrialRef
from gts.store.workspace import Workspace

SPACE = SearchSpace("invertedPendulum", "ppo", "tiny", {"nSteps": 960, "nEpochs": 8}, ())


class Idle:
    """Workers that accept trainings and send no messages."""

    def __init__(self, count: int, **_: Any) -> None:
        self.processes = [WorkerProcess(number, SimpleNamespace()) for number in range(count)]
        self.leaving: list[WorkerProcess] = []

    def assign(self, worker: WorkerProcess, key: str, folder: Path) -> None:
        worker.tasks[key] = folder

    def unassign(self, key: str) -> None:
        for worker in self.processes:
            worker.tasks.pop(key, None)

    def resize(self, count: int) -> bool:
        self.leaving += self.processes[count:]
        del self.processes[count:]
        return bool(self.leaving)

    def remove_if_leaving(self, worker: WorkerProcess) -> bool:
        return worker in self.leaving

    def restart(self, worker: WorkerProcess) -> None:
        self.processes[self.processes.index(worker)] = WorkerProcess(worker.number, SimpleNamespace())


class Paper:
    """A study that records failed trials."""

    settings = SearchSettings(trials=2, seeds=2)

    def __init__(self) -> None:
        self.failed: list[tuple[int, str]] = []
        self._asked = 0

    def ask(self) -> TrialRef | None:
        self._asked += 1
        return (
            TrialRef(self._asked - 1, {}, make_spec("invertedPendulum", "ppo", SPACE.fixed_params()))
            if self._asked < 3
            else None
        )

    def fail(self, ref: TrialRef, reason: str, details: Any) -> None:
        self.failed.append((ref.number, reason))


@pytest.fixture
def search(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> SearchCoordinator:
    study = Paper()
    monkeypatch.setattr(coordinator.Study, "create_or_load", lambda *_, **__: study)
    request = SearchRequest(Workspace(tmp_path), SPACE, "tiny.space", workers=2, cohort=2)
    request.folder.path.mkdir(parents=True)
    made = SearchCoordinator(request, JobLock.acquire(request.folder.lock), StopRequest())
    made._workers = Idle(2)
    return made


def test_trainings_are_shared_out_so_that_no_cpu_is_idle(search: SearchCoordinator) -> None:
    list(search._assign_trainings(True))
    assert [len(worker.tasks) for worker in search._workers.processes] == [1, 1]


def test_a_trial_whose_seeds_all_die_with_their_worker_fails_once(search: SearchCoordinator) -> None:
    list(search._assign_trainings(True))
    live = search._active_trials[0]
    list(search._add_seed(live, 2))
    list(search._assign_trainings(True))
    worker = next(worker for worker in search._workers.processes if live.first.key in worker.tasks)
    worker.tasks.update({training.key: training.folder.path for training in live.trainings.values()})
    for training in live.trainings.values():
        training.crash_steps = (0,) * (MAX_WORKER_CRASHES - 1)
    told = list(search._handle_worker_exit(worker, -9))
    assert [(one.number, one.state) for one in told if isinstance(one, TrialEnded)] == [(0, "failed")]
    assert search._study.failed == [(0, f"seed 1, {MAX_WORKER_CRASHES} workers crashed with it at step 0")]
    assert list(search._assigned) == [search._active_trials[1].first.key], "the other trial is where it was"


def test_trainings_of_a_worker_that_is_one_too_many_go_on_with_the_others(search: SearchCoordinator) -> None:
    list(search._assign_trainings(True))
    first, second = search._workers.processes
    (kept, moved) = (*first.tasks, *second.tasks)
    search._workers.resize(1)
    assert list(search._handle_worker_exit(second, 0)) == [], "nobody has died"
    list(search._assign_trainings(False))
    assert list(first.tasks) == [kept, moved] and set(search._assigned) == {kept, moved}


def test_a_wish_for_workers_outlives_a_stop_and_ends_with_a_new_beginning(tmp_path: Path) -> None:
    request = SearchRequest(Workspace(tmp_path), SPACE, "tiny.space", workers=2)
    job, life = searching.create_search(request)
    set_worker_count(request.folder, 5)
    assert searching.read_search_request(request.workspace, job).workers == 5
    life.release()
    job, life = searching.create_search(request)
    assert searching.read_search_request(request.workspace, job).workers == 2
    (request.folder.path / "workers.json").write_text("[]")
    assert read_worker_count(request.folder, 3) == 3
    life.release()


def test_what_a_study_refuses_is_taken_back_even_if_it_was_asked_twice(tmp_path: Path) -> None:
    """One accepted request, then two refused ones, the first of which was killed before it could be refused."""
    request = SearchRequest(Workspace(tmp_path), SPACE, "first.space", settings={"trials": 5})
    job, life = searching.create_search(request)
    accepted = searching._commit_request(job, request.folder)
    searching.write_job(request.workspace, accepted)
    life.release()
    for source in ("second.space", "third.space"):
        other = SearchSpace("hopper", "ppo", "tiny", {}, (), comment=source)
        job, life = searching.create_search(SearchRequest(Workspace(tmp_path), other, source, settings={"trials": 9}))
        life.release()
    back = searching._restore_request(read_job(request.folder.path), request.folder)
    assert back.request == accepted.request
    write_space(tmp_path / "expected.space", SPACE)
    assert searching.study_space_file(request.folder).read_bytes() == (tmp_path / "expected.space").read_bytes()
