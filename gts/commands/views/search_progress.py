"""How a search looks while it goes on: a bar over its trials, and a line for each that has ended."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, ProgressColumn, Task, TextColumn
from rich.text import Text

from gts.commands.search_headway import SearchHeadway, search_headway_of
from gts.commands.views.formatting import clock, duration, number, plain, short
from gts.commands.views.searches import point
from gts.commands.views.studies import SIGNS
from gts.jobs.interruption import Interruption
from gts.jobs.searches.request import ConfirmingBegan, SearchBegan, TrialBegan, TrialConfirmed, TrialEnded, TrialReported
from gts.store.workspace import StudyFolder

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
