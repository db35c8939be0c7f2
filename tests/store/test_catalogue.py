"""The catalogue: records come back, several processes write at once, and every older shape still opens."""

import sqlite3
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from sqlite_utils import Database

from gts.errors import FileError
from gts.store import database
from gts.store.catalogue import Catalogue, CheckpointRecord, RunRecord, ScoreRecord
from gts.store.migrations import catalogue_migrations, metrics_migrations

RUN = RunRecord(
    id="20261122-081530-hopperPPO-k3f",
    name="hopperPPO",
    source="hopper/hopperPPO.spec",
    figure="hopper",
    technique="ppo",
    members=2,
    total_steps=1000,
    step=0,
    state="running",
    started="2026-11-22T08:15:30Z",
)
CHECKPOINT = CheckpointRecord("runs/a/best.checkpoint", RUN.id, 1, "best", 500, "abc", "2026-11-22T08:16:00Z")
SCORE = ScoreRecord("abc", "out.checkpoint", 0, 1000, 100, 959.0, 927.4, {"iqm": 960.0}, "2026-11-22T08:17:00Z")

WRITE_MANY = """
import sys
from dataclasses import replace
from pathlib import Path
from gts.store.catalogue import Catalogue
sys.path.insert(0, sys.argv[3])
from test_catalogue import RUN

for number in range(40):
    with Catalogue(Path(sys.argv[1])) as catalogue:
        catalogue.put_run(replace(RUN, id=f"{sys.argv[2]}-{number}", step=number))
"""


def test_records_come_back(tmp_path: Path) -> None:
    with Catalogue(tmp_path / "gts.db") as catalogue:
        catalogue.put_run(RUN)
        catalogue.put_run(replace(RUN, step=1000, state="done"))
        catalogue.put_checkpoint(CHECKPOINT)
        catalogue.put_checkpoint(replace(CHECKPOINT, path="runs/a/last-2"), gone=(CHECKPOINT.path,))
        catalogue.add_score(SCORE)
        catalogue.add_score(replace(SCORE, mean=960.0))
    with Catalogue(tmp_path / "gts.db", read_only=True) as catalogue:
        assert catalogue.run(RUN.id) == replace(RUN, step=1000, state="done")
        assert catalogue.run("another") is None
        assert [record.path for record in catalogue.checkpoints(RUN.id)] == ["runs/a/last-2"]
        assert catalogue.scores("abc") == [SCORE, replace(SCORE, mean=960.0)]
        assert catalogue.scores("other") == []


def test_runs_are_paged_newest_first(tmp_path: Path) -> None:
    with Catalogue(tmp_path / "gts.db") as catalogue:
        for number in range(25):
            catalogue.put_run(replace(RUN, id=f"run-{number:02}"))
        assert [run.id for run in catalogue.runs(limit=2)] == ["run-24", "run-23"]
        assert [run.id for run in catalogue.runs(limit=10, offset=20)] == [f"run-{number:02}" for number in (4, 3, 2, 1, 0)]


def test_processes_that_make_and_fill_one_catalogue_lose_nothing(tmp_path: Path) -> None:
    here = str(Path(__file__).parent)
    command = [sys.executable, "-c", WRITE_MANY, str(tmp_path / "gts.db")]
    processes = [subprocess.Popen([*command, name, here], stderr=subprocess.PIPE) for name in "abc"]
    for process in processes:
        _, errors = process.communicate()
        assert process.returncode == 0, errors.decode()
    with Catalogue(tmp_path / "gts.db") as catalogue:
        assert len(catalogue.runs(limit=1000)) == 120
    assert not (tmp_path / "gts.db-wal").exists()


@pytest.mark.parametrize("released", range(4))
def test_every_older_shape_is_brought_to_todays(tmp_path: Path, released: int) -> None:
    path = tmp_path / "gts.db"
    migrations = catalogue_migrations()
    names = [migration.name for migration in migrations.pending(Database(memory=True))]
    assert len(names) == 3
    old = Database(path)
    migrations.apply(old, stop_before=names[released:])
    if released:
        old["runs"].insert(RUN.__dict__)
    old.close()
    with Catalogue(path, read_only=True) as catalogue:
        assert catalogue.checkpoints(RUN.id) == []
        assert catalogue.runs() == ([RUN] if released else [])
    with Catalogue(path) as catalogue:
        catalogue.put_checkpoint(CHECKPOINT)
        assert catalogue.checkpoints(RUN.id) == [CHECKPOINT]
        assert catalogue.runs() == ([RUN] if released else [])


def test_a_migration_that_fails_leaves_the_file_as_it_was(tmp_path: Path) -> None:
    path = tmp_path / "gts.db"
    connection = sqlite3.connect(path)
    connection.execute("CREATE TABLE scores (in_the_way TEXT)")
    connection.commit()
    connection.close()
    with pytest.raises(FileError, match="scores"):
        Catalogue(path)
    assert Database(path).table_names() == ["scores"]


def test_migrations_have_names_of_their_own() -> None:
    for migrations in (catalogue_migrations(), metrics_migrations()):
        names = [migration.name for migration in migrations.pending(Database(memory=True))]
        assert len(set(names)) == len(names)


def test_a_reader_goes_on_while_somebody_else_holds_the_write_lock(tmp_path: Path) -> None:
    path = tmp_path / "gts.db"
    with Catalogue(path) as catalogue:
        catalogue.put_run(RUN)
    other = sqlite3.connect(path)
    other.execute("BEGIN IMMEDIATE")
    with Catalogue(path, read_only=True) as catalogue:
        assert catalogue.run(RUN.id) == RUN
    other.close()


def test_a_lock_that_stays_is_an_error_with_a_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "gts.db"
    Catalogue(path).close()
    monkeypatch.setattr(database, "BUSY_SECONDS", 0.05)
    other = sqlite3.connect(path)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(FileError, match="locked") as caught, Catalogue(path) as catalogue:
        catalogue.put_run(RUN)
    assert "another process" in caught.value.hint
    other.close()


def test_a_damaged_catalogue_says_what_to_do(tmp_path: Path) -> None:
    path = tmp_path / "gts.db"
    path.write_bytes(b"nothing that SQLite knows" * 100)
    with pytest.raises(FileError, match=r"gts\.db") as caught:
        Catalogue(path)
    assert "move it away" in caught.value.hint
