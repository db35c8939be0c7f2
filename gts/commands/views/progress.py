"""How long work looks while it goes on: a bar on a terminal, a line now and then elsewhere."""

from __future__ import annotations

import math
import time
from collections import deque
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn
from rich.text import Text

from gts.commands.declare import Note
from gts.commands.views.wording import clock, duration, number, short, whole
from gts.jobs.interruption import Interruption
from gts.jobs.training import RunBegan, Saved, ScoringBegan, Trouble
from gts.training import events

LINE_SECONDS = 10.0
NUMBERS_SECONDS = 5.0
_WINDOW_SECONDS = 15.0


class Pace:
    """How fast a training goes, over the last seconds."""

    def __init__(self, step: int) -> None:
        self._seen: deque[tuple[float, int]] = deque([(time.monotonic(), step)])

    def at(self, step: int) -> float:
        """Steps of one member per second, now that it has made `step` of them."""
        now = time.monotonic()
        self._seen.append((now, step))
        while len(self._seen) > 2 and now - self._seen[0][0] > _WINDOW_SECONDS:
            self._seen.popleft()
        began, first = self._seen[0]
        return (step - first) / (now - began) if now > began else 0.0


class Display:
    """Shows events on a console as they come; use it as a context."""

    def __init__(self, console: Console, interruption: Interruption, *, detail: bool) -> None:
        self._console = console
        self._interruption = interruption
        self._detail = detail
        self._bar: Progress | None = None
        self._started: events.Started | None = None
        self._pace = Pace(0)
        self._best = float("-inf")
        self._earned = "no episode yet"
        self._saved: Path | None = None
        self._line_due = time.monotonic() + LINE_SECONDS
        self._numbers_due = time.monotonic()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        with suppress(OSError):  # the terminal may be gone
            self._drop_bar()
            if kind is KeyboardInterrupt and self._saved is not None:
                self._say(f"saved {self._saved}")

    def show(self, event: Any) -> None:
        """Show one event; what is not worth showing is passed over."""
        if isinstance(event, Note):
            self._say(f"note: {event.text}", "yellow")
        elif isinstance(event, Trouble):
            self._say(f"warning: {event.text}", "yellow")
        elif isinstance(event, events.Started):
            self._begin(event)
        elif isinstance(event, RunBegan):
            self._say(f"run {event.folder.id}")
        elif isinstance(event, events.Progress):
            self._advance(event)
        elif isinstance(event, events.Evaluated):
            self._best = max([self._best, *(score.mean for score in event.scores if score)])
        elif isinstance(event, events.MemberFailed):
            self._say(f"warning: member {event.member + 1} failed at step {event.step}: {event.reason}", "red")
        elif isinstance(event, Saved):
            self._saved = event.path
            if event.kind == "milestone" or (self._detail and event.kind == "last"):
                self._say(f"saved {event.path}")
        elif isinstance(event, events.Finished):
            self._drop_bar()
        elif isinstance(event, ScoringBegan):
            what = "one policy" if event.policies == 1 else f"{event.policies} policies"
            self._say(f"scoring {what}: {event.episodes} episodes of up to {event.steps} steps each")

    def _begin(self, event: events.Started) -> None:
        self._started, self._pace = event, Pace(event.step)
        cohort = f"{event.members} × " if event.members > 1 else ""
        self._say(f"training {cohort}{whole(event.total_steps)} steps, {event.worlds} worlds each")
        if not self._console.is_terminal:
            return
        self._bar = Progress(
            TextColumn("{task.description}"),
            BarColumn(bar_width=None),
            TaskProgressColumn(),
            TextColumn("{task.fields[numbers]}"),
            console=self._console,
            refresh_per_second=4,
            transient=True,
        )
        self._bar.add_task("training", total=event.total_steps, completed=event.step, numbers="")
        self._bar.start()

    def _advance(self, event: events.Progress) -> None:
        started = self._started
        if started is None:
            return
        pace = self._pace.at(event.step)
        left = (started.total_steps - event.step) / pace if pace else float("inf")
        rate = short(pace * started.members) + "/s"
        newest = _over_members(event.metrics, "return")
        if newest is not None:
            self._earned = f"return {number(newest)}"
        best = f"best {number(self._best)}" if self._best > float("-inf") else ""
        now = time.monotonic()
        if self._bar is not None:
            wait = f"{clock(left)} left" if left < 1e7 else ""
            numbers = " ".join(filter(None, [short(event.step), rate, wait, self._earned, best]))
            stopping = "stopping" if self._interruption.requested else "training"
            self._bar.update(self._bar.task_ids[0], completed=event.step, numbers=numbers, description=stopping)
        elif now >= self._line_due:
            self._line_due = now + LINE_SECONDS
            wait = f"{duration(left)} left" if left < 1e7 else ""
            steps = f"step {whole(event.step)} of {whole(started.total_steps)}"
            self._say(", ".join(filter(None, [steps, rate, wait, self._earned, best])))
        if self._detail and now >= self._numbers_due:
            self._numbers_due = now + NUMBERS_SECONDS
            names = dict.fromkeys(name for metrics in event.metrics for name in metrics)
            numbers = ", ".join(f"{name} {number(_over_members(event.metrics, name))}" for name in names)
            self._say(f"{whole(event.step)}: {numbers}", "dim")

    def _say(self, text: str, style: str = "") -> None:
        self._console.print(Text(text, style=style), soft_wrap=True)

    def _drop_bar(self) -> None:
        if self._bar is not None:
            self._bar.stop()
            self._bar = None


def _over_members(metrics: tuple[Mapping[str, float], ...], name: str) -> float | None:
    """The mean of a metric over the members that have it; those that failed have no finite one."""
    values = [mapping[name] for mapping in metrics if math.isfinite(mapping.get(name, math.nan))]
    return sum(values) / len(values) if values else None
