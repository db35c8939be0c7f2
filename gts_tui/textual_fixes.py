"""Textual's lists, dialogs and lines, for what changes at any moment: a click on something that is gone does nothing.

What is sent to the terminal for a part of the screen, in as few bytes as it takes.

Textual sends a changed piece of a line from the left edge of its widget on, and names the colours anew for every segment. Over
ssh, with a figure at play, that is three times as much as is needed.

A screen that forgets nothing: what has gone is painted over, whoever noticed it first.

Calls from other threads into the program's own; nobody waits for a program that has ended.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import Future
from functools import lru_cache
from typing import TYPE_CHECKING, Any, TypeVar

from rich.color import ColorSystem
from rich.console import Console, RenderableType
from rich.style import Style
from rich.text import Text
from textual import events
from textual._callback import invoke
from textual._compositor import ChopsUpdate, Compositor, CompositorMap
from textual.await_complete import AwaitComplete
from textual.screen import ModalScreen, Screen
from textual.strip import Strip
from textual.widgets import DataTable, OptionList, Static

if TYPE_CHECKING:
    from textual.app import App


_Result = TypeVar("_Result")


class OnceDialog(ModalScreen[_Result]):
    """It is answered once: of the keys and clicks that came in one breath, the rest do not close what lies under it."""

    _is_dismissed = False

    def dismiss(self, result: _Result | None = None) -> AwaitComplete:
        """Answer and go."""
        if self._is_dismissed or self.app.screen is not self:
            return AwaitComplete()
        self._is_dismissed = True
        return super().dismiss(result)


class SafeDataTable(DataTable[Text]):
    """Textual's table takes each click for one on a row and a column that are still there."""

    async def _on_click(self, event: events.Click) -> None:
        meta = event.style.meta
        row, column = meta.get("row", 0), meta.get("column", 0)
        if row >= self.row_count or column >= len(self.columns):
            event.prevent_default()
            event.stop()


class SafeOptionList(OptionList):
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


class CachedStatic(Static):
    """A line that is told again and again, and written to the terminal only when it says something else."""

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._shown_text = Text("")

    def show_text(self, text: Text) -> None:
        """Say this from now on."""
        if text != self._shown_text or text.style != self._shown_text.style:
            self._shown_text = text
            self.update(text)


_RESET = "\x1b[0m"


class MinimalUpdate(ChopsUpdate):
    """An update of spans of lines that sends these spans, and colours where they change."""

    def render_segments(self, console: Console) -> str:
        """What to send."""
        colours = console._color_system or ColorSystem.TRUECOLOR
        parts: list[str] = []
        current = ""
        for y, x1, x2 in self.spans:
            for end, (x, strip) in zip(self.chop_ends[y], self.chops[y].items(), strict=False):
                if strip is None or x >= x2 or end <= x1:
                    continue
                # A letter that is two columns wide cannot be cut in half.
                first = x if x >= x1 or strip.cell_length != len(strip.text) else x1
                parts.append(f"\x1b[{y + 1};{first + 1}H")
                for text, style, _ in strip.crop(first - x, min(end, x2) - x):
                    before, after = _style_codes(style or Style.null(), colours)
                    if before != current:
                        parts.append((_RESET if current else "") + before)
                    parts.append(text)
                    current = before
                    if after not in ("", _RESET):
                        parts.append(after)
                        current = ""
        return "".join(parts) + (_RESET if current else "")


@lru_cache(4096)
def _style_codes(style: Style, colours: ColorSystem) -> tuple[str, str]:
    """What is sent before and after a text of a style."""
    before, _, after = Strip.render_style(style, "\0", color_system=colours).partition("\0")
    return before, after


def minimize_update(update: RenderableType | None) -> RenderableType | None:
    """The same update of the screen, sent in fewer bytes where it is a partial one."""
    if type(update) is ChopsUpdate:
        return MinimalUpdate(update.chops, update.spans, update.chop_ends)
    return update


class FixedCompositor(Compositor):
    """Where widgets are. Textual's own takes in what has gone without painting over it when it is asked in between layouts.

    A message that goes away while a figure is at play would leave its edge on the screen.
    """

    @property
    def full_map(self) -> CompositorMap:
        """Where every widget is, as of now."""
        before = self._full_map if self._full_map_invalidated else {}
        after = super().full_map
        for widget in before.keys() - after.keys():
            place = before[widget]
            if gone := place.clip.intersection(place.region):
                self._dirty_regions.add(gone)
        return after


class FixedScreen(Screen[None]):
    """The screen of the program."""

    def __init__(self) -> None:
        super().__init__(id="_default")
        self._compositor = FixedCompositor()


_POLL_SECONDS = 0.25
"""How often one who waits looks whether the program is still there."""


class AppClosedError(RuntimeError):
    """The program is at its end, and does nothing any more."""


def call_in_app_thread(app: App[Any], callback: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
    """Call it in the program's own thread, and wait for what it gives or raises; EndedError where the program has ended."""
    loop = app._loop
    if loop is None:
        raise AppClosedError("the program does not run")
    if app._thread_id == threading.get_ident():
        raise RuntimeError("this is the program's own thread")
    outcome: Future[Any] = Future()

    async def run_callback() -> None:
        try:
            with app._context():
                outcome.set_result(await invoke(lambda: callback(*args, **kwargs)))
        except asyncio.CancelledError:
            outcome.set_exception(AppClosedError("the program has ended"))
        except Exception as error:
            # A widget that is gone with the rest of the screen is no mistake.
            outcome.set_exception(AppClosedError("the program ends") if app._exit or not app.is_running else error)

    tasks: list[asyncio.Task[None]] = []
    try:
        # The coroutine is made where it is run: one that nobody runs would be complained of.
        loop.call_soon_threadsafe(lambda: tasks.append(loop.create_task(run_callback())))
    except RuntimeError as error:
        raise AppClosedError("the program has ended") from error
    return wait_for_result(outcome, app)


def wait_for_result(outcome: Future[Any], app: App[Any]) -> Any:
    """What comes out, waited for while the program runs; raises what went wrong, and EndedError where it will never come."""
    while True:
        try:
            return outcome.result(_POLL_SECONDS)
        except TimeoutError:
            if outcome.done():
                raise
            # The loop may go on without the program, as in tests.
            if app._loop is None or app._loop.is_closed() or (app._exit and not app.is_running):
                raise AppClosedError("the program has ended") from None
