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

from gts.commands.command import Note
from gts.commands.job_progress import Headway
from gts.commands.play import Filming
from gts.commands.tail import LogLine, Stands
from gts.commands.views.formatting import clock, duration, number, plain, short, whole
from gts.commands.views.search_progress import SearchProgress
from gts.jobs.interruption import Interruption
from gts.jobs.trainings.request import Halted, RunBegan, Saved, ScoringBegan, Trouble, WentOn
from gts.training import events

LINE_SECONDS = 10.0
NUMBERS_SECONDS = 5.0
FILM_SECONDS = 2.0
_WINDOW_SECONDS = 15.0
_DRAW_SECONDS = 0.25


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

    def __init__(self, console: Console, interruption: Interruption, *, detail: bool, log: Console | None = None) -> None:
        """`log`: where the lines of a job's log go; None: where everything goes."""
        self._console = console
        self._log = log or console
        self._interruption = interruption
        self._detail = detail
        self._bar: Progress | None = None
        self._search = SearchProgress(console, interruption)
        self._started: events.Started | None = None
        self._pace = Pace(0)
        self._best: float | None = None
        self._earned: float | None = None
        self._doing = "training"
        self._saved: Path | None = None
        self._line_due = self._numbers_due = self._draw_due = time.monotonic()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        with suppress(OSError):  # the terminal may be gone
            self._drop_bar()
            if kind is KeyboardInterrupt and self._saved is not None:
                self._say(f"saved {self._saved}")

    def show(self, event: Any) -> None:
        """Show one event; what is not worth showing is passed over."""
        if self._search.show(event):
            return
        if isinstance(event, Note):
            self._say(f"note: {event.text}", "yellow")
        elif isinstance(event, Trouble):
            self._say(f"warning: {event.text}", "yellow")
        elif isinstance(event, LogLine):
            self._log.print(plain(event.text), soft_wrap=True)
        elif isinstance(event, Stands):
            self._stand(event.state, event.reason, f"{event.job} is ")
        elif isinstance(event, Halted):
            self._stand("paused", f"{event.reason}; it goes on when there is room")
        elif isinstance(event, WentOn):
            self._stand("training", "there is room again")
        elif isinstance(event, Headway):
            self._tell(event)
        elif isinstance(event, Filming):
            self._film(event)
        elif isinstance(event, events.Started):
            self._begin(event)
        elif isinstance(event, RunBegan):
            self._say(f"run {event.folder.id}" + (f", going on from step {whole(event.step)}" if event.step else ""))
        elif isinstance(event, events.Progress):
            self._advance(event)
        elif isinstance(event, events.Evaluated):
            means = [score.mean for score in event.scores if score]
            self._best = max([*means, *([] if self._best is None else [self._best])], default=None)
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
        self._line_due = time.monotonic() + LINE_SECONDS

    def _film(self, event: Filming) -> None:
        now = time.monotonic()
        if now >= self._line_due:
            self._line_due = now + FILM_SECONDS
            self._say(f"loop {event.loop} of {event.loops}: {whole(event.pictures)} picture{'s' if event.pictures > 1 else ''}")

    def _advance(self, event: events.Progress) -> None:
        started = self._started
        if started is None:
            return
        rate = self._pace.at(event.step) * started.members
        newest = _over_members(event.metrics, "return")
        self._earned = self._earned if newest is None else newest
        self._tell(Headway(event.step, started.total_steps, started.members, rate, self._earned, self._best))
        now = time.monotonic()
        if self._detail and now >= self._numbers_due:
            self._numbers_due = now + NUMBERS_SECONDS
            names = dict.fromkeys(name for metrics in event.metrics for name in metrics)
            numbers = ", ".join(f"{name} {number(_over_members(event.metrics, name))}" for name in names)
            self._say(f"{whole(event.step)}: {numbers}", "dim")

    def _tell(self, headway: Headway) -> None:
        """Show how far a training is, on a bar or now and then in a line."""
        now, left = time.monotonic(), headway.seconds_left
        rate = f"{short(headway.rate)}/s" if headway.rate is not None else ""
        earned = f"return {number(headway.earned)}" if headway.earned is not None else "no episode yet"
        best = f"best {number(headway.best)}" if headway.best is not None else ""
        known = left is not None and left < 1e7
        if self._console.is_terminal:
            wait = f"{clock(left or 0)} left" if known else ""
            numbers = " ".join(filter(None, [short(headway.step), rate, wait, earned, best]))
            doing = "stopping" if self._interruption.requested else self._doing
            bar = self._bar = self._bar or self._make_bar(headway)
            bar.update(bar.task_ids[0], completed=headway.step, numbers=numbers, description=doing)
            if now >= self._draw_due:
                self._draw_due = now + _DRAW_SECONDS
                bar.refresh()
        elif now >= self._line_due:
            self._line_due = now + LINE_SECONDS
            wait = f"{duration(left or 0)} left" if known else ""
            steps = f"step {whole(headway.step)} of {whole(headway.total_steps)}"
            self._say(", ".join(filter(None, [steps, rate, wait, earned, best])))

    def _stand(self, doing: str, why: str, who: str = "") -> None:
        """Say that the work stands otherwise than before."""
        self._doing = "training" if doing == "running" else doing
        self._search.stand(doing)
        self._say(f"{who}{doing}{': ' if why else ''}{why}", {"paused": "red", "training": "yellow"}.get(doing, ""))
        if self._bar is not None:
            self._bar.update(self._bar.task_ids[0], description=self._doing, refresh=True)

    def _make_bar(self, headway: Headway) -> Progress:
        bar = Progress(
            TextColumn("{task.description}"),
            BarColumn(bar_width=None),
            TaskProgressColumn(),
            TextColumn("{task.fields[numbers]}"),
            console=self._console,
            auto_refresh=False,
            transient=True,
        )
        bar.add_task(self._doing, total=headway.total_steps, completed=headway.step, numbers="")
        bar.start()
        return bar

    def _say(self, text: str, style: str = "") -> None:
        self._console.print(Text(text, style=style), soft_wrap=True)

    def _drop_bar(self) -> None:
        self._search.drop()
        if self._bar is not None:
            self._bar.stop()
            self._bar = None


def _over_members(metrics: tuple[Mapping[str, float], ...], name: str) -> float | None:
    """The mean of a metric over the members that have it; those that failed have no finite one."""
    values = [mapping[name] for mapping in metrics if math.isfinite(mapping.get(name, math.nan))]
    return sum(values) / len(values) if values else None
