"""Data of the mode `compare`: scores, differing parameters and curves of specs, checkpoints and runs."""

from __future__ import annotations

import math
from collections.abc import Hashable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from gts.commands.command import Context
from gts.commands.compare import ComparedSource, combine_scores, find_differing_parameters, iqm_interval, read_compared_sources
from gts.commands.resolve import Reference, resolve
from gts.errors import GtsError
from gts.store.workspace import Workspace, short_run_name
from gts_tui.polling import stat_stamp
from gts_tui.widgets.chart_render import ChartData, ChartLine

METRICS = {"mean": "return", "score": "score", "length": "episode length", "speed": "speed, m/s"}
"""Metrics with curves, and their labels."""

_MAX_POINTS = 120
"""Points per curve; charts have fewer columns."""

CurvePoints = Mapping[str, tuple[tuple[int, float, float, float], ...]]
"""By metric: (step, value, low, high) with the ends of the band."""


@dataclass(frozen=True)
class ComparisonEntry:
    """One compared item."""

    reference: str
    name: str
    """Full name of the reference."""
    kind: Literal["spec", "checkpoint", "run", ""]
    sides: tuple[ComparedSource, ...] = ()
    """For a run, one per member."""
    error: str = ""
    """Why it cannot be read; empty if it can."""
    score: Mapping[str, Any] | None = None
    curves: CurvePoints = field(default_factory=dict)


@dataclass(frozen=True)
class Comparison:
    """All compared items, and the parameters in which they differ."""

    entries: tuple[ComparisonEntry, ...]
    differing_keys: tuple[str, ...]


class ComparisonReader:
    """Reads references in the polling thread."""

    def __init__(self, workspace: Workspace, references: Sequence[str]) -> None:
        self._context, self._references = Context(workspace), tuple(references)
        self._paths: tuple[Path, ...] = ()

    def stamp(self) -> Hashable:
        """Return a stamp that changes with the files, and with each evaluation of a run."""
        return stat_stamp(self._context.workspace.catalogue, *self._paths)

    def read(self) -> Comparison:
        """Return the comparison; an entry that cannot be read holds its error."""
        paths: list[Path] = []
        entries = tuple(self._read_entry(one, paths) for one in self._references)
        self._paths = tuple(paths)
        return Comparison(entries, find_differing_parameters([side for entry in entries for side in entry.sides]))

    def _read_entry(self, word: str, paths: list[Path]) -> ComparisonEntry:
        try:
            reference = resolve(self._context, word)
            paths.append(reference.path)
            if reference.kind == "run":
                paths += [reference.run.run_file, reference.run.trajectory(0)]
            sides = read_compared_sources(self._context, reference)
        except GtsError as error:
            return ComparisonEntry(word, word, "", error=error.message)
        name = reference.run.id if reference.kind == "run" else word
        kind: Any = sides[0].kind if sides else ""
        return ComparisonEntry(word, name, kind, sides, "", combine_scores(sides), _read_curves(reference))


def _read_curves(reference: Reference) -> CurvePoints:
    """Read the learning curves of a run or checkpoint; empty if unknown."""
    with suppress(GtsError):
        if reference.kind == "run":
            return _read_run_curves(reference)
        if reference.kind == "checkpoint":
            from gts.formats.checkpoint import read_checkpoint_header

            return aggregate_curves(
                [[(int(row["step"]), row) for row in read_checkpoint_header(reference.path).history if "step" in row]]
            )
    return {}


def _read_run_curves(reference: Reference) -> CurvePoints:
    from gts.store.curves import MetricsReader

    with MetricsReader(reference.run.metrics) as reader:
        members = [reader.evaluations(member) for member in range(reference.run.member_count())]
    return aggregate_curves([[(one.step, one.score) for one in member] for member in members])


def aggregate_curves(members: Sequence[Sequence[tuple[int, Mapping[str, Any]]]]) -> CurvePoints:
    """Aggregate the (step, score) lists of members by step: IQM and its 95 % interval."""
    curves: dict[str, tuple[tuple[int, float, float, float], ...]] = {}
    for metric in METRICS:
        values_at: dict[int, list[float]] = {}
        for member in members:
            for step, score in member:
                value = score.get(metric, (score.get("measures") or {}).get(metric))
                if isinstance(value, (int, float)) and math.isfinite(value):
                    values_at.setdefault(step, []).append(float(value))
        steps = sorted(values_at)
        if len(steps) > _MAX_POINTS:
            steps = [steps[index * len(steps) // _MAX_POINTS] for index in range(_MAX_POINTS)]
        if steps:
            curves[metric] = tuple((step, *iqm_interval(values_at[step])) for step in steps)
    return curves


def make_comparison_plot(comparison: Comparison, metric: str, highlighted: frozenset[str]) -> ChartData:
    """Return a chart of one metric; if references are highlighted, the other curves are faint and below."""
    lines = []
    seeds = any(len(entry.sides) > 1 for entry in comparison.entries)
    for number, entry in enumerate(comparison.entries):
        points = entry.curves.get(metric, ())
        if not points:
            continue
        faint = bool(highlighted) and entry.reference not in highlighted
        steps, values, lows, highs = zip(*points, strict=True)
        banded = len(entry.sides) > 1 and not faint
        look: Literal["line", "points", "faint"] = "faint" if faint else "line" if len(points) > 1 else "points"
        lines.append(
            ChartLine(
                f"{number + 1} {shorten_reference(entry.name)}",
                tuple(map(float, steps)),
                values,
                number % 8,
                look,
                lows if banded else (),
                highs if banded else (),
            )
        )
    lines.sort(key=lambda line: line.style != "faint")
    note = ", IQM over seeds and 95 %" if seeds else ""
    return ChartData(f"{METRICS[metric]}{note}", tuple(lines), "steps")


def shorten_reference(word: str) -> str:
    """Shorten a reference for a column: a run without its time, a file without folder and `.checkpoint`."""
    name = word.rpartition("/")[2]
    return short_run_name(name).removesuffix(".checkpoint")
