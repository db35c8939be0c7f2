"""The catalogue: records come back page by page, several processes write at once, and commands are remembered."""

import os
import statistics
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest

from gts.errors import FileError
from gts.store import catalogue as module
from gts.store.catalogue import Catalogue, find_unindexed_runs
from gts.store.workspace import Workspace
from tests.support.store_records import CHECKPOINT, JOB, RUN, SCORE, STUDY

OPENING_SECONDS = 0.2
"""How long it may take on an idle machine to open a workspace with 1 000 runs."""

WRITE_MANY = """
import sys
from dataclasses import replace
from pathlib import Path
from gts.store.catalogue import Catalogue
from tests.support.store_records import JOB, RUN

for number in range(40):
    with Catalogue(Path(sys.argv[1])) as catalogue:
        name = f"{sys.argv[2]}-{number}"
        catalogue.put_many([replace(RUN, id=name, step=number)], [replace(JOB, id=name)])
"""


def test_records_come_back(tmp_path: Path) -> None:
    with Catalogue(tmp_path / "gts.db") as catalogue:
        catalogue.put_run(RUN)
        catalogue.put_run(replace(RUN, step=1000))
        catalogue.put_job(JOB)
        catalogue.put_job(replace(JOB, recorded_state="failed", reason="a loss of nan"))
        catalogue.put_study(STUDY)
        catalogue.put_checkpoint(CHECKPOINT)
        catalogue.put_checkpoint(replace(CHECKPOINT, path="runs/a/last-2"), deleted=(CHECKPOINT.path,))
        catalogue.add_score(SCORE)
        catalogue.add_score(replace(SCORE, mean=960.0))
    with Catalogue(tmp_path / "gts.db", read_only=True) as catalogue:
        assert catalogue.get_run(RUN.id) == replace(RUN, step=1000)
        assert catalogue.get_job(RUN.id) == replace(JOB, recorded_state="failed", reason="a loss of nan")
        assert catalogue.get_study("gait") == STUDY
        assert catalogue.studies() == [STUDY]
        assert catalogue.get_run("another") is catalogue.get_job("another") is catalogue.get_study("another") is None
        assert [record.path for record in catalogue.checkpoints(RUN.id)] == ["runs/a/last-2"]
        assert catalogue.scores("abc") == [SCORE, replace(SCORE, mean=960.0)]
        assert catalogue.scores("other") == []


def test_runs_are_paged_newest_first(tmp_path: Path) -> None:
    with Catalogue(tmp_path / "gts.db") as catalogue:
        for number in range(25):
            figure, technique = ("hopper", "ant")[number % 2], ("ppo", "a2c", "ppo")[number % 3]
            catalogue.put_run(replace(RUN, id=f"run-{number:02}", figure=figure, technique=technique))
        assert [run.id for run in catalogue.runs(limit=2)] == ["run-24", "run-23"]
        assert [run.id for run in catalogue.runs(limit=10, offset=20)] == [f"run-{number:02}" for number in (4, 3, 2, 1, 0)]
        assert [run.id for run in catalogue.runs(figure="ant", limit=2)] == ["run-23", "run-21"]
        assert [run.id for run in catalogue.runs(technique="a2c", limit=2, offset=1)] == ["run-19", "run-16"]
        assert [run.id for run in catalogue.runs(figure="ant", technique="a2c")] == ["run-19", "run-13", "run-07", "run-01"]
        assert catalogue.runs(figure="walker") == []


def test_jobs_are_paged_newest_first_whatever_they_are_called(tmp_path: Path) -> None:
    jobs = [
        replace(JOB, id="zebra", kind="search", recorded_state="done", created="2026-11-20T00:00:00Z"),
        replace(JOB, id="20261121", recorded_state="paused", created="2026-11-21T00:00:00Z"),
        replace(JOB, id="20261122-a", recorded_state="running", created="2026-11-22T00:00:00Z"),
        replace(JOB, id="20261122-b", recorded_state="failed", created="2026-11-22T00:00:00Z"),
    ]
    with Catalogue(tmp_path / "gts.db") as catalogue:
        catalogue.put_many(jobs=jobs)
        assert catalogue.jobs() == jobs[::-1]
        assert catalogue.jobs(limit=2, offset=1) == [jobs[2], jobs[1]]
        assert catalogue.jobs(recorded_states=("running", "paused")) == [jobs[2], jobs[1]]
        assert catalogue.jobs(kind="search") == [jobs[0]]
        assert catalogue.jobs(kind="search", recorded_states=("running",)) == []


def test_many_are_recorded_together_or_not_at_all(tmp_path: Path) -> None:
    with Catalogue(tmp_path / "gts.db") as catalogue:
        with pytest.raises(FileError):
            catalogue.put_many([RUN], [replace(JOB, reason=None)])  # type: ignore[arg-type]
        assert catalogue.runs() == []
        catalogue.put_many([RUN], [JOB])
        assert (catalogue.runs(), catalogue.jobs(), catalogue.run_ids()) == ([RUN], [JOB], {RUN.id})


def test_the_best_scores_come_first(tmp_path: Path) -> None:
    with Catalogue(tmp_path / "gts.db") as catalogue:
        for number, figure in enumerate(("hopper", "ant", "hopper", "hopper")):
            catalogue.add_score(replace(SCORE, score=float(number), figure=figure))
        assert [score.score for score in catalogue.best_scores(limit=2, offset=1)] == [2.0, 1.0]
        assert [score.score for score in catalogue.best_scores(figure="hopper")] == [3.0, 2.0, 0.0]


def test_commands_are_remembered_newest_first_and_once(tmp_path: Path) -> None:
    with Catalogue(tmp_path / "gts.db") as catalogue:
        for line in ("train a.spec", "info a.spec", "train 🐎_%.spec", "train a.spec", "trains", "Train"):
            catalogue.add_command(line, 0)
        catalogue.add_command("train \udcff.spec", 2)  # a name that is not Unicode
        assert catalogue.commands() == ["train ?.spec", "Train", "trains", "train a.spec", "train 🐎_%.spec", "info a.spec"]
        assert catalogue.commands("train ") == ["train ?.spec", "train a.spec", "train 🐎_%.spec"]
        assert catalogue.commands("train 🐎_", limit=1) == ["train 🐎_%.spec"]
        assert catalogue.commands("%") == catalogue.commands("no such") == []
        assert catalogue.commands(limit=2) == ["train ?.spec", "Train"]


def test_only_the_newest_commands_are_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_COMMANDS", 5)
    with Catalogue(tmp_path / "gts.db") as catalogue:
        for number in range(12):
            catalogue.add_command(f"command {number}", 0)
        assert catalogue.commands() == [f"command {number}" for number in (11, 10, 9, 8, 7)]


def test_pages_come_out_by_index(tmp_path: Path) -> None:
    with Catalogue(tmp_path / "gts.db") as catalogue:
        asked: list[str] = []
        catalogue._connection.set_trace_callback(asked.append)
        catalogue.runs(offset=10)
        catalogue.runs(figure="ant")
        catalogue.runs(technique="ppo")
        catalogue.runs(figure="ant", technique="ppo")
        catalogue.get_run("a")
        catalogue.jobs(offset=10)
        catalogue.jobs(recorded_states=("running",))
        catalogue.jobs(kind="train")
        catalogue.jobs(kind="train", recorded_states=("running",))
        catalogue.get_job("a")
        catalogue.studies()
        catalogue.get_study("a")
        catalogue.best_scores()
        catalogue.best_scores(figure="ant")
        catalogue.scores("abc")
        catalogue.checkpoints("a")
        ordered = len(asked)
        # These sort what an index has found.
        catalogue.jobs(recorded_states=("running", "paused"))
        catalogue.commands("train")
        catalogue._connection.set_trace_callback(None)
        assert ordered == 16
        for number, query in enumerate(asked):
            plan = [row[3] for row in catalogue._connection.execute(f"EXPLAIN QUERY PLAN {query}")]
            assert all(" INDEX " in step for step in plan if step.startswith(("SCAN", "SEARCH"))), (query, plan)
            assert number >= ordered or not any("TEMP B-TREE FOR ORDER BY" in step for step in plan), (query, plan)


@pytest.mark.process
def test_processes_that_make_and_fill_one_catalogue_lose_nothing(tmp_path: Path) -> None:
    command = [sys.executable, "-c", WRITE_MANY, str(tmp_path / "gts.db")]
    processes = [subprocess.Popen([*command, name], stderr=subprocess.PIPE) for name in "abc"]
    for process in processes:
        _, errors = process.communicate()
        assert process.returncode == 0, errors.decode()
    with Catalogue(tmp_path / "gts.db") as catalogue:
        assert len(catalogue.runs(limit=1000)) == len(catalogue.jobs(limit=1000)) == 120
    assert not (tmp_path / "gts.db-wal").exists()


def test_ghost_text_comes_at_once(tmp_path: Path) -> None:
    with Catalogue(tmp_path / "gts.db") as catalogue:
        rows = [(f"train figure{number % 5000}.spec", "2026-11-22T08:15:30Z", 0) for number in range(module.MAX_COMMANDS)]
        with catalogue._transaction():
            catalogue._connection.executemany("INSERT INTO history (line, at, exit_code) VALUES (?, ?, ?)", rows)
        started = time.process_time()
        assert catalogue.commands("train figure4999", limit=1) == ["train figure4999.spec"]
        assert time.process_time() - started < 0.05


def make_runs(workspace: Workspace, count: int) -> list[str]:
    ids = [f"20261122-{number:06}-hopperPPO-k3f" for number in range(count)]
    for run in ids:
        folder = workspace.run_folder(run)
        folder.member_folder(0).mkdir(parents=True)
        for file in (folder.run_file, folder.job_file, folder.log, folder.metrics, folder.spec(0)):
            file.write_text("{}")
    return ids


def index(workspace: Workspace, ids: list[str]) -> None:
    with Catalogue(workspace.catalogue) as catalogue:
        catalogue.put_many([replace(RUN, id=run) for run in ids], [replace(JOB, id=run) for run in ids])


def test_runs_that_the_catalogue_missed_are_found(tmp_path: Path) -> None:
    workspace = Workspace(tmp_path)
    ids = make_runs(workspace, 5)
    workspace.run_folder("no-run-yet").path.mkdir()
    (workspace.runs / "a-file").touch()
    index(workspace, [ids[0], ids[3], "gone-since"])
    with Catalogue(workspace.catalogue, read_only=True) as catalogue:
        assert find_unindexed_runs(workspace, catalogue) == [ids[1], ids[2], ids[4]]
    index(workspace, ids)
    with Catalogue(workspace.catalogue, read_only=True) as catalogue:
        assert find_unindexed_runs(workspace, catalogue) == []
    assert workspace.run_ids() == ids


def test_a_workspace_without_runs_has_missed_none(tmp_path: Path) -> None:
    with Catalogue(tmp_path / "gts.db") as catalogue:
        assert find_unindexed_runs(Workspace(tmp_path), catalogue) == []


def test_a_workspace_with_many_runs_opens_at_once(tmp_path: Path) -> None:
    workspace = Workspace(tmp_path)
    ids = make_runs(workspace, 1000)
    index(workspace, ids[:990])
    seconds = []
    for _ in range(5):
        started = time.process_time()
        with Catalogue(workspace.catalogue, read_only=True) as catalogue:
            assert len(workspace.run_ids()) == 1000
            assert len(catalogue.runs(limit=100)) == len(catalogue.jobs(kind="train", limit=100)) == 100
            assert find_unindexed_runs(workspace, catalogue) == ids[990:]
        seconds.append(time.process_time() - started)
    print(f"a workspace with 1000 runs opens in {1000 * statistics.median(seconds):.1f} ms")
    patience = 4 if os.environ.get("CI") else 2
    assert statistics.median(seconds) < OPENING_SECONDS * patience
