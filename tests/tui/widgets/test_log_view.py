"""Log views: they follow a growing file without losing the scroll position."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from gts.store.workspace import Workspace
from gts_tui.app import GtsApp
from gts_tui.widgets.log_view import MAX_LOG_LINES, LogPane, count_overlap
from tests.support.app_driver import until


@pytest.mark.parametrize(
    ("before", "now", "overlap"),
    [
        ("", "ab", 0),
        ("ab", "", 0),
        ("abc", "abcd", 3),
        ("abc", "bcd", 2),
        ("aab", "abx", 2),
        ("abab", "abab", 4),
        ("abc", "xyz", 0),
    ],
)
def test_overlap_of_two_windows_of_a_log(before: str, now: str, overlap: int) -> None:
    assert count_overlap(before, now) == overlap


def write_lines(path: Path, first: int, last: int) -> None:
    with path.open("a") as file:
        file.writelines(f"line {number} \n" for number in range(first, last))


def test_a_long_log_keeps_its_scroll_position(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "log.txt"
    write_lines(path, 0, 1500)

    async def drive() -> None:
        app = GtsApp(Workspace(tmp_path))
        async with app.run_test(size=(80, 30)) as pilot:
            await until(pilot, lambda: app.mode)
            pane = LogPane("test.log")
            await app.screen.mount(pane)
            pane.show_log(path, "log")
            log = pane.log_lines
            await until(pilot, lambda: log.line_count == MAX_LOG_LINES and log.lines[-1].startswith("line 1499"))
            clears: list[Any] = []
            monkeypatch.setattr(log, "clear", lambda: clears.append(log))
            log.scroll_to(y=300, animate=False, immediate=True)
            top = log.lines[log.scroll_offset.y]
            write_lines(path, 1500, 1550)
            await until(pilot, lambda: log.lines[-1].startswith("line 1549"))
            assert log.lines[log.scroll_offset.y] == top
            assert log.line_count == MAX_LOG_LINES
            log.scroll_end(animate=False, immediate=True)
            write_lines(path, 1550, 1560)
            await until(pilot, lambda: log.lines[-1].startswith("line 1559"))
            await until(pilot, lambda: log.is_vertical_scroll_end)
            assert clears == []

    asyncio.run(drive())


def test_a_filter_shows_matching_lines_only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "log.txt"
    write_lines(path, 0, 20)

    async def drive() -> None:
        app = GtsApp(Workspace(tmp_path))
        async with app.run_test(size=(80, 30)) as pilot:
            await until(pilot, lambda: app.mode)
            pane = LogPane("test.log")
            await app.screen.mount(pane)
            pane.show_log(path, "log")
            await until(pilot, lambda: pane.log_lines.line_count == 20)
            pane.filter_input.value = "19"
            await until(pilot, lambda: list(pane.log_lines.lines) == ["line 19 "])
            pane.filter_input.value = ""
            await until(pilot, lambda: pane.log_lines.line_count == 20)

    asyncio.run(drive())
