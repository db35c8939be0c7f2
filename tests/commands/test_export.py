"""`gts export` of metrics: CSV, JSON and TensorBoard files of runs and checkpoints."""

from __future__ import annotations

import csv
import json
import os
import shutil
import subprocess
import sys
from datetime import datetime
from pathlib import Path

import pytest
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from gts.store.curves import MetricsReader
from gts.store.metrics import MetricsWriter
from gts.store.workspace import RunFolder, Workspace

STARTED = "2026-11-22T08:15:30Z"
ROWS = 40

WRITE_ON = """
import sys
from pathlib import Path
from gts.store.metrics import MetricsWriter

writer = MetricsWriter(Path(sys.argv[1]), rounds=5000)
epoch = 0
while True:
    epoch += 1
    values = {"loss": float(epoch), "kl": -float(epoch)}
    writer.add_round(epoch * 10, epoch, [values, values], {})
    writer.flush()
    if epoch == 20:
        print("writing", flush=True)
"""


def make_run(workspace: Path, name: str, members: int) -> RunFolder:
    """Make a run with two metrics and one evaluation per member."""
    folder = Workspace(workspace).run_folder(f"20261122-081530-{name}-k3f")
    folder.path.mkdir(parents=True)
    folder.run_file.write_text(json.dumps({"format": 1, "members": members, "started": STARTED}))
    with MetricsWriter(folder.metrics, rounds=ROWS) as writer:
        for epoch in range(1, ROWS + 1):
            metrics = [{"loss": epoch + 100.0 * member} for member in range(members)]
            if epoch % 2:
                metrics[0]["reward/alive"] = 0.5
            writer.add_round(epoch * 10, epoch, metrics, {"physics": 0.1})
        writer.add_evaluation(members - 1, 205, {"mean": 12.5, "score": 11.0, "quantiles": [1.0], "note": "x"}, best=True)
    return folder


def scalars(folder: Path) -> dict[str, list[tuple[int, float]]]:
    """Read a folder with TensorBoard: steps and values by name."""
    events = EventAccumulator(str(folder), size_guidance={"scalars": 0})
    events.Reload()
    return {tag: [(one.step, one.value) for one in events.Scalars(tag)] for tag in events.Tags()["scalars"]}


def test_metrics_are_exported_as_csv_and_json(gts, trained: Path, workspace: Path) -> None:
    shutil.copytree(trained, workspace, dirs_exist_ok=True)
    assert gts("export", "@last", "all.csv").code == 0
    with open("all.csv", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [(row["member"], row["step"]) for row in rows][9:11] == [("1", "1200"), ("2", "120")]
    assert all(float(row["policy_loss"]) is not None for row in rows)
    data = gts("export", "out-seed1.checkpoint", "curve.json", "--json").data
    assert (data["rows"], data["columns"][:2]) == (3, ["step", "mean"])
    assert [row["step"] for row in json.loads(Path("curve.json").read_text())] == [480, 840, 1200]
    assert gts("export", "out-seed1.checkpoint", "board/").code == 2
    assert gts("export", "tiny.spec", "x.csv").code == 2


def test_all_formats_have_the_same_rows(gts, workspace: Path) -> None:
    make_run(workspace, "hopper", 2)
    for name in ("a.csv", "a.json", "a.jsonl"):
        assert gts("export", "@last", name, "--json").data["rows"] == 2 * ROWS
    lines = [json.loads(line) for line in Path("a.jsonl").read_text().splitlines()]
    assert lines == json.loads(Path("a.json").read_text())
    assert lines[ROWS] == {
        "member": 2,
        "step": 10,
        "epoch": 1,
        "elapsed": lines[0]["elapsed"],
        "loss": 101.0,
        "reward/alive": None,
    }
    with open("a.csv", newline="") as file:
        assert [float(row["loss"]) for row in csv.DictReader(file)] == [line["loss"] for line in lines]


def test_an_existing_file_is_replaced(gts, workspace: Path) -> None:
    make_run(workspace, "hopper", 1)
    Path("a.jsonl").write_text("something longer than what comes\n" * 1000)
    assert gts("export", "@last", "a.jsonl").code == 0
    assert len(Path("a.jsonl").read_text().splitlines()) == ROWS


def test_tensorboard_reads_a_run(gts, workspace: Path) -> None:
    run = make_run(workspace, "hopper", 1)
    data = gts("export", "@last", "board/", "--json").data
    assert data["path"] == f"board/{run.id}"
    assert set(data["columns"]) == {"loss", "reward/alive", "evaluation/mean", "evaluation/score"}
    found = scalars(Path("board", run.id))
    assert found["loss"] == [(epoch * 10, float(epoch)) for epoch in range(1, ROWS + 1)]
    assert found["reward/alive"] == [(epoch * 10, 0.5) for epoch in range(1, ROWS + 1, 2)]
    assert found["evaluation/mean"] == [(205, 12.5)]
    assert found["evaluation/score"] == [(205, 11.0)]
    assert len(found) == 4


def test_tensorboard_events_have_wall_times(gts, workspace: Path) -> None:
    run = make_run(workspace, "hopper", 1)
    gts("export", "@last", "board/")
    with MetricsReader(run.metrics) as reader:
        elapsed = reader.curve("loss", columns=ROWS).elapsed
    events = EventAccumulator(str(Path("board", run.id)))
    events.Reload()
    began = datetime.fromisoformat(STARTED).timestamp()
    times = [one.wall_time - began for one in events.Scalars("loss")]
    assert times == pytest.approx(elapsed, abs=1e-5)
    assert events.Scalars("evaluation/mean")[0].wall_time - began == pytest.approx(elapsed[20], abs=1e-5)


def test_each_member_has_a_folder_and_a_second_export_adds_nothing(gts, workspace: Path) -> None:
    run = make_run(workspace, "hopper", 3)
    Path("board").mkdir()
    for _ in range(2):
        assert gts("export", run.id, "board").code == 0
    folders = sorted(path.relative_to("board").as_posix() for path in Path("board").rglob("*") if path.is_dir())
    assert folders == [run.id, *(f"{run.id}/member{member}" for member in (1, 2, 3))]
    assert [len(list(Path("board", run.id, f"member{member}").iterdir())) for member in (1, 2, 3)] == [1, 1, 1]
    for member in (1, 2, 3):
        found = scalars(Path("board", run.id, f"member{member}"))
        assert found["loss"] == [(epoch * 10, epoch + 100.0 * (member - 1)) for epoch in range(1, ROWS + 1)]
        assert ("evaluation/mean" in found) == (member == 3)


@pytest.mark.process
def test_export_of_a_running_training_has_complete_rows(gts, workspace: Path) -> None:
    run = make_run(workspace, "hopper", 1)
    writer = subprocess.Popen([sys.executable, "-c", WRITE_ON, str(run.metrics)], stdout=subprocess.PIPE, text=True)
    assert writer.stdout is not None
    try:
        assert writer.stdout.readline() == "writing\n"
        for _ in range(5):
            assert gts("export", "@last", "now.jsonl").code == 0
            lines = [json.loads(line) for line in Path("now.jsonl").read_text().splitlines()]
            members = [[line for line in lines if line["member"] == member] for member in (1, 2)]
            assert len(members[0]) == len(members[1]) >= 20
            assert all(line["loss"] == line["epoch"] == -line["kl"] for line in lines)
        assert gts("export", "@last", "board/").code == 0
        assert len(scalars(Path("board", run.id, "member1"))["loss"]) >= 20
    finally:
        writer.kill()
        writer.wait()
        writer.stdout.close()


def test_what_cannot_be_exported_says_why(gts, workspace: Path) -> None:
    make_run(workspace, "hopper", 1)
    for words, complaint in (
        ("@last x.xlsx", ".jsonl"),
        ("@last no/x.csv", "does not exist"),
        ("tiny.spec x.jsonl", "has no metrics"),
        ("tiny.spec board/", "TensorBoard shows runs"),
        ("@last tiny.spec/", "cannot make the folder"),
    ):
        outcome = gts("export", *words.split())
        assert (outcome.code, outcome.out) == (2, ""), words
        assert complaint in outcome.err


def test_tensorboard_export_needs_its_library(gts, workspace: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make_run(workspace, "hopper", 1)
    monkeypatch.setitem(sys.modules, "tensorboard.compat.proto.event_pb2", None)
    outcome = gts("export", "@last", f"board{os.sep}")
    assert outcome.code == 3
    assert "pip install tensorboard" in outcome.err
    assert not Path("board").exists()
    assert gts("export", "@last", "a.csv").code == 0
