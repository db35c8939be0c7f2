"""The user's own editor ($VISUAL or $EDITOR), run in this terminal while the program is suspended."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import tempfile
from pathlib import Path

from textual.app import SuspendNotSupported

from gts.errors import FileError, GtsError, MissingError, UsageError
from gts_tui.app_base import BaseApp

_DEFAULT_EDITORS = ("nano", "vim", "vi")


def find_editor_command() -> list[str]:
    """Return the arguments of $VISUAL, $EDITOR or the first default editor found on PATH.

    Raises UsageError if a variable has an unclosed quote, MissingError if no editor exists.
    """
    for variable in ("VISUAL", "EDITOR"):
        value = os.environ.get(variable, "")
        try:
            words = shlex.split(value)
        except ValueError as error:
            raise UsageError(f"${variable} has an unclosed quote: {value}") from error
        if words:
            return words
    found = next((name for name in _DEFAULT_EDITORS if shutil.which(name)), None)
    if found is None:
        raise MissingError("no editor is set", hint="export EDITOR=nano, for example")
    return [found]


def edit_file_externally(app: BaseApp, path: Path) -> bool:
    """Run the user's editor on a file until it exits; show errors as notifications.

    Returns whether the editor ran. With --readonly it is not started.
    """
    if app.refuse_if_readonly():
        return False
    try:
        command = find_editor_command()
        with app.suspend():
            # `App.suspend` does not take the terminal back if its body raises.
            outcome = _run(command, path)
    except SuspendNotSupported:
        outcome = MissingError("this terminal cannot be given to another program")
    except GtsError as error:
        outcome = error
    app.poller.poll_now()
    if isinstance(outcome, GtsError):
        text = outcome.message + (f"; {outcome.hint}" if outcome.hint else "")
        app.notify(text, severity="error", markup=False)
        return False
    if outcome:
        app.notify(f"{Path(command[0]).name} exited with code {outcome}", severity="warning", markup=False)
    return True


def edit_text_externally(app: BaseApp, file_name: str, content: bytes) -> str | None:
    """Run the user's editor on a temporary file of this name and return its text; None if no editor ran.

    Raises FileError or FormatError if the temporary file cannot be written or read.
    """
    from gts_tui.screens.editor.files import load_file

    with tempfile.TemporaryDirectory(prefix="gts-") as folder:
        path = Path(folder) / file_name
        try:
            path.write_bytes(content)
        except OSError as error:
            raise FileError(f"cannot write `{path}`: {(error.strerror or str(error)).lower()}") from error
        return load_file(path).text if edit_file_externally(app, path) else None


def _run(command: list[str], path: Path) -> int | GtsError:
    """Run an editor; returns its exit code, or an error if it cannot be started."""
    try:
        return subprocess.call([*command, str(path)])
    except OSError as error:
        return MissingError(f"cannot start `{command[0]}`: {(error.strerror or str(error)).lower()}", hint="set $EDITOR")
