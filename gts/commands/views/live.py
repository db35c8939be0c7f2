"""Displays of events while a training or a search runs: a progress bar on a terminal, a line every ten seconds elsewhere."""

from __future__ import annotations

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
from gts.commands.job_progress import RunProgress, StudyProgress, finite_mean, read_study_progress
from gts.commands.play import VideoProgressEvent
from gts.commands.tail import JobStateChanged, LogLine
from gts.commands.views.formatting import (
    TRIAL_STATE_SIGNS,
    format_clock,
    format_duration,
    format_integer,
    format_number,
    format_short,
    plain_text,
)
from gts.commands.views.jobs import format_parameters
from gts.jobs.job_events import (
    CheckpointSaved,
    ConfirmationStarted,
    DiskFull,
    DiskFullCleared,
    JobWarning,
    RunStarted,
    ScoringStarted,
    SearchStarted,
    TrialConfirmed,
    TrialEnded,
    TrialReported,
    TrialStarted,
)
from gts.jobs.stop_request import StopRequest
from gts.store.workspace import StudyFolder
from gts.training import events

LINE_SECONDS = 10.0
LOOK_SECONDS = 2.0

_MAX_SECONDS_LEFT = 1e7


class SearchDisplay:
    """Displays the events of a search, and its rate between events."""

    def __init__(self, console: Console, stop_request: StopRequest) -> None:
        self._console = console
        self._stop_request = stop_request
        self._bar: Progress | None = None
        self._folder: StudyFolder | None = None
        self._values: dict[int, Mapping[str, Any]] = {}
        self._ended, self._wanted = 0, 0
        self._best: float | None = None
        self._activity = "running"
        self._progress = StudyProgress()
        self._read_due = 0.0
        self._line_due = time.monotonic() + LINE_SECONDS
        self._handlers: Mapping[type, Callable[[Any], None]] = {
            SearchStarted: self._on_search_started,
            TrialStarted: self._on_trial_started,
            TrialReported: lambda event: self._show_progress(),
            TrialEnded: self._on_trial_ended,
            ConfirmationStarted: self._on_confirmation_started,
            TrialConfirmed: self._on_trial_confirmed,
            StudyProgress: self._on_progress,
        }

    def show(self, event: Any) -> bool:
        """Show an event; returns whether it was one of a search."""
        handler = self._handlers.get(type(event))
        if handler is not None:
            handler(event)
        return handler is not None

    def set_state(self, state: str) -> None:
        """Show another state of the job."""
        self._activity = state if state in ("paused", "stopping", "queued") else "running"
        if self._bar is not None:
            self._draw()

    def remove_bar(self) -> None:
        """Remove the progress bar."""
        if self._bar is not None:
            self._bar.stop()
            self._bar = None

    def progress_text(self) -> Text:
        """Format rate, time left and best value, reading them from disk every two seconds."""
        now = time.monotonic()
        if self._folder is not None and now >= self._read_due:
            self._read_due = now + LOOK_SECONDS
            with suppress(OSError):
                self._progress = read_study_progress(self._folder, is_active=True)
        left = self._progress.seconds_left
        known = left is not None and left < _MAX_SECONDS_LEFT and self._activity == "running"
        return Text(
            " ".join(filter(None, [self._rate(), f"{format_clock(left or 0)} left" if known else "", self._best_so_far()]))
        )

    def _on_search_started(self, event: SearchStarted) -> None:
        self._folder, self._ended, self._wanted = event.folder, event.ended, event.wanted
        self._progress = read_study_progress(event.folder, is_active=False)
        self._best = self._progress.best
        resumed = f", resuming {_listed(event.resumed)}" if event.resumed else ""
        self._print(plain_text(f"search {event.folder.name}: {event.ended} of {event.wanted} trials done{resumed}"))
        self._draw()

    def _on_trial_started(self, event: TrialStarted) -> None:
        self._values[event.number] = event.values
        self._show_progress()

    def _on_trial_ended(self, event: TrialEnded) -> None:
        self._ended += 1
        if event.state == "complete":
            self._best = max(event.values[0], event.values[0] if self._best is None else self._best)
        values = self._values.pop(event.number, {})
        about = event.reason or format_parameters(values)
        worth = " / ".join(format_number(value) for value in event.values)
        self._print(self._trial(event.number, event.state, f"{worth:>8}  {about}" if worth else about))
        self._show_progress()

    def _on_confirmation_started(self, event: ConfirmationStarted) -> None:
        self._activity, self._ended, self._wanted = "confirming", 0, len(event.trials)
        seeds = f"{len(event.seeds)} fresh seeds" if len(event.seeds) > 1 else "a fresh seed"
        self._print(plain_text(f"confirming {_listed(event.trials)} on {seeds} each"))
        self._draw()

    def _on_trial_confirmed(self, event: TrialConfirmed) -> None:
        self._ended += 1
        interval = f"[{format_number(event.low)}, {format_number(event.high)}]"
        values = f"confirmed {format_number(event.iqm)} {interval}, {format_number(event.value)} in the search"
        self._print(self._trial(event.number, "complete", values))
        self._draw()

    def _on_progress(self, event: StudyProgress) -> None:
        self._progress, self._best = event, event.best
        self._ended, self._wanted = event.ended or 0, event.wanted or 0
        if event.ended is not None and event.ended == event.wanted and self._activity == "running":
            self._activity = "confirming"
        self._show_progress()

    def _trial(self, trial: int, state: str, about: str) -> Text:
        sign = TRIAL_STATE_SIGNS[state]
        line = Text.assemble(
            f"trial {trial:>{len(str(max(self._wanted - 1, 0)))}} ", (sign.symbol, sign.colour), " ", plain_text(about)
        )
        line.truncate(self._console.width, overflow="ellipsis")
        return line

    def _show_progress(self) -> None:
        """Update the bar, or without a terminal print the progress every ten seconds."""
        now = time.monotonic()
        if self._console.is_terminal:
            self._draw()
        elif now >= self._line_due:
            self._line_due = now + LINE_SECONDS
            self.progress_text()
            left = self._progress.seconds_left
            wait = f"{format_duration(left)} left" if left is not None and left < _MAX_SECONDS_LEFT else ""
            trials = f"{self._ended} of {self._wanted} trials"
            self._print(plain_text(", ".join(filter(None, [trials, self._rate(), wait, self._best_so_far()]))))

    def _draw(self) -> None:
        if not self._console.is_terminal:
            return
        activity = "stopping" if self._stop_request.requested else self._activity
        total = self._wanted or None
        if self._bar is not None:
            self._bar.update(self._bar.task_ids[0], completed=self._ended, total=total, description=activity)
            return
        # rich refreshes it once a second in a thread: minutes may pass between two events of a search.
        columns = (TextColumn("{task.description}"), BarColumn(bar_width=None), MofNCompleteColumn(), _NumbersColumn(self))
        self._bar = Progress(*columns, console=self._console, refresh_per_second=1, transient=True)
        self._bar.add_task(activity, completed=self._ended, total=total)
        self._bar.start()

    def _rate(self) -> str:
        return f"{format_short(self._progress.rate)}/s" if self._progress.rate else ""

    def _best_so_far(self) -> str:
        return f"best {format_number(self._best)}" if self._best is not None else ""

    def _print(self, text: Text) -> None:
        self._console.print(text, soft_wrap=True)


def _listed(trials: Sequence[int]) -> str:
    return f"trial{'s' if len(trials) > 1 else ''} {', '.join(map(str, trials))}"


class _NumbersColumn(ProgressColumn):
    """Column of the progress bar with the numbers of a search."""

    def __init__(self, display: SearchDisplay) -> None:
        super().__init__()
        self._display = display

    def render(self, task: Task) -> Text:
        return self._display.progress_text()


NUMBERS_SECONDS = 5.0
VIDEO_LINE_SECONDS = 2.0
_PACE_SECONDS = 15.0
_DRAW_SECONDS = 0.25


class RateMeter:
    """Measures the rate of a training over the last 15 seconds."""

    def __init__(self, step: int) -> None:
        self._samples: deque[tuple[float, int]] = deque([(time.monotonic(), step)])

    def update(self, step: int) -> float:
        """Add the current step of a member; returns its steps per second."""
        now = time.monotonic()
        self._samples.append((now, step))
        while len(self._samples) > 2 and now - self._samples[0][0] > _PACE_SECONDS:
            self._samples.popleft()
        start, first = self._samples[0]
        return (step - first) / (now - start) if now > start else 0.0


class EventDisplay:
    """Displays events on a console; a context manager, which removes the bar at its end."""

    def __init__(self, console: Console, stop_request: StopRequest, *, detail: bool, log: Console | None = None) -> None:
        """`log`: console for lines of a job's log; None for the same console."""
        self._console = console
        self._log = log or console
        self._stop_request = stop_request
        self._detail = detail
        self._bar: Progress | None = None
        self._search = SearchDisplay(console, stop_request)
        self._started: events.TrainingStarted | None = None
        self._rate_meter = RateMeter(0)
        self._best: float | None = None
        self._mean_return: float | None = None
        self._activity = "training"
        self._saved: Path | None = None
        self._line_due = self._numbers_due = self._draw_due = time.monotonic()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        with suppress(OSError):  # the terminal may be gone
            self._remove_bar()
            if kind is KeyboardInterrupt and self._saved is not None:
                self._print(f"saved {self._saved}")

    def show(self, event: Any) -> None:
        """Show one event; events of unknown types are ignored."""
        if self._search.show(event):
            return
        if isinstance(event, Note):
            self._print(f"note: {event.text}", "yellow")
        elif isinstance(event, JobWarning):
            self._print(f"warning: {event.text}", "yellow")
        elif isinstance(event, LogLine):
            self._log.print(plain_text(event.text), soft_wrap=True)
        elif isinstance(event, JobStateChanged):
            self._show_state(event.state, event.reason, f"{event.job} is ")
        elif isinstance(event, DiskFull):
            self._show_state("paused", f"{event.reason}; it continues when there is room")
        elif isinstance(event, DiskFullCleared):
            self._show_state("training", "there is room again")
        elif isinstance(event, RunProgress):
            self._show_progress(event)
        elif isinstance(event, VideoProgressEvent):
            self._show_video_progress(event)
        elif isinstance(event, events.TrainingStarted):
            self._show_started(event)
        elif isinstance(event, RunStarted):
            self._print(f"run {event.folder.id}" + (f", resumed at step {format_integer(event.step)}" if event.step else ""))
        elif isinstance(event, events.TrainingProgress):
            self._show_training(event)
        elif isinstance(event, events.MembersEvaluated):
            means = [score.mean for score in event.scores if score]
            self._best = max([*means, *([] if self._best is None else [self._best])], default=None)
        elif isinstance(event, events.MemberFailed):
            self._print(f"warning: member {event.member + 1} failed at step {event.step}: {event.reason}", "red")
        elif isinstance(event, CheckpointSaved):
            self._saved = event.path
            if event.kind == "milestone" or (self._detail and event.kind == "last"):
                self._print(f"saved {event.path}")
        elif isinstance(event, events.TrainingFinished):
            self._remove_bar()
        elif isinstance(event, ScoringStarted):
            policies = "" if event.policies == 1 else f"{event.policies} policies "
            self._print(f"scoring {policies}over {event.episodes} episodes of up to {event.steps} steps")

    def _show_started(self, event: events.TrainingStarted) -> None:
        self._started, self._rate_meter = event, RateMeter(event.step)
        cohort = f"{event.members} × " if event.members > 1 else ""
        self._print(f"training {cohort}{format_integer(event.total_steps)} steps, {event.worlds} worlds each")
        self._line_due = time.monotonic() + LINE_SECONDS

    def _show_video_progress(self, event: VideoProgressEvent) -> None:
        now = time.monotonic()
        if now >= self._line_due:
            self._line_due = now + VIDEO_LINE_SECONDS
            self._print(
                f"loop {event.loop} of {event.loops}: "
                f"{format_integer(event.pictures)} picture{'s' if event.pictures > 1 else ''}"
            )

    def _show_training(self, event: events.TrainingProgress) -> None:
        started = self._started
        if started is None:
            return
        rate = self._rate_meter.update(event.step) * started.members
        newest = finite_mean(metrics.get("return") for metrics in event.metrics)
        self._mean_return = self._mean_return if newest is None else newest
        self._show_progress(RunProgress(event.step, started.total_steps, started.members, rate, self._mean_return, self._best))
        now = time.monotonic()
        if self._detail and now >= self._numbers_due:
            self._numbers_due = now + NUMBERS_SECONDS
            names = dict.fromkeys(name for metrics in event.metrics for name in metrics)
            means = {name: finite_mean(metrics.get(name) for metrics in event.metrics) for name in names}
            numbers = ", ".join(f"{name} {format_number(mean)}" for name, mean in means.items())
            self._print(f"{format_integer(event.step)}: {numbers}", "dim")

    def _show_progress(self, progress: RunProgress) -> None:
        """Show the progress of a training, on the bar or in a line every ten seconds."""
        now, left = time.monotonic(), progress.seconds_left
        rate = f"{format_short(progress.rate)}/s" if progress.rate is not None else ""
        earned = f"return {format_number(progress.mean_return)}" if progress.mean_return is not None else "no episode yet"
        best = f"best {format_number(progress.best)}" if progress.best is not None else ""
        known = left is not None and left < 1e7
        if self._console.is_terminal:
            wait = f"{format_clock(left or 0)} left" if known else ""
            numbers = " ".join(filter(None, [format_short(progress.step), rate, wait, earned, best]))
            activity = "stopping" if self._stop_request.requested else self._activity
            bar = self._bar = self._bar or self._make_bar(progress)
            bar.update(bar.task_ids[0], completed=progress.step, numbers=numbers, description=activity)
            if now >= self._draw_due:
                self._draw_due = now + _DRAW_SECONDS
                bar.refresh()
        elif now >= self._line_due:
            self._line_due = now + LINE_SECONDS
            wait = f"{format_duration(left or 0)} left" if known else ""
            steps = f"step {format_integer(progress.step)} of {format_integer(progress.total_steps)}"
            self._print(", ".join(filter(None, [steps, rate, wait, earned, best])))

    def _show_state(self, state: str, reason: str, prefix: str = "") -> None:
        """Show another state of the job."""
        self._activity = "training" if state == "running" else state
        self._search.set_state(state)
        self._print(f"{prefix}{state}{': ' if reason else ''}{reason}", {"paused": "red", "training": "yellow"}.get(state, ""))
        if self._bar is not None:
            self._bar.update(self._bar.task_ids[0], description=self._activity, refresh=True)

    def _make_bar(self, progress: RunProgress) -> Progress:
        bar = Progress(
            TextColumn("{task.description}"),
            BarColumn(bar_width=None),
            TaskProgressColumn(),
            TextColumn("{task.fields[numbers]}"),
            console=self._console,
            auto_refresh=False,
            transient=True,
        )
        bar.add_task(self._activity, total=progress.total_steps, completed=progress.step, numbers="")
        bar.start()
        return bar

    def _print(self, text: str, style: str = "") -> None:
        self._console.print(Text(text, style=style), soft_wrap=True)

    def _remove_bar(self) -> None:
        self._search.remove_bar()
        if self._bar is not None:
            self._bar.stop()
            self._bar = None
