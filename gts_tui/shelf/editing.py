"""A file in the person's own editor."""

from __future__ import annotations

import os
import shlex
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

from textual.app import SuspendNotSupported

if TYPE_CHECKING:
    from gts_tui.app import GtsApp


def edit_outside(app: GtsApp, word: str) -> None:
    """Give the terminal to $VISUAL or $EDITOR until it ends."""
    if app.settings.readonly:
        app.notify("this program was started with --readonly", severity="error", markup=False)
        return
    editor = os.environ.get("VISUAL") or os.environ.get("EDITOR") or "vi"
    try:
        with app.suspend():
            # Nothing may be raised in here: the terminal would never be taken back.
            said = _run(editor, app.workspace.root / word)
    except SuspendNotSupported:
        said = "this terminal cannot be given to another program"
    if said:
        app.notify(said, severity="error", markup=False)
    app.watcher.look()


def _run(editor: str, path: Path) -> str:
    """Edit a file; what went wrong, empty where nothing did."""
    try:
        code = subprocess.call([*shlex.split(editor), str(path)])
    except OSError as error:
        return f"cannot start {editor}: {(error.strerror or str(error)).lower()}; set $EDITOR"
    except ValueError:
        return f"cannot read $EDITOR, {editor}: a quote in it is not closed"
    return f"{editor} ended with exit code {code}" if code else ""
