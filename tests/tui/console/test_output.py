"""The output pane: harmless rendering of any text, links, search, copying."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import pytest
from rich.table import Table

from gts.store.catalogue import Catalogue
from gts.store.workspace import Workspace
from gts_tui.app import GtsApp
from gts_tui.app_base import AppSettings
from gts_tui.console.formatting import find_links, format_error_message, make_output_lines
from gts_tui.console.output import MAX_LINES, OutputPane
from tests.support.app_driver import screen_text, shows, types, until

RUN = "20261118-211502-hopperPPO-k3f"


@pytest.fixture
def play(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Plays a flow in a workspace with one spec and one run."""
    monkeypatch.chdir(tmp_path)
    with Catalogue(tmp_path / "gts.db"):
        (tmp_path / "tiny.spec").write_text('{"physicalModel": "hopper", "technique": "ppo", "params": {}}')
    folder = tmp_path / "runs" / RUN
    folder.mkdir(parents=True)
    (folder / "run.json").write_text("{}")

    def run(flow: Callable[[Any, GtsApp, OutputPane], Coroutine[Any, Any, None]], size: tuple[int, int] = (80, 24)) -> None:
        async def main() -> None:
            app = GtsApp(Workspace(tmp_path), AppSettings())
            async with app.run_test(size=size, notifications=True) as pilot:
                await until(pilot, lambda: app.mode)
                await flow(pilot, app, app.query_one(OutputPane))

        asyncio.run(main())

    return run


NASTY = [
    "loss[/foo] [bold]",
    "🦘🏽 名前",
    "שלום עולם",
    "\u202egnp.exe",
    "n" * 300,
    "\x07\x1b]52;c;aGk=\x07\x00\x9b2J",
    "\udcff\t|",
    "\x1b[31mred",
]


def test_no_text_steers_the_terminal() -> None:
    table = Table("a", "b")
    for text in NASTY:
        table.add_row(text.replace("\udcff", ""), "x")
    for shown in [*NASTY, "\n".join(NASTY), table, format_error_message("\n".join(NASTY), "here\n ^")]:
        for line in make_output_lines(shown, 40):
            assert line.strip.cell_length <= 40
            assert all(letter.isprintable() or letter in "\u200d" for letter in line.text), ascii(line.text)
    assert "red" in make_output_lines(NASTY[-1], 40)[0].text
    assert make_output_lines("a\tb", 40)[0].text == "a       b"


def test_a_line_names_files_runs_and_studies() -> None:
    def named(text: str) -> list[str]:
        return [link.target for link in find_links(text, ["big", "hopper-1"])]

    assert named(f"{RUN} stands at hopper/my.spec:3:4: no") == [RUN, "hopper/my.spec"]
    assert named("see 'my specs/a b.space', `x.checkpoint`.") == ["my specs/a b.space", "x.checkpoint"]
    assert named(f"/w/runs/{RUN}/member1/best.checkpoint") == [f"/w/runs/{RUN}/member1/best.checkpoint"]
    assert named("big hopper-1 bigger x/big hopper-1.spec") == ["big", "hopper-1", "hopper-1.spec"]
    assert named("a.specs spec .space") == []
    shown = make_output_lines(f"{RUN}\n  member1/best.checkpoint", 80)
    assert [link.target for line in shown for link in line.links] == [RUN, f"runs/{RUN}/member1/best.checkpoint"]


def test_links_are_gone_to_and_opened_by_keys_and_by_the_mouse(play: Callable[..., None]) -> None:
    async def flow(pilot: Any, app: GtsApp, pane: OutputPane) -> None:
        pane.add(f"first tiny.spec\nthen {RUN}")
        await pilot.press("o", "tab")
        assert pane.current_link is not None and pane.current_link.target == RUN
        await pilot.press("shift+tab")
        assert pane.current_link is not None and pane.current_link.target == "tiny.spec"
        await pilot.press("enter")
        await until(pilot, lambda: app.mode and app.mode.NAME == "editor")
        pane.clear()
        pane.add(f"then {RUN}")
        pane.display = True
        await pilot.pause()
        await pilot.click(OutputPane, offset=(10, 1))
        await until(pilot, lambda: app.mode and app.mode.NAME == "training")

    play(flow)


def test_search_visits_all_matches_and_escape_ends_it(play: Callable[..., None]) -> None:
    async def flow(pilot: Any, app: GtsApp, pane: OutputPane) -> None:
        pane.add("\n".join(f"line {number} {'Needle' if number % 40 == 0 else ''}" for number in range(200)))
        await pilot.press("o", "slash", *"needle", "enter")
        await shows(pilot, r"needle: 5 of 5(.|\n)*line 160 Needle")
        await pilot.press("n")
        await shows(pilot, r"needle: 1 of 5(.|\n)*line 0 Needle")
        await pilot.press("N")
        await shows(pilot, "needle: 5 of 5")
        await pilot.press("escape")
        await shows(pilot, "─output─")
        assert pane.display
        await pilot.press("escape")
        await until(pilot, lambda: not pane.display)
        assert not pane.has_focus

    play(flow)


def test_it_is_copied_and_written(play: Callable[..., None], tmp_path: Path) -> None:
    async def flow(pilot: Any, app: GtsApp, pane: OutputPane) -> None:
        pane.add("one\ntwo")
        await pilot.press("o", "y")
        assert app.clipboard == "one\ntwo"
        await pilot.press("Y", "enter")
        await until(pilot, (tmp_path / "output.txt").exists)
        assert (tmp_path / "output.txt").read_text() == "one\ntwo\n"
        (tmp_path / "output.txt").write_text("mine")
        await pilot.press("Y", "enter")
        await shows(pilot, "cannot write output.txt")
        assert (tmp_path / "output.txt").read_text() == "mine"

    play(flow)


def test_a_line_needs_no_pane_and_more_opens_it_from_the_beginning(play: Callable[..., None]) -> None:
    async def flow(pilot: Any, app: GtsApp, pane: OutputPane) -> None:
        await types(pilot, "check tiny.spec")
        await shows(pilot, r"› gts check tiny.spec  \S")
        assert not pane.display
        await types(pilot, "help train")
        await shows(pilot, r"› help train .*\n *Usage")
        assert pane.display
        assert not pane.has_focus

    play(flow)


@pytest.mark.process
@pytest.mark.slow
def test_mass_output_does_not_block_the_program(play: Callable[..., None]) -> None:
    async def flow(pilot: Any, app: GtsApp, pane: OutputPane) -> None:
        await types(pilot, '!i=0; while [ $i -lt 20000 ]; do echo "$i some [words] in a line"; i=$((i+1)); done')
        longest = 0.0

        def ended() -> bool:
            return "19999 some [words]" in screen_text(app)

        end = time.monotonic() + 180
        while not ended() and time.monotonic() < end:
            began = time.thread_time()
            await pilot.pause(0.02)
            longest = max(longest, time.thread_time() - began)
        assert ended()
        assert longest < 2.0, "the event loop is kept busy"
        assert len(pane.text.splitlines()) <= MAX_LINES
        assert "output" in screen_text(app)

    play(flow)


def test_an_answer_stays_in_place_when_old_lines_are_dropped(play: Callable[..., None]) -> None:
    async def flow(pilot: Any, app: GtsApp, pane: OutputPane) -> None:
        pane.add("\n".join(f"old {number}" for number in range(MAX_LINES - 100)))
        pane.start_command("answer")
        pane.add("\n".join(f"answer {number}" for number in range(60)))
        pane.show_result()
        await shows(pilot, r"› answer\s+answer 0\b")
        pane.add("\n".join(f"late {number}" for number in range(500)))
        await pilot.pause()
        assert len(pane.text.splitlines()) == MAX_LINES
        await shows(pilot, r"› answer\s+answer 0\b")
        pane.display = False
        await pilot.pause()
        pane.display = True
        await shows(pilot, r"› answer\s+answer 0\b")

    play(flow)


def test_the_smallest_and_the_widest_screen_show_it(play: Callable[..., None]) -> None:
    async def flow(pilot: Any, app: GtsApp, pane: OutputPane) -> None:
        for text in NASTY:
            pane.add(text)
        app.query_one("#modes").display = False
        await pilot.press("o", "colon", "t", "tab")
        for size in ((120, 40), (60, 15), (20, 5), (1, 1), (300, 100), (80, 24)):
            await pilot.resize_terminal(*size)
            await pilot.pause()
        await pilot.press("escape", "escape", "o", "g")
        await shows(pilot, r"loss\[/foo\] \[bold\]")

    play(flow)
