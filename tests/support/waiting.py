"""Waiting for conditions, with deadlines that only a test that will never pass reaches."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from typing import TypeVar

T = TypeVar("T")

DEADLINE_SECONDS = 60.0


def wait_until(
    condition: Callable[[], T],
    *,
    what: str | Callable[[], str],
    deadline: float = DEADLINE_SECONDS,
    interval: float = 0.02,
) -> T:
    """Return the first true value of a condition; raises AssertionError with `what` after `deadline` seconds.

    `what` names the thing waited for; a function is called on expiry, to show the state at that time.
    """
    end = time.monotonic() + deadline
    while not (found := condition()):
        if time.monotonic() > end:
            raise AssertionError(_expired(what, deadline))
        time.sleep(interval)
    return found


async def wait_until_async(
    condition: Callable[[], T],
    *,
    what: str | Callable[[], str],
    pause: Callable[[float], Awaitable[object]],
    deadline: float = DEADLINE_SECONDS,
    interval: float = 0.05,
) -> T:
    """Do as `wait_until` in an event loop; `pause` is `pilot.pause` or `asyncio.sleep`."""
    end = time.monotonic() + deadline
    while not (found := condition()):
        if time.monotonic() > end:
            raise AssertionError(_expired(what, deadline))
        await pause(interval)
    return found


def _expired(what: str | Callable[[], str], deadline: float) -> str:
    return f"waited {deadline:g} s in vain: {what if isinstance(what, str) else what()}"
