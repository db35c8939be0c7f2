"""Views of `train`, `score`, `compare` and `play`."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from gts.commands.compare import CompareResult
from gts.commands.play import PlayResult
from gts.commands.score import ScoreResult
from gts.commands.train import TrainResult
from gts.commands.views.formatting import (
    format_duration,
    format_integer,
    format_number,
    format_value,
    make_grid,
    nowrap_line,
    plain_text,
    section_heading,
)
from gts.jobs.job_events import MemberOutcome

_COLUMNS = (">mean", ">cov", ">score", ">IQM", "95 %", ">length", ">m/s", ">falls")


def render_train(result: TrainResult, detail: bool) -> RenderableType:
    """Render scores and files of a training, and commands to run next."""
    rate = result.steps * len(result.members) / result.seconds if result.seconds else 0.0
    done = (
        f"{format_integer(result.steps)} steps"
        if not result.interrupted
        else f"{format_integer(result.steps)} of {format_integer(result.total_steps)} steps"
    )
    each = f" of {len(result.members)} seeds" if len(result.members) > 1 else ""
    how = "interrupted after" if result.interrupted else "trained"
    rows: list[RenderableType] = [
        nowrap_line(f"{how} {done}{each} in {format_duration(result.seconds)} ({format_integer(rate)} steps/s)")
    ]
    rows += _outcomes(result, detail)
    rows += [_failure(result, member) for member in result.members if member.failed]
    results = [str(member.result) for member in result.members if member.result]
    if len(results) == 1:
        rows.append(nowrap_line(f"checkpoint: {results[0]}"))
    elif results:
        rows.append(nowrap_line(f"checkpoints: {results[0]} … {Path(results[-1]).name}, summary: {result.summary}"))
    rows.append(nowrap_line(f"run: {result.folder} (metrics, log, checkpoints)"))
    if results:
        rows.append(nowrap_line(f"next: gts info {results[0]}"))
        rows.append(nowrap_line(f"      gts resume {result.run}" if result.interrupted else f"      gts score {results[0]}"))
    return Group(*rows)


def render_score(result: ScoreResult, detail: bool) -> RenderableType:
    """Render a table of scores, one row per checkpoint."""
    table = make_grid("checkpoint", *_COLUMNS)
    for one in result.checkpoints:
        table.add_row(plain_text(one.path), *score_cells(one.score))
    rows: list[RenderableType] = [table]
    if detail:
        for one in result.checkpoints:
            rows += [section_heading(one.path), _parts("reward term", "episode sum", one.score["terms"])]
            rows.append(_parts("measure", "mean", one.score["measures"]))
    return Group(*rows)


def render_compare(result: CompareResult, detail: bool) -> RenderableType:
    """Render sources as columns, scores and differing parameters as rows."""
    table = make_grid("", *(f">{format_number(place + 1)}" for place in range(len(result.sides))))
    table.add_row("figure", *(side.figure for side in result.sides))
    table.add_row("technique", *(side.technique for side in result.sides))
    table.add_row("steps", *("–" if side.step is None else format_integer(side.step) for side in result.sides))
    for key in ("mean", "deviation", "cov", "score", "iqm", "length"):
        if any(side.score for side in result.sides):
            table.add_row(key, *(format_number(side.score.get(key)) if side.score else "–" for side in result.sides))
        if key == "iqm" and any(side.score for side in result.sides):
            table.add_row("95 %", *(format_interval(side.score) for side in result.sides))
    if any(side.score for side in result.sides):
        table.add_row("m/s", *(format_speed(side.score) for side in result.sides))
    names = [nowrap_line(f"{place + 1}  {side.name}") for place, side in enumerate(result.sides)]
    for key in result.differing:
        table.add_row(
            plain_text(key), *(format_value(side.values[key]) if key in side.values else "–" for side in result.sides)
        )
    same = "" if result.differing else "all parameters are the same"
    return Group(*names, table, *([nowrap_line(same)] if same else []))


def score_cells(score: Mapping[str, Any]) -> list[str]:
    """Format a score as cells of the columns `_COLUMNS`."""
    return [
        f"{score['mean']:.1f}",
        f"{score['cov']:.3f}",
        f"{score['score']:.1f}",
        f"{score['iqm']:.1f}",
        format_interval(score),
        f"{score['length']:.1f}",
        format_speed(score),
        f"{score['falls']}/{score['episodes']}",
    ]


def format_interval(score: Mapping[str, Any] | None) -> str:
    """Format the 95 % interval of the IQM."""
    if not score or score.get("iqm_low") is None or score.get("iqm_high") is None:
        return "–"
    return f"{score['iqm_low']:.1f}–{score['iqm_high']:.1f}"


def format_speed(score: Mapping[str, Any] | None) -> str:
    """Format the forward speed, m/s."""
    speed = (score or {}).get("measures", {}).get("speed")
    return "–" if speed is None else f"{speed:.2f}"


def format_score(score: Mapping[str, Any]) -> str:
    """Format a score in one line."""
    speed = score["measures"].get("speed")
    pace = "" if speed is None else f", speed {speed:.2f} m/s"
    return (
        f"score {score['score']:.1f} = mean {score['mean']:.1f} × (1 − cov {score['cov']:.3f}), "
        f"length {score['length']:.1f}{pace}, falls {score['falls']} of {score['episodes']}"
    )


def _outcomes(result: TrainResult, detail: bool) -> list[RenderableType]:
    scored = [member for member in result.members if member.score]
    if not scored:
        return []
    if len(result.members) == 1 and scored[0].score:
        return [plain_text(format_score(scored[0].score), style="bold")]
    table = make_grid(">seed", *_COLUMNS)
    for member in scored:
        table.add_row(str(member.seed), *score_cells(member.score or {}))
    rows: list[RenderableType] = [table]
    for quantity, over in result.over_seeds.items():
        spread = f"median {over.median:.1f}, IQM {over.iqm:.1f}, from {over.lowest:.1f} to {over.highest:.1f}"
        rows.append(nowrap_line(f"{quantity} over seeds: {spread}"))
    return rows


def _failure(result: TrainResult, member: MemberOutcome) -> Text:
    name = f"seed {member.seed}" if len(result.members) > 1 else "the training"
    return plain_text(f"{name} failed at {member.failed}", style="red")


def _parts(name: str, value: str, parts: Mapping[str, float]) -> Table:
    table = make_grid(name, f">{value}")
    for part, amount in parts.items():
        table.add_row(plain_text(part), format_number(amount))
    return table


def render_play(result: PlayResult, detail: bool) -> RenderableType:
    """Render the written video, or the command that repeats the same starts; nothing after a stream."""
    if result.place == "stream":
        return Group()
    if result.video is not None:
        video = result.video
        size = f"{video['width']}×{video['height']}"
        return nowrap_line(
            f"{video['path']}: {video['pictures']} frames, {video['fps']:g} per second, {size}, by {video['renderer']}"
        )
    return nowrap_line(f"to repeat the same starts: gts play {' '.join(result.files)} -r {result.seed}")
