"""VirtualTable: only visible rows are rendered; cursor and marks stay with their keys."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from rich.text import Text
from textual.app import App, ComposeResult
from textual.pilot import Pilot

from gts_tui.widgets.table import TableCell, VirtualTable, VirtualTableColumn
from tests.support.app_driver import screen_text

COLUMNS = (VirtualTableColumn("name", 8), VirtualTableColumn("value", 5, align_right=True))


class TableApp(App[None]):
    """A table and the messages that it posts."""

    def __init__(self, *, marks: bool = True) -> None:
        super().__init__()
        self.table = VirtualTable(id="table", gap=1, marks=marks)
        self.messages: list[str] = []

    def compose(self) -> ComposeResult:
        yield self.table

    def on_virtual_table_cursor_moved(self) -> None:
        self.messages.append("moved")

    def on_virtual_table_row_selected(self) -> None:
        self.messages.append("selected")

    def on_virtual_table_marks_changed(self) -> None:
        self.messages.append("marked")


def drive(story: Callable[[TableApp, Pilot[None]], Awaitable[None]], *, marks: bool = True) -> None:
    async def run() -> None:
        app = TableApp(marks=marks)
        async with app.run_test(size=(40, 10)) as pilot:
            app.table.focus()
            await pilot.pause()
            await story(app, pilot)

    asyncio.run(run())


def cells(key: str) -> tuple[TableCell, ...]:
    return Text(key, "bold"), (key[-2:], "")


def test_only_visible_rows_are_rendered() -> None:
    asked: list[str] = []

    def counted(key: str) -> tuple[TableCell, ...]:
        asked.append(key)
        return cells(key)

    async def story(app: TableApp, pilot: Pilot[None]) -> None:
        app.table.show_rows(COLUMNS, [f"row{number}" for number in range(100_000)], counted)
        await pilot.pause()
        await pilot.press("G")
        await pilot.pause()
        assert app.table.current_key == "row99999"
        assert "row99999" in screen_text(app)
        assert len(set(asked)) < 50

    drive(story)


def test_cursor_and_marks_stay_with_their_keys() -> None:
    async def story(app: TableApp, pilot: Pilot[None]) -> None:
        table = app.table
        table.show_rows(COLUMNS, ["a", "b", "c", "d"], cells)
        await pilot.press("j", "space")
        assert (table.current_key, table.selected_keys) == ("c", ("b",))
        table.show_rows(COLUMNS, ["d", "c", "b"], cells)
        assert (table.current_key, table.selected_keys) == ("c", ("b",))
        table.show_rows(COLUMNS, ["d"], cells)
        assert table.selected_keys == ("d",)
        assert not table.marked_keys
        assert not table.move_to_key("b")
        await pilot.pause()
        app.messages.clear()
        await pilot.press("enter", "space")
        assert table.marked_keys == {"d"}
        assert table.clear_marks()
        await pilot.pause()
        assert app.messages == ["selected", "marked", "marked"]

    drive(story)


def test_a_table_without_marks_marks_nothing() -> None:
    async def story(app: TableApp, pilot: Pilot[None]) -> None:
        app.table.show_rows(COLUMNS, ["a", "b"], cells)
        await pilot.press("space")
        assert not app.table.marked_keys
        assert screen_text(app).splitlines()[1].startswith("a ")

    drive(story, marks=False)


def test_cells_are_cut_to_their_columns() -> None:
    async def story(app: TableApp, pilot: Pilot[None]) -> None:
        app.table.show_rows(COLUMNS, ["long name 12", "漢字漢字漢字"], cells)
        await pilot.pause()
        rows = screen_text(app).splitlines()
        assert rows[0] == "  name     value"
        assert rows[1] == "  long na…    12"
        assert rows[2].startswith("  漢字漢 …")

    drive(story)
