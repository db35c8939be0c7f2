"""How long work looks while it goes on: a bar on a terminal, a line now and then elsewhere.

How a search looks while it goes on: a bar over its trials, and a line for each that has ended.
"""

from __future__ import annotations

import math
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, ProgressColumn, Task, TaskProgressColumn, TextColumn
from rich.text import Text

from gts.commands.command import Note
from gts.commands.job_progress import Headway, SearchHeadway, search_headway_of
from gts.commands.play import Filming
from gts.commands.tail import LogLine, Stands
from gts.commands.views.formatting import clock, duration, number, plain, short, whole
from gts.commands.views.jobs import point
from gts.commands.views.studies import SIGNS
from gts.jobs.interruption import Interruption
from gts.jobs.searches.request import ConfirmingBegan, SearchBegan, TrialBegan, TrialConfirmed, TrialEnded, TrialReported
from gts.jobs.trainings.request import Halted, RunBegan, Saved, ScoringBegan, Trouble, WentOn
from gts.store.workspace import StudyFolder
from gts.training import events

LINE_SECONDS = 10.0
LOOK_SECONDS = 2.0

_LONGEST_LEFT = 1e7


class SearchProgress:
    """Shows what a search tells, and between two events how fast it goes."""

    def __init__(self, console: Console, interruption: Interruption) -> None:
        self._console = console
        self._interruption = interruption
        self._bar: Progress | None = None
        self._folder: StudyFolder | None = None
        self._values: dict[int, Mapping[str, Any]] = {}
        self._ended, self._wanted = 0, 0
        self._best: float | None = None
        self._doing = "searching"
        self._seen = SearchHeadway()
        self._look_due = 0.0
        self._line_due = time.monotonic() + LINE_SECONDS
        self._shows: Mapping[type, Callable[[Any], None]] = {
            SearchBegan: self._begin,
            TrialBegan: self._take,
            TrialReported: lambda event: self._tell(),
            TrialEnded: self._end,
            ConfirmingBegan: self._confirm,
            TrialConfirmed: self._confirmed,
            SearchHeadway: self._follow,
        }

    def show(self, event: Any) -> bool:
        """Show an event; whether it was one of a search."""
        show = self._shows.get(type(event))
        if show is not None:
            show(event)
        return show is not None

    def stand(self, doing: str) -> None:
        """Take note that the search stands otherwise than before."""
        self._doing = doing if doing in ("paused", "stopping", "waiting") else "searching"
        if self._bar is not None:
            self._draw()

    def drop(self) -> None:
        """Take the bar away."""
        if self._bar is not None:
            self._bar.stop()
            self._bar = None

    def numbers(self) -> Text:
        """Rate, time left, best, how many train: as they are now."""
        now = time.monotonic()
        if self._folder is not None and now >= self._look_due:
            self._look_due = now + LOOK_SECONDS
            with suppress(OSError):
                self._seen = search_headway_of(self._folder, at_work=True)
        left = self._seen.seconds_left
        known = left is not None and left < _LONGEST_LEFT and self._doing == "searching"
        return Text(" ".join(filter(None, [self._rate(), f"{clock(left or 0)} left" if known else "", self._best_so_far()])))

    def _begin(self, event: SearchBegan) -> None:
        self._folder, self._ended, self._wanted = event.folder, event.ended, event.wanted
        self._seen = search_headway_of(event.folder, at_work=False)
        self._best = self._seen.best
        on = f", going on with {_listed(event.gone_on)}" if event.gone_on else ""
        self._say(plain(f"searching {event.folder.name}: {event.ended} of {event.wanted} trials have ended{on}"))
        self._draw()

    def _take(self, event: TrialBegan) -> None:
        self._values[event.number] = event.values
        self._tell()

    def _end(self, event: TrialEnded) -> None:
        self._ended += 1
        if event.state == "complete":
            self._best = max(event.values[0], event.values[0] if self._best is None else self._best)
        values = self._values.pop(event.number, {})
        about = event.reason or point(values)
        worth = " / ".join(number(value) for value in event.values)
        self._say(self._trial(event.number, event.state, f"{worth:>8}  {about}" if worth else about))
        self._tell()

    def _confirm(self, event: ConfirmingBegan) -> None:
        self._doing, self._ended, self._wanted = "confirming", 0, len(event.trials)
        seeds = f"{len(event.seeds)} fresh seeds" if len(event.seeds) > 1 else "a fresh seed"
        self._say(plain(f"confirming {_listed(event.trials)} with {seeds} each"))
        self._draw()

    def _confirmed(self, event: TrialConfirmed) -> None:
        self._ended += 1
        again = f"confirmed {number(event.iqm)} [{number(event.low)}, {number(event.high)}], searched {number(event.value)}"
        self._say(self._trial(event.number, "complete", again))
        self._draw()

    def _follow(self, event: SearchHeadway) -> None:
        self._seen, self._best = event, event.best
        self._ended, self._wanted = event.ended or 0, event.wanted or 0
        if event.ended is not None and event.ended == event.wanted and self._doing == "searching":
            self._doing = "confirming"
        self._tell()

    def _trial(self, trial: int, state: str, about: str) -> Text:
        sign, colour = SIGNS[state]
        line = Text.assemble(f"trial {trial:>{len(str(max(self._wanted - 1, 0)))}} ", (sign, colour), " ", plain(about))
        line.truncate(self._console.width, overflow="ellipsis")
        return line

    def _tell(self) -> None:
        """Bring the bar up to date, or without a terminal say now and then how far the search is."""
        now = time.monotonic()
        if self._console.is_terminal:
            self._draw()
        elif now >= self._line_due:
            self._line_due = now + LINE_SECONDS
            self.numbers()
            left = self._seen.seconds_left
            wait = f"{duration(left)} left" if left is not None and left < _LONGEST_LEFT else ""
            so_far = f"{self._ended} of {self._wanted} trials"
            self._say(plain(", ".join(filter(None, [so_far, self._rate(), wait, self._best_so_far()]))))

    def _draw(self) -> None:
        if not self._console.is_terminal:
            return
        doing = "stopping" if self._interruption.requested else self._doing
        total = self._wanted or None
        if self._bar is not None:
            self._bar.update(self._bar.task_ids[0], completed=self._ended, total=total, description=doing)
            return
        # Drawn once a second by a thread of its own: between two events of a search minutes may pass.
        columns = (TextColumn("{task.description}"), BarColumn(bar_width=None), MofNCompleteColumn(), _Numbers(self))
        self._bar = Progress(*columns, console=self._console, refresh_per_second=1, transient=True)
        self._bar.add_task(doing, completed=self._ended, total=total)
        self._bar.start()

    def _rate(self) -> str:
        return f"{short(self._seen.rate)}/s" if self._seen.rate else ""

    def _best_so_far(self) -> str:
        return f"best {number(self._best)}" if self._best is not None else ""

    def _say(self, text: Text) -> None:
        self._console.print(text, soft_wrap=True)


def _listed(trials: Sequence[int]) -> str:
    return f"trial{'s' if len(trials) > 1 else ''} {', '.join(map(str, trials))}"


class _Numbers(ProgressColumn):
    """The numbers of a search, whenever the bar is drawn."""

    def __init__(self, progress: SearchProgress) -> None:
        super().__init__()
        self._progress = progress

    def render(self, task: Task) -> Text:
        return self._progress.numbers()


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
