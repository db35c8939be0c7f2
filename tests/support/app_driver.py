"""Helpers that drive the terminal program in tests: press keys, wait for conditions, read the screen."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable
from typing import Any

from gts.store.workspace import Workspace
from gts_tui.app import GtsApp
from gts_tui.app_base import AppSettings
from tests.support.waiting import DEADLINE_SECONDS, wait_until_async


def drive(
    workspace: Workspace,
    story: Callable[[GtsApp, Any], Awaitable[None]],
    *keys: str,
    size: tuple[int, int] = (80, 24),
    **settings: Any,
) -> GtsApp:
    """Run the program, wait for its first mode, press keys and await `story`; returns the closed app."""
    app = GtsApp(workspace, AppSettings(**settings))

    async def run() -> None:
        async with app.run_test(size=size, notifications=True) as pilot:
            await until(pilot, lambda: app.mode is not None)
            await pilot.press(*keys)
            await story(app, pilot)

    asyncio.run(run())
    return app


def screen_text(app: Any) -> str:
    """Return the screen, one line per row."""
    height = app.size.height
    strips = app.screen._compositor.render_strips()
    return "\n".join(strip.text.rstrip() for strip in strips[:height])


async def until(pilot: Any, condition: Callable[[], Any], seconds: float = DEADLINE_SECONDS) -> Any:
    """Wait until a condition holds; fails with the contents of the screen."""
    what = lambda: f"the screen shows:\n{screen_text(pilot.app)}"  # noqa: E731
    return await wait_until_async(condition, what=what, pause=pilot.pause, deadline=seconds)


async def shows(pilot: Any, pattern: str, seconds: float = DEADLINE_SECONDS) -> str:
    """Wait until the screen matches a pattern; returns the screen."""
    return await until(pilot, lambda: screen_text(pilot.app) if re.search(pattern, screen_text(pilot.app)) else None, seconds)


async def types(pilot: Any, line: str) -> None:
    """Type and submit a command line."""
    await pilot.press("colon")
    for letter in line:
        await pilot.press({" ": "space"}.get(letter, letter))
    await pilot.press("enter")
