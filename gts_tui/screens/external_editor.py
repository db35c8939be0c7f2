"""The person's own editor, in this terminal, while this program waits.

A file in the person's own editor.
"""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from textual.app import App, SuspendNotSupported

from gts.errors import FileError, MissingError, reason
from gts_tui.screens.editor.files import DiskVersion, load_file

if TYPE_CHECKING:
    from gts_tui.app_base import BaseApp


_DEFAULT_EDITORS = ("nano", "vim", "vi")


def find_editor_command() -> list[str]:
    """The words that start the person's editor; raises MissingError where there is none."""
    for variable in ("VISUAL", "EDITOR"):
        words = shlex.split(os.environ.get(variable, ""))
        if words:
            return words
    found = next((name for name in _DEFAULT_EDITORS if shutil.which(name)), None)
    if found is None:
        raise MissingError("no editor is set", hint="export EDITOR=nano, for example")
    return [found]


def run_external_editor(app: App[int], path: Path) -> None:
    """Edit a file until the editor ends; raises MissingError where that is impossible here."""
    command = find_editor_command()
    try:
        with app.suspend():
            code = subprocess.call([*command, str(path)])
    except SuspendNotSupported as error:
        raise MissingError("this terminal cannot be lent to another program") from error
    except OSError as error:
        raise MissingError(f"cannot start `{command[0]}`: {reason(error)}") from error
    if code:
        app.notify(f"{command[0]} ended with code {code}", severity="warning", markup=False)


def edit_text_externally(app: App[int], name: str, text: str, original: DiskVersion) -> str:
    """What a text became in the person's editor, where it is a file of this name; no other file is touched."""
    with tempfile.TemporaryDirectory(prefix="gts-") as folder:
        path = Path(folder) / Path(name).name
        try:
            path.write_bytes(original.encode(text))
        except OSError as error:
            raise FileError(f"cannot write `{path}`: {reason(error)}") from error
        run_external_editor(app, path)
        return load_file(path).text


def edit_in_terminal(app: BaseApp, reference: str) -> None:
    """Give the terminal to $VISUAL or $EDITOR until it ends."""
    if app.settings.readonly:
        app.notify("this program was started with --readonly", severity="error", markup=False)
        return
    editor = os.environ.get("VISUAL") or os.environ.get("EDITOR") or "vi"
    try:
        with app.suspend():
            # Nothing may be raised in here: the terminal would never be taken back.
            message = _run_editor(editor, app.workspace.root / reference)
    except SuspendNotSupported:
        message = "this terminal cannot be given to another program"
    if message:
        app.notify(message, severity="error", markup=False)
    app.poller.poll_now()


def _run_editor(editor: str, path: Path) -> str:
    """Edit a file; what went wrong, empty where nothing did."""
    try:
        code = subprocess.call([*shlex.split(editor), str(path)])
    except OSError as error:
        return f"cannot start {editor}: {reason(error)}; set $EDITOR"
    except ValueError:
        return f"cannot read $EDITOR, {editor}: a quote in it is not closed"
    return f"{editor} ended with exit code {code}" if code else ""
