"""Random keys, lines, pastes, sizes and mouse events over all modes of the terminal program: it must survive all of them.

    python -m tests.support.app_fuzzer --events 20000 --seed 1      with a training and a search at work; a quarter of an hour

What a person could do by chance is allowed: files are deleted (in a workspace made for it), jobs are stopped, commands given.
Others change the same files meanwhile.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import json
import os
import random
import string
import subprocess
import sys
import tempfile
import threading
import time
import traceback
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import psutil
from textual import events
from textual.geometry import Size

from gts.store.workspace import Workspace
from gts_tui.app import GtsApp
from gts_tui.command_syntax import MODES
from tests.support.app_driver import screen_text
from tests.support.background_jobs import Jobs
from tests.support.fault_monitor import Faults, Pulse
from tests.support.hostile_workspace import NAMES, Meddler
from tests.support.random_commands import random_line

LOOK = 250
"""Events after which it is looked whether the program still answers."""
MOST_BYTES = 400 << 20
_SPECIAL = (
    *("up", "down", "left", "right", "home", "end", "pageup", "pagedown", "tab", "shift+tab", "enter", "escape"),
    *("backspace", "delete", "space", "alt+backspace", "shift+up", "shift+down", "shift+left", "shift+right"),
    *(f"ctrl+{letter}" for letter in ("p", "r", "s", "f", "z", "y", "a", "e", "k", "u", "w", "c", "o", "space")),
    *(f"f{number}" for number in range(1, 9)),
)
# A key that ends the program, and one that hands a line to a shell, would test something else.
_LETTERS = (string.ascii_letters + string.digits + "[]{}()<>/\\|.,;:'\"@#$%^&*-_=+~?é漢🤖").replace("q", "")
_PASTES = (*NAMES, "a\nb\r\nc", "\x1b[200~", "x" * 20_000, "{\n" * 500, "\0", "‮", "👩‍👩‍👧‍👦" * 200)


class Chance:
    """What happens next."""

    def __init__(self, pilot: Any, draw: random.Random, root: Path) -> None:
        self._pilot, self._app, self._draw, self._root = pilot, pilot.app, draw, root

    async def event(self) -> str:
        """Let one thing happen; what it was."""
        draw = self._draw
        chance = draw.random()
        if chance < 0.01:
            sizes = [(80, 24), (120, 40), (1, 1), (300, 100), (60, 15), (59, 15)]
            size = (draw.randint(1, 300), draw.randint(1, 100)) if draw.random() < 0.4 else draw.choice(sizes)
            self._app._driver._size = Size(*size)
            self._app.post_message(events.Resize(Size(*size), Size(*size)))
            told = f"size {size}"
        elif chance < 0.08:
            told = self._mouse()
        elif chance < 0.09:
            told = self._line()
        elif chance < 0.1:
            told = self._paste(draw.choice(_PASTES))
        elif chance < 0.105:
            blur = draw.random() < 0.5
            self._send(events.AppBlur() if blur else events.AppFocus())
            told = "blur" if blur else "focus"
        else:
            key = self._key()
            self._press(key)
            told = f"key {key}"
        # Now and then several come in one breath, as over a slow line.
        await asyncio.sleep(draw.choice([0, 0, 0, 0.005, 0.01, 0.02]))
        return told

    def _send(self, event: Any) -> None:
        self._app._driver.process_message(event)

    def _key(self) -> str:
        chance = self._draw.random()
        if chance < 0.08:
            return str(self._draw.randint(1, len(MODES)))
        if chance < 0.2:
            return "escape"
        return self._draw.choice(_SPECIAL if chance < 0.55 else _LETTERS)

    def _press(self, key: str) -> None:
        names = {" ": "space", ":": "colon", "enter": "enter"}
        if len(key) == 1 and not key.isalnum():
            from textual.keys import _character_to_key

            self._send(events.Key(names.get(key) or _character_to_key(key), key))
        else:
            self._send(events.Key(key, key if len(key) == 1 else " " if key == "space" else None))

    def _line(self) -> str:
        line = random_line(self._draw, self._root)
        for key in ("escape", "escape", ":"):
            self._press(key)
        if self._draw.random() < 0.5:
            for letter in line[:200]:
                self._press({"\n": "enter", "\t": "tab"}.get(letter, letter))
        else:
            self._send(events.Paste(line))
        self._press("enter")
        return f"line {line}"

    def _paste(self, text: str) -> str:
        self._send(events.Paste(text))
        return f"paste {text[:20]!r}"

    def _mouse(self) -> str:
        draw, (width, height) = self._draw, self._app.size
        kind = draw.choice(["click", "click", "double", "right", "move", "drag", "down", "up", "scroll", "scroll"])
        x, y = draw.randrange(max(1, width)), draw.randrange(max(1, height))

        def send(made: type, button: int, x: int = x, y: int = y) -> None:
            self._send(made(None, x, y, 0, 0, button, False, False, draw.random() < 0.05, x, y))

        button = 3 if kind == "right" else 1
        if kind in ("click", "double", "right", "drag"):
            for _ in range(2 if kind == "double" else 1):
                send(events.MouseDown, button)
                if kind == "drag":
                    for _ in range(4):
                        x, y = max(0, x + draw.randint(-9, 9)), max(0, y + draw.randint(-4, 4))
                        send(events.MouseMove, button, x, y)
                send(events.MouseUp, button, x, y)
        elif kind == "scroll":
            ways = [events.MouseScrollDown, events.MouseScrollUp, events.MouseScrollLeft, events.MouseScrollRight]
            send(draw.choice(ways), 0)
        else:
            send({"move": events.MouseMove, "down": events.MouseDown, "up": events.MouseUp}[kind], int(kind != "move"))
        return f"{kind} {(x, y)}"


async def fuzz(workspace: Path, number: int, seed: int, look: Callable[[], None] = lambda: None) -> None:
    """Send random events to a program; raises AssertionError with the newest events if it fails or hangs."""
    os.chdir(workspace)
    os.environ["EDITOR"] = os.environ["VISUAL"] = "true"
    faults, happened = Faults(), deque[str](maxlen=40)
    faults.listen()
    app = GtsApp(Workspace(workspace))
    app.exit = lambda *values, **more: None  # type: ignore[method-assign]
    meddler, at = Meddler(workspace, seed), 0
    meddler.start()
    pulse = Pulse()
    pulse.start()
    beating = asyncio.ensure_future(pulse.beat())
    try:
        async with app.run_test(size=(80, 24)) as pilot:
            chance = Chance(pilot, random.Random(seed), workspace)
            for at in range(number):
                happened.append(await chance.event())
                assert not faults.found, "\n".join(faults.found)
                assert app._exception is None and app.is_running, "the program has ended"
                if at % LOOK == LOOK - 1:
                    await _answers(pilot)
                    await asyncio.to_thread(look)
            await _answers(pilot)
            await _calm(pilot)
        assert not faults.found, "\n".join(faults.found)
        await _nothing_left()
    except BaseException as error:
        # What the program itself says of its end tells more than that it has ended.
        cause = app._exception or error
        newest = "\n  ".join([*pulse.held_up, *happened])
        why = "".join(traceback.format_exception(cause))
        raise AssertionError(f"seed {seed}, event {at}, then {meddler.newest}, after\n  {newest}\n{why}") from None
    finally:
        meddler.end()
        pulse.end()
        await beating


async def _answers(pilot: Any) -> None:
    """The program can be brought back from wherever it is, and shows each mode."""
    await pilot.resize_terminal(100, 30)
    for name in MODES:
        end, tries = time.monotonic() + 90, 0
        while True:
            tries += 1
            for _ in range(4):
                await pilot.press("escape")
            await pilot.press(str(MODES.index(name) + 1))
            await pilot.pause(0.05)
            mode = pilot.app.mode
            if mode is not None and name == mode.NAME and len(pilot.app.screen_stack) == 1:
                break
            if time.monotonic() > end:
                told = (
                    f"esc and {MODES.index(name) + 1} do not lead to {name} in {tries} tries: {mode} {pilot.app.screen_stack}"
                )
                raise AssertionError(f"{told} {pilot.app.screen_stack} {pilot.app.focused}\n{screen_text(pilot.app)}")


async def _calm(pilot: Any) -> None:
    """Check that an idle program settles: no command hangs, and no hidden player runs."""
    app = pilot.app
    end = time.monotonic() + 60
    while True:
        app.command_runner.cancel()
        await pilot.press("escape", "1")
        await pilot.pause(0.2)
        busy = [thread.name for thread in threading.enumerate() if thread.name in ("command", "playing")]
        if not busy:
            break
        assert time.monotonic() < end, f"still at work: {busy}\n{screen_text(app)}\n{_stacks()}"
    gc.collect()
    me = psutil.Process()
    assert me.memory_info().rss < MOST_BYTES, f"{me.memory_info().rss >> 20} MiB"
    assert me.num_fds() < 100, sorted(str(one) for one in me.open_files())


async def _nothing_left() -> None:
    """After the end: no thread watches or plays, no child is a zombie or plays on."""
    end = time.monotonic() + 60
    while True:
        threads = [one.name for one in threading.enumerate() if one.name in ("watch", "playing", "command")]
        children = []
        for child in psutil.Process().children():
            with suppress(psutil.Error):
                children += (
                    [child.cmdline()] if child.status() == psutil.STATUS_ZOMBIE or "producer" in str(child.cmdline()) else []
                )
        if not threads and not children:
            return
        assert time.monotonic() < end, f"left behind: {threads} {children}\n{_stacks()}"
        # Jobs are children that nobody waits for but the next that is started.
        subprocess.Popen(["true"]).wait()
        subprocess._cleanup()  # type: ignore[attr-defined]
        # Whoever waits for the program's own thread hears from it that the program has ended.
        await asyncio.sleep(0.1)


def _stacks() -> str:
    frames = sys._current_frames()
    return "\n".join(
        f"{one.name}: {traceback.format_stack(frames[one.ident])[-3:]}" for one in threading.enumerate() if one.ident in frames
    )


def main() -> None:
    """Run from the shell."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--events", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as place:
        folder = Path(place)
        os.environ.update(GTS_STATE=str(folder / "state"), GTS_CONFIG=str(folder / "config"), TERM="xterm-256color")
        workspace = folder / "w"
        # In a process of its own, since making a study loads much.
        subprocess.run([sys.executable, "-m", "tests.support.hostile_workspace", str(workspace)], check=True)
        jobs = Jobs(workspace)
        try:
            began = time.monotonic()
            asyncio.run(fuzz(workspace, arguments.events, arguments.seed, jobs.look))
            seconds = round(time.monotonic() - began)
            harmed = jobs.harmed()
            memory = psutil.Process().memory_info().rss >> 20
            told = {"events": arguments.events, "seed": arguments.seed, "seconds": seconds, "MiB": memory, "harmed": harmed}
            print(json.dumps(told, indent=1))
            assert not harmed, f"seed {arguments.seed}: jobs ended without an order"
        finally:
            jobs.end()


if __name__ == "__main__":
    main()
