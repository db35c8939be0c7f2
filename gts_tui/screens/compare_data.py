"""Several specs, checkpoints and runs side by side, read for the screen: scores, what differs, curves."""

from __future__ import annotations

import math
from collections.abc import Hashable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from gts.commands.command import Context
from gts.commands.compare import Side, differing_of, over_seeds, sides_of, together
from gts.commands.resolve import Reference, refer
from gts.errors import GtsError
from gts.store.workspace import Workspace
from gts_tui.polling import changed
from gts_tui.widgets.chart_render import Line, Plot

METRICS = {"mean": "return", "score": "score", "length": "episode length", "speed": "speed, m/s"}
"""What the curves can show, and how it is called."""

_POINTS = 120
"""Of a curve; more than a chart has columns."""

Points = Mapping[str, tuple[tuple[int, float, float, float], ...]]
"""For each metric: step, value, and both ends of a band."""


@dataclass(frozen=True)
class Entry:
    """One of those that are compared."""

    word: str
    name: str
    """The same without abbreviations."""
    kind: Literal["spec", "checkpoint", "run", ""]
    sides: tuple[Side, ...] = ()
    """Of a run one for each member."""
    error: str = ""
    """Why there is nothing to see."""
    score: Mapping[str, Any] | None = None
    curves: Points = field(default_factory=dict)


@dataclass(frozen=True)
class Comparison:
    """All of them, and where they differ."""

    entries: tuple[Entry, ...]
    differing: tuple[str, ...]


class Comparer:
    """Reads what words name, in the watcher's thread."""

    def __init__(self, workspace: Workspace, words: Sequence[str]) -> None:
        self._context, self._words = Context(workspace), tuple(words)
        self._paths: tuple[Path, ...] = ()

    def stamp(self) -> Hashable:
        """Differs when a file was written anew, or a run has evaluated again or ended."""
        return changed(self._context.workspace.catalogue, *self._paths)

    def read(self) -> Comparison:
        """All of them; what cannot be read says why, and harms none of the others."""
        paths: list[Path] = []
        entries = tuple(self._entry(word, paths) for word in self._words)
        self._paths = tuple(paths)
        return Comparison(entries, differing_of([side for entry in entries for side in entry.sides]))

    def _entry(self, word: str, paths: list[Path]) -> Entry:
        try:
            reference = refer(self._context, word)
            paths.append(reference.path)
            if reference.kind == "run":
                paths += [reference.run.facts, reference.run.trajectory(0)]
            sides = sides_of(self._context, reference)
        except GtsError as error:
            return Entry(word, word, "", error=error.message)
        name = reference.run.id if reference.kind == "run" else word
        kind: Any = sides[0].kind if sides else ""
        return Entry(word, name, kind, sides, "", together(sides), _curves(reference))


def _curves(reference: Reference) -> Points:
    """How what was named has learned; nothing where that is not known."""
    with suppress(GtsError):
        if reference.kind == "run":
            return _of_run(reference)
        if reference.kind == "checkpoint":
            from gts.formats.checkpoint import read_header

            return curves_over_seeds(
                [[(int(row["step"]), row) for row in read_header(reference.path).history if "step" in row]]
            )
    return {}


def _of_run(reference: Reference) -> Points:
    from gts.store.curves import MetricsReader

    with MetricsReader(reference.run.metrics) as reader:
        tries = [reader.evaluations(member) for member in range(reference.run.members())]
    return curves_over_seeds([[(one.step, one.score) for one in member] for member in tries])


def curves_over_seeds(members: Sequence[Sequence[tuple[int, Mapping[str, Any]]]]) -> Points:
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
        steps = [steps[place * len(steps) // _POINTS] for place in range(_POINTS)] if len(steps) > _POINTS else steps
        if steps:
            curves[metric] = tuple((step, *over_seeds(at[step])) for step in steps)
    return curves


def plot_of(comparison: Comparison, metric: str, prominent: frozenset[str]) -> Plot:
    """The curves of a metric over one another; where some are `prominent`, the others are faint and below them."""
    lines = []
    seeds = any(len(entry.sides) > 1 for entry in comparison.entries)
    for number, entry in enumerate(comparison.entries):
        points = entry.curves.get(metric, ())
        if not points:
            continue
        faint = bool(prominent) and entry.word not in prominent
        steps, values, lows, highs = zip(*points, strict=True)
        banded = len(entry.sides) > 1 and not faint
        look: Literal["line", "points", "faint"] = "faint" if faint else "line" if len(points) > 1 else "points"
        lines.append(
            Line(
                f"{number + 1} {short_name(entry.name)}",
                tuple(map(float, steps)),
                values,
                number % 8,
                look,
                lows if banded else (),
                highs if banded else (),
            )
        )
    lines.sort(key=lambda line: line.look != "faint")
    how = ", IQM over seeds and 95 %" if seeds else ""
    return Plot(f"{METRICS[metric]}{how}", tuple(lines), "steps")


def short_name(word: str) -> str:
    """A name for a column: of a run without its date, of a file without its folder and its kind."""
    name = word.rpartition("/")[2]
    if name[:8].isdecimal() and name[8:9] == "-" and name[9:15].isdecimal():
        return name[16:] or name
    return name.removesuffix(".checkpoint")
