"""Several specs, checkpoints and runs side by side, read for the screen: scores, what differs, curves."""

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
"""What the curves can show, and how it is called."""

_MAX_POINTS = 120
"""Of a curve; more than a chart has columns."""

CurvePoints = Mapping[str, tuple[tuple[int, float, float, float], ...]]
"""For each metric: step, value, and both ends of a band."""


@dataclass(frozen=True)
class ComparisonEntry:
    """One of those that are compared."""

    reference: str
    name: str
    """The same without abbreviations."""
    kind: Literal["spec", "checkpoint", "run", ""]
    sides: tuple[ComparedSource, ...] = ()
    """Of a run one for each member."""
    error: str = ""
    """Why there is nothing to see."""
    score: Mapping[str, Any] | None = None
    curves: CurvePoints = field(default_factory=dict)


@dataclass(frozen=True)
class Comparison:
    """All of them, and where they differ."""

    entries: tuple[ComparisonEntry, ...]
    differing_keys: tuple[str, ...]


class ComparisonReader:
    """Reads what words name, in the watcher's thread."""

    def __init__(self, workspace: Workspace, words: Sequence[str]) -> None:
        self._context, self._words = Context(workspace), tuple(words)
        self._paths: tuple[Path, ...] = ()

    def stamp(self) -> Hashable:
        """Differs when a file was written anew, or a run has evaluated again or ended."""
        return stat_stamp(self._context.workspace.catalogue, *self._paths)

    def read(self) -> Comparison:
        """All of them; what cannot be read says why, and harms none of the others."""
        paths: list[Path] = []
        entries = tuple(self._read_entry(word, paths) for word in self._words)
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
    """How what was named has learned; nothing where that is not known."""
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
        tries = [reader.evaluations(member) for member in range(reference.run.member_count())]
    return aggregate_curves([[(one.step, one.score) for one in member] for member in tries])


def aggregate_curves(members: Sequence[Sequence[tuple[int, Mapping[str, Any]]]]) -> CurvePoints:
    """Evaluations of members by step, as the IQM over them with its 95 % interval."""
    curves: dict[str, tuple[tuple[int, float, float, float], ...]] = {}
    for metric in METRICS:
        at: dict[int, list[float]] = {}
        for member in members:
            for step, score in member:
                value = score.get(metric, (score.get("measures") or {}).get(metric))
                if isinstance(value, (int, float)) and math.isfinite(value):
                    at.setdefault(step, []).append(float(value))
        steps = sorted(at)
        steps = (
            [steps[place * len(steps) // _MAX_POINTS] for place in range(_MAX_POINTS)] if len(steps) > _MAX_POINTS else steps
        )
        if steps:
            curves[metric] = tuple((step, *iqm_interval(at[step])) for step in steps)
    return curves


def make_comparison_plot(comparison: Comparison, metric: str, highlighted: frozenset[str]) -> ChartData:
    """The curves of a metric over one another; where some are `prominent`, the others are faint and below them."""
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
    how = ", IQM over seeds and 95 %" if seeds else ""
    return ChartData(f"{METRICS[metric]}{how}", tuple(lines), "steps")


def shorten_reference(word: str) -> str:
    """A name for a column: of a run without its date, of a file without its folder and its kind."""
    name = word.rpartition("/")[2]
    return short_run_name(name).removesuffix(".checkpoint")
