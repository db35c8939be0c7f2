"""`play` and `compare --play`: error messages, and the files that a run plays."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from gts.cli import main
from gts.commands.command import Context
from gts.commands.play import choose_target, find_playable_files
from gts.errors import FileError, MissingError, UsageError
from gts.formats.checkpoint import read_checkpoint
from gts.formats.checkpoint_layout import pack_checkpoint
from gts.store.workspace import Workspace

HERE = Context(Workspace(Path()))


@pytest.fixture(autouse=True)
def _no_display(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("DISPLAY", "WAYLAND_DISPLAY", "SSH_CONNECTION", "SSH_TTY"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def here(trained: Path, workspace: Path) -> Path:
    """A copy of the trained workspace as the current folder."""
    import shutil

    shutil.copytree(trained, workspace, dirs_exist_ok=True)
    return workspace


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        (["nothing.checkpoint"], 2, "no such file: nothing.checkpoint"),
        (["tiny.spec"], 2, "tiny.spec is a spec, which has no policy to play"),
        (["out-seed1.checkpoint", "--in", "window"], 3, "no window can be opened: there is no display"),
        (["out-seed1.checkpoint", "--in", "terminal"], 3, "standard output is not a terminal"),
        (["out-seed1.checkpoint"], 3, "cannot play: "),
        (["out-seed1.checkpoint", "--follow"], 2, "is not a run"),
        (["out-seed1.checkpoint", "--speed", "0"], 2, "the speed must be above 0"),
        (["out-seed1.checkpoint", "--speed", "1e9"], 2, "the speed must be above 0"),
        (["out-seed1.checkpoint", "--stream", "-v", "x.mp4"], 2, "exclude each other"),
        (["out-seed1.checkpoint", "-v", "x.avi"], 2, "end the name in .mp4 or .gif"),
        (["out-seed1.checkpoint", "-v", "nowhere/x.mp4"], 2, "the folder does not exist"),
        (["out-seed1.checkpoint", "out-seed2.checkpoint", "-v", "x.mp4"], 2, "a video shows one file"),
        (["out-seed1.checkpoint", "-l", "0", "-v", "x.mp4"], 2, "a video needs an end"),
        (["out-seed1.checkpoint", "-v", "x.mp4", "--size", "640"], 2, "`640` is not a valid size"),
        (["out-seed1.checkpoint", "-v", "x.mp4", "--size", "640x9999"], 2, "`640x9999` is not a valid size"),
        (["out-seed1.checkpoint", "--size", "640x480"], 2, "`--size` is the size of a video"),
        (["@last", "--follow", "-v", "x.mp4"], 2, "a video cannot follow a run"),
        (["out-seed1.checkpoint", "--fps", "100"], 2, "at most 60"),
        (["bad.trajectory"], 2, "not a trajectory, or a damaged one"),
    ],
)
def test_errors_name_the_reason(gts, here: Path, words: list[str], code: int, message: str) -> None:
    (here / "bad.trajectory").write_bytes(b"nothing")
    outcome = gts("play", *words)
    assert outcome.code == code
    assert message in outcome.err
    assert outcome.out == "" and not list(here.glob("x.*"))


def test_a_checkpoint_of_an_unknown_figure_is_an_error(gts, here: Path) -> None:
    checkpoint = read_checkpoint("out-seed1.checkpoint")
    document = {
        "format": 1,
        "spec": {**checkpoint.spec.to_document(), "physicalModel": "octopus"},
        "values": checkpoint.spec.values(),
        "counters": {},
        "score": None,
        "history": [],
        "parents": [],
        "versions": checkpoint.versions,
        "checksum": checkpoint.checksum,
    }
    (here / "octopus.checkpoint").write_bytes(pack_checkpoint(document, checkpoint.tensors))
    outcome = gts("play", "octopus.checkpoint", "--stream")
    assert outcome.code == 2
    assert "octopus" in outcome.err


def test_a_run_plays_its_best_or_newest_files(here: Path) -> None:
    best, newest = find_playable_files(HERE, "@last"), find_playable_files(HERE, "@last", newest=True)
    assert [path.name for path in best] == ["best.checkpoint"] * 2
    assert [path.name for path in newest] == ["newest.trajectory"] * 2
    assert {path.parent.name for path in best} == {"member1", "member2"}
    for path in best:
        path.unlink()
    assert all(path.name.startswith("last-") for path in find_playable_files(HERE, "@last"))
    for path in [*best[0].parent.parent.glob("*/last-*"), *newest]:
        path.unlink()
    with pytest.raises(FileError, match="nothing to play yet"):
        find_playable_files(HERE, "@last")


def test_over_ssh_a_window_opens_only_on_request(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    def no_window() -> str:
        asked.append("window")
        return ""

    monkeypatch.setattr("gts.playback.display.find_window_problem", no_window)
    monkeypatch.setattr("gts.playback.display.find_terminal_problem", lambda environment, descriptor: "")
    assert choose_target(None) == ("window", "")
    monkeypatch.setenv("SSH_CONNECTION", "here 1 there 22")
    asked.clear()
    assert choose_target(None)[0] == "terminal" and "over ssh" in choose_target(None)[1]
    assert asked == []
    assert choose_target("window") == ("window", "")
    assert choose_target("terminal") == ("terminal", "")
    monkeypatch.setattr("gts.playback.display.find_terminal_problem", lambda environment, descriptor: "no terminal")
    with pytest.raises(MissingError):
        choose_target(None)


def test_standard_output_holds_the_stream(here: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert main(["play", "out-seed1.checkpoint", "--stream", "-l", "1", "-n", "5", "--speed", "4"]) == 0
    lines = [json.loads(line) for line in capfd.readouterr().out.splitlines()]
    assert lines[0]["kind"] == "stage" and lines[-1]["kind"] == "end"
    assert lines[-2]["step"] == 5


@pytest.mark.process
def test_a_video_reports_the_written_file(gts, here: Path) -> None:
    outcome = gts("play", "out-seed1.checkpoint", "-l", 1, "-n", 5, "-k", "-r", 3, "-v", "x.gif", "--size", "80x60", "--json")
    assert outcome.code == 0
    assert outcome.data["place"] == "video" and outcome.data["seed"] == 3
    assert outcome.data["video"]["path"] == "x.gif" and outcome.data["video"]["pictures"] == 6
    assert (here / "x.gif").read_bytes()[:10] == b"GIF89a" + bytes([80, 0, 60, 0])


def test_compare_plays_only_what_can_be_played(gts, here: Path) -> None:
    assert "has no policy to play" in gts("compare", "tiny.spec", "out-seed1.checkpoint", "--play").err
    outcome = gts("compare", "out-seed1.checkpoint", "out-seed2.checkpoint", "--play")
    assert outcome.code == 3 and "not a terminal" in outcome.err
    with pytest.raises(UsageError):
        find_playable_files(HERE, "tiny.spec")
