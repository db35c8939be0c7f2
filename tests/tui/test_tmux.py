"""The same evening in short, in a real terminal multiplexer: `gts` begun at a shell's prompt, keys in, screens out."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.support.sample_workspace import EXAMPLES
from tests.support.waiting import DEADLINE_SECONDS, wait_until

PROMPT = "at the shell>"
LONG = 240.0
SPACE = {
    "physicalModel": "invertedPendulum",
    "technique": "ppo",
    "name": "small",
    "nSteps": 3_200,
    "nEpochs": 2,
    "paramSpace": {"actor.learningRate": {"min": 1e-4, "max": 5e-3, "log": True}},
}

pytestmark = [pytest.mark.skipif(shutil.which("tmux") is None, reason="tmux is not installed"), pytest.mark.process]


class Tmux:
    """A server of its own with one window of 80×24, in which a plain shell runs."""

    def __init__(self, folder: Path, state: Path) -> None:
        self._socket = str(state / "tmux")
        environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith(("TMUX", "GTS_"))},
            "PS1": f"{PROMPT} ",
            "GTS_STATE": str(state),
            "GTS_CONFIG": str(state / "config"),
        }
        words = ["new-session", "-d", "-x", "80", "-y", "24", "-c", str(folder), "env", "-u", "ENV", "sh"]
        subprocess.run(["tmux", "-S", self._socket, "-f", "/dev/null", *words], env=environment, check=True)

    def __call__(self, *words: str) -> str:
        return subprocess.run(["tmux", "-S", self._socket, *words], capture_output=True, text=True, check=True).stdout

    def keys(self, *names: str) -> None:
        """Press keys, by tmux's names."""
        self("send-keys", *names)

    def types(self, text: str) -> None:
        """Type letters as they are."""
        self("send-keys", "-l", text)

    @property
    def screen(self) -> str:
        return self("capture-pane", "-p")

    def state(self, *names: str) -> list[str]:
        """What the terminal is set to, by tmux's formats."""
        return self("display-message", "-p", " ".join(f"#{{{name}}}" for name in names)).split()

    def shows(self, pattern: str, seconds: float = DEADLINE_SECONDS) -> str:
        """Wait for a pattern on the screen; the screen."""
        return self.until(lambda: self.screen if re.search(pattern, self.screen) else "", seconds)

    def until(self, condition: Callable[[], str], seconds: float = DEADLINE_SECONDS) -> str:
        return wait_until(condition, what=lambda: f"the screen shows:\n{self.screen}", deadline=seconds, interval=0.1)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A workspace with examples."""
    folder = tmp_path / "evening"
    shutil.copytree(EXAMPLES / "inverted", folder / "inverted")
    (folder / "inverted" / "small.space").write_text(json.dumps(SPACE))
    return folder


@pytest.fixture
def tmux(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tmux]:
    server = Tmux(folder, tmp_path_factory.mktemp("person"))
    yield server
    server("kill-server")


def test_an_evening_in_tmux(tmux: Tmux, folder: Path) -> None:
    tmux.shows(re.escape(PROMPT))
    before = tmux.state("cursor_flag", "alternate_on", "mouse_any_flag", "keypad_cursor_flag")
    tmux.types("stty -a > before")
    tmux.keys("Enter")
    _open(tmux)
    _change_and_train(tmux, folder)
    tmux.types(":search inverted/small.space 30 -n 1 --cohort 1 --confirm 0")
    tmux.keys("Enter")
    tmux.shows(r"gts search .*--detach")
    tmux.types("4")
    tmux.shows(r"small +▶ running", LONG)
    _leave(tmux, folder, before)
    _open(tmux)
    tmux.types("4")
    tmux.shows(r"small +▶ running")
    tmux.keys("Enter")
    tmux.shows(r"\d complete", LONG)
    tmux.types("s")
    tmux.shows("paused", LONG)
    tmux.types("P")
    tmux.shows(r"Write trial \d+ of small to")
    tmux.keys("Enter")
    tmux.shows(r"written: inverted/smallTrial\d+\.spec")
    tmux.types(":play invertedPPO.checkpoint")
    tmux.keys("Enter")
    still = tmux.shows(r"return +-?\d.* m/s", LONG)
    tmux.until(lambda: tmux.screen if tmux.screen != still else "")
    _leave(tmux, folder, before)


def _open(tmux: Tmux) -> None:
    """Start the program from the shell."""
    tmux.types(f"clear; {sys.executable} -m gts")
    tmux.keys("Enter")
    tmux.shows("1 files")
    tmux.shows("invertedPPO")
    assert tmux.state("alternate_on", "mouse_any_flag") == ["1", "1"]


def _change_and_train(tmux: Tmux, folder: Path) -> None:
    """Find a spec, change a value of it in the editor, train it, and watch."""
    tmux.types("/invertedppo.spec")
    tmux.keys("Enter")
    tmux.shows(r"inverted/invertedPPO\.spec")
    tmux.types("e")
    tmux.shows(r"invertedPPO\.spec +1:1")
    for key, before, after in (("nSteps", "100000", "3200"), ("nEpochs", "48", "2")):
        tmux.keys("C-f")
        tmux.types(key)
        tmux.shows(f" {key}")
        tmux.keys("Enter")
        tmux.shows(f"{key} .*default")
        tmux.keys("Escape")
        # What comes at once behind an escape is one key with it.
        tmux.shows("esc keys")
        tmux.keys("End", "Left", *["BSpace"] * len(before))
        tmux.types(after)
        tmux.shows(f'"{key}": {after},')
    tmux.keys("C-s")
    tmux.until(lambda: "saved" if '"nSteps": 3200' in (folder / "inverted/invertedPPO.spec").read_text() else "")
    tmux.keys("F5")
    tmux.shows(r"gts train inverted/invertedPPO\.spec --detach")
    tmux.keys("Escape")
    # What comes at once behind an escape is one key with it.
    tmux.shows("enter edit")
    tmux.types("3")
    tmux.shows(r"✓ done +invertedPPO-\w+ .*100 %", LONG)
    assert (folder / "invertedPPO.checkpoint").is_file()


def _leave(tmux: Tmux, folder: Path, before: list[str]) -> None:
    """Quit; the shell has its terminal back as it was."""
    tmux.keys("C-q")
    tmux.shows(rf"(?m)^{re.escape(PROMPT)} *$")
    assert tmux.state("cursor_flag", "alternate_on", "mouse_any_flag", "keypad_cursor_flag") == before
    tmux.types("stty -a > after; echo done $((6 * 7))")
    tmux.keys("Enter")
    tmux.shows("done 42")
    assert (folder / "after").read_text() == (folder / "before").read_text()
    assert "1 files" not in tmux.screen
