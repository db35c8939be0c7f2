"""The command lines that were given: in this program, in others on the same workspace, and on other evenings."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, field
from threading import Lock

from gts.errors import GtsError
from gts.store.workspace import Workspace

MAX_LINES = 2000
"""Lines that are brought back."""


class History:
    """Lines by age. Where the workspace cannot be written to, they are known until the program ends."""

    def __init__(self, workspace: Workspace, *, persistent: bool = True) -> None:
        """`keeps`: whether the workspace may be written to."""
        self.workspace, self._persistent = workspace, persistent
        self._session_lines: list[str] = []
        self._stored_lines: list[str] = []
        self._lock = Lock()
        self.lines: tuple[str, ...] = ()
        """Newest first, each once."""

    def add(self, line: str, code: int) -> None:
        """Remember a line that has ended with an exit code; from any thread but the program's own, since it may wait."""
        from gts.store.catalogue import Catalogue

        with self._lock:
            self._session_lines = [line, *(one for one in self._session_lines if one != line)][:MAX_LINES]
            self._merge_lines()
        # A folder that nobody made a workspace is left as it is.
        if self._persistent and self.workspace.catalogue.is_file():
            # A name that is no Unicode cannot be stored; the line is known until the program ends.
            with suppress(GtsError, OSError, UnicodeError), Catalogue(self.workspace.catalogue) as catalogue:
                catalogue.add_command(line, code)

    def load(self) -> None:
        """Read what other programs have added; from any thread but the program's own."""
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
        """The newest line that begins so and goes on; empty where there is none."""
        return next((line for line in self.lines if line.startswith(text) and line != text), "")

    def containing(self, text: str) -> list[str]:
        """The lines in which a text stands, newest first; capitals count where it has some."""
        if text != text.lower():
            return [line for line in self.lines if text in line]
        return [line for line in self.lines if text in line.lower()]


@dataclass
class HistoryCursor:
    """Going up and down through the lines that begin with what was typed."""

    prefix: str
    lines: list[str]
    index: int = field(default=-1)

    @classmethod
    def start(cls, history: History, typed: str) -> HistoryCursor:
        """Begin at what was typed."""
        return cls(typed, [line for line in history.lines if line.startswith(typed) and line != typed])

    @property
    def current(self) -> str:
        """Where it stands."""
        return self.lines[self.index] if self.index >= 0 else self.prefix

    def move(self, steps: int) -> str:
        """Go to an older line, or back; what stands there."""
        self.index = max(-1, min(len(self.lines) - 1, self.index + steps))
        return self.current
