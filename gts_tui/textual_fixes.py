"""Textual's lists, dialogs and lines, for what changes at any moment: a click on something that is gone does nothing."""

from __future__ import annotations

from typing import TypeVar

from rich.text import Text
from textual import events
from textual.await_complete import AwaitComplete
from textual.screen import ModalScreen
from textual.widgets import DataTable, OptionList, Static

_Answer = TypeVar("_Answer")


class Dialog(ModalScreen[_Answer]):
    """It is answered once: of the keys and clicks that came in one breath, the rest do not close what lies under it."""

    _answered = False

    def dismiss(self, result: _Answer | None = None) -> AwaitComplete:
        """Answer and go."""
        if self._answered or self.app.screen is not self:
            return AwaitComplete()
        self._answered = True
        return super().dismiss(result)


class SteadyTable(DataTable[Text]):
    """Textual's table takes each click for one on a row and a column that are still there."""

    async def _on_click(self, event: events.Click) -> None:
        meta = event.style.meta
        row, column = meta.get("row", 0), meta.get("column", 0)
        if row >= self.row_count or column >= len(self.columns):
            event.prevent_default()
            event.stop()


class SteadyList(OptionList):
    """Textual's list takes each click for one on an option that is still there, and believes that there is room for one."""

    async def _on_click(self, event: events.Click) -> None:
        if event.style.meta.get("option", -1) >= self.option_count:
            event.prevent_default()
            event.stop()

    def action_page_up(self) -> None:
        """A page up, where a page has any lines."""
        if self.scrollable_content_region.area:
            super().action_page_up()  # type: ignore[no-untyped-call]

    def action_page_down(self) -> None:
        """A page down."""
        if self.scrollable_content_region.area:
            super().action_page_down()  # type: ignore[no-untyped-call]


class SteadyLine(Static):
    """A line that is told again and again, and written to the terminal only when it says something else."""

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._told = Text("")

    def tell(self, text: Text) -> None:
        """Say this from now on."""
        if text != self._told or text.style != self._told.style:
            self._told = text
            self.update(text)
