"""A training that is stopped or killed and resumed has the rows of one that never stopped; damaged files are moved aside."""

import math
import os
import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gts.errors import FileError
from gts.store import metrics as module
from gts.store.curves import MetricsReader
from gts.store.database import move_database_aside
from gts.store.metrics import KEPT_FLUSHES, MAX_ROUNDS, MetricsWriter

ROUNDS = 24
MEMBERS = 2


def train(writer: MetricsWriter, first: int, last: int) -> None:
    """Rounds of 10 steps with numbers that depend on nothing but the round; some are missing, some are not finite."""
    for epoch in range(first, last + 1):
        metrics = [{"loss": math.sin(epoch + member), "kl": epoch / 3} for member in range(MEMBERS)]
        if epoch % 3 == 0:
            metrics[0]["sometimes"] = 1.0 / epoch
        if epoch % 5 == 0:
            metrics[1]["loss"] = math.nan
        writer.add_round(epoch * 10, epoch, metrics, {"physics": 0.1 * epoch})
        if epoch % 4 == 0:
            writer.add_evaluation(0, epoch * 10, {"mean": float(epoch)}, best=False)


def rows(path: Path) -> list[Any]:
    """Everything in the file that does not depend on the clock."""
    with MetricsReader(path) as reader:
        found: list[Any] = [reader.evaluations(0), reader.newest_position()[:2]]
        for member in (-1, *range(MEMBERS)):
            names, lines = reader.table(member)
            found.append([dict(zip(names, line, strict=True)) | {"elapsed": 0.0} for line in lines])
        return found


def undisturbed(folder: Path, stride: int) -> list[Any]:
    path = folder / "undisturbed.db"
    writer = MetricsWriter(path, rounds=stride * MAX_ROUNDS)
    assert writer.stride == stride
    train(writer, 1, ROUNDS)
    writer.close(complete=True)
    return rows(path)


def attempts(draw: st.DrawFn) -> list[tuple[int, list[int], bool]]:
    """Each attempt goes on from a flushed round, flushes at some and is killed (or stops) at the end of the list."""
    flushed, plan = [0], []
    for _ in range(draw(st.integers(1, 4))):
        begin = draw(st.sampled_from(flushed))
        flushes = sorted(draw(st.sets(st.integers(begin + 1, ROUNDS), max_size=5))) if begin < ROUNDS else []
        plan.append((begin, flushes, draw(st.booleans())))
        flushed = [epoch for epoch in flushed if epoch <= begin] + flushes
    return plan


@settings(max_examples=40)
@given(stride=st.integers(1, 7), plan=st.composite(attempts)(), beyond=st.integers(0, 6), eager=st.booleans())
def test_rows_are_those_of_a_training_that_never_stopped(
    stride: int, plan: Sequence[tuple[int, list[int], bool]], beyond: int, eager: bool
) -> None:
    with tempfile.TemporaryDirectory() as name, pytest.MonkeyPatch.context() as patch:
        folder = Path(name)
        wanted = undisturbed(folder, stride)
        # Writes after each round, or at flushes only: what reaches the disk in between must not matter.
        patch.setattr(module, "_FLUSH_SECONDS", 0.0 if eager else 1e9)
        path, rounds = folder / "metrics.db", stride * MAX_ROUNDS
        last = 0
        for begin, flushes, stops in plan:
            writer = MetricsWriter(path, rounds=rounds, resume=begin * 10 or None)
            at = begin
            for flush in flushes:
                train(writer, at + 1, flush)
                writer.flush()
                at = flush
            if stops:
                writer.close()
            else:
                train(writer, at + 1, min(at + beyond, ROUNDS))
                writer._connection.close()  # killed: what it still held is lost
            last = at
        writer = MetricsWriter(path, rounds=rounds, resume=last * 10 or None)
        train(writer, last + 1, ROUNDS)
        writer.close(complete=True)
        assert rows(path) == wanted


def test_a_row_that_is_half_gathered_waits_for_its_other_half(tmp_path: Path) -> None:
    path = tmp_path / "metrics.db"
    writer = MetricsWriter(path, rounds=4 * MAX_ROUNDS)
    for epoch in range(1, 7):
        writer.add_round(epoch * 10, epoch, [{"loss": float(epoch)}], {})
    writer.close()
    with MetricsReader(path) as reader:
        assert reader.curve("loss").means == (2.5,)
        assert reader.newest_position()[:2] == (60, 6)
    writer = MetricsWriter(path, rounds=4 * MAX_ROUNDS, resume=60)
    for epoch in range(7, 10):
        writer.add_round(epoch * 10, epoch, [{"loss": float(epoch)}], {})
    writer.close(complete=True)
    with MetricsReader(path) as reader:
        assert reader.curve("loss").means == (2.5, 6.5, 9.0)
        assert reader.curve("loss").steps == (40, 80, 90)


def test_the_last_row_of_a_training_is_whole_once_only(tmp_path: Path) -> None:
    path = tmp_path / "metrics.db"
    writer = MetricsWriter(path, rounds=4 * MAX_ROUNDS)
    writer.add_round(10, 1, [{"loss": 1.0}], {})
    writer.flush()  # its last state
    writer.close(complete=True)
    writer = MetricsWriter(path, rounds=4 * MAX_ROUNDS, resume=10)
    writer.add_round(20, 2, [{"loss": 5.0}], {})
    writer.close(complete=True)
    with MetricsReader(path) as reader:
        assert reader.curve("loss").means == (1.0, 5.0)


def test_the_clock_goes_on_from_the_last_row(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path, clock = tmp_path / "metrics.db", [1000.0]
    monkeypatch.setattr(module.time, "monotonic", lambda: clock[0])
    for resume in (None, 10, 20):
        with MetricsWriter(path, rounds=2 * MAX_ROUNDS, resume=resume) as writer:
            clock[0] += 5.0
            epoch = (resume or 0) // 10 + 1
            writer.add_round(epoch * 10, epoch, [{"loss": 1.0}], {})
        clock[0] += 3600.0
    with MetricsReader(path) as reader:
        assert reader.curve("loss").elapsed == (10.0,)
        assert reader.newest_position() == (30, 3, 15.0)
    with MetricsWriter(tmp_path / "new.db", rounds=5, elapsed=7.0) as writer:
        clock[0] += 5.0
        writer.add_round(10, 1, [{"loss": 1.0}], {})
    with MetricsReader(tmp_path / "new.db") as reader:
        assert reader.newest_position() == (10, 1, 12.0)


def test_a_training_that_begins_anew_forgets_the_attempt_before(tmp_path: Path) -> None:
    path = tmp_path / "metrics.db"
    with MetricsWriter(path, rounds=10) as writer:
        train(writer, 1, 10)
    with MetricsWriter(path, rounds=10) as writer:
        train(writer, 1, 2)
    with MetricsReader(path) as reader:
        assert reader.curve("kl").steps == (10, 20)
        assert reader.evaluations() == ()


def test_the_sums_of_the_last_flushes_are_kept(tmp_path: Path) -> None:
    path, flushes = tmp_path / "metrics.db", KEPT_FLUSHES + 10
    with MetricsWriter(path, rounds=100 * MAX_ROUNDS) as writer:
        for epoch in range(1, flushes + 1):
            writer.add_round(epoch * 10, epoch, [{"loss": float(epoch)}], {})
            writer.flush()
        kept = writer._connection.execute("SELECT step FROM pending ORDER BY step").fetchall()
    assert [step for (step,) in kept] == [epoch * 10 for epoch in range(11, flushes + 1)]


@pytest.mark.parametrize("damage", ["cut short", "emptied", "garbage", "copied without its log"])
def test_a_damaged_file_is_refused_and_moved_aside(tmp_path: Path, damage: str) -> None:
    path = tmp_path / "metrics.db"
    writer = MetricsWriter(path, rounds=ROUNDS)
    train(writer, 1, ROUNDS)
    writer.flush()
    if damage == "copied without its log":
        shutil.copy(path, tmp_path / "copy")
        writer.close()
        os.replace(tmp_path / "copy", path)
    else:
        writer.close()
        whole = path.read_bytes()
        pages = len(whole) // 4096
        middle = pages // 2 * 4096
        damaged = {
            "cut short": whole[:middle],
            "emptied": b"",
            "garbage": whole[:middle] + b"\xa5" * 4096 + whole[middle + 4096 :],
        }
        path.write_bytes(damaged[damage])
    before = path.read_bytes()
    with pytest.raises(FileError, match=r"metrics\.db") as caught:
        MetricsWriter(path, rounds=ROUNDS, resume=ROUNDS * 10)
    assert "move" in caught.value.hint
    assert move_database_aside(path) == tmp_path / "metrics-damaged-1.db"
    assert not path.exists()
    assert len((tmp_path / "metrics-damaged-1.db").read_bytes()) >= len(before)
    with MetricsWriter(path, rounds=ROUNDS, resume=ROUNDS * 10) as writer:
        writer.add_round(ROUNDS * 10 + 10, ROUNDS + 1, [{"loss": 1.0}], {})
    with MetricsReader(path) as reader:
        assert reader.curve("loss").steps == (ROUNDS * 10 + 10,)


def test_what_is_moved_aside_takes_its_log_along_and_no_others_place(tmp_path: Path) -> None:
    names = ("metrics.db", "metrics.db-wal", "metrics.db-shm", "metrics-damaged-1.db")
    for name in names:
        (tmp_path / name).write_text(name)
    assert move_database_aside(tmp_path / "metrics.db").name == "metrics-damaged-2.db"
    assert {entry.name: entry.read_text() for entry in tmp_path.iterdir()} == {
        "metrics-damaged-1.db": "metrics-damaged-1.db",
        "metrics-damaged-2.db": "metrics.db",
        "metrics-damaged-2.db-wal": "metrics.db-wal",
        "metrics-damaged-2.db-shm": "metrics.db-shm",
    }


def test_a_step_that_was_never_flushed_is_no_reason_to_refuse_a_file_that_goes_on_after_it(tmp_path: Path) -> None:
    path = tmp_path / "metrics.db"
    with MetricsWriter(path, rounds=ROUNDS) as writer:
        train(writer, 1, 9)
    with MetricsWriter(path, rounds=ROUNDS, resume=45):
        pass
    with MetricsReader(path) as reader:
        assert reader.newest_position()[0] == 40


def test_sums_after_the_step_that_is_gone_on_from_are_forgotten(tmp_path: Path) -> None:
    path = tmp_path / "metrics.db"
    with MetricsWriter(path, rounds=100 * MAX_ROUNDS) as writer:
        for epoch in range(1, 5):
            writer.add_round(epoch * 10, epoch, [{"loss": float(epoch)}], {})
            writer.flush()
    MetricsWriter(path, rounds=100 * MAX_ROUNDS, resume=20).close()
    with MetricsReader(path) as reader:
        assert reader.newest_position()[:2] == (20, 2)
