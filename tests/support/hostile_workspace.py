"""A workspace that nobody has been kind to: odd names, broken files, numbers that are none; and a thread that changes it.

python -m tests.support.hostile_workspace FOLDER      make one; the folder must not exist
"""

from __future__ import annotations

import json
import os
import random
import shutil
import sqlite3
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from gts.formats.space_file import read_space
from gts.jobs.job_store import index_missing_runs
from gts.store.workspace import Workspace
from tests.support.sample_workspace import EXAMPLES, furnish, run

BRACKETS = "a [red]b[/red] [bold"
"""As a path it leads into a folder, and is closed markup all the same."""
EMOJI = "🤖👩‍👩‍👧‍👦 é漢"
BACKWARDS = "מהלך ‮abc عربى"
LONG = "long" * 50
NAMES = (BRACKETS, EMOJI, BACKWARDS, LONG, "-rf", "a;b", 'it\'s "q"', "@sel", "new\nline", "tab\tand\x1b[31mred")


def nasty(root: Path) -> Workspace:
    """Make it; `root` must not exist."""
    workspace = furnish(root)
    _odd_files(root)
    for number, name in enumerate(NAMES):
        run(
            workspace,
            f"2026112{number % 2}-21150{number}-{name[:200].replace('/', '')}",
            "hopper/hopperPPO.spec",
            2,
            20,
            0.5,
            "done",
        )
    _broken_runs(workspace)
    _odd_numbers(workspace)
    _two_goals(workspace)
    _broken_studies(workspace)
    index_missing_runs(workspace)
    return workspace


def _odd_files(root: Path) -> None:
    folder, source = root / "odd", root / "hopper" / "hopperPPO.spec"
    folder.mkdir()
    for name in NAMES:
        path = folder / f"{name}.spec"
        path.parent.mkdir(exist_ok=True)
        path.write_text(source.read_text())
    shutil.copy(root / "hopper" / "hopper.space", folder / f"{EMOJI}.space")
    checkpoint = (root / "hopper" / "hopperPPO.checkpoint").read_bytes()
    (folder / f"{BRACKETS}.checkpoint").write_bytes(checkpoint)
    (folder / "cut.checkpoint").write_bytes(checkpoint[: len(checkpoint) // 2])
    (folder / "cut-short.checkpoint").write_bytes(checkpoint[:40])
    (folder / "empty.checkpoint").touch()
    (folder / "broken.spec").write_text('{"physicalModel": "hopper",\n "technique": [/red], "params": {"nSteps": NaN}')
    (folder / "deep.spec").write_text("[" * 100_000)
    (folder / "wide.spec").write_text(json.dumps({"physicalModel": "h" * 100_000, "x" * 5000: [1] * 10_000}))
    (folder / "bytes.spec").write_bytes(bytes(range(256)) * 20)
    (folder / "list.space").write_text("[]")
    (folder / "nul.space").write_text("\0" * 100)
    (folder / "folder.spec").mkdir()
    (folder / "gone.spec").symlink_to(folder / "nowhere")
    (folder / "round.spec").symlink_to(folder / "round.spec")
    unreadable = folder / "unreadable.spec"
    unreadable.write_text("{}")
    unreadable.chmod(0)


def _broken_runs(workspace: Workspace) -> None:
    for name, facts, job in (
        ("20261121-000001-no-json-aaa", "{", "{"),
        ("20261121-000002-list-bbb", "[]", "[]"),
        ("20261121-000003-none-ccc", '{"format": 2}', "null"),
        ("20261121-000004-future-ddd", '{"format": 99, "id": 7, "members": "many"}', '{"format": 99}'),
        ("20261121-000005-wrong-eee", '{"format": 2, "members": -1, "step": "x", "outcome": 3}', '{"recorded_state": 7}'),
    ):
        folder = workspace.run_folder(name)
        folder.path.mkdir()
        folder.run_file.write_text(facts)
        folder.job_file.write_text(job)
        folder.metrics.write_bytes(b"SQLite format 3\0" + b"\xff" * 3000)
        folder.log.write_bytes(b"\xff\xfe\x00[/red] \x1b[2J " * 500)
        (folder.path / "member1").mkdir()
        folder.best_checkpoint(0).write_bytes(b"\xff" * 100)


def _odd_numbers(workspace: Workspace) -> None:
    """Numbers that are none, in a run that has ended, as a damaged or a foreign file could have them."""
    folder = run(workspace, "20261121-120000-numbers-nan", "hopper/hopperPPO.spec", 3, 60, 0.8, "failed", f"{BRACKETS}: NaN")
    with sqlite3.connect(folder.metrics) as connection:
        for row, value in enumerate(("1e999", "-1e999", "1e308", "-1e308", "5e-324", "'text'", "x'ff'", "0")):
            with suppress(sqlite3.Error):
                connection.execute(f"UPDATE points SET value = {value} WHERE rowid % 11 = {row}")
        with suppress(sqlite3.Error):
            connection.execute('UPDATE evaluations SET score = replace(score, \'"mean": \', \'"mean": NaN, "was": \')')
    connection.close()
    facts = json.loads(folder.run_file.read_text())
    score = {"episodes": 100, "mean": float("nan"), "deviation": float("inf"), "cov": float("nan"), "score": float("-inf")}
    facts["outcome"] = [{"seed": 1, "result": None, "step": 1, "score": score, "failed": BRACKETS}]
    folder.run_file.write_text(json.dumps(facts))


def _two_goals(workspace: Workspace) -> None:
    """Make a study with two objectives, odd error messages and trials without results."""
    from gts.search.study import Study

    document = json.loads((workspace.root / "hopper" / "hopper.space").read_text())
    path = workspace.root / "odd" / "two.space"
    path.write_text(json.dumps(document | {"name": "two", "objective": ["score", "speed"]}))
    folder = workspace.study_folder("two")
    folder.path.mkdir(parents=True)
    draw = random.Random(5)
    opened = Study.create_or_load(folder, read_space(path), storage=None, settings={"trials": 30, "sampler": "random"})
    try:
        for number in range(20):
            trial = opened.ask()
            assert trial is not None
            if number % 4 == 0:
                opened.fail(trial, f"{NAMES[number % len(NAMES)]} is not a number\n" * 3)
            elif number != 19:
                worth = (draw.uniform(-1e6, 1e6), draw.choice([0.0, 1e-300, -1e300, draw.random()]))
                opened.complete(trial, worth, {"steps": 1, "seconds": 1.0, "seedValues": [worth[0]]})
    finally:
        opened.close()


def _broken_studies(workspace: Workspace) -> None:
    for name, content in ((f"study {BRACKETS}", b"garbage" * 100), (EMOJI, b""), ("x" * 200, b"SQLite format 3\0\xff")):
        folder = workspace.study_folder(name.replace("/", ""))
        folder.path.mkdir(parents=True)
        folder.study_file.write_text('{"format": 1, "name": 3}' if content else "{}")
        folder.job_file.write_text("{" if content else '{"format": 1}')
        folder.database.write_bytes(content)


class Meddler(threading.Thread):
    """Others at work in the same workspace: files come, change and go."""

    def __init__(self, root: Path, seed: int) -> None:
        super().__init__(name="meddler", daemon=True)
        self._root, self._draw, self._ended = root, random.Random(seed), threading.Event()
        self.newest = ""
        """What it has done last."""

    def end(self) -> None:
        """Do no more."""
        self._ended.set()
        self.join()

    def run(self) -> None:
        """Until the end, something about four times a second."""
        deeds: tuple[Callable[[], None], ...] = (
            *(
                self._touch,
                self._add,
                self._add,
                self._drop,
                self._log,
                self._log,
                self._cut,
                self._theme,
                self._run,
                self._move,
            ),
            *(self._keys, self._swap),
        )
        while not self._ended.wait(self._draw.uniform(0.02, 0.5)):
            deed = self._draw.choice(deeds)
            self.newest = deed.__name__
            # A person may have deleted it meanwhile.
            with suppress(OSError):
                deed()

    def _files(self, ending: str) -> list[Path]:
        return [path for path in sorted(self._root.glob(f"*/*{ending}")) if path.is_file() and not path.is_symlink()]

    def _one_of(self, paths: list[Path]) -> Path:
        if not paths:
            raise FileNotFoundError("everything of the kind was deleted")
        return self._draw.choice(paths)

    def _touch(self) -> None:
        os.utime(self._one_of(self._files(".spec")))

    def _add(self) -> None:
        name = f"{self._draw.choice(NAMES)[:100]}{self._draw.randrange(10)}.spec"
        place = self._draw.choice(["added", "odd", "hopper"])
        (self._root / place).mkdir(exist_ok=True)
        shutil.copy(EXAMPLES / "hopper" / "hopperPPO.spec", self._root / place / name)

    def _drop(self) -> None:
        added = [path for path in self._files(".spec") if path.stem[-1].isdigit()]
        if added:
            self._draw.choice(added).unlink()
        if self._draw.random() < 0.1:
            shutil.rmtree(self._root / "added")

    def _log(self) -> None:
        log = self._one_of(sorted(self._root.glob("runs/*/log.txt")))
        said = [b"a line [/x]\n", b"\xff\xfe", b"no end", EMOJI.encode() * 500, b"\r\r\x1b[31m\n"]
        with log.open("ab") as file:
            file.write(self._draw.choice(said))

    def _cut(self) -> None:
        path = self._one_of(self._files(".spec"))
        data = path.read_bytes()
        path.write_bytes(self._draw.choice([data[: len(data) // 2], b"", b"{}", data + b"x", data.replace(b"1", b"2")]))

    def _theme(self) -> None:
        (self._root / "themes").mkdir(exist_ok=True)
        texts = ['name = "mine"\ndark = true\nprimary = "#12', 'primary = "no colour"', "\0", 'primary = "#ff00aa"']
        (self._root / "themes" / "mine.toml").write_text(self._draw.choice(texts))

    def _run(self) -> None:
        """A run that comes, half written, and goes."""
        folder = self._root / "runs" / f"20261122-00000{self._draw.randrange(3)}-come-and-go"
        if folder.exists():
            shutil.rmtree(folder)
        else:
            folder.mkdir()
            (folder / "run.json").write_text(self._draw.choice(["", "{}", '{"format": 2, "id": "x"}']))

    def _move(self) -> None:
        path = self._one_of(self._files(".spec"))
        other = path.with_name(f"moved{self._draw.randrange(3)}.spec")
        path.rename(other)

    def _keys(self) -> None:
        text = self._draw.choice(["\0", 'no.such = "x"', '"mode.jobs" = 3', "[x"])
        (self._root / "keys.toml").write_text(text)

    def _swap(self) -> None:
        """A file that becomes a folder, and back."""
        path = self._root / "odd" / "swapped.spec"
        if path.is_dir():
            path.rmdir()
        elif path.exists():
            path.unlink()
            path.mkdir()
        else:
            path.write_text("{}")


if __name__ == "__main__":
    nasty(Path(sys.argv[1]))
