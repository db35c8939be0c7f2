"""Writing and reading metrics, during the training and after faults of the writer."""

import math
import os
import shutil
import signal
import statistics
import subprocess
import sys
import time
from pathlib import Path

import pytest

from gts.store.curves import MetricsReader
from gts.store.database import BUSY_SECONDS
from gts.store.metrics import MAX_ROUNDS, MetricsWriter

CURVE_SECONDS = 0.02
"""Processor time that a curve of a long training may take on an idle machine."""

READ_IN_THE_MIDDLE = """
import sys
from pathlib import Path
from gts.store.curves import MetricsReader

with MetricsReader(Path(sys.argv[1])) as reader, reader.snapshot():
    before = reader.curve("loss").steps
    print("reading", flush=True)
    sys.stdin.readline()
    assert reader.curve("loss").steps == before == tuple(range(10, 60, 10))
    assert len(reader.table()[1]) == 5
"""

ENDLESS_WRITER = """
import sys
from pathlib import Path
from gts.store.metrics import MetricsWriter

writer = MetricsWriter(Path(sys.argv[1]), rounds=100)
writer._flushed_at = -1e9
step = 0
while True:
    step += 10
    writer.add_round(step, step // 10, [{"loss": step, "return": -step}], {"physics": 0.1})
    writer.flush()
    print(step, flush=True)
"""


def write(path: Path, rounds: int, members: int = 1, *, of: int | None = None) -> None:
    with MetricsWriter(path, rounds=of or rounds) as writer:
        for epoch in range(1, rounds + 1):
            metrics = [{"loss": epoch + 1000.0 * member, "kl": 0.5} for member in range(members)]
            writer.add_round(epoch * 10, epoch, metrics, {"physics": 0.25})


def start_endless_writer(path: Path) -> subprocess.Popen[str]:
    return subprocess.Popen([sys.executable, "-c", ENDLESS_WRITER, str(path)], stdout=subprocess.PIPE, text=True)


def test_curves_come_back_by_member_and_name(tmp_path: Path) -> None:
    write(tmp_path / "metrics.db", 50, members=3)
    with MetricsReader(tmp_path / "metrics.db") as reader:
        assert reader.member_count() == 3
        assert reader.metric_names(2) == ("kl", "loss")
        assert reader.metric_names(-1) == ("seconds/physics",)
        curve = reader.curve("loss", 2)
        assert curve.steps == tuple(range(10, 510, 10))
        assert curve.means == tuple(2000.0 + epoch for epoch in range(1, 51))
        assert reader.latest(1) == {"kl": 0.5, "loss": 1050.0}
        assert reader.newest_position()[:2] == (500, 50)


def test_a_curve_is_decimated_to_means_and_extremes(tmp_path: Path) -> None:
    write(tmp_path / "metrics.db", 100)
    with MetricsReader(tmp_path / "metrics.db") as reader:
        curve = reader.curve("loss", columns=10)
        assert curve.steps == tuple(range(100, 1100, 100))
        assert (curve.lows[3], curve.means[3], curve.highs[3]) == (31.0, 35.5, 40.0)
        newest = reader.curve("loss", max_rows=7, columns=100)
        assert newest.means == tuple(float(epoch) for epoch in range(94, 101))
        assert reader.curve("no such metric").steps == ()


def test_a_long_training_is_stored_in_a_bounded_number_of_rows(tmp_path: Path) -> None:
    rounds = 3 * MAX_ROUNDS
    write(tmp_path / "metrics.db", rounds)
    with MetricsReader(tmp_path / "metrics.db") as reader:
        curve = reader.curve("loss", columns=MAX_ROUNDS * 2)
        assert len(curve.steps) == MAX_ROUNDS
        assert curve.means[:2] == (2.0, 5.0)  # of rounds 1, 2, 3 and of 4, 5, 6


def test_numbers_that_are_not_finite_are_left_out(tmp_path: Path) -> None:
    with MetricsWriter(tmp_path / "metrics.db", rounds=3) as writer:
        for epoch, value in enumerate([1.0, math.nan, math.inf], start=1):
            writer.add_round(epoch, epoch, [{"loss": value}], {})
    with MetricsReader(tmp_path / "metrics.db") as reader:
        assert reader.curve("loss").means == (1.0,)
        assert reader.newest_position()[0] == 3


def test_evaluations_and_failures_come_back(tmp_path: Path) -> None:
    with MetricsWriter(tmp_path / "metrics.db", rounds=3) as writer:
        writer.add_evaluation(1, 500, {"mean": 12.5}, best=True)
        writer.add_failure(0, 600, "a loss of nan")
    with MetricsReader(tmp_path / "metrics.db") as reader:
        assert reader.evaluations(0) == ()
        (evaluation,) = reader.evaluations(1)
        assert (evaluation.step, evaluation.best, evaluation.score) == (500, True, {"mean": 12.5})
        (failure,) = reader.failures()
        assert (failure.member, failure.step, failure.reason) == (0, 600, "a loss of nan")


@pytest.mark.process
def test_readers_see_what_was_flushed_while_the_writer_works(tmp_path: Path) -> None:
    path = tmp_path / "metrics.db"
    writer = start_endless_writer(path)
    assert writer.stdout is not None
    try:
        writer.stdout.readline()
        slowest, seen = 0.0, 0
        for _ in range(30):
            wrote = int(writer.stdout.readline())
            started = time.process_time()
            with MetricsReader(path) as reader:
                step = reader.newest_position()[0]
                assert reader.curve("loss").steps[-1] >= step
            slowest = max(slowest, time.process_time() - started)
            assert step >= wrote
            assert step >= seen
            seen = step
        assert slowest < 1.0
    finally:
        writer.kill()
        writer.wait()
        writer.stdout.close()


@pytest.mark.process
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
        assert reader.newest_position()[0] >= flushed
        curve = reader.curve("loss", columns=10**6)
        assert curve.means == tuple(map(float, curve.steps))
        assert reader.curve("return", columns=10**6).steps == curve.steps
    MetricsWriter(path, rounds=100, resume=100).close()
    with MetricsReader(path) as reader:
        assert reader.newest_position()[0] == 100


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


def test_closing_while_somebody_reads_keeps_the_numbers(tmp_path: Path) -> None:
    path = tmp_path / "metrics.db"
    writer = MetricsWriter(path, rounds=2)
    writer.add_round(10, 1, [{"loss": 1.0}], {})
    writer.flush()
    with MetricsReader(path) as reader:
        assert reader.curve("loss").means == (1.0,)
        writer.add_round(20, 2, [{"loss": 2.0}], {})
        writer.close()
        assert reader.curve("loss").means == (1.0, 2.0)


@pytest.mark.process
@pytest.mark.parametrize("shared_memory_is_lost", [False, True])
def test_a_killed_writers_numbers_need_no_shared_memory(tmp_path: Path, shared_memory_is_lost: bool) -> None:
    path = tmp_path / "metrics.db"
    writer = start_endless_writer(path)
    assert writer.stdout is not None
    flushed = [int(writer.stdout.readline()) for _ in range(20)]
    writer.kill()
    writer.wait()
    writer.stdout.close()
    if shared_memory_is_lost:
        (tmp_path / "metrics.db-shm").unlink()
    with MetricsReader(path) as reader:
        assert reader.curve("loss", columns=10**6).steps[: len(flushed)] == tuple(flushed)


@pytest.mark.process
def test_a_writer_never_waits_for_a_reader_in_the_middle_of_reading(tmp_path: Path) -> None:
    path = tmp_path / "metrics.db"
    writer = MetricsWriter(path, rounds=200)
    for epoch in range(1, 6):
        writer.add_round(epoch * 10, epoch, [{"loss": 1.0}], {})
    writer.flush()
    command = [sys.executable, "-c", READ_IN_THE_MIDDLE, str(path)]
    reader = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert reader.stdin is not None and reader.stdout is not None
    assert reader.stdout.readline() == "reading\n"
    slowest = 0.0
    for epoch in range(6, 106):
        started = time.perf_counter()
        writer.add_round(epoch * 10, epoch, [{"loss": 1.0}], {})
        writer.flush()
        slowest = max(slowest, time.perf_counter() - started)
    with MetricsReader(path) as other:
        assert other.newest_position()[0] == 1050
    reader.communicate("go on\n")
    assert reader.returncode == 0
    # The reader goes on only now: a writer that waits for it would have failed, or taken the whole time that it may wait.
    assert slowest < BUSY_SECONDS
    writer.close()


@pytest.mark.parametrize("members", [1, 8])
def test_a_curve_of_a_long_training_comes_at_once(tmp_path: Path, members: int) -> None:
    path = tmp_path / "metrics.db"
    with MetricsWriter(path, rounds=MAX_ROUNDS) as writer:
        for epoch in range(1, MAX_ROUNDS + 1):
            values = {f"metric{number}": math.sin(epoch * number) for number in range(20)}
            writer.add_round(epoch * 2000, epoch, [values] * members, {"physics": 0.1})
    seconds = []
    for number in range(9):
        with MetricsReader(path) as reader:
            started = time.process_time()
            curve = reader.curve(f"metric{2 * number}", members - 1, columns=120)
            seconds.append(time.process_time() - started)
        assert (len(curve.steps), curve.steps[-1]) == (120, 10_000_000)
    print(f"a curve of 10 million steps, {members} members: {1000 * statistics.median(seconds):.1f} ms")
    patience = 4 if os.environ.get("CI") else 2
    assert statistics.median(seconds) < CURVE_SECONDS * patience
