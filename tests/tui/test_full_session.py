"""A whole evening at 80×24, by keys alone: a spec is changed and trained, a space searched, the winner played."""

from __future__ import annotations

import asyncio
import json
import shutil
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from gts.store.workspace import Workspace
from gts_tui.app import GtsApp
from tests.support.app_driver import screen_text, shows, types, until
from tests.support.sample_workspace import EXAMPLES

SPACE = {
    "physicalModel": "invertedPendulum",
    "technique": "ppo",
    "name": "small",
    "nSteps": 6_400,
    "nEpochs": 4,
    "paramSpace": {"actor.learningRate": {"min": 1e-4, "max": 5e-3, "log": True}},
}
LONG = 240.0
"""Seconds within which a training or a search of a few thousand steps ends beside whatever else this machine does."""


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A new workspace with examples, and a space that is searched in seconds."""
    root = tmp_path / "evening"
    for figure in ("hopper", "inverted"):
        shutil.copytree(EXAMPLES / figure, root / figure)
    (root / "inverted" / "small.space").write_text(json.dumps(SPACE, indent=2))
    monkeypatch.chdir(root)
    return root


def sit_down(root: Path, story: Callable[[Any], Awaitable[None]]) -> None:
    """Open the program; the story ends with leaving it by a key."""

    async def run() -> int | None:
        app = GtsApp(Workspace(root))
        async with app.run_test(size=(80, 24), notifications=True) as pilot:
            await until(pilot, lambda: app.mode is not None)
            await story(pilot)
            await pilot.press("ctrl+q")
            await until(pilot, lambda: not app.is_running)
        return app.return_code

    assert asyncio.run(run()) == 0


async def writes(pilot: Any, text: str) -> None:
    for letter in text:
        await pilot.press({" ": "space"}.get(letter, letter))


def completed(root: Path) -> list[Any]:
    """The trials that are complete, as the study has them."""
    from gts.search.study_reader import read_study_by_reference

    return [trial for trial in read_study_by_reference(Workspace(root), "small").trials if trial.state == "complete"]


@pytest.mark.slow
def test_an_evening(root: Path) -> None:
    sit_down(root, _change_and_train)
    sit_down(root, _begin_a_search)
    sit_down(root, _pick_and_play)


async def _change_and_train(pilot: Any) -> None:
    """Choose a spec, change how long it trains, train it from the editor, watch until it is done."""
    root = Path.cwd()
    await shows(pilot, "invertedPPO")
    await pilot.press("slash")
    await writes(pilot, "invertedppo")
    await pilot.press("enter")
    await shows(pilot, r"inverted/invertedPPO\.spec")
    await pilot.press("e")
    await shows(pilot, r"invertedPPO\.spec +1:1")
    for key, before, after in (("nSteps", "100000", "6400"), ("nEpochs", "48", "4")):
        await pilot.press("ctrl+f")
        await writes(pilot, key)
        await pilot.press("enter", "escape", "end", "left")
        await pilot.press(*["backspace"] * len(before))
        await writes(pilot, after)
        await shows(pilot, f'"{key}": {after},')
    await shows(pilot, r"invertedPPO\.spec\*.*unsaved")
    await pilot.press("ctrl+s")
    await until(pilot, lambda: json.loads((root / "inverted/invertedPPO.spec").read_text())["params"]["nSteps"] == 6400)
    await pilot.press("f5")
    await shows(pilot, r"gts train inverted/invertedPPO\.spec --detach")
    await pilot.press("escape", "3")
    await shows(pilot, r"invertedPPO")
    (run,) = await until(pilot, lambda: Workspace(root).run_ids(), LONG)
    await until(pilot, lambda: json.loads((root / "runs" / run / "job.json").read_text())["recorded_state"] == "done", LONG)
    await shows(pilot, r"✓ done")
    facts = json.loads((root / "runs" / run / "run.json").read_text())
    assert (facts["total_steps"], facts["step"]) == (6400, 6400)


async def _begin_a_search(pilot: Any) -> None:
    """Begin a search of a space, see trials come, and leave while it is at work."""
    await shows(pilot, "small")
    await types(pilot, "search inverted/small.space 40 -n 1 --cohort 1 --confirm 0")
    await pilot.press("4")
    await shows(pilot, r"small +.*running", LONG)
    await pilot.press("enter")
    await shows(pilot, r"[12] complete", LONG)
    assert completed(Path.cwd())


async def _pick_and_play(pilot: Any) -> None:
    """The search has gone on meanwhile: stop it, write the best trial as a spec, train, play and delete that; undo the last."""
    root = Path.cwd()
    await shows(pilot, "1 job")
    await pilot.press("4")
    await shows(pilot, r"small +.*running")
    await pilot.press("enter")
    await shows(pilot, r"[3-9] complete|\d\d complete", LONG)
    await pilot.press("s")
    await shows(pilot, r"paused", LONG)
    await pilot.press("P")
    await shows(pilot, r"Write trial \d+ of small to")
    await pilot.press("enter")
    (promoted,) = await until(pilot, lambda: list(root.glob("inverted/smallTrial*.spec")))
    best = max(completed(root), key=lambda trial: trial.values[0])
    assert promoted.stem == f"smallTrial{best.number}"
    assert json.loads(promoted.read_text())["params"]["actor.learningRate"] == best.params["actor.learningRate"]
    await _train_the_winner(pilot, promoted.stem)
    await _play_the_winner(pilot, promoted.stem)
    await _delete_and_undo(pilot, promoted)


async def _train_the_winner(pilot: Any, name: str) -> None:
    """With a parameter more, on the command line that `t` begins."""
    root = Path.cwd()
    await pilot.press("1", "slash")
    await writes(pilot, name.lower())
    await pilot.press("enter")
    await shows(pilot, rf"inverted/{name}\.spec")
    await pilot.press("t")
    await writes(pilot, "nSteps=3200 nEpochs=2")
    await shows(pilot, rf"train inverted/{name}\.spec nSteps=3200 nEpochs=2")
    await pilot.press("enter", "3")
    await shows(pilot, rf"{name}-\w\w\w.*3.2k of 3.2k", LONG)
    await shows(pilot, rf"✓ done +{name}", LONG)
    assert (root / f"{name}.checkpoint").is_file()


async def _play_the_winner(pilot: Any, name: str) -> None:
    """Its checkpoint, in the workspace mode with `p`; the picture moves."""
    app = pilot.app
    await pilot.press("1", "slash")
    await writes(pilot, f"{name}.checkpoint".lower())
    await pilot.press("enter")
    await until(pilot, lambda: app.selection() == (f"{name}.checkpoint",))
    await pilot.press("p")
    still = await shows(pilot, r"return +-?\d.* m/s", LONG)
    assert sum("\u2801" <= letter <= "\u28ff" for letter in still) > 20, "a cart, a pole and a rail"
    await until(pilot, lambda: screen_text(app) != still)
    await pilot.press("escape", "escape")


async def _delete_and_undo(pilot: Any, promoted: Path) -> None:
    """Into the trash, and back."""
    app = pilot.app
    content = promoted.read_bytes()
    await pilot.press("1", "slash")
    await writes(pilot, f"{promoted.stem}.spec".lower())
    await pilot.press("enter")
    await until(pilot, lambda: app.selection() == (f"inverted/{promoted.name}",))
    await pilot.press("d")
    await shows(pilot, "deleted inv")
    assert not promoted.exists()
    await pilot.press("u")
    await until(pilot, promoted.exists)
    assert promoted.read_bytes() == content
