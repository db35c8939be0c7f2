"""How the terminal program is opened."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path


def main(arguments: Sequence[str] | None = None) -> int:
    """Open the program for a workspace; the exit code."""
    from gts.store.workspace import find_workspace
    from gts_tui.app import Settings, run

    words = list(sys.argv[1:] if arguments is None else arguments)
    return run(find_workspace(Path(words[0]) if words else None), Settings())
