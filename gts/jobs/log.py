"""The story of a job: a file of text, a line an event."""

from __future__ import annotations

import os
from contextlib import suppress
from datetime import datetime
from pathlib import Path


class JobLog:
    """Adds lines to a file that others may add to as well; a disk that cannot take a line does without it."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def append(self, text: str) -> None:
        """Add what has happened just now."""
        with suppress(OSError):
            descriptor = os.open(self._path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o644)
            try:
                os.write(descriptor, f"{datetime.now():%Y-%m-%d %H:%M:%S}  {text}\n".encode())
            finally:
                os.close(descriptor)
