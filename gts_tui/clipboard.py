"""Copying over ssh: the terminal is handed the text by OSC 52, and what it may not take goes into a file."""

from __future__ import annotations

import base64
import os
from collections.abc import Callable

from gts.errors import GtsError
from gts.formats.durable import write_durably
from gts.system import this_system

MOST_BYTES = 74_994
"""What terminals take at once, as base64; some take less and none says so."""

_WITHOUT = ("linux", "dumb", "vt100")


def copied(text: str, what: str, send: Callable[[str], None]) -> str:
    """Hand `text` to the terminal by `send`, or else write it into a file; a sentence that says which.

    `what` names the text for a person: `the id of the run`.
    """
    data = text.encode(errors="replace")
    term = os.environ.get("TERM", "dumb")
    if term not in _WITHOUT and len(base64.b64encode(data)) <= MOST_BYTES:
        send(data.decode())
        return f"copied {what}: {len(text)} characters to the clipboard of the terminal (OSC 52)"
    path = this_system().state_folder() / "copied.txt"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_durably(path, data)
    except (OSError, GtsError) as error:
        return f"cannot copy {what}: {error}"
    why = "this terminal has no clipboard" if term in _WITHOUT else "it is too long for the clipboard of a terminal"
    return f"wrote {what} to {path}: {why}"
