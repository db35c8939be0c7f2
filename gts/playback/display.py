"""Checks whether a window or terminal can show a playback, and the client of the window process.

A display without working OpenGL can abort a process, so probing and drawing happen in child processes.
"""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from gts.playback.session import PlaybackRequest
from gts.playback.stream import PlaybackFailure, decode_message

_PROBE_TIMEOUT = 15.0
_PROBE = """
import sys, warnings
warnings.simplefilter("ignore")
import glfw
if not glfw.init():
    sys.exit("the display does not answer")
glfw.window_hint(glfw.VISIBLE, False)
if not glfw.create_window(64, 64, "probe", None, None):
    sys.exit("the display has no OpenGL")
print("ready")
"""


def find_window_problem(environment: Mapping[str, str] = os.environ) -> str:
    """The reason why no window can be opened, as a clause; empty if one can. Starts a process on Linux."""
    if not find_window_python():
        return "`mjpython` is missing, which comes with mujoco"
    if platform.system() == "Darwin":
        return ""
    if platform.system() == "Linux" and not (environment.get("DISPLAY") or environment.get("WAYLAND_DISPLAY")):
        return "there is no display"
    command = [sys.executable, "-c", _PROBE]
    try:
        done = subprocess.run(
            command,
            capture_output=True,
            text=True,
            timeout=_PROBE_TIMEOUT,
            env=dict(environment),
            start_new_session=True,
        )
    except subprocess.TimeoutExpired:
        return "the display does not answer"
    # The exit code does not matter: GL libraries are known to abort while they are unloaded.
    if "ready" in done.stdout:
        return ""
    said = done.stderr.strip().rpartition("\n")[2]
    return said if said.startswith("the display") else "the display cannot be used"


def find_terminal_problem(environment: Mapping[str, str], descriptor: int) -> str:
    """The reason why nothing can be drawn on a terminal, as a clause; empty if drawing is possible."""
    if not os.isatty(descriptor):
        return "standard output is not a terminal"
    if environment.get("TERM", "dumb") in ("", "dumb"):
        return f"this terminal cannot move the cursor (TERM is {environment.get('TERM') or 'not set'})"
    return ""


def find_window_python() -> str:
    """The Python that may open windows (on macOS mjpython); empty if there is none."""
    if platform.system() != "Darwin":
        return sys.executable
    beside = Path(sys.executable).with_name("mjpython")
    return str(beside) if beside.exists() else shutil.which("mjpython") or ""


def run_window_process(request: PlaybackRequest) -> tuple[bool, PlaybackFailure | None]:
    """Play in a window until it is closed; returns whether it opened, and the failure or None."""
    with subprocess.Popen(
        [find_window_python(), "-m", "gts.playback.window", request.as_json()],
        stdin=subprocess.PIPE,  # closing it closes the window
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    ) as process:
        assert process.stdin is not None and process.stdout is not None
        opened = False
        try:
            for line in process.stdout:
                if line.startswith(b"{"):
                    message = decode_message(line)
                    return opened, message if isinstance(message, PlaybackFailure) else None
                if line.strip() == b"closed":
                    return True, None
                opened |= line.strip() == b"open"
        finally:
            process.stdin.close()
            _stop_process(process)
        return opened, PlaybackFailure("the window ended with an error of the display", "`--in terminal` needs no display", 1)


def _stop_process(process: subprocess.Popen[bytes]) -> None:
    try:
        process.wait(3.0)
    except subprocess.TimeoutExpired:
        process.kill()
