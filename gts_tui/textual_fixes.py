"""Every workaround for Textual 8.2 and every use of its private names, each with its reason.

`textual<8.3` in pyproject.toml exists because of this file: read it again before raising the bound.
"""

from __future__ import annotations

import asyncio
import inspect
import threading
from collections.abc import Callable
from concurrent.futures import CancelledError, Future
from functools import lru_cache, partial
from typing import Any, TypeVar

from rich.color import ColorSystem
from rich.console import Console, RenderableType
from rich.style import Style
from rich.text import Text
from textual import events
from textual._callback import invoke
from textual._compositor import ChopsUpdate, Compositor, CompositorMap
from textual.app import App
from textual.await_complete import AwaitComplete
from textual.dom import DOMNode
from textual.keys import _character_to_key
from textual.screen import ModalScreen, Screen
from textual.strip import Strip
from textual.widget import Widget
from textual.widgets import DataTable, Input, OptionList, Static

_Result = TypeVar("_Result")

# -- keys and mouse ----------------------------------------------------------------------------------------------------


def character_to_key(character: str) -> str:
    """Return Textual's name of a character's key: `question_mark` for `?`. `_character_to_key` has no public equivalent."""
    return _character_to_key(character)


def binding_nodes(screen: Screen[Any]) -> list[DOMNode]:
    """Return the nodes with active bindings, nearest first.

    `Screen.active_bindings` merges the bindings of all nodes and loses their order; only `_modal_binding_chain` keeps it.
    """
    return [node for node, _ in screen._modal_binding_chain]


def forward_key(widget: Widget, key: str, character: str | None) -> None:
    """Deliver a key to a widget as if it had the focus when the key arrived.

    The driver may put several keys into the app's queue before a binding among them moves the focus to a text field. Textual
    has looked up the bindings of the old focus by then. `_forward_event` is how `App.on_event` delivers keys.
    """
    widget._forward_event(events.Key(key, character))


def clear_suggestion(field: Input) -> None:
    """Remove the ghost text of an input: `Input` offers no public way until its value changes."""
    field._suggestion = ""


_MOUSE_MODES = (1000, 1003, 1015, 1006)
"""Button events, all motion, and the two coordinate encodings that `LinuxDriver` enables."""


def set_mouse_reporting(app: App[Any], enabled: bool) -> None:
    """Ask the terminal to report the mouse to the program, or to keep it.

    A driver decides once, at its start, whether it uses the mouse. `_mouse` must follow, since the driver disables mouse
    reporting at exit only if it is set.
    """
    driver = app._driver
    if driver is None:
        return
    driver.write("".join(f"\x1b[?{number}{'h' if enabled else 'l'}" for number in _MOUSE_MODES))
    driver.flush()
    driver._mouse = enabled


# -- dialogs and lists ---------------------------------------------------------------------------------------------------


class OnceDialog(ModalScreen[_Result]):
    """A modal screen that can be dismissed only once.

    Keys and clicks that arrive before the screen is removed would otherwise dismiss the screen below it as well.
    """

    _is_dismissed = False

    def dismiss(self, result: _Result | None = None) -> AwaitComplete:
        """Close the dialog with a result; ignored if it is closed or covered by another screen."""
        if self._is_dismissed or self.app.screen is not self:
            return AwaitComplete()
        self._is_dismissed = True
        return super().dismiss(result)


class SafeDataTable(DataTable[Text]):
    """DataTable that ignores clicks on rows and columns that have been removed since they were drawn.

    `DataTable._on_click` reads the coordinates from the style of the clicked cell and raises `RowDoesNotExist`.
    """

    async def _on_click(self, event: events.Click) -> None:
        meta = event.style.meta
        row, column = meta.get("row", 0), meta.get("column", 0)
        if row >= self.row_count or column >= len(self.columns):
            event.prevent_default()
            event.stop()


class SafeOptionList(OptionList):
    """OptionList that ignores clicks on removed options, and page keys while it has no height.

    `OptionList._on_click` indexes the options with the number in the clicked style; `action_page_down` divides the list into
    pages of the region's height, which may be 0.
    """

    async def _on_click(self, event: events.Click) -> None:
        if event.style.meta.get("option", -1) >= self.option_count:
            event.prevent_default()
            event.stop()

    def action_page_up(self) -> None:
        """Move the highlight up by a page."""
        if self.scrollable_content_region.area:
            super().action_page_up()  # type: ignore[no-untyped-call]

    def action_page_down(self) -> None:
        """Move the highlight down by a page."""
        if self.scrollable_content_region.area:
            super().action_page_down()  # type: ignore[no-untyped-call]


class CachedStatic(Static):
    """Static that repaints only if its text or style differs: `Static.update` always does."""

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._shown_text = Text("")

    def show_text(self, text: Text) -> None:
        """Show a text."""
        if text != self._shown_text or text.style != self._shown_text.style:
            self._shown_text = text
            self.update(text)


# -- fewer bytes per update ----------------------------------------------------------------------------------------------

_RESET = "\x1b[0m"


class MinimalUpdate(ChopsUpdate):
    """Partial screen update that sends only changed spans, and styles only at their changes.

    `ChopsUpdate` sends a changed span from the left edge of its widget and repeats the style of every segment. Over ssh, with
    playback running, that is three times the bytes.
    """

    def render_segments(self, console: Console) -> str:
        """Return the escape sequences and texts to write."""
        colours = console._color_system or ColorSystem.TRUECOLOR
        parts: list[str] = []
        current = ""
        for y, x1, x2 in self.spans:
            for end, (x, strip) in zip(self.chop_ends[y], self.chops[y].items(), strict=False):
                if strip is None or x >= x2 or end <= x1:
                    continue
                # A double-width character cannot be cut: start such strips at their beginning.
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
    """Return the escape sequences before and after a text of this style."""
    before, _, after = Strip.render_style(style, "\0", color_system=colours).partition("\0")
    return before, after


class MinimalUpdateApp(App[_Result]):
    """App that sends partial updates as `MinimalUpdate`. `App._display` is the only place that sees every update."""

    def _display(self, screen: Screen[Any], renderable: RenderableType | None) -> None:
        if type(renderable) is ChopsUpdate:
            renderable = MinimalUpdate(renderable.chops, renderable.spans, renderable.chop_ends)
        super()._display(screen, renderable)


# -- repainting ------------------------------------------------------------------------------------------------------------


class FixedCompositor(Compositor):
    """Compositor that repaints the regions of removed widgets.

    `Compositor.full_map`, read between two layouts, replaces the map without marking the regions of widgets that are gone as
    dirty, so a toast that expires during playback leaves its border on the screen.
    """

    @property
    def full_map(self) -> CompositorMap:
        """Positions of all widgets, up to date."""
        before = self._full_map if self._full_map_invalidated else {}
        after = super().full_map
        for widget in before.keys() - after.keys():
            place = before[widget]
            if gone := place.clip.intersection(place.region):
                self._dirty_regions.add(gone)
        return after


class FixedScreen(Screen[None]):
    """Default screen with a `FixedCompositor`; `Screen` has no hook for its compositor."""

    def __init__(self) -> None:
        super().__init__(id="_default")
        self._compositor = FixedCompositor()


# -- calls from other threads ------------------------------------------------------------------------------------------------

_POLL_SECONDS = 0.25
"""Interval at which a waiting thread checks whether the app still runs."""


class AppClosedError(RuntimeError):
    """The app has ended and runs no more callbacks."""


def call_in_app_thread(app: App[Any], callback: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
    """Run a function or coroutine function in the app's thread and return its result; raises what it raises.

    Raises AppClosedError if the app has ended. `App.call_from_thread` waits without a timeout and never returns if the loop
    stops before the callback has run.
    """
    loop = app._loop
    if loop is None:
        raise AppClosedError("the program does not run")
    if app._thread_id == threading.get_ident():
        raise RuntimeError("call_in_app_thread was called from the app's own thread")

    async def run_callback() -> Any:
        try:
            with app._context():
                return await invoke(partial(callback, *args, **kwargs))
        except Exception as error:
            # Queries fail while the widgets are being removed.
            if app._exit or not app.is_running:
                raise AppClosedError("the program is closing") from error
            raise

    coroutine = run_callback()
    try:
        return wait_for_result(asyncio.run_coroutine_threadsafe(coroutine, loop), app)
    except RuntimeError as error:
        if loop.is_closed():
            raise AppClosedError("the program has ended") from error
        raise
    finally:
        # The loop was closed or stopped before the coroutine began: avoids the warning that it was never awaited.
        if inspect.getcoroutinestate(coroutine) == inspect.CORO_CREATED:
            coroutine.close()


def wait_for_result(outcome: Future[Any], app: App[Any]) -> Any:
    """Wait for a future while the app runs; raises its exception, or AppClosedError if it can no longer complete."""
    while True:
        try:
            return outcome.result(_POLL_SECONDS)
        except CancelledError:
            raise AppClosedError("the program has ended") from None
        except TimeoutError:
            if outcome.done():
                raise
            # In tests the loop outlives the app.
            if app._loop is None or app._loop.is_closed() or (app._exit and not app.is_running):
                raise AppClosedError("the program has ended") from None
