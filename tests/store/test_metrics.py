"""The numbers of a run: what is written can be read, at once and after everything that can happen to a writer."""

import math
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import pytest
from sqlite_utils import Database

from gts.errors import FileError
from gts.store.curves import MetricsReader
from gts.store.metrics import MAX_ROUNDS, MetricsWriter
from gts.store.migrations import metrics_migrations

ENDLESS_WRITER = """
import sys
from pathlib import Path
from gts.store.metrics import MetricsWriter

writer = MetricsWriter(Path(sys.argv[1]), rounds=100)
writer._flushed = -1e9
step = 0
while True:
    step += 10
    writer.round(step, step // 10, [{"loss": step, "return": -step}], {"physics": 0.1})
    writer.flush()
    print(step, flush=True)
"""


def write(path: Path, rounds: int, members: int = 1, *, of: int | None = None) -> None:
    with MetricsWriter(path, rounds=of or rounds) as writer:
        for epoch in range(1, rounds + 1):
            metrics = [{"loss": epoch + 1000.0 * member, "kl": 0.5} for member in range(members)]
            writer.round(epoch * 10, epoch, metrics, {"physics": 0.25})


def start_endless_writer(path: Path) -> subprocess.Popen[str]:
    return subprocess.Popen([sys.executable, "-c", ENDLESS_WRITER, str(path)], stdout=subprocess.PIPE, text=True)


def test_curves_come_back_by_member_and_name(tmp_path: Path) -> None:
    write(tmp_path / "metrics.db", 50, members=3)
    with MetricsReader(tmp_path / "metrics.db") as reader:
        assert reader.members() == 3
        assert reader.names(2) == ("kl", "loss")
        assert reader.names(-1) == ("seconds/physics",)
        curve = reader.curve("loss", 2)
        assert curve.steps == tuple(range(10, 510, 10))
        assert curve.means == tuple(2000.0 + epoch for epoch in range(1, 51))
        assert reader.latest(1) == {"kl": 0.5, "loss": 1050.0}
        assert reader.position()[:2] == (500, 50)


def test_a_curve_is_decimated_to_means_and_extremes(tmp_path: Path) -> None:
    write(tmp_path / "metrics.db", 100)
    with MetricsReader(tmp_path / "metrics.db") as reader:
        curve = reader.curve("loss", columns=10)
        assert curve.steps == tuple(range(100, 1100, 100))
        assert (curve.lows[3], curve.means[3], curve.highs[3]) == (31.0, 35.5, 40.0)
        newest = reader.curve("loss", last=7, columns=100)
        assert newest.means == tuple(float(epoch) for epoch in range(94, 101))
        assert reader.curve("no such metric").steps == ()


def test_a_long_training_is_stored_in_a_bounded_number_of_rows(tmp_path: Path) -> None:
    rounds = 3 * MAX_ROUNDS
    write(tmp_path / "metrics.db", rounds)
    with MetricsReader(tmp_path / "metrics.db") as reader:
        curve = reader.curve("loss", columns=MAX_ROUNDS * 2)
        assert len(curve.steps) == MAX_ROUNDS
        assert curve.means[:2] == (2.0, 5.0)  # of rounds 1, 2, 3 and of 4, 5, 6
        started = time.perf_counter()
        reader.curve("loss", columns=120)
        assert time.perf_counter() - started < 0.1


def test_numbers_that_are_not_finite_are_left_out(tmp_path: Path) -> None:
    with MetricsWriter(tmp_path / "metrics.db", rounds=3) as writer:
        for epoch, value in enumerate([1.0, math.nan, math.inf], start=1):
            writer.round(epoch, epoch, [{"loss": value}], {})
    with MetricsReader(tmp_path / "metrics.db") as reader:
        assert reader.curve("loss").means == (1.0,)
        assert reader.position()[0] == 3


def test_evaluations_and_failures_come_back(tmp_path: Path) -> None:
    with MetricsWriter(tmp_path / "metrics.db", rounds=3) as writer:
        writer.evaluated(1, 500, {"mean": 12.5}, best=True)
        writer.failed(0, 600, "a loss of nan")
    with MetricsReader(tmp_path / "metrics.db") as reader:
        assert reader.evaluations(0) == ()
        (evaluation,) = reader.evaluations(1)
        assert (evaluation.step, evaluation.best, evaluation.score) == (500, True, {"mean": 12.5})
        (failure,) = reader.failures()
        assert (failure.member, failure.step, failure.reason) == (0, 600, "a loss of nan")


def test_a_training_that_goes_on_doubles_no_row(tmp_path: Path) -> None:
    path = tmp_path / "metrics.db"
    write(path, 10)
    with MetricsWriter(path, rounds=12, elapsed=5.0) as writer:
        writer.cut(60)
        for epoch in range(7, 13):
            writer.round(epoch * 10, epoch, [{"loss": -1.0, "new": 2.0}], {})
    with MetricsReader(path) as reader:
        curve = reader.curve("loss")
        assert curve.steps == tuple(range(10, 130, 10))
        assert curve.means[5:] == (6.0, *[-1.0] * 6)
        assert curve.elapsed[-1] >= 5.0
        assert reader.curve("new").steps == tuple(range(70, 130, 10))


def test_readers_see_what_was_flushed_while_the_writer_works(tmp_path: Path) -> None:
    path = tmp_path / "metrics.db"
    writer = start_endless_writer(path)
    assert writer.stdout is not None
    try:
        writer.stdout.readline()
        slowest, seen = 0.0, 0
        for _ in range(30):
            wrote = int(writer.stdout.readline())
            started = time.perf_counter()
            with MetricsReader(path) as reader:
                step = reader.position()[0]
                assert reader.curve("loss").steps[-1] >= step
            slowest = max(slowest, time.perf_counter() - started)
            assert step >= wrote
            assert step >= seen
            seen = step
        assert slowest < 1.0
    finally:
        writer.kill()
        writer.wait()
        writer.stdout.close()


def test_everything_flushed_survives_a_killed_writer(tmp_path: Path) -> None:
    path = tmp_path / "metrics.db"
    writer = start_endless_writer(path)
    assert writer.stdout is not None
    for _ in range(20):
        flushed = int(writer.stdout.readline())
    os.kill(writer.pid, signal.SIGKILL)
    writer.wait()
    writer.stdout.close()
    with MetricsReader(path) as reader:
        assert reader.position()[0] >= flushed
        curve = reader.curve("loss", columns=10**6)
        assert curve.means == tuple(map(float, curve.steps))
        assert reader.curve("return", columns=10**6).steps == curve.steps
    with MetricsWriter(path, rounds=100) as again:
        again.cut(100)
    with MetricsReader(path) as reader:
        assert reader.position()[0] == 100


def test_a_finished_file_needs_nothing_beside_it(tmp_path: Path) -> None:
    write(tmp_path / "metrics.db", 5)
    assert [entry.name for entry in tmp_path.iterdir()] == ["metrics.db"]
    copy = tmp_path / "copy" / "metrics.db"
    copy.parent.mkdir()
    shutil.copy(tmp_path / "metrics.db", copy)
    copy.chmod(0o444)
    copy.parent.chmod(0o555)
    try:
        with MetricsReader(copy) as reader:
            assert reader.curve("loss").means[-1] == 5.0
    finally:
        copy.parent.chmod(0o755)


@pytest.mark.parametrize("released", range(4))
def test_every_older_shape_is_brought_to_todays(tmp_path: Path, released: int) -> None:
    path = tmp_path / "metrics.db"
    migrations = metrics_migrations()
    names = [migration.name for migration in migrations.pending(Database(memory=True))]
    assert len(names) == 3
    old = Database(path)
    migrations.apply(old, stop_before=names[released:])
    if released:
        old.conn.execute("INSERT INTO rounds VALUES (10, 1, 0.5)")
        old.conn.commit()
    old.close()
    position = (10, 1, 0.5) if released else (0, 0, 0.0)
    with MetricsReader(path) as reader:
        assert (reader.position(), reader.members(), reader.evaluations()) == (position, 0, ())
        assert reader.curve("loss").steps == reader.names() == reader.failures() == ()
        assert reader.latest() == {}
    with MetricsWriter(path, rounds=2) as writer:
        writer.round(20, 2, [{"loss": 1.0}], {})
    with MetricsReader(path) as reader:
        assert reader.position()[0] == 20
        assert reader.curve("loss").means == (1.0,)


def test_closing_while_somebody_reads_keeps_the_numbers(tmp_path: Path) -> None:
    path = tmp_path / "metrics.db"
    writer = MetricsWriter(path, rounds=2)
    writer.round(10, 1, [{"loss": 1.0}], {})
    writer.flush()
    with MetricsReader(path) as reader:
        assert reader.curve("loss").means == (1.0,)
        writer.round(20, 2, [{"loss": 2.0}], {})
        writer.close()
        assert reader.curve("loss").means == (1.0, 2.0)


def test_a_reader_writes_nothing(tmp_path: Path) -> None:
    path = tmp_path / "metrics.db"
    write(path, 3)
    with MetricsReader(path) as reader, pytest.raises(sqlite3.OperationalError, match="readonly"):
        reader._connection.execute("DELETE FROM points")


def test_a_file_that_is_none_is_refused_with_its_name(tmp_path: Path) -> None:
    path = tmp_path / "metrics.db"
    path.write_bytes(b"not a database at all, but long enough to look like one" * 20)
    with pytest.raises(FileError, match=r"metrics\.db"):
        MetricsReader(path)


def test_a_missing_file_is_not_made_by_a_reader(tmp_path: Path) -> None:
    with pytest.raises(FileError, match=r"metrics\.db"):
        MetricsReader(tmp_path / "metrics.db")
    assert not (tmp_path / "metrics.db").exists()
