"""The user's own editor: which command is run, and errors as notifications."""

from __future__ import annotations

import sys
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import pytest

from gts.errors import MissingError, UsageError
from gts.store.workspace import Workspace
from gts_tui.app import GtsApp
from gts_tui.screens.external_editor import edit_file_externally, find_editor_command
from tests.support.app_driver import drive, shows, types, until

SPEC = "hopper/hopperPPO.spec"
APPEND = f"{sys.executable} -c \"import sys;open(sys.argv[1],'a').write(' ')\""


@pytest.fixture(autouse=True)
def no_editor(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("VISUAL", "EDITOR"):
        monkeypatch.delenv(name, raising=False)


@pytest.mark.parametrize(
    ("installed", "expected"),
    [(("nano", "vim", "vi"), "nano"), (("vim", "vi"), "vim"), (("vi",), "vi")],
    ids=["nano", "vim", "vi"],
)
def test_default_editors(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, installed: list[str], expected: str) -> None:
    for name in installed:
        (tmp_path / name).touch(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert find_editor_command() == [expected]


def test_visual_comes_first_and_may_have_arguments(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EDITOR", "vi")
    monkeypatch.setenv("VISUAL", "code --wait 'a b'")
    assert find_editor_command() == ["code", "--wait", "a b"]


def test_no_editor_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(MissingError, match="no editor"):
        find_editor_command()


def test_an_unclosed_quote_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EDITOR", "vi 'x")
    with pytest.raises(UsageError, match=r"EDITOR has an unclosed quote: vi 'x"):
        find_editor_command()


@pytest.mark.process
@pytest.mark.slow
@pytest.mark.parametrize("key", ["E", "f4"], ids=["workspace", "editor"])
@pytest.mark.parametrize(
    ("command", "message", "changed"),
    [
        (APPEND, "", True),
        ("vi 'x", "unclosed quote", False),
        ("/none/at/all", "cannot start `/none/at/all`", False),
        (f"{sys.executable} -c 'raise SystemExit(3)'", "exited with code 3", False),
    ],
    ids=["appends", "quote", "missing", "fails"],
)
def test_both_modes_run_the_same_editor(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch, key: str, command: str, message: str, changed: bool
) -> None:
    monkeypatch.setenv("EDITOR", command)
    monkeypatch.setattr(GtsApp, "suspend", lambda self: nullcontext())
    path = workspace.root / SPEC
    before = path.read_text()

    async def flow(app: GtsApp, pilot: Any) -> None:
        await open_spec(app, pilot, "editor" if key == "f4" else "workspace")
        await pilot.press(key)
        if message:
            await shows(pilot, message)
        await until(pilot, lambda: path.read_text() == before + (" " if changed else ""))
        assert app.is_running

    drive(workspace, flow)


@pytest.mark.process
def test_a_missing_program_leaves_the_terminal_resumed(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    """`App.suspend` does not resume if its body raises."""
    events: list[str] = []

    class Suspended:
        def __enter__(self) -> None:
            events.append("suspend")

        def __exit__(self, kind: object, *_: object) -> None:
            events.append("resume" if kind is None else "raised")

    monkeypatch.setenv("EDITOR", "/none/at/all")
    monkeypatch.setattr(GtsApp, "suspend", lambda self: Suspended())

    async def flow(app: GtsApp, pilot: Any) -> None:
        assert not edit_file_externally(app, workspace.root / SPEC)
        assert events == ["suspend", "resume"]

    drive(workspace, flow)


@pytest.mark.slow
def test_readonly_starts_no_editor(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EDITOR", APPEND)
    monkeypatch.setattr(GtsApp, "suspend", lambda self: nullcontext())
    before = (workspace.root / SPEC).read_bytes()

    async def flow(app: GtsApp, pilot: Any) -> None:
        await open_spec(app, pilot, "workspace")
        await pilot.press("E")
        await shows(pilot, "--readonly")
        assert (workspace.root / SPEC).read_bytes() == before

    drive(workspace, flow, readonly=True)


async def open_spec(app: GtsApp, pilot: Any, mode: str) -> None:
    await types(pilot, f"mode {mode} {SPEC}")
    await until(pilot, lambda: app.mode is not None and mode == app.mode.NAME and app.selection() == (SPEC,))
