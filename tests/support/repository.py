"""The working tree and the files that are shipped with it, apart from what use has left there."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from fnmatch import fnmatch
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]
WORKSPACE = ROOT / "workspace"
"""The example workspace. People work in it too: list its files with `shipped_files`."""


@cache
def _tracked() -> frozenset[Path] | None:
    """Files of the example workspace that git knows; None outside of a git checkout."""
    command = ["git", "-C", str(WORKSPACE), "ls-files", "-z"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return None
    return frozenset(WORKSPACE / name for name in done.stdout.split("\0") if name)


def shipped_files(pattern: str = "*") -> list[Path]:
    """Files of the example workspace whose names match, in order; without runs, studies and a person's own files."""
    return sorted(path for path in _shipped() if fnmatch(path.name, pattern))


def _shipped() -> Iterator[Path]:
    tracked = _tracked()
    for path in WORKSPACE.rglob("*"):
        made = {"runs", "studies"} & set(path.relative_to(WORKSPACE).parts)
        hidden = any(part.startswith(".") for part in path.relative_to(WORKSPACE).parts)
        if path.is_file() and (path in tracked if tracked else not made and not hidden):
            yield path
