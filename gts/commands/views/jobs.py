"""Views of `jobs`, `tail`, `stop`, `resume`, `workers`, `service` and `search`."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Mapping
from typing import Any

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from gts.commands.job_progress import ListedJob
from gts.commands.jobs import JobsResult, QueueSummary, ResumedJob, ResumeResult, SkippedJob, StopResult
from gts.commands.search import DetachedSearch, SearchResult
from gts.commands.service import ServiceResult
from gts.commands.tail import TailResult
from gts.commands.train import DetachedTraining
from gts.commands.views.formatting import (
    JOB_STATE_SIGNS,
    format_bytes,
    format_clock,
    format_duration,
    format_integer,
    format_number,
    format_short,
    format_time,
    job_state_text,
    make_grid,
    nowrap_line,
    plain_text,
)
from gts.commands.views.scores import render_train
from gts.commands.worker import WorkersResult
from gts.jobs.job_store import STOPPED


def render_service(result: ServiceResult, detail: bool) -> RenderableType:
    """Render installed, removed or found service files."""
    if not result.where:
        rows = [nowrap_line(f"nothing is installed for {result.workspace}")]
        if result.action == "status":
            rows.append(nowrap_line("next: gts service install"))
        return Group(*rows)
    verb = {"install": "written", "remove": "removed", "status": "installed"}[result.action]
    rows = [nowrap_line(f"{where}: {verb}") for where in result.where]
    if result.installed:
        when = "runs after every start of this machine" if result.active else "will not run yet after a start of this machine"
        rows += [nowrap_line(f"{when}:"), nowrap_line(f"  {shlex.join(result.command)}")]
    return Group(*rows)


def render_search(result: SearchResult, detail: bool) -> RenderableType:
    """Render the best trials, the winner, and commands to run next."""
    counts = {state: result.counts[state] for state in ("complete", "pruned", "failed") if state in result.counts}
    ended, kinds = sum(counts.values()), ", ".join(f"{count} {state}" for state, count in counts.items())
    how = "interrupted after" if result.interrupted else "searched"
    spent = f" in {format_duration(result.seconds)}" if result.seconds else ""
    rate = f" ({format_integer(result.steps / result.seconds)} steps/s)" if result.seconds and result.steps else ""
    of = f" of {result.wanted}" if ended != result.wanted else ""
    rows: list[RenderableType] = [nowrap_line(f"{how} {ended}{of} trials{f': {kinds}' if kinds else ''}{spent}{rate}")]
    if result.best:
        rows += render_best_trials(result)
    elif ended:
        rows.append(nowrap_line(f"no trial is complete; for the reasons: gts trials {shlex.quote(result.study)}", "red"))
    rows.append(nowrap_line(f"study: {result.folder} (trials, log, checkpoints)"))
    name = shlex.quote(result.study)
    after = []
    if result.interrupted:
        after = [f"gts resume {name}" if "#" in result.source else f"gts search {shlex.quote(result.source)}"]
    if result.winner is not None and not result.interrupted:
        after = [f"gts best {name} --out {name}.spec", f"gts trials {name}"]
    rows += [nowrap_line(f"{'next:' if not place else '     '} {text}") for place, text in enumerate(after)]
    return Group(*rows)


def render_best_trials(result: SearchResult) -> list[RenderableType]:
    """Render the best trials of a search, and the winner."""
    return [_best_table(result), *(nowrap_line(text, "bold") for text in _winner_lines(result))]


def _best_table(result: SearchResult) -> Table:
    """Make the table of the best trials, with as many parameters as fit."""
    several, again = result.objectives > 1, any(trial.confirmed for trial in result.best)
    worth = [">first", ">second"] if several else [">search"]
    table = make_grid(">trial", *worth, *([">confirmed", "95 %"] if again else []), "parameters")
    for column in table.columns:
        column.no_wrap = True
    table.columns[-1].overflow = "ellipsis"
    table.columns[-1].ratio = 1
    for trial in result.best:
        values = [format_number(value) for value in trial.values]
        table.add_row(
            str(trial.number),
            *values,
            *(_confirmed_cells(trial.confirmed) if again else []),
            plain_text(format_parameters(trial.params)),
        )
    return table


def _confirmed_cells(confirmed: Mapping[str, Any] | None) -> list[str]:
    if confirmed is None:
        return ["", ""]
    return [format_number(confirmed["iqm"]), f"{format_number(confirmed['low'])}–{format_number(confirmed['high'])}"]


def _winner_lines(result: SearchResult) -> list[str]:
    winner = next((trial for trial in result.best if trial.number == result.winner), None)
    if winner is None:
        return []
    if winner.confirmed is None:
        best = f"best so far: trial {winner.number}, {format_number(winner.values[0])}; not confirmed on fresh seeds"
        return [best] if result.objectives == 1 else []
    seeds = len(winner.confirmed["seeds"])
    over = f"{seeds} fresh seeds" if seeds > 1 else "a fresh seed"
    searched = f"; {format_number(winner.values[0])} in the search" if winner.values else ""
    return [f"winner: trial {winner.number}, IQM {format_number(winner.confirmed['iqm'])} over {over}{searched}"]


def format_parameters(values: Mapping[str, Any]) -> str:
    """Format the searched parameters of a trial in one line."""
    # Imported late: it loads Optuna.
    from gts.search.charts import shorten_keys

    names = shorten_keys(values)
    return ", ".join(f"{names[key]} {format_number(value)}" for key, value in values.items())


_QUIET_SECONDS = 300.0
_SHOWN = 3


def render_jobs(result: JobsResult, detail: bool) -> RenderableType:
    """Render a table of jobs, each with its details in a line below."""
    if not result.jobs:
        rows: list[RenderableType] = [
            nowrap_line(f"no matching jobs in {result.workspace}" if result.more else f"no jobs in {result.workspace}")
        ]
        rows.append(nowrap_line("next: gts jobs --all" if result.more else "next: gts train FILE.spec --detach"))
        return Group(*rows, nowrap_line(format_queue_summary(result.row), "dim"))
    width = max(len(job.id) for job in result.jobs)
    rows = [nowrap_line(f"{'job':{width}}  state           since   done  steps     left", "dim")]
    for job in result.jobs:
        rows.append(_job(job, width))
        rows += [nowrap_line(f"  {text}", style) for text, style in job_details(job)]
    if result.more:
        rows.append(nowrap_line("older ones: gts jobs --all", "dim"))
    return Group(*rows, nowrap_line(format_queue_summary(result.row), "dim"))


def _job(job: ListedJob, width: int) -> Text:
    """Format a job in one line, at most 80 columns wide for short names."""
    done = f"{share} %" if (share := percent_done(job)) is not None else "–"
    left = format_clock(job.seconds_left) if job.seconds_left is not None and job.seconds_left < 1e7 else ""
    word = job_state_text(job.state)
    word.pad_right(13 - word.cell_len)
    made = Text.assemble(
        plain_text(f"{job.id:{width}}  "),
        word,
        f"{format_time(job.since):>8}  {done:>5}  {format_short(job.step):>5}  {left:>7}".rstrip(),
    )
    made.no_wrap, made.overflow = True, "ignore"
    return made


def render_tail(result: TailResult, detail: bool) -> RenderableType:
    """Render state and progress of a job, and its result."""
    job = result.job
    why = f": {job.reason}" if job.reason else ""
    share = f", {known} %" if (known := percent_done(job)) is not None else ""
    rows: list[RenderableType] = [
        Text.assemble(job_state_text(job.state), plain_text(f"  {job.id}, {_format_progress(job)}{share}{why}"))
    ]
    if isinstance(result.came_to, SearchResult):
        rows.append(render_search(result.came_to, detail))
    elif result.came_to is not None and any(member.result for member in result.came_to.members):
        rows.append(render_train(result.came_to, detail))
    elif job.state in ("paused", "interrupted") and not job.alive:
        rows.append(nowrap_line(f"next: gts resume {job.id}"))
    return Group(*rows)


def render_stop(result: StopResult, detail: bool) -> RenderableType:
    """Render the states of jobs that were asked to stop."""
    rows: list[RenderableType] = []
    for job in result.jobs:
        if job.state == "done":
            rows.append(nowrap_line(f"{job.id} was done before it could stop"))
            continue
        state = f"{job.state}, stop requested" if job.alive else "stopped"
        trials = f"{_format_trials(job.trials, job.trials_wanted)} done"
        rows.append(nowrap_line(f"{job.id}: {state}, {trials if job.kind == 'search' else _format_progress(job)}"))
    paused = [job.id for job in result.jobs if job.state == "paused" and not job.alive]
    if paused:
        rows.append(nowrap_line(f"next: gts resume {' '.join(paused)}"))
    return Group(*rows)


def render_resume(result: ResumeResult, detail: bool) -> RenderableType:
    """Render resumed jobs with their steps, and skipped jobs with the reasons."""
    rows: list[RenderableType] = [nowrap_line(f"{job.id} resumed at {_resume_point(job)}") for job in result.jobs]
    reasons = dict.fromkeys((one.state, one.reason) for one in result.left_alone)
    for word, reason in reasons:
        same = [one for one in result.left_alone if (one.state, one.reason) == (word, reason)]
        rows.append(nowrap_line(f"not resumed, {word}: {_names(same)} ({reason})", "red" if same[0].refused else ""))
    if result.jobs:
        rows.append(nowrap_line(f"next: gts tail {result.jobs[-1].id}"))
    return Group(*rows)


def render_workers(result: WorkersResult, detail: bool) -> RenderableType:
    """Render the new number of workers."""
    many = f"{result.workers} worker{'s' if result.workers > 1 else ''}"
    if result.at_work:
        return nowrap_line(f"{result.study}: {many} now")
    return Group(
        nowrap_line(f"{result.study}: {many} when it is resumed"),
        nowrap_line(f"next: gts resume {shlex.quote(result.study)}"),
    )


def render_detached_training(result: DetachedTraining, detail: bool) -> RenderableType:
    """Render a training in the background."""
    return _render_detached(result.run, result.queued)


def render_detached_search(result: DetachedSearch, detail: bool) -> RenderableType:
    """Render a search in the background."""
    return _render_detached(shlex.quote(result.study), result.queued, kind="search ")


def _render_detached(job: str, queued: bool, kind: str = "") -> RenderableType:
    how = "queued until the running jobs leave room" if queued else "started in the background"
    return Group(nowrap_line(f"{kind}{job} {how}"), nowrap_line(f"next: gts tail {job}"), nowrap_line(f"      gts stop {job}"))


def format_process(job: ListedJob) -> str:
    """Format the process of a job with its load; empty if it has none."""
    if job.pid is None:
        return ""
    return ", ".join(filter(None, [f"{job.pid} on {job.host}", _load(job)]))


def _load(job: ListedJob) -> str:
    cpus = f"{job.threads} CPU{'s' if job.threads > 1 else ''}" if job.threads else ""
    load = f"{cpus} at {job.cpu_percent:.0f} %" if job.cpu_percent is not None else cpus
    return ", ".join(filter(None, [load, format_bytes(job.memory) if job.memory else ""]))


def job_details(job: ListedJob) -> Iterable[tuple[str, str]]:
    """Yield the detail lines of a job with their styles."""
    if job.alive:
        place = f"number {job.place} in the queue" if job.place else ""
        rate = f"{format_short(job.rate)} steps/s" if job.rate else ""
        search = _format_progress(job) if job.kind == "search" else ""
        yield ", ".join(filter(None, [search, rate, place, _load(job)])), "dim"
    elif job.kind == "search" and job.trials is not None:
        yield _format_progress(job), "dim"
    if job.reason and job.reason != STOPPED:
        yield job.reason, JOB_STATE_SIGNS[job.state].colour
    if job.quiet_seconds is not None and job.quiet_seconds > _QUIET_SECONDS:
        yield f"no progress for {format_duration(job.quiet_seconds)}", "yellow"


def format_queue_summary(summary: QueueSummary) -> str:
    """Format the queue of this machine in one line."""
    taken = (
        f"{summary.running} of {summary.slots} slots taken"
        if summary.slots is not None
        else f"{summary.threads} thread{'' if summary.threads == 1 else 's'} on {summary.cpus} CPUs"
    )
    elsewhere = f" ({summary.elsewhere} in other workspaces)" if summary.elsewhere else ""
    return f"{summary.running} running, {summary.queued} queued{elsewhere}; {taken}"


def percent_done(job: ListedJob) -> int | None:
    """Return how much of a job is done, in percent; None if unknown."""
    done, whole_of_it = (job.trials, job.trials_wanted) if job.kind == "search" else (job.step, job.total_steps)
    return min(100, 100 * done // whole_of_it) if done is not None and whole_of_it else None


def _format_progress(job: ListedJob) -> str:
    """Format the progress of a job."""
    if job.kind != "search":
        return f"{format_integer(job.step)} of {format_integer(job.total_steps)} steps"
    return _format_trials(job.trials, job.trials_wanted) + (f", best {format_number(job.best)}" if job.best is not None else "")


def _resume_point(job: ResumedJob) -> str:
    if job.trials is None and job.total_steps:
        return f"step {format_integer(job.step)} of {format_integer(job.total_steps)}"
    return _format_trials(job.trials, job.trials_wanted)


def _format_trials(ended: int | None, wanted: int | None) -> str:
    return "an unknown number of trials" if ended is None else f"{ended} of {wanted} trials"


def _names(left: list[SkippedJob]) -> str:
    more = f" and {len(left) - _SHOWN} more" if len(left) > _SHOWN else ""
    return ", ".join(one.id for one in left[:_SHOWN]) + more
