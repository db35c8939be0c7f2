"""The contract of the store, point by point, for every file that it keeps; the words are in `gts/store/__init__.py`."""

import errno
import os
import signal
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import FrozenInstanceError, dataclass, replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from sqlite_utils import Database
from sqlite_utils.migrations import Migrations

from gts.errors import FileError, FullDiskError
from gts.formats.durable import write_durably
from gts.store import catalogue, database, metrics
from gts.store.catalogue import Catalogue, RunRecord, ScoreRecord
from gts.store.curves import MetricsReader
from gts.store.metrics import MetricsWriter

RUN = RunRecord("", "hopperPPO", "hopper/hopperPPO.spec", "hopper", "ppo", 2, 10**6, 0, "2026-11-22T08:15:30Z")


@dataclass(frozen=True)
class Catalogues:
    """`gts.db`."""

    file: str = "gts.db"
    journal: str = "delete"
    table: str = "runs"

    def open(self, path: Path) -> Catalogue:
        return Catalogue(path)

    def write(self, store: Catalogue, number: int) -> None:
        store.put_run(replace(RUN, id=f"run-{number:06}", step=number))

    def read(self, path: Path) -> list[int]:
        with Catalogue(path, read_only=True) as catalogue:
            return [run.step for run in catalogue.runs(limit=10**6)][::-1]

    def migrations(self) -> Migrations:
        return catalogue._SCHEMA.sqlite_utils_migrations()


@dataclass(frozen=True)
class Metrics:
    """A run's `metrics.db`."""

    file: str = "metrics.db"
    journal: str = "wal"
    table: str = "points"

    def open(self, path: Path) -> MetricsWriter:
        # Goes on from wherever the file ends: `resume` is tested where it belongs.
        return MetricsWriter(path, rounds=5000, resume=max(self.read(path)) if path.exists() else None)

    def write(self, store: MetricsWriter, number: int) -> None:
        store.add_round(number, number, [{"loss": float(number), "kl": 0.5}], {})
        store.flush()

    def read(self, path: Path) -> list[int]:
        with MetricsReader(path) as reader:
            return [int(value) for value in reader.curve("loss", max_rows=10**6, columns=10**6).means]

    def migrations(self) -> Migrations:
        return metrics._SCHEMA.sqlite_utils_migrations()


Store = Catalogues | Metrics

# What a child process begins with: the store that its first argument names, and the path in its second.
CHILD = """
import os, resource, signal, sqlite3, sys, time
from pathlib import Path
from tests.store import test_contract
from gts.errors import FileError, FullDiskError
store, path = getattr(test_contract, sys.argv[1])(), Path(sys.argv[2])
"""

IN_MID_TRANSACTION = """
writer = store.open(path)
for number in (1, 2, 3):
    store.write(writer, number)
connection = writer._connection
connection.execute("PRAGMA cache_size=2")  # so that half of the transaction is in the file already
connection.execute("BEGIN IMMEDIATE")
connection.execute(f"CREATE TABLE half (text)")
connection.executemany("INSERT INTO half VALUES (?)", [("x" * 500,)] * 2000)
connection.execute(f"DELETE FROM {store.table}")
"""

FULL = """
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
writer = store.open(path)
store.write(writer, 1)
limit = max(entry.stat().st_size for entry in path.parent.iterdir()) + 40_000
resource.setrlimit(resource.RLIMIT_FSIZE, (limit, resource.RLIM_INFINITY))
number = 1
try:
    while True:
        number += 1
        store.write(writer, number)
except FullDiskError as error:
    assert path.name in error.message and "room" in error.hint, (error.message, error.hint)
resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
writer.flush() if hasattr(writer, "flush") else store.write(writer, number)
store.write(writer, number + 1)
writer.close()
assert store.read(path) == list(range(1, number + 2)), (number, store.read(path)[-3:])
print(number)
"""

WITHOUT_RIGHTS = """
import sqlite_utils.migrations, psutil
from gts.system.filesystem import file_system
file_system(path.parent)
if os.getuid() == 0:
    os.setgroups([])
    os.setgid(65534)
    os.setuid(65534)
print(store.read(path))
try:
    store.write(store.open(path), 10)
except FileError as error:
    print(error.hint)
"""


@pytest.fixture(params=[Catalogues(), Metrics()], ids=lambda store: store.file)
def store(request: pytest.FixtureRequest) -> Store:
    return request.param


@pytest.fixture
def path(store: Store, tmp_path: Path) -> Path:
    return tmp_path / store.file


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder that every user of the machine can look into."""
    with tempfile.TemporaryDirectory() as name:
        Path(name).chmod(0o755)
        yield Path(name)
        Path(name).chmod(0o755)


def fill(store: Store, path: Path, count: int) -> None:
    with store.open(path) as writer:
        for number in range(1, count + 1):
            store.write(writer, number)


def child(script: str, store: Store, path: Path) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", CHILD + script, type(store).__name__, str(path)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def said(script: str, store: Store, path: Path) -> str:
    process = child(script, store, path)
    out, errors = process.communicate(timeout=60)
    assert process.returncode == 0, errors
    return out


def killed(script: str, store: Store, path: Path) -> None:
    """Run a script until it waits for nothing, and kill it there."""
    process = child(script + "\nprint('here', flush=True)\ntime.sleep(600)\n", store, path)
    assert process.stdout is not None and process.stderr is not None
    word = process.stdout.readline()
    os.kill(process.pid, signal.SIGKILL)
    errors = process.stderr.read()
    process.wait()
    process.stdout.close()
    process.stderr.close()
    assert word == "here\n", errors


def journal_of(writer: Any) -> str:
    return str(writer._connection.execute("PRAGMA journal_mode").fetchone()[0])


class TestEveryStore:
    """What holds for all of them."""

    def test_what_was_written_is_there_and_nothing_lies_beside_it(self, store: Store, path: Path) -> None:
        fill(store, path, 5)
        assert store.read(path) == [1, 2, 3, 4, 5]
        assert [entry.name for entry in path.parent.iterdir()] == [store.file]

    def test_the_journal_is_the_one_that_its_writers_need(self, store: Store, path: Path) -> None:
        with store.open(path) as writer:
            assert journal_of(writer) == store.journal
            assert writer._connection.execute("PRAGMA synchronous").fetchone()[0] == 2  # FULL

    def test_a_network_disk_never_sees_wal(self, store: Store, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(metrics, "file_system", lambda folder: SimpleNamespace(is_network=True))
        with store.open(path) as writer:
            store.write(writer, 1)
            assert journal_of(writer) == "delete"
            assert [entry.name for entry in path.parent.iterdir()] == [store.file]
        assert store.read(path) == [1]

    @pytest.mark.process
    def test_a_kill_in_mid_transaction_leaves_what_was_committed(self, store: Store, path: Path) -> None:
        killed(IN_MID_TRANSACTION, store, path)
        assert len(list(path.parent.iterdir())) > 1  # a journal or a log with half a transaction in it
        assert store.read(path) == [1, 2, 3]
        with store.open(path) as writer:
            store.write(writer, 4)
        assert store.read(path) == [1, 2, 3, 4]
        assert "half" not in Database(path).table_names()

    def test_a_reader_writes_nothing_and_makes_nothing(self, store: Store, path: Path) -> None:
        with pytest.raises(FileError, match=store.file):
            store.read(path)
        assert list(path.parent.iterdir()) == []
        fill(store, path, 3)
        before = path.read_bytes()
        connection = database.open_reader(path)
        with pytest.raises(sqlite3.OperationalError, match="readonly"):
            connection.execute(f"DELETE FROM {store.table}")
        connection.close()
        assert path.read_bytes() == before

    @pytest.mark.process
    def test_a_folder_without_rights_is_read_and_said_to_be_so(self, store: Store, open_folder: Path) -> None:
        path = open_folder / store.file
        fill(store, path, 3)
        path.chmod(0o444)
        open_folder.chmod(0o555)
        numbers, hint = said(WITHOUT_RIGHTS, store, path).splitlines()
        assert numbers == "[1, 2, 3]"
        assert "--workspace" in hint
        assert [entry.name for entry in open_folder.iterdir()] == [store.file]

    def test_a_reader_goes_on_while_somebody_holds_the_write_lock(self, store: Store, path: Path) -> None:
        with store.open(path) as writer:
            store.write(writer, 1)
            other = sqlite3.connect(path)
            other.execute("BEGIN IMMEDIATE")
            assert store.read(path) == [1]
            other.close()

    def test_a_lock_that_stays_is_an_error_with_a_name(self, store: Store, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(database, "BUSY_SECONDS", 0.05)
        with store.open(path) as writer:
            store.write(writer, 1)
            other = sqlite3.connect(path)
            other.execute("BEGIN IMMEDIATE")
            with pytest.raises(FileError, match="locked") as caught:
                store.write(writer, 2)
            assert store.file in caught.value.message
            assert "another process" in caught.value.hint
            other.close()
            store.write(writer, 2)
        assert store.read(path) == [1, 2]

    @pytest.mark.process
    def test_a_full_disk_loses_nothing(self, store: Store, path: Path) -> None:
        assert int(said(FULL, store, path)) > 5

    def test_a_full_database_is_a_full_disk(self, store: Store, path: Path) -> None:
        with store.open(path) as writer:
            store.write(writer, 1)
            (pages,) = writer._connection.execute("PRAGMA page_count").fetchone()
            writer._connection.execute(f"PRAGMA max_page_count={pages}")
            with pytest.raises(FullDiskError, match="full"):
                for number in range(2, 2000):
                    store.write(writer, number)
            writer._connection.execute("PRAGMA max_page_count=1000000")
        assert store.read(path)[-1] >= number - 1

    @pytest.mark.parametrize("damage", ["no database", "cut short", "garbage"])
    def test_damage_is_an_error_with_a_remedy(self, store: Store, path: Path, damage: str) -> None:
        fill(store, path, 300)
        whole = path.read_bytes()
        pages = len(whole) // 4096
        root = Database(path).execute("SELECT rootpage FROM sqlite_schema WHERE name = ?", [store.table]).fetchone()[0]
        garbage = b"\xa5" * 4096
        path.write_bytes(
            {
                "no database": b"nothing that SQLite knows" * 1000,
                "cut short": whole[: pages // 2 * 4096],
                "garbage": whole[: (root - 1) * 4096] + garbage + whole[root * 4096 :],
            }[damage]
        )
        for use in (store.read, self._write_after(store)):
            with pytest.raises(FileError, match=store.file) as caught:
                use(path)
            assert "damaged: move it away" in caught.value.hint

    def _write_after(self, store: Store) -> Any:
        def write(path: Path) -> None:
            if isinstance(store, Metrics):
                MetricsWriter(path, rounds=5000, resume=300)
            else:
                fill(store, path, 300)

        return write

    def test_every_older_shape_opens(self, store: Store, tmp_path: Path) -> None:
        migrations = store.migrations()
        names = [migration.name for migration in migrations.pending(Database(memory=True))]
        assert len(set(names)) == len(names) >= 1
        for released in range(len(names) + 1):
            path = tmp_path / f"{released}.db"
            old = Database(path)
            migrations.apply(old, stop_before=names[released:])
            old.close()
            assert store.read(path) == []
            with Catalogue(path) if isinstance(store, Catalogues) else MetricsWriter(path, rounds=5000) as writer:
                store.write(writer, 1)
            assert store.read(path) == [1]
            assert migrations.pending(Database(path)) == []

    def test_a_migration_that_fails_leaves_the_file_as_it_was(self, store: Store, path: Path) -> None:
        connection = sqlite3.connect(path)
        connection.execute(f"CREATE TABLE {store.table} (in_the_way TEXT)")
        connection.commit()
        connection.close()
        with pytest.raises(FileError, match=store.table):
            store.open(path) if isinstance(store, Catalogues) else MetricsWriter(path, rounds=5)
        assert Database(path).table_names() == [store.table]


def test_records_are_frozen() -> None:
    with pytest.raises(FrozenInstanceError):
        RUN.step = 1  # type: ignore[misc]
    with pytest.raises(FrozenInstanceError):
        ScoreRecord("abc", "x", 0, 1, 1, 1.0, 1.0, {}, "").mean = 2.0  # type: ignore[misc]


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT, errno.EFBIG])
def test_a_file_beside_the_databases_knows_a_full_disk_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    def fail(descriptor: int) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(FullDiskError, match="cannot write"):
        write_durably(tmp_path / "job.json", b"{}")
    monkeypatch.undo()
    write_durably(tmp_path / "job.json", b"{}")
    assert [entry.name for entry in tmp_path.iterdir()] == ["job.json"]
