"""Driving the editor in tests."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from textual.widgets.text_area import Selection

from gts.store.workspace import Workspace
from gts_tui.app import GtsApp
from gts_tui.app_base import AppSettings
from gts_tui.screens.editor.screen import EditorMode
from tests.support.app_driver import until

NAME = "hopper/hopperPPO.spec"
"""The spec that most tests edit."""


def drive(
    workspace: Workspace,
    story: Callable[[Any, EditorMode], Awaitable[None]],
    *words: str,
    size: tuple[int, int] = (80, 24),
    **settings: Any,
) -> GtsApp:
    """Open the program in the editor with these files, run `story`, and return the program after its end."""

    async def run() -> GtsApp:
        app = GtsApp(workspace, AppSettings(**settings))
        async with app.run_test(size=size, notifications=True) as pilot:
            await app.show_mode("editor", words)
            await pilot.pause()
            await story(pilot, app.query_one(EditorMode))
        return app

    return asyncio.run(run())


def text_of(mode: EditorMode) -> str:
    assert mode.workbench.text_area is not None
    return mode.workbench.text_area.text


async def write(pilot: Any, text: str) -> None:
    """Type text."""
    for letter in text:
        await pilot.press({"\n": "enter", " ": "space"}.get(letter, letter))


async def go_to(pilot: Any, mode: EditorMode, word: str, *, behind: bool = True) -> None:
    """Move the cursor behind (or before) the first occurrence of a word."""
    area = mode.workbench.text_area
    assert area is not None
    await until(pilot, lambda: area.has_focus)
    area.selection = Selection.cursor(
        area.document.get_location_from_index(text_of(mode).index(word) + (len(word) if behind else 0))
    )
    await pilot.pause()
