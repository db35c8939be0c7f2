"""Edited files and the disk: saves, conflicts, recovery after a kill, files that cannot be written."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from gts.store.workspace import Workspace
from gts_tui.screens.editor.screen import EditorMode
from tests.support.app_driver import screen_text, shows, until
from tests.support.editor_driver import NAME, drive, go_to, text_of, write


def test_a_file_without_edits_follows_the_disk(workspace: Workspace) -> None:
    path = workspace.root / NAME

    async def story(pilot: Any, mode: EditorMode) -> None:
        await until(pilot, lambda: mode.workbench.text_area.has_focus)
        changed = path.read_text().replace('"seed": 1', '"seed": 5')
        path.write_text(changed)
        await until(pilot, lambda: text_of(mode) == changed)
        assert mode.document is not None and not mode.document.is_modified

    drive(workspace, story, NAME)


@pytest.mark.parametrize("answer", ["keep", "reload"])
def test_a_conflict_is_never_resolved_silently(workspace: Workspace, answer: str) -> None:
    path = workspace.root / NAME

    async def story(pilot: Any, mode: EditorMode) -> None:
        await go_to(pilot, mode, '"seed": 1')
        await write(pilot, "7")
        other = path.read_text().replace("488", "244")
        path.write_text(other)
        await shows(pilot, "keep my edits")
        assert '"seed": 17' in text_of(mode) and path.read_text() == other
        if answer == "keep":
            await pilot.press("enter", "ctrl+s")
            await until(pilot, lambda: '"seed": 17' in path.read_text() and "488" in path.read_text())
        else:
            await pilot.press("down", "enter")
            await until(pilot, lambda: text_of(mode) == other)
            await pilot.press("ctrl+s")
            await pilot.press("ctrl+z")
            # Undo brings the edits back.
            await until(pilot, lambda: '"seed": 17' in text_of(mode))
            assert path.read_text() == other

    drive(workspace, story, NAME)


def test_save_asks_if_the_file_changed_since_the_last_poll(workspace: Workspace) -> None:
    path = workspace.root / NAME

    async def story(pilot: Any, mode: EditorMode) -> None:
        await go_to(pilot, mode, '"seed": 1')
        await write(pilot, "7")
        pilot.app.poller.unwatch("editor.files")
        other = path.read_text().replace("488", "244")
        path.write_text(other)
        await pilot.press("ctrl+s")
        await shows(pilot, "keep my edits")
        assert path.read_text() == other
        await pilot.press("down", "down", "enter")
        await shows(pilot, r"- +\"nEpochs\": 244")
        assert path.read_text() == other

    drive(workspace, story, NAME)


def test_a_deleted_file_can_be_saved_again(workspace: Workspace) -> None:
    path = workspace.root / NAME
    before = path.read_text()

    async def story(pilot: Any, mode: EditorMode) -> None:
        await until(pilot, lambda: mode.workbench.text_area.has_focus)
        path.unlink()
        await shows(pilot, "keep the text")
        await pilot.press("enter", "ctrl+s")
        await until(pilot, lambda: path.exists() and path.read_text() == before)

    drive(workspace, story, NAME)


EDIT_AND_WAIT = """
import asyncio, os, sys
from pathlib import Path
from gts.store.workspace import Workspace
from gts_tui.app import GtsApp
from gts_tui.app_base import AppSettings
from gts_tui.screens.editor.screen import EditorMode

async def main():
    app = GtsApp(Workspace(Path(sys.argv[1])), AppSettings())
    async with app.run_test(size=(80, 24)) as pilot:
        await app.show_mode("editor", [sys.argv[2]])
        mode = app.query_one(EditorMode)
        while mode.workbench.text_area is None or not mode.workbench.text_area.has_focus:
            await pilot.pause(0.05)
        await pilot.press("down", "down", "end", "X", "Y", "Z")
        while mode.document.draft_text is None:
            await pilot.pause(0.05)
        os.write(1, b"ready\\n")  # The app holds back what is printed while it runs.
        await asyncio.sleep(60)

asyncio.run(main())
"""


@pytest.mark.process
def test_edits_survive_a_kill_and_are_offered_again(workspace: Workspace) -> None:
    path = workspace.root / NAME
    before = path.read_text()
    process = subprocess.Popen(
        [sys.executable, "-c", EDIT_AND_WAIT, str(workspace.root), NAME], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    try:
        assert process.stdout.readline() == "ready\n"

        async def meanwhile(pilot: Any, mode: EditorMode) -> None:
            await shows(pilot, "another program has unsaved edits")
            assert text_of(mode) == before

        drive(workspace, meanwhile, NAME)
    finally:
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
    assert path.read_text() == before

    async def again(pilot: Any, mode: EditorMode) -> None:
        await shows(pilot, "restore them")
        await pilot.press("enter")
        await until(pilot, lambda: "XYZ" in text_of(mode))
        await pilot.press("ctrl+s")
        await until(pilot, lambda: "XYZ" in path.read_text())

    drive(workspace, again, NAME)

    async def quiet(pilot: Any, mode: EditorMode) -> None:
        await until(pilot, lambda: mode.workbench.text_area.has_focus)
        assert "restore them" not in screen_text(pilot.app)

    drive(workspace, quiet, NAME)


def test_edits_outlive_a_program_that_ends(workspace: Workspace) -> None:
    async def story(pilot: Any, mode: EditorMode) -> None:
        await go_to(pilot, mode, '"seed": 1')
        await write(pilot, "7")
        assert mode.may_close()

    drive(workspace, story, NAME)
    drafts = list((Path(os.environ["GTS_STATE"]) / "edits").iterdir())
    assert len(drafts) == 1 and '\\"seed\\": 17' in drafts[0].read_text()


def test_the_program_asks_before_it_loses_edits_without_a_draft(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    blocked = workspace.root / "a file"
    blocked.write_text("")
    monkeypatch.setenv("GTS_STATE", str(blocked))

    async def story(pilot: Any, mode: EditorMode) -> None:
        await go_to(pilot, mode, '"seed": 1')
        await write(pilot, "7")
        assert not mode.may_close()
        await shows(pilot, "Quit and lose them")
        await pilot.press("n")
        assert pilot.app.is_running

    drive(workspace, story, NAME)


def test_readonly_changes_nothing(workspace: Workspace) -> None:
    async def story(pilot: Any, mode: EditorMode) -> None:
        await until(pilot, lambda: mode.workbench.text_area.has_focus)
        before = text_of(mode)
        await pilot.press("z", "enter", "backspace", "tab", "shift+tab", "ctrl+k", "ctrl+s")
        assert text_of(mode) == before

    before = (workspace.root / NAME).read_bytes()
    drive(workspace, story, NAME, readonly=True)
    assert (workspace.root / NAME).read_bytes() == before


UNUSUAL = {
    "empty": b"",
    "not json": b"loss[/foo] [bold] \x1b[31mred\x1b[0m",
    "no end": b'{"physicalModel": "hopper"}',
    "long line": b'{"comment": "' + b"x" * 5000 + b'"}',
    "emoji": '{"comment": "🦘 مرحبا [/red] 漢字"}\n'.encode(),
    "old ends": b'{"comment":\r"a"}\r',
    "mark": b'\xef\xbb\xbf{"comment": "a"}\r\n',
    "separator": '{"comment": "a\u2028b"}\n'.encode(),
    "large": b'{"params": {' + b",\n".join(b'"seed%d": 1' % n for n in range(12000)) + b"}}",
}


@pytest.mark.slow
@pytest.mark.parametrize("name", UNUSUAL)
def test_unusual_files_are_saved_with_all_other_bytes_unchanged(workspace: Workspace, name: str) -> None:
    path = workspace.root / f"odd[{name}].spec"
    path.write_bytes(UNUSUAL[name])

    async def story(pilot: Any, mode: EditorMode) -> None:
        await until(pilot, lambda: mode.workbench.text_area.has_focus)
        await until(pilot, lambda: mode.document.diagnostics.errors)
        assert "\x1b" not in screen_text(pilot.app)
        for key in ("down", "end", "f2", "f2", "f3", "v", "escape"):
            await pilot.press(key)
        await until(pilot, lambda: mode.workbench.text_area.has_focus)
        assert not mode.document.is_modified
        assert mode.workbench.text_area is not None
        mode.workbench.text_area.move_cursor((0, 0))
        await pilot.press("space", "ctrl+s")
        await until(pilot, lambda: path.read_bytes() != UNUSUAL[name])

    drive(workspace, story, path.name)
    written = path.read_bytes()
    if name == "separator":
        assert json.loads(written) == json.loads(UNUSUAL[name])
    elif name == "mark":
        assert written == UNUSUAL[name].replace(b"{", b" {")
    else:
        assert written == b" " + UNUSUAL[name]


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("gone.spec", None, "no such file"),
        ("binary.spec", b"\x89PNG\xff\xfe", "not a text file"),
        ("big.spec", b" " * 1_000_001, "MB"),
    ],
)
def test_opening_other_files_shows_an_error(workspace: Workspace, name: str, content: bytes | None, message: str) -> None:
    if content is not None:
        (workspace.root / name).write_bytes(content)

    async def story(pilot: Any, mode: EditorMode) -> None:
        await shows(pilot, message)
        assert mode.document is None

    drive(workspace, story, name)


def test_a_file_that_may_not_be_written_keeps_the_edits(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    path = workspace.root / NAME
    before = path.read_text()

    async def story(pilot: Any, mode: EditorMode) -> None:
        await go_to(pilot, mode, '"seed": 1')
        await write(pilot, "7")
        monkeypatch.setattr(os, "access", lambda *_: False)
        await pilot.press("ctrl+s")
        await shows(pilot, "write-protected")
        monkeypatch.undo()
        assert path.read_text() == before and '"seed": 17' in text_of(mode)

    drive(workspace, story, NAME)
