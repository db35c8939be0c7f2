"""Calls from other threads into the program's own; nobody waits for a program that has ended."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import TYPE_CHECKING, Any

from textual._callback import invoke

if TYPE_CHECKING:
    from textual.app import App

_LOOK_SECONDS = 0.25
"""How often one who waits looks whether the program is still there."""


class EndedError(RuntimeError):
    """The program is at its end, and does nothing any more."""


def call_inside(app: App[Any], callback: Callable[..., Any], *given: Any, **named: Any) -> Any:
    """Call it in the program's own thread, and wait for what it gives or raises; EndedError where the program has ended."""
    loop = app._loop
    if loop is None:
        raise EndedError("the program does not run")
    if app._thread_id == threading.get_ident():
        raise RuntimeError("this is the program's own thread")
    outcome: Future[Any] = Future()

    async def do() -> None:
        try:
            with app._context():
                outcome.set_result(await invoke(lambda: callback(*given, **named)))
        except asyncio.CancelledError:
            outcome.set_exception(EndedError("the program has ended"))
        except Exception as error:
            # A widget that is gone with the rest of the screen is no mistake.
            outcome.set_exception(EndedError("the program ends") if app._exit or not app.is_running else error)

    tasks: list[asyncio.Task[None]] = []
    try:
        # The coroutine is made where it is run: one that nobody runs would be complained of.
        loop.call_soon_threadsafe(lambda: tasks.append(loop.create_task(do())))
    except RuntimeError as error:
        raise EndedError("the program has ended") from error
    return wait_for(outcome, app)


def wait_for(outcome: Future[Any], app: App[Any]) -> Any:
    """What comes out, waited for while the program runs; raises what went wrong, and EndedError where it will never come."""
    while True:
        try:
            return outcome.result(_LOOK_SECONDS)
        except TimeoutError:
            if outcome.done():
                raise
            # The loop may go on without the program, as in tests.
            if app._loop is None or app._loop.is_closed() or (app._exit and not app.is_running):
                raise EndedError("the program has ended") from None
