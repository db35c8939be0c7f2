"""The notice where there is no room for anything else."""

from __future__ import annotations

from rich.text import Text
from textual.geometry import Size
from textual.widgets import Static

SMALLEST = (60, 15)
"""Columns and rows below which nothing but the notice is shown."""


class TooSmall(Static):
    """The notice; it lies over everything, and is hidden where there is room."""

    DEFAULT_CSS = """
    TooSmall { display: none; width: 100%; height: 100%; content-align: center middle; background: $background; layer: above; }
    TooSmall.-small { display: block; }
    """

    def judge(self, size: Size) -> None:
        """Show or hide it."""
        width, height = size
        small = width < SMALLEST[0] or height < SMALLEST[1]
        self.set_class(small, "-small")
        if small:
            notice = f"too small: {width}×{height}\nGTS needs {SMALLEST[0]}×{SMALLEST[1]}\nq or ctrl+q ends it"
            self.update(Text(notice, justify="center"))
