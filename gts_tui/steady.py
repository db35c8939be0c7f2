"""A line that is written to the terminal only when it says something else: many are asked for anew with every reading."""

from __future__ import annotations

from rich.text import Text
from textual.widgets import Static


class SteadyLine(Static):
    """Text that is told again and again."""

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._told = Text("")

    def tell(self, text: Text) -> None:
        """Say this from now on."""
        if text != self._told or text.style != self._told.style:
            self._told = text
            self.update(text)
