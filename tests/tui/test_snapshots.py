"""Snapshots of every mode, compared with the stored images; `make pictures` updates them. The README shows some."""

from __future__ import annotations

import html
import re
import time
from collections.abc import Awaitable, Callable, Iterator
from datetime import datetime, tzinfo
from pathlib import Path
from typing import Any

import pytest
from rich.cells import cell_len

import gts.commands.views.formatting as wording
from gts.jobs.queue import JobQueue
from gts.store.workspace import Workspace
from gts_tui.app import GtsApp
from gts_tui.app_base import AppSettings
from tests.support.app_driver import screen_text, shows, types, until

SIZES = {"80x24": (80, 24), "120x40": (120, 40)}
THEMES = ("dark", "light")
STILL = 0.8
"""Seconds without a change after which nothing more comes: what is shown is looked at every half a second."""
LOADING = 90.0
MOST_BYTES = 80_000
PICTURES = Path(__file__).parent / "__snapshots__" / "test_snapshots"

Story = Callable[[Any], Awaitable[Any]]


_TEXT = re.compile(r'<text class="([^"]*)" x="([\d.]+)" y="([\d.]+)" textLength="([\d.]+)"[^>]*>([^<]*)</text>')


def lean(svg: str) -> str:
    """The same in less: letters where they stand, without the blanks between them, which some programs draw too narrow."""
    svg = re.sub(r"\bterminal-\d+-([\w-]+)", r"\1", svg)
    svg = re.sub(r"\s*<clipPath id=\"line-[^>]*>.*?</clipPath>", "", svg, flags=re.DOTALL)
    svg = re.sub(r"<[^>]+>", lambda tag: re.sub(r"(\d\.\d)\d{3,}", r"\1", tag[0]), svg)
    return re.sub(r"\n\s+", "\n", _TEXT.sub(_words, svg))


def _words(found: re.Match[str]) -> str:
    style, left, y, length, shown = found.groups()
    letters = html.unescape(shown)
    each = float(length) / max(1, cell_len(letters))
    pieces = []
    for word in re.finditer(r"[^\xa0]+(?:\xa0[^\xa0]+)*", letters):
        x = float(left) + each * cell_len(letters[: word.start()])
        written = html.escape(word[0], quote=False)
        # Of one letter there is nothing to spread.
        wide = f' textLength="{each * cell_len(word[0]):.1f}"' if len(word[0]) > 1 else ""
        pieces.append(f'<text class="{style}" x="{x:.1f}" y="{y}"{wide}>{written}</text>')
    return "".join(pieces)


class Evening(datetime):
    """Freeze the clock."""

    @classmethod
    def now(cls, tz: tzinfo | None = None) -> Evening:
        return cls(2026, 11, 21, 20, 15, tzinfo=tz)


@pytest.fixture
def workspace(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> Iterator[Workspace]:
    """A workspace that was much used, on a machine with two slots, where it is always the same moment."""
    # Shown where the keys are; nothing is there.
    monkeypatch.setenv("GTS_CONFIG", "/home/person/.config/gts")
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()
    monkeypatch.setattr(wording, "datetime", Evening)
    monkeypatch.setattr("gts_tui.widgets.playback.secrets.randbelow", lambda most: 7)
    monkeypatch.setattr("pytest_textual_snapshot.normalize_svg", lean)
    JobQueue().set_slots(2)
    yield workspace
    monkeypatch.delenv("TZ")
    time.tzset()


async def still(pilot: Any) -> None:
    """Wait until nothing changes any more."""
    seen, since = "", time.monotonic()

    def settled() -> bool:
        nonlocal seen, since
        now = screen_text(pilot.app)
        if now != seen:
            seen, since = now, time.monotonic()
        return time.monotonic() - since > STILL

    await until(pilot, settled)


async def in_workspace(pilot: Any) -> None:
    await shows(pilot, "hopperPPO")
    await types(pilot, "mode workspace hopper/hopperPPO.spec")
    await shows(pilot, "changed parameters")


async def in_editor(pilot: Any) -> None:
    await types(pilot, "edit hopper/hopper.space")
    await shows(pilot, "hopper.space +1:1")
    await pilot.press("down", "down", "down")


async def in_training(pilot: Any) -> None:
    await types(pilot, "open hopperPPO-k3f")
    await shows(pilot, "done +hopperPPO-k3f")
    await shows(pilot, "steps")


async def in_search(pilot: Any) -> None:
    await types(pilot, "open hopper")
    await shows(pilot, "best .* confirmed")
    await pilot.press("v")


async def in_jobs(pilot: Any) -> None:
    await pilot.press("5")
    await shows(pilot, "2 slots")


async def in_compare(pilot: Any) -> None:
    await types(pilot, "mode compare hopperPPO-k3f hopperPPO-w9c")
    await shows(pilot, "k3f")


async def in_play(pilot: Any) -> None:
    """Some steps after the start, which is always the same one."""
    await types(pilot, "play hopper/hopperPPO.checkpoint")
    await shows(pilot, r"hopper +step 999424", LOADING)
    await pilot.press("space")
    await shows(pilot, r"\[paused\]")
    await pilot.press("r")
    await shows(pilot, r"step 0|t 0\.0|time 0|0 s")
    await pilot.press(*["full_stop"] * 12)


MODES: dict[str, Story] = {
    "workspace": in_workspace,
    "editor": in_editor,
    "training": in_training,
    "search": in_search,
    "jobs": in_jobs,
    "compare": in_compare,
    "play": in_play,
}


def picture(workspace: Workspace, snap_compare: Any, size: tuple[int, int], theme: str, story: Story) -> None:
    app = GtsApp(workspace, AppSettings(theme=theme, glyphs="braille"))

    async def take(pilot: Any) -> None:
        await until(pilot, lambda: app.mode is not None)
        await story(pilot)
        await still(pilot)

    assert snap_compare(app, terminal_size=size, run_before=take)


@pytest.mark.process
@pytest.mark.slow
@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("mode", MODES)
def test_mode(workspace: Workspace, snap_compare: Any, mode: str, size: str, theme: str) -> None:
    picture(workspace, snap_compare, SIZES[size], theme, MODES[mode])


async def palette(pilot: Any) -> None:
    await in_workspace(pilot)
    await pilot.press("ctrl+p", *"hop")
    await shows(pilot, "walker|hopper")


async def keys(pilot: Any) -> None:
    await in_training(pilot)
    await pilot.press("question_mark")


async def error(pilot: Any) -> None:
    await types(pilot, "edit hopper/hopperPPO.spec")
    await shows(pilot, "hopperPPO.spec +1:1")
    await pilot.press("ctrl+f", *"nEpochs", "enter", "escape", "end", "left", "x")
    await shows(pilot, "1 error")


async def command(pilot: Any) -> None:
    await in_workspace(pilot)
    await pilot.press("colon", *"train", "space", *"hop")
    await pilot.press("tab")


async def small(pilot: Any) -> None:
    await shows(pilot, "too small")


@pytest.mark.parametrize("story", [palette, keys, error, command], ids=lambda story: story.__name__)
def test_what_opens_over_a_mode(workspace: Workspace, snap_compare: Any, story: Story) -> None:
    picture(workspace, snap_compare, (80, 24), "dark", story)


def test_too_small(workspace: Workspace, snap_compare: Any) -> None:
    picture(workspace, snap_compare, (50, 12), "dark", small)


def test_pictures_are_small() -> None:
    sizes = {path.name: path.stat().st_size for path in PICTURES.glob("*.svg")}
    assert len(sizes) == len(MODES) * len(SIZES) * len(THEMES) + 5
    assert {name: size for name, size in sizes.items() if size > MOST_BYTES} == {}
