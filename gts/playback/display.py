"""Whether a window can be opened here: asked of a process that may die of the answer."""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

_SECONDS = 15.0
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


def why_no_window(environment: Mapping[str, str] = os.environ) -> str:
    """Why no window can be opened, as a clause; empty where one can. Takes a moment."""
    if not interpreter():
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
            timeout=_SECONDS,
            env=dict(environment),
            start_new_session=True,
        )
    except subprocess.TimeoutExpired:
        return "the display does not answer"
    # How it ends afterwards does not count: GL libraries are known to abort when they are unloaded.
    if "ready" in done.stdout:
        return ""
    said = done.stderr.strip().rpartition("\n")[2]
    return said if said.startswith("the display") else "the display cannot be used"


def interpreter() -> str:
    """The Python that may open windows; empty where there is none."""
    if platform.system() != "Darwin":
        return sys.executable
    beside = Path(sys.executable).with_name("mjpython")
    return str(beside) if beside.exists() else shutil.which("mjpython") or ""
