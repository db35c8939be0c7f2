"""Random keys, sizes and mouse events over all modes of the terminal program: nothing may break it.

    python tests/tui/fuzzing.py --events 20000 --seed 1      with a training at work; a quarter of an hour

What a person could do by chance is allowed: files are deleted (in a workspace made for it), jobs are stopped, commands typed.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import random
import shutil
import string
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from driving import screen_text

from gts.store.workspace import Workspace
from gts_tui.app import GtsApp
from gts_tui.verbs import MODES

ROOT = Path(__file__).parents[2]
_SPECIAL = (
    *("up", "down", "left", "right", "home", "end", "pageup", "pagedown", "tab", "shift+tab", "enter", "escape"),
    *("backspace", "delete", "space", "alt+backspace", "shift+up", "shift+down", "shift+left", "shift+right"),
    *(f"ctrl+{letter}" for letter in ("p", "r", "s", "f", "z", "y", "a", "e", "k", "u", "w", "c", "o", "space")),
    *(f"f{number}" for number in range(1, 9)),
)
# A key that ends the program, and one that hands a line to a shell, would test something else.
_LETTERS = (string.ascii_letters + string.digits + "[]{}()<>/\\|.,;:'\"@#$%^&*-_=+~?é漢🤖").replace("q", "")


def _key(draw: random.Random) -> str:
    chance = draw.random()
    if chance < 0.12:
        return str(draw.randint(1, len(MODES)))
    if chance < 0.24:
        return "escape"
    if chance < 0.55:
        return draw.choice(_SPECIAL)
    return draw.choice(_LETTERS)


async def _event(pilot: Any, draw: random.Random) -> str:
    """Let one thing happen; what it was."""
    chance = draw.random()
    if chance < 0.02:
        size = (draw.randint(1, 300), draw.randint(1, 100)) if draw.random() < 0.6 else draw.choice([(80, 24), (120, 40)])
        await pilot.resize_terminal(*size)
        return f"size {size}"
    width, height = pilot.app.size
    if chance < 0.10:
        place = (draw.randrange(max(1, width)), draw.randrange(max(1, height)))
        kind = draw.choice(["click", "click", "double_click", "hover", "right"])
        if kind == "hover":
            await pilot.hover(offset=place)
        else:
            await pilot.click(offset=place, button=3 if kind == "right" else 1, times=2 if kind == "double_click" else 1)
        return f"{kind} {place}"
    key = _key(draw)
    await pilot.press(key)
    return f"key {key}"


async def fuzz(workspace: Path, events: int, seed: int) -> None:
    """Let random things happen to a program; raises AssertionError with the newest of them where it breaks or gets stuck."""
    os.chdir(workspace)
    os.environ["EDITOR"] = "true"
    draw, happened = random.Random(seed), []
    app = GtsApp(Workspace(workspace))
    left: list[int] = []
    app.exit = lambda *values, **more: left.append(1)  # type: ignore[method-assign]
    try:
        async with app.run_test(size=(80, 24)) as pilot:
            for at in range(events):
                happened.append(await _event(pilot, draw))
                if at % 250 == 249:
                    await _answers(pilot)
            await _answers(pilot)
    except BaseException as error:
        raise AssertionError(f"seed {seed}, event {len(happened)}, after {happened[-40:]}") from error


async def _answers(pilot: Any) -> None:
    """The program can be brought back from wherever it is, and shows each mode."""
    await pilot.resize_terminal(100, 30)
    for name in MODES:
        end = time.monotonic() + 20
        while True:
            for _ in range(4):
                await pilot.press("escape")
            await pilot.press(str(MODES.index(name) + 1))
            await pilot.pause(0.05)
            mode = pilot.app.mode
            if mode is not None and name == mode.NAME and len(pilot.app.screen_stack) == 1:
                break
            if time.monotonic() > end:
                raise AssertionError(f"esc and {MODES.index(name) + 1} do not lead to {name}:\n{screen_text(pilot.app)}")


def main() -> None:
    """Run from the shell."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--events", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        os.environ["GTS_STATE"] = str(folder / "state")
        workspace = folder / "w"
        shutil.copytree(ROOT / "workspace", workspace)
        environment = os.environ | {"PYTHONPATH": str(ROOT)}

        def gts(*words: str) -> Any:
            command = [sys.executable, "-m", "gts", *words, "--json", "--workspace", str(workspace)]
            return json.loads(subprocess.run(command, capture_output=True, check=True, env=environment, cwd=workspace).stdout)

        settings = ("--set", "nSteps=100M", "--set", "nEpochs=48800", "--threads", "1")
        job = gts("train", "hopper/hopperPPO.spec", "o.checkpoint", *settings, "--detach")["run"]
        try:
            began = time.monotonic()
            asyncio.run(fuzz(workspace, arguments.events, arguments.seed))
            seconds = time.monotonic() - began
            (found,) = [one for one in gts("jobs", "--all")["jobs"] if one["id"] == job] or [{"state": "deleted", "reason": ""}]
            print(
                json.dumps(
                    {"events": arguments.events, "seconds": round(seconds), "job": found["state"], "why": found["reason"]}
                )
            )
            assert found["state"] not in ("failed", "interrupted"), found
        finally:
            subprocess.run(
                [sys.executable, "-m", "gts", "stop", "--all", "--now", "--workspace", str(workspace)], env=environment
            )


if __name__ == "__main__":
    main()
