"""What happens to the program from outside: damaged and locked files, a full disk, others at work, an end without warning."""

from __future__ import annotations

import asyncio
import ctypes
import os
import resource
import shutil
import signal
import sqlite3
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Iterator

import psutil
import pytest

from gts.store import database
from gts.store.catalogue import Catalogue
from gts.store.workspace import Workspace
from gts_tui.app import GtsApp
from gts_tui.command_syntax import MODES
from tests.support.app_driver import screen_text, shows, types, until
from tests.support.terminal_program import Terminal

BUSY_SECONDS = 300.0
"""How long a reader waits for a file that is locked: longer than any delay by other work on the machine."""


async def _every_mode(pilot: object, app: GtsApp) -> None:
    """It answers, wherever one goes."""
    for number, name in enumerate(MODES, start=1):
        await pilot.press("escape", "escape", "escape", str(number))  # type: ignore[attr-defined]
        await until(pilot, lambda wanted=name: app.mode is not None and wanted == app.mode.NAME)


@pytest.mark.slow
def test_a_catalogue_damaged_while_open_is_rebuilt(workspace: Workspace) -> None:
    runs = workspace.run_ids()

    async def drive() -> None:
        app = GtsApp(workspace)
        async with app.run_test(size=(120, 40), notifications=True) as pilot:
            await shows(pilot, "hopperPPO")
            workspace.catalogue.write_bytes(b"garbage " * 1000)
            await _every_mode(pilot, app)
            await shows(pilot, "gts-damaged-1.db")
            await types(pilot, "jobs --all")
            await shows(pilot, "walkerPPO-m2p")

    asyncio.run(drive())
    with Catalogue(workspace.catalogue, read_only=True) as catalogue:
        assert sorted(catalogue.run_ids()) == sorted(runs)


@pytest.mark.slow
def test_a_locked_catalogue_blocks_nothing(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(database, "BUSY_SECONDS", BUSY_SECONDS)

    def lock() -> None:
        connection = sqlite3.connect(workspace.catalogue)
        connection.execute("BEGIN EXCLUSIVE")
        locked.set()
        free.wait(2 * BUSY_SECONDS)
        connection.close()

    locked, free = threading.Event(), threading.Event()
    holder = threading.Thread(target=lock)
    holder.start()
    assert locked.wait(60)

    async def drive() -> None:
        app = GtsApp(workspace)
        async with app.run_test(size=(120, 40)) as pilot:
            await types(pilot, "jobs")
            gaps = [0.0]

            async def beat() -> None:
                while not free.is_set():
                    began = time.monotonic()
                    await asyncio.sleep(0.05)
                    gaps.append(time.monotonic() - began)

            beating = asyncio.ensure_future(beat())
            await _every_mode(pilot, app)
            assert max(gaps) < BUSY_SECONDS / 2, "the screen waited for the file"
            assert not list(workspace.root.glob("gts-damaged*"))
            free.set()
            await beating
            await pilot.press("1")
            await shows(pilot, "hopperPPO")

    try:
        asyncio.run(drive())
    finally:
        free.set()
        holder.join()


@pytest.mark.process
@pytest.mark.slow
def test_a_deleted_workspace_is_reported_and_the_program_can_exit(workspace: Workspace) -> None:
    async def drive() -> int | None:
        app = GtsApp(workspace)
        async with app.run_test(size=(120, 40)) as pilot:
            await shows(pilot, "hopperPPO")
            shutil.rmtree(workspace.root)
            await _every_mode(pilot, app)
            await types(pilot, "jobs --all")
            await types(pilot, "check hopper/hopperPPO.spec")
            await types(pilot, "!true")
            await shows(pilot, "cannot start a process|does not exist|no such file")
            await _every_mode(pilot, app)
            await pilot.press("escape", "escape", "1", "q")
            await until(pilot, lambda: not app.is_running)
        return app.return_code

    assert asyncio.run(drive()) == 0
    assert not workspace.root.exists()


_WRITES_ANYWHERE = 1 << 1
"""CAP_DAC_OVERRIDE, with which root ignores file permissions."""
_CAPABILITIES = struct.pack("Ii", 0x20080522, 0)


@pytest.fixture
def like_anybody() -> Iterator[None]:
    """What cannot be written cannot be written by root either, by this thread and those that it starts."""
    if os.geteuid() != 0:
        yield
        return
    libc = ctypes.CDLL(None, use_errno=True)
    before = ctypes.create_string_buffer(24)
    assert libc.capget(_CAPABILITIES, before) == 0
    effective, *others = struct.unpack("6I", before.raw)
    assert libc.capset(_CAPABILITIES, struct.pack("6I", effective & ~_WRITES_ANYWHERE, *others)) == 0
    yield
    assert libc.capset(_CAPABILITIES, before.raw[:24]) == 0


@pytest.mark.slow
@pytest.mark.usefixtures("like_anybody")
def test_a_workspace_that_cannot_be_written_is_shown_all_the_same(workspace: Workspace) -> None:
    folders = [workspace.root, *(path for path in workspace.root.rglob("*") if path.is_dir())]
    for folder in folders:
        folder.chmod(0o555)

    async def drive() -> None:
        app = GtsApp(workspace)
        async with app.run_test(size=(120, 40), notifications=True) as pilot:
            await shows(pilot, "hopperPPO")
            await _every_mode(pilot, app)
            await types(pilot, "copy hopper/hopperPPO.spec hopper/other.spec")
            await shows(pilot, "permission denied|read-only")

    try:
        asyncio.run(drive())
    finally:
        for folder in folders:
            folder.chmod(0o755)


def test_a_full_disk_loses_no_edit(workspace: Workspace) -> None:
    path = workspace.root / "hopper" / "hopperPPO.spec"
    before = path.read_bytes()
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)

    async def drive() -> None:
        app = GtsApp(workspace)
        async with app.run_test(size=(120, 40), notifications=True) as pilot:
            await types(pilot, "edit hopper/hopperPPO.spec")
            await until(pilot, lambda: "hopperPPO.spec" in screen_text(app) and app.focused is not None)
            await until(pilot, lambda: type(app.focused).__name__ == "SpecTextArea")
            await pilot.press("x", "y", "z")
            await shows(pilot, "xyz")
            # The kernel refuses what would make a file longer than this, as a full disk does.
            resource.setrlimit(resource.RLIMIT_FSIZE, (64, limits[1]))
            try:
                await pilot.press("ctrl+s")
                await shows(pilot, "larger than this system allows|disk is full")
                assert path.read_bytes() == before
                assert "xyz" in screen_text(app)
            finally:
                resource.setrlimit(resource.RLIMIT_FSIZE, limits)
            await pilot.press("ctrl+s")
            await until(pilot, lambda: b"xyz" in path.read_bytes())

    asyncio.run(drive())
    assert not list(workspace.root.rglob("*.part"))


def _gts(workspace: Workspace, *words: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "gts", *words, "--workspace", str(workspace.root)]
    return subprocess.run(command, capture_output=True, text=True, cwd=workspace.root)


@pytest.mark.process
@pytest.mark.slow
def test_renames_and_deletions_by_other_programs_are_shown(workspace: Workspace) -> None:
    async def drive() -> None:
        app = GtsApp(workspace)
        async with app.run_test(size=(120, 40), notifications=True) as pilot:
            await types(pilot, "edit hopper/hopperBrisk.spec")
            await shows(pilot, "hopperBrisk.spec")
            done = await asyncio.to_thread(_gts, workspace, "rename", "hopper/hopperBrisk.spec", "hopper/away.spec")
            assert done.returncode == 0, done.stderr
            await shows(pilot, "was deleted")
            await pilot.press("escape", "escape", "escape", "1")
            await shows(pilot, "away")
            await types(pilot, "open walkerPPO-m2p")
            await shows(pilot, "walkerPPO")
            done = await asyncio.to_thread(_gts, workspace, "delete", "20261119-083011-walkerPPO-m2p")
            assert done.returncode == 0, done.stderr
            await _every_mode(pilot, app)
            await types(pilot, "open walkerPPO-m2p")
            await shows(pilot, "there is no file, run or study")

    asyncio.run(drive())


@pytest.fixture
def terminal(workspace: Workspace) -> Iterator[Terminal]:
    one = Terminal(workspace.root, size=(120, 40))
    yield one
    one.close()


@pytest.mark.process
@pytest.mark.slow
def test_a_job_that_two_programs_stop_is_stopped_once(workspace: Workspace, terminal: Terminal) -> None:
    settings = ("--set", "nSteps=100000000", "--set", "nEpochs=48800", "--threads", "1")
    assert _gts(workspace, "train", "hopper/hopperPPO.spec", "o.checkpoint", *settings, "--detach").returncode == 0
    job = workspace.run_ids()[-1]

    async def drive() -> None:
        app = GtsApp(workspace)
        async with app.run_test(size=(120, 40)) as pilot:
            terminal.read(lambda said: b"quit" in said)
            terminal.write(f":stop {job}\r")
            await types(pilot, f"stop {job}")
            await pilot.press("5")
            await until(pilot, lambda: "paused" in _gts(workspace, "jobs", "--all").stdout.splitlines()[1])
            assert app.is_running

    try:
        asyncio.run(drive())
        assert terminal.process.poll() is None
    finally:
        _gts(workspace, "stop", "--all", "--now")


@pytest.mark.process
@pytest.mark.slow
@pytest.mark.parametrize("keys", [*"2347", ":!sleep 300 | cat\r", ":play hopper/hopperPPO.checkpoint\r"])
def test_a_kill_leaves_nothing_at_work(workspace: Workspace, terminal: Terminal, keys: str) -> None:
    terminal.read(lambda said: b"quit" in said)
    here = psutil.Process(terminal.process.pid)
    terminal.write(keys)
    # What is waited for: the command and the shell that guards it, the process that plays; of a mode alone, some time.
    wanted = {":!": ("sleep 300", "read _"), ":p": ("gts.playback.frame_server",)}.get(keys[:2], ())
    end = time.monotonic() + (30 if wanted else 1.5)
    while True:
        terminal._more()
        children = here.children(recursive=True)
        lines = "\n".join(" ".join(one.cmdline()) for one in children)
        if wanted and all(words in lines for words in wanted):
            break
        if time.monotonic() > end:
            assert not wanted, lines
            break
    os.kill(here.pid, signal.SIGKILL)
    terminal.process.wait()
    _, alive = psutil.wait_procs(children, timeout=60)
    assert not alive, [one.cmdline() for one in alive]
    again = Terminal(workspace.root, size=(120, 40))
    try:
        again.read(lambda said: b"quit" in said)
        again.write("q")
        assert again.wait() == 0
        assert b"Traceback" not in again.said
    finally:
        again.close()
