"""Monitors for errors in any thread of a process and for blocked event loops."""

from __future__ import annotations

import asyncio
import sys
import threading
import time
import traceback
from collections import deque
from collections.abc import Callable
from typing import Any

from textual.worker import Worker

from gts_tui.app import GtsApp

HELD_UP = 2.0
"""Seconds without a response after which the stack is recorded."""
SURPRISE = "internal error"


class Faults:
    """Records errors in any thread, task, worker or log of the process."""

    def __init__(self) -> None:
        self.found: list[str] = []
        threading.excepthook = lambda told: self.add(told.exc_value, f"thread {told.thread and told.thread.name}")
        sys.unraisablehook = lambda told: self.add(told.exc_value, "nobody")
        for owner, name, wrap in (
            (Worker, "_run", self._wrap_run),
            (GtsApp, "show_output", self._wrap_show_output),
            (GtsApp, "call_soon", self._wrap_call_soon),
        ):
            setattr(owner, name, wrap(getattr(owner, name)))

    def add(self, error: BaseException | None, where: str) -> None:
        """Record an error."""
        told = "".join(traceback.format_exception(error)) if error is not None else ""
        self.found.append(f"{where}: {told}")

    def listen(self) -> None:
        """Record the errors of an event loop."""
        asyncio.get_running_loop().set_exception_handler(
            lambda _, told: self.add(told.get("exception"), f"loop: {told.get('message')}")
        )

    def _wrap_run(self, kept: Callable[..., Any]) -> Callable[..., Any]:
        async def run(worker: Any, app: Any) -> None:
            await kept(worker, app)
            if worker.error is not None and not isinstance(worker.error, asyncio.CancelledError):
                self.add(worker.error, f"worker {worker.name}")

        return run

    def _wrap_show_output(self, kept: Callable[..., Any]) -> Callable[..., Any]:
        def show_output(app: Any, shown: Any, **more: Any) -> None:
            if SURPRISE in str(shown):
                self.found.append("".join(traceback.format_exc()) + str(shown))
            kept(app, shown, **more)

        return show_output

    def _wrap_call_soon(self, kept: Callable[..., Any]) -> Callable[..., Any]:
        def call_soon(app: Any, call: Callable[[], object]) -> None:
            def called() -> object:
                try:
                    return call()
                except Exception as error:
                    self.add(error, "call_soon")
                    raise

            kept(app, called)

        return call_soon


class Pulse(threading.Thread):
    """Measures whether the event loop responds; records the stack that blocks it."""

    def __init__(self) -> None:
        super().__init__(name="pulse", daemon=True)
        self._felt, self._main, self._ended = time.monotonic(), threading.main_thread().ident, threading.Event()
        self.held_up: deque[str] = deque(maxlen=4)
        """Where, at the newest times."""

    async def beat(self) -> None:
        """Beats as long as the loop runs."""
        while not self._ended.is_set():
            self._felt = time.monotonic()
            await asyncio.sleep(0.1)

    def run(self) -> None:
        """Until the end."""
        while not self._ended.wait(0.5):
            quiet = time.monotonic() - self._felt
            frame = sys._current_frames().get(self._main or 0)
            if quiet > HELD_UP and frame is not None:
                self.held_up.append(f"{quiet:.1f} s: {''.join(traceback.format_stack(frame)[-8:])}")

    def end(self) -> None:
        """Feel no more."""
        self._ended.set()
