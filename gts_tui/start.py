"""Entry point of the terminal program; imports the app only when called."""

from __future__ import annotations

import gc
import sys
from collections.abc import Sequence
from pathlib import Path


def open_program(
    *, workspace: str | None = None, readonly: bool = False, mouse: bool = True, theme: str = "", glyphs: str = ""
) -> int:
    """Open the program on a workspace; returns the exit code. Raises FileError if the folder is not a workspace."""
    from gts.store.workspace import find_workspace
    from gts_tui.app import run_app
    from gts_tui.app_base import AppSettings

    # Garbage collection during the imports delays the first frame; `GtsApp.on_ready` enables it again.
    gc.disable()
    place = find_workspace(Path(workspace).expanduser() if workspace else None)
    return run_app(place, AppSettings(readonly=readonly, mouse=mouse, theme=theme, glyphs=glyphs))


def main(arguments: Sequence[str] | None = None) -> int:
    """Open the program on the workspace named by the first argument; returns the exit code."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    return open_program(workspace=words[0] if words else None)
