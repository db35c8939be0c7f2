"""History of command lines: those of this session, and those stored in the workspace's catalogue."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, field
from threading import Lock

from gts.errors import GtsError
from gts.store.workspace import Workspace

MAX_LINES = 2000
"""Maximum number of lines kept."""


class History:
    """Lines by age. Without write access to the workspace they are kept until the program exits."""

    def __init__(self, workspace: Workspace, *, persistent: bool = True) -> None:
        """`persistent`: whether to store lines in the catalogue."""
        self.workspace, self._persistent = workspace, persistent
        self._session_lines: list[str] = []
        self._stored_lines: list[str] = []
        self._lock = Lock()
        self.lines: tuple[str, ...] = ()
        """Newest first, without duplicates."""

    def add(self, line: str, code: int) -> None:
        """Add a line with its exit code; blocks, so call it outside the app's thread."""
        from gts.store.catalogue import Catalogue

        with self._lock:
            self._session_lines = [line, *(one for one in self._session_lines if one != line)][:MAX_LINES]
            self._merge_lines()
        # A folder without a catalogue is not a workspace: create no file in it.
        if self._persistent and self.workspace.catalogue.is_file():
            # SQLite cannot store surrogates of undecodable file names.
            with suppress(GtsError, OSError, UnicodeError), Catalogue(self.workspace.catalogue) as catalogue:
                catalogue.add_command(line, code)

    def load(self) -> None:
        """Read lines stored by other sessions; blocks, so call it outside the app's thread."""
        from gts.store.catalogue import Catalogue

        if not self.workspace.catalogue.is_file():
            return
        with suppress(GtsError, OSError), Catalogue(self.workspace.catalogue, read_only=True) as catalogue:
            stored = catalogue.commands(limit=MAX_LINES)
            with self._lock:
                self._stored_lines = stored
                self._merge_lines()

    def _merge_lines(self) -> None:
        self.lines = tuple(dict.fromkeys([*self._session_lines, *self._stored_lines]))

    def with_prefix(self, text: str) -> str:
        """Return the newest longer line with this prefix; empty if there is none."""
        return next((line for line in self.lines if line.startswith(text) and line != text), "")

    def containing(self, text: str) -> list[str]:
        """Return the lines that contain a text, newest first; case-sensitive if the text has capitals."""
        if text != text.lower():
            return [line for line in self.lines if text in line]
        return [line for line in self.lines if text in line.lower()]


@dataclass
class HistoryCursor:
    """Position in the lines that begin with the typed text."""

    prefix: str
    lines: list[str]
    index: int = field(default=-1)

    @classmethod
    def start(cls, history: History, typed: str) -> HistoryCursor:
        """Start at the typed text."""
        return cls(typed, [line for line in history.lines if line.startswith(typed) and line != typed])

    @property
    def current(self) -> str:
        """Line at the position."""
        return self.lines[self.index] if self.index >= 0 else self.prefix

    def move(self, steps: int) -> str:
        """Move to an older (positive) or newer line and return it."""
        self.index = max(-1, min(len(self.lines) - 1, self.index + steps))
        return self.current
