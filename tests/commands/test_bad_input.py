"""Bad input: one clear message with position and hint, exit code 2, nothing written or executed, no traceback."""

from __future__ import annotations

import json
import os
import pickle
import re
from pathlib import Path

import pytest

from tests.support.cli import TINY_SPEC


class Trap:
    """An object that executes code when unpickled."""

    def __reduce__(self):
        return os.mkdir, ("EXECUTED",)


@pytest.fixture
def littered(workspace: Path, trained: Path) -> Path:
    """A workspace with invalid files of all kinds."""
    whole = (trained / "out-seed1.checkpoint").read_bytes()
    flipped = bytearray(whole)
    flipped[len(whole) // 2] ^= 8
    files = {
        "empty.spec": b"",
        "empty.checkpoint": b"",
        "cut.checkpoint": whole[: len(whole) // 2],
        "short.checkpoint": whole[:20],
        "flipped.checkpoint": bytes(flipped),
        "pickle.checkpoint": pickle.dumps(Trap()),
        "noise.checkpoint": os.urandom(5000),
        "twice.spec": b'{"physicalModel": "hopper", "technique": "ppo", "params": {"seed": 1, "seed": 2}}',
        "latin.spec": "{'physicalModel': 'größer'}".encode("latin-1"),
        "list.spec": b"[1, 2]",
        "noname": b"\x80\x02",
    }
    for name, value in {"infinite": "1e999", "nan": "NaN", "string": '"1"', "negative": "-1"}.items():
        files[f"{name}.spec"] = f'{{"physicalModel": "hopper", "technique": "ppo", "params": {{"seed": {value}}}}}'.encode()
    for name, change in {
        "zero": {"params": {"actor.hiddenSize": 0}},
        "figure": {"physicalModel": "hoper"},
        "technique": {"technique": "ppo2"},
        "parameter": {"params": {"actor.hiddenSizes": 8}},
        "missing": {"physicalModel": None},
    }.items():
        files[f"{name}.spec"] = json.dumps(TINY_SPEC | change).encode()
    for name, content in files.items():
        (workspace / name).write_bytes(content)
    with (workspace / "huge.spec").open("wb") as huge:
        huge.truncate(100_000_000)
    (workspace / "folder").mkdir()
    (workspace / "link.spec").symlink_to("nowhere")
    (workspace / "good.checkpoint").write_bytes(whole)
    return workspace


CASES = [
    ("train none.spec", "no such file"),
    ("train folder", "is a folder"),
    ("train link.spec", "no such file"),
    ("train empty.spec", "empty"),
    ("train empty.checkpoint", "empty"),
    ("train cut.checkpoint", "cut"),
    ("score short.checkpoint", "cut"),
    ("score flipped.checkpoint", "flipped.checkpoint"),
    ("score pickle.checkpoint", "pickle"),
    ("import pickle.checkpoint", "pickle"),
    ("import noise.checkpoint", "noise.checkpoint"),
    ("import good.checkpoint", "good.checkpoint"),
    ("info noise.checkpoint", "noise.checkpoint"),
    ("train noname", "noname"),
    ("train twice.spec", "twice.spec:1:"),
    ("train infinite.spec", "infinite.spec:1:"),
    ("train nan.spec", "nan.spec:1:"),
    ("train string.spec", "string.spec:1:"),
    ("train negative.spec", "negative.spec:1:"),
    ("train zero.spec", "`actor.hiddenSize` must be a whole number ≥ 1"),
    ("train figure.spec", 'did you mean "hopper"'),
    ("train technique.spec", 'did you mean "ppo"'),
    ("train parameter.spec", 'did you mean "actor.hiddenSize"'),
    ("train missing.spec", "physicalModel"),
    ("train huge.spec", "at most"),
    ("train latin.spec", "latin.spec"),
    ("train list.spec", "object"),
    ("train tiny.spec nowhere/out.checkpoint", "does not exist"),
    ("train tiny.spec folder", "is a folder"),
    ("train tiny.spec tiny.spec", "not of a checkpoint"),
    ("train tiny.spec /proc/out.checkpoint", "cannot write"),
    ("train tiny.spec /dev/null", "cannot write"),
    ("train tiny.spec -c nowhere/way", "does not exist"),
    ("train tiny.spec --seeds 2 nowhere/out.checkpoint", "does not exist"),
    ("train tiny.spec --set seed", "is not an assignment"),
    ("train tiny.spec --set sed=1", 'did you mean "seed"'),
    ("train tiny.spec --set seed=x", "must be a whole number"),
    ("train tiny.spec --set actor.hiddenSize=0 --set seed=-1", "seed"),
    ("train good.checkpoint --set actor.hiddenSize=16", "does not fit"),
    ("train tiny.spec --workspace nowhere", "does not exist"),
    ("train tiny.spec --workspace tiny.spec", "is not a folder"),
    ("train tiny.spec --workspace /proc", "cannot make a folder"),
    ("score tiny.spec", "not a checkpoint"),
    ("score good.checkpoint none.checkpoint", "no such file"),
    ("info none", "no such file"),
    ("info folder", "is a folder"),
    ("info @last", "there is no run yet"),
    ("compare tiny.spec", "a comparison needs two or more"),
    ("export tiny.spec a.csv", "has no metrics"),
    ("export good.checkpoint a.txt", "unknown format"),
]


@pytest.mark.parametrize(("words", "complaint"), CASES, ids=[words for words, _ in CASES])
def test_bad_input_is_one_clear_message(gts, littered: Path, words: str, complaint: str) -> None:
    before = {path: path.stat().st_mtime_ns for path in littered.rglob("*") if not path.is_symlink()}
    outcome = gts(*words.split())
    assert outcome.code == 2, outcome.err
    assert outcome.out == ""
    assert complaint in outcome.err
    assert outcome.err.startswith("error: ")
    assert {path: path.stat().st_mtime_ns for path in littered.rglob("*") if not path.is_symlink()} == before


def test_checkpoint_with_wrong_shapes_is_refused(gts, littered: Path) -> None:
    from dataclasses import replace

    from gts.formats import checkpoint, checkpoint_layout

    good = checkpoint.read_checkpoint("good.checkpoint")
    hopper = replace(good.spec, figure="hopper", rewards={}, given_values={})
    document = {"format": 1, "spec": hopper.to_document(), "values": {}, "counters": {}, "score": None, "history": []}
    document |= {"parents": [], "versions": {}, "checksum": good.checksum}
    (littered / "other.checkpoint").write_bytes(checkpoint_layout.pack_checkpoint(document, good.tensors))
    for words in ("score other.checkpoint", "train other.checkpoint", "info other.checkpoint", "check other.checkpoint"):
        outcome = gts(*words.split())
        assert outcome.code == 2, words
        assert "hopper" in outcome.err + outcome.out


def test_missing_error_exits_with_3(gts, littered: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from gts.commands import init
    from gts.errors import MissingError

    def nothing_here() -> Path:
        raise MissingError("this machine lacks a display", hint="connect one")

    monkeypatch.setattr(init, "example_workspace", nothing_here)
    outcome = gts("init", "w")
    assert (outcome.code, outcome.err) == (3, "error: this machine lacks a display\n\nhint: connect one\n")


def test_unexpected_exception_is_not_hidden(gts, littered: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from gts.commands import init

    def broken() -> Path:
        raise ZeroDivisionError

    monkeypatch.setattr(init, "example_workspace", broken)
    with pytest.raises(ZeroDivisionError):
        gts("init", "w")


@pytest.mark.parametrize("command", ["info", "trials", "play", "train", "score", "delete", "study", "best", "check", "copy"])
def test_too_long_file_name_is_reported(gts, workspace: Path, command: str) -> None:
    outcome = gts(command, "x" * 5000, *(["y"] if command == "copy" else []))
    assert outcome.code == 2
    assert re.search(r"longer than this system allows: `x{40}…`", outcome.err)
