"""How the program begins and ends: alone at a terminal, in an empty folder, over a line that breaks."""

from __future__ import annotations

import asyncio
import base64
import fcntl
import json
import os
import shutil
import signal
import subprocess
import sys
import termios
import time
from array import array
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import psutil
import pytest
from textual.widgets import OptionList

from gts.jobs.repair import repair_catalogue
from gts.store.catalogue import Catalogue
from gts.store.workspace import Workspace, find_workspace
from gts_tui.app import GtsApp
from gts_tui.app_base import AppSettings
from gts_tui.console.command_line import CommandLine
from gts_tui.screens.mode import Mode
from gts_tui.terminal import MAX_OSC52_BYTES
from tests.support.app_driver import screen_text, shows, types, until
from tests.support.terminal_program import Terminal
from tests.support.waiting import wait_until

HEAVY = {"torch", "mujoco", "gymnasium", "optuna", "scipy", "plotext", "pandas"}
FIRST_PAINT_SECONDS = 0.5
Open = Callable[..., Terminal]


@pytest.fixture
def workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Workspace:
    (tmp_path / "runs").mkdir()
    monkeypatch.chdir(tmp_path)
    return Workspace(tmp_path)


@pytest.fixture
def terminal(workspace: Workspace) -> Iterator[Open]:
    opened: list[Terminal] = []

    def start(*words: str, **more: object) -> Terminal:
        opened.append(Terminal(workspace.root, *words, **more))  # type: ignore[arg-type]
        return opened[-1]

    yield start
    for one in opened:
        one.close()


def painted(said: bytes) -> bool:
    return b"workspace" in said and b"quit" in said


@pytest.mark.process
def test_gts_alone_opens_the_program_and_q_ends_it(terminal: Open) -> None:
    here = terminal()
    here.read(painted)
    here.write("q")
    assert here.wait() == 0
    # The other screen is left, the cursor is back, and the terminal echoes again.
    for on, off in ((b"\x1b[?1049h", b"\x1b[?1049l"), (b"\x1b[?25l", b"\x1b[?25h"), (b"\x1b[?1003h", b"\x1b[?1003l")):
        assert here.said.rindex(off) > here.said.rindex(on)
    assert here.settings() == here.before


@pytest.mark.process
def test_without_a_terminal_it_helps(workspace: Workspace) -> None:
    done = subprocess.run([sys.executable, "-m", "gts"], capture_output=True, text=True, stdin=subprocess.DEVNULL)
    assert done.returncode == 0
    assert "Usage: gts" in done.stdout
    assert all(option in done.stdout for option in ("--workspace", "--readonly", "--no-mouse", "--theme", "--glyphs"))


@pytest.mark.process
@pytest.mark.parametrize("words", [["--readonly", "jobs"], ["--no-mouse", "jobs"], ["--theme", "dark", "doctor"]])
def test_options_of_the_program_mean_nothing_before_a_command(workspace: Workspace, words: list[str]) -> None:
    done = subprocess.run([sys.executable, "-m", "gts", *words], capture_output=True, text=True)
    assert done.returncode == 2
    assert f"{words[0]} is an option of the terminal program" in done.stderr


@pytest.mark.process
def test_a_workspace_before_a_command_is_its_workspace(tmp_path: Path) -> None:
    (tmp_path / "w").mkdir()
    words = ["--workspace", str(tmp_path / "w"), "jobs", "--json"]
    done = subprocess.run([sys.executable, "-m", "gts", *words], capture_output=True, text=True)
    assert json.loads(done.stdout)["workspace"] == str(tmp_path / "w"), done.stderr


@pytest.mark.process
def test_a_workspace_that_is_none_is_a_sentence(terminal: Open) -> None:
    here = terminal("--workspace", "nowhere")
    assert here.wait() == 2
    assert b"the workspace `nowhere` does not exist" in here.said
    assert b"\x1b[?1049h" not in here.said


@pytest.mark.process
@pytest.mark.slow
@pytest.mark.parametrize("words, named", [(("--workspace", "mine"), ""), ((), "mine")])
def test_a_workspace_is_named_relative_to_the_working_directory(
    tmp_path: Path, repository: Path, words: tuple[str, ...], named: str
) -> None:
    (tmp_path / "mine" / "hopper").mkdir(parents=True)
    shutil.copy(repository / "workspace" / "hopper" / "hopperBrisk.spec", tmp_path / "mine" / "hopper")
    here = Terminal(tmp_path, *words, GTS_WORKSPACE=named)
    try:
        here.read(lambda said: b"hopperBrisk" in said)
        here.write(":!ls hopper/*; gts check hopper/hopperBrisk.spec > checked.txt && echo right >> checked.txt\r")
        checked = tmp_path / "mine" / "checked.txt"
        here.read(lambda said: b"hopper/hopperBrisk.spec" in said and checked.is_file() and "right" in checked.read_text())
        here.write("q")
        assert here.wait() == 0
    finally:
        here.close()


@pytest.mark.process
def test_nothing_heavy_is_loaded(workspace: Workspace) -> None:
    program = (
        "import asyncio, sys\nfrom pathlib import Path\n"
        "from gts_tui.app import GtsApp\nfrom gts_tui.polling import Poller\nfrom gts.store.workspace import Workspace\n"
        "from tests.support.app_driver import until\n"
        "polls, poll = [], Poller._poll\nPoller._poll = lambda *words: (poll(*words), polls.append(words))\n"
        "async def drive():\n    app = GtsApp(Workspace(Path()))\n    async with app.run_test() as pilot:\n"
        "        await until(pilot, lambda: len(polls) > 20)\n        await pilot.press('question_mark')\n"
        "        await until(pilot, lambda: len(app.screen_stack) > 1)\n        await pilot.pause()\n"
        "asyncio.run(drive())\nprint(*sorted(name.split('.')[0] for name in sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert HEAVY.isdisjoint(done.stdout.split())


@pytest.mark.process
def test_the_first_picture_comes_soon(terminal: Open) -> None:
    costs = []
    for _ in range(3):
        here = terminal()
        here.read(painted)
        costs.append(here.cpu_seconds())
        here.close()
    # Processor time, since other work on the machine makes the clock say more; a slow machine is given twice as much.
    assert min(costs) < FIRST_PAINT_SECONDS * 2, costs


@pytest.mark.process
@pytest.mark.slow
def test_an_idle_program_writes_nothing_and_costs_nothing(terminal: Open) -> None:
    here = terminal()
    here.read(painted)
    written = here.settle(3.0)
    before = here.cpu_seconds()
    until_then = time.monotonic() + 3
    here.read(lambda _: time.monotonic() > until_then)
    assert len(here.said) == written
    assert here.cpu_seconds() - before < 0.15


@pytest.mark.process
@pytest.mark.parametrize("hangups", [signal.SIG_DFL, signal.SIG_IGN], ids=["default", "ignored"])
def test_a_lost_line_ends_it(terminal: Open, hangups: Callable[[int], object]) -> None:
    here = terminal(hangups=hangups)
    here.read(painted)
    before = here.cpu_seconds()
    here.hang_up()
    spent = [before]

    def has_ended() -> bool:
        with suppress(psutil.Error):
            spent.append(here.cpu_seconds())
        return here.process.poll() is not None

    wait_until(has_ended, what="the program outlives its terminal")
    assert max(spent) - before < 0.5


@pytest.mark.process
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_signal_ends_it_and_leaves_the_terminal_as_it_was(terminal: Open, number: int) -> None:
    here = terminal()
    here.read(painted)
    here.process.send_signal(number)
    assert here.wait() == 0
    assert b"\x1b[?1049l" in here.said
    assert here.settings() == here.before


@pytest.mark.process
@pytest.mark.slow
def test_a_blocked_terminal_harms_no_job_and_the_program_can_be_ended(terminal: Open, workspace: Workspace) -> None:
    here = terminal()
    here.read(painted)
    mark = workspace.root / "mark"
    here.write(":!(while true; do date +%s%N > mark; sleep 0.1; done) & sleep 60\r")
    wait_until(mark.exists, what="the job to write")
    # Nobody reads from here on, and keys that make it draw fill every buffer on the way.
    for _ in range(400):
        here.write("12345")
    waiting = [0]

    def is_full() -> bool:
        size = array("i", [0])
        fcntl.ioctl(here.hand, termios.FIONREAD, size)
        waiting.append(size[0])
        return waiting[-1] > 0 and waiting[-1] == waiting[-2]

    wait_until(is_full, what="output that nobody reads", interval=1.0)
    old = mark.read_text()
    wait_until(lambda: mark.read_text() not in (old, ""), what="the job goes on")
    here.process.send_signal(signal.SIGTERM)
    wait_until(lambda: here.process.poll() is not None, what="the program to end")
    for line in subprocess.run(["ps", "-eo", "pid,args"], capture_output=True, text=True).stdout.splitlines():
        pid, _, words = line.strip().partition(" ")
        if "date +%s%N > mark" in words and words.startswith("/bin/sh"):
            os.kill(int(pid), signal.SIGKILL)


def test_an_empty_folder_is_offered_examples_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)

    async def drive() -> None:
        app = GtsApp(find_workspace())
        async with app.run_test(size=(80, 24)) as pilot:
            await shows(pilot, "This folder is not a workspace yet")
            await pilot.press("enter")
            await until(pilot, lambda: (tmp_path / "gts.db").is_file())
            await shows(pilot, "specs")
            assert (tmp_path / "inverted" / "invertedPPO.spec").is_file()

    asyncio.run(drive())


def test_the_examples_are_copied_for_the_user(tmp_path: Path, own_settings: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)

    async def drive() -> None:
        app = GtsApp(find_workspace())
        async with app.run_test(size=(80, 24)) as pilot:
            await shows(pilot, "This folder is not a workspace yet")
            # Modes that were shown already are of the new workspace too.
            await pilot.press("5", "1")
            await until(pilot, lambda: isinstance(app.focused, OptionList))
            await pilot.press("down", "enter")
            await until(pilot, lambda: app.workspace.root == own_settings / "state" / "examples" == Path.cwd())
            assert app.command_runner.workspace == app.workspace
            assert "examples" in screen_text(app).splitlines()[0]
            await shows(pilot, "antPPO")
            assert [mode.NAME for mode in app.query(Mode)] == ["workspace"]
        assert list(tmp_path.iterdir()) == []

    asyncio.run(drive())


def test_the_start_page_can_be_left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)

    async def drive() -> int | None:
        app = GtsApp(find_workspace())
        async with app.run_test(size=(80, 24)) as pilot:
            await shows(pilot, "This folder is not a workspace yet")
            await pilot.press("q")
            await until(pilot, lambda: not app.is_running)
        return app.return_code

    assert asyncio.run(drive()) == 0
    assert list(tmp_path.iterdir()) == []


@pytest.mark.process
def test_keys_typed_during_the_start_become_a_command(terminal: Open, workspace: Workspace, own_settings: Path) -> None:
    here = terminal()
    # In one breath, as soon as the terminal is the program's, and before anything is painted.
    here.read(lambda _: not here.settings()[3] & termios.ICANON)  # type: ignore[operator]
    here.write(":theme light\r")
    here.read(lambda _: any("light" in path.read_text() for path in (own_settings / "state").glob("*.json")))
    here.write("q")
    assert here.wait() == 0
    assert sorted(path.name for path in workspace.root.iterdir()) == ["runs"]


def test_a_pane_that_is_built_takes_no_letters_from_the_command_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)

    async def drive() -> None:
        app = GtsApp(find_workspace())
        async with app.run_test(size=(80, 24)) as pilot:
            line = app.query_one(CommandLine)
            await pilot.press("colon", *"jobs", "space", "x")
            await shows(pilot, "This folder is not a workspace yet")
            await pilot.press(*"yz")
            assert line.value == "jobs xyz"
            assert line.has_focus
            await pilot.press("ctrl+c", "escape")
            await until(pilot, lambda: isinstance(app.focused, OptionList))

    asyncio.run(drive())


@pytest.mark.parametrize("garbage", [b"garbage " * 1000, b"SQLite format 3\0" + b"\xff" * 5000])
def test_a_damaged_catalogue_is_rebuilt_and_reported(repository_workspace: Workspace, garbage: bytes) -> None:
    workspace = repository_workspace
    runs = workspace.run_ids()
    assert runs
    workspace.catalogue.write_bytes(garbage)

    async def drive() -> None:
        app = GtsApp(workspace)
        async with app.run_test(size=(120, 40), notifications=True) as pilot:
            await until(pilot, lambda: "gts-damaged-1.db" in screen_text(app))

    asyncio.run(drive())
    assert (workspace.root / "gts-damaged-1.db").read_bytes() == garbage
    with Catalogue(workspace.catalogue, read_only=True) as catalogue:
        assert sorted(catalogue.run_ids()) == runs
        assert {job.id for job in catalogue.jobs()} == set(runs)
    assert repair_catalogue(workspace) is None
    workspace.catalogue.write_bytes(garbage)
    assert repair_catalogue(workspace) == workspace.root / "gts-damaged-2.db"


def test_readonly_repairs_nothing(workspace: Workspace) -> None:
    workspace.catalogue.write_bytes(b"garbage " * 1000)

    async def drive() -> None:
        app = GtsApp(workspace, AppSettings(readonly=True))
        async with app.run_test(size=(120, 40), notifications=True) as pilot:
            await until(pilot, lambda: "readonly" in screen_text(app).splitlines()[0])
            await types(pilot, "init x")
            await until(pilot, lambda: "--readonly" in screen_text(app))

    asyncio.run(drive())
    assert sorted(path.name for path in workspace.root.iterdir()) == ["gts.db", "runs"]


@pytest.fixture
def repository_workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Workspace:
    """A workspace with two runs that have ended."""
    from gts.jobs.job_store import Job, write_job
    from gts.store.catalogue import RunRecord

    workspace = Workspace(tmp_path)
    for name in ("20261122-081530-hopper-k3f", "20261122-091530-walker-abc"):
        folder = workspace.run_folder(name)
        folder.path.mkdir(parents=True)
        record = RunRecord(name, name[16:-4], "a.spec", "hopper", "ppo", 1, 100, 100, "2026-11-22T08:15:30Z")
        folder.run_file.write_text(json.dumps({**record.__dict__, "state": "done"}))
        write_job(workspace, Job(name, "train", record.name, folder.path, "done", record.started))
    monkeypatch.chdir(tmp_path)
    return workspace


def test_a_copy_goes_to_the_terminal_or_into_a_file(
    workspace: Workspace, own_settings: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def drive() -> None:
        app = GtsApp(workspace)
        async with app.run_test(size=(120, 40), notifications=True) as pilot:
            await until(pilot, lambda: app.mode is not None)
            written: list[str] = []
            monkeypatch.setattr(app._driver, "write", written.append)
            app.copy("ünïcode [/x]", "the name")
            await until(pilot, lambda: "copied the name: 12 characters" in screen_text(app))
            (sequence,) = [text for text in written if text.startswith("\x1b]52;")]
            assert base64.b64decode(sequence.removeprefix("\x1b]52;c;").removesuffix("\a")).decode() == "ünïcode [/x]"
            long = "x" * MAX_OSC52_BYTES
            app.copy(long, "the log")
            await until(pilot, lambda: "too long" in screen_text(app))
            assert [text for text in written if text.startswith("\x1b]52;")] == [sequence]
            assert (own_settings / "state" / "copied.txt").read_text() == long
            monkeypatch.setenv("TERM", "linux")
            app.copy("short", "a word")
            await until(pilot, lambda: "has no clipboard" in screen_text(app))
            assert (own_settings / "state" / "copied.txt").read_text() == "short"

    asyncio.run(drive())


@pytest.mark.process
def test_the_mouse_is_handed_over_and_back(terminal: Open) -> None:
    here = terminal("--no-mouse")
    here.read(painted)
    assert b"\x1b[?1003h" not in here.said
    here.write("%")
    here.read(lambda said: b"\x1b[?1003h" in said)
    here.write("%")
    here.read(lambda said: b"\x1b[?1003l" in said)
    here.write(":mouse on\r")
    here.read(lambda said: said.count(b"\x1b[?1003h") == 2)
    here.write("q")
    here.wait()
    # The mouse is the terminal's again, whoever had it at the end.
    assert here.said.rindex(b"\x1b[?1003l") > here.said.rindex(b"\x1b[?1003h")


@pytest.mark.slow
def test_the_program_survives_any_terminal_size(workspace: Workspace) -> None:
    async def drive() -> int | None:
        app = GtsApp(workspace)
        async with app.run_test(size=(80, 24)) as pilot:
            await until(pilot, lambda: app.mode is not None)
            for width, height in ((1, 1), (300, 100), (2, 50), (200, 1), (59, 15), (60, 14), (7, 3), (120, 40), (1, 1)):
                await pilot.resize_terminal(width, height)
                await pilot.press("question_mark", "escape", "5", "1")
            await pilot.resize_terminal(59, 20)
            await until(pilot, lambda: "too small: 59×20" in screen_text(app))
            await pilot.resize_terminal(60, 15)
            await until(pilot, lambda: "too small" not in screen_text(app))
            await pilot.resize_terminal(20, 5)
            await until(pilot, lambda: "too small" in screen_text(app))
            await pilot.press("q")
            await until(pilot, lambda: not app.is_running)
        return app.return_code

    assert asyncio.run(drive()) == 0


@pytest.mark.parametrize(("width", "names"), [(120, "2 editor"), (80, "2 edit"), (62, "5 ")])
def test_the_bar_fits(workspace: Workspace, width: int, names: str) -> None:
    async def drive() -> None:
        app = GtsApp(workspace, AppSettings(readonly=True))
        async with app.run_test(size=(width, 24)) as pilot:
            await until(pilot, lambda: "7 play" in screen_text(app) or "1 workspace" in screen_text(app))
            first = screen_text(app).splitlines()[0]
            assert names in first and "readonly" in first and len(first) <= width

    asyncio.run(drive())


def test_jobs_at_work_are_counted(workspace: Workspace) -> None:
    from gts.jobs.job_lock import JobLock
    from gts.jobs.job_store import Job, write_job
    from gts.store.workspace import JobFolder

    folder = workspace.run_folder("20261122-081530-hopper-k3f")
    folder.path.mkdir()
    folder.run_file.write_text("{}")

    async def drive() -> None:
        app = GtsApp(workspace)
        async with app.run_test(size=(120, 24)) as pilot:
            await until(pilot, lambda: app.mode is not None)
            assert "1 job " not in screen_text(app)
            life = JobLock.acquire(JobFolder(folder.path).lock)
            life.set_activity("running")
            job = Job(folder.id, "train", "hopper", folder.path, "running", "2026-11-22T08:15:30Z")
            write_job(workspace, job)
            await until(pilot, lambda: "▶ 1 job " in screen_text(app).splitlines()[0])
            write_job(workspace, replace(job, recorded_state="done"))
            life.release()
            await until(pilot, lambda: "1 job " not in screen_text(app).splitlines()[0])

    asyncio.run(drive())


def test_the_wheel_has_the_themes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from gts.commands import init, themes

    package = tmp_path / "gts" / "commands" / "init.py"
    package.parent.mkdir(parents=True)
    shutil.copytree(themes.builtin_themes_folder(), tmp_path / "gts" / "_themes")
    monkeypatch.setattr(init, "__file__", str(package))
    assert themes.builtin_themes_folder() == tmp_path / "gts" / "_themes"
