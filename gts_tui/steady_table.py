"""A table that others fill anew at any moment: a click that was aimed at what it showed before is no click."""

from __future__ import annotations

from rich.text import Text
from textual import events
from textual.widgets import DataTable


class SteadyTable(DataTable[Text]):
    """Textual's table takes each click for one on a row and a column that are still there."""

    async def _on_click(self, event: events.Click) -> None:
        meta = event.style.meta
        row, column = meta.get("row", 0), meta.get("column", 0)
        if row >= self.row_count or column >= len(self.columns):
            event.prevent_default()
            event.stop()
