"""`gts compare`: several specs, checkpoints or runs side by side, in numbers or at play."""

from __future__ import annotations

import math
import secrets
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from gts.commands.command import Argument, Command, Context, Option, Result
from gts.commands.resolve import Reference, refer
from gts.errors import FileError, UsageError

if TYPE_CHECKING:
    from gts.params.spec import Spec


MOST_PLAYING = 8


@dataclass(frozen=True)
class Side:
    """One of those that are compared."""

    name: str
    kind: str
    figure: str
    technique: str
    step: int | None
    """Environment steps behind it; None for a spec."""
    score: Mapping[str, Any] | None
    """`Score.as_dict()`, None where no score was taken."""
    values: Mapping[str, Any]
    """Every parameter by file key."""


@dataclass(frozen=True)
class Compared(Result):
    """All of them, and where they differ."""

    sides: tuple[Side, ...]
    differing: tuple[str, ...]
    """Parameters that are not the same on all sides, in the order of the declarations."""


def run(context: Context, *, references: Sequence[str], play: bool) -> Compared:
    """Read everything that was named, a run as its members; `play` shows them first, all from the same starts."""
    sides = tuple(side for word in references for side in sides_of(context, refer(context, word)))
    if len(sides) < 2:
        raise UsageError("there is nothing to compare it with", hint="name two or more: gts compare A B")
    if play:
        _play(context, references)
    return Compared(sides, differing_of(sides))


def differing_of(sides: Sequence[Side]) -> tuple[str, ...]:
    """The parameters that are not the same on all sides."""
    keys = dict.fromkeys(key for side in sides for key in side.values)
    return tuple(key for key in keys if len({repr(side.values.get(key)) for side in sides}) > 1)


def together(sides: Sequence[Side]) -> Mapping[str, Any] | None:
    """The score of a side, or of the members of a run over seeds: means, and the IQM of theirs with its 95 % interval."""
    scores = [side.score for side in sides if side.score]
    if len(scores) < 2:
        return scores[0] if scores else None
    found: dict[str, Any] = {key: mean_of(score.get(key) for score in scores) for key in ("mean", "score", "length")}
    speed = mean_of(score.get("measures", {}).get("speed") for score in scores)
    found["measures"] = {} if speed is None else {"speed": speed}
    middles = [value for score in scores if (value := mean_of([score.get("iqm")])) is not None]
    if middles:
        found |= dict(zip(("iqm", "iqm_low", "iqm_high"), over_seeds(middles), strict=True))
    for key in ("falls", "episodes"):
        found[key] = sum(int(score.get(key) or 0) for score in scores)
    return found


def over_seeds(values: Sequence[float]) -> tuple[float, float, float]:
    """The mean of the middle half of finite numbers, one of a seed, and both ends of its 95 % interval."""
    if len(values) == 1:
        return values[0], values[0], values[0]
    import numpy as np

    from gts.training.score import bootstrap_interval, interquartile_mean

    found = np.array(values)
    return float(interquartile_mean(found)), *bootstrap_interval(found)


def mean_of(values: Iterable[Any]) -> float | None:
    """The mean of what is a finite number; None where nothing is."""
    finite = [float(value) for value in values if isinstance(value, (int, float)) and math.isfinite(value)]
    return sum(finite) / len(finite) if finite else None


def _play(context: Context, references: Sequence[str]) -> None:
    """Everything that was named side by side in the terminal, until somebody has enough."""
    from gts.commands.play import choose_place, playable, show_in_terminal
    from gts.playback.session import Wish

    files = [path for word in references for path in playable(context, word)]
    if len(files) > MOST_PLAYING:
        raise UsageError(f"{len(files)} do not fit side by side", hint=f"name {MOST_PLAYING} at most")
    choose_place("terminal")
    seed = secrets.randbelow(2**31)
    show_in_terminal([Wish((str(path),), loops=0, seed=seed, held=True) for path in files], None)


def sides_of(context: Context, reference: Reference) -> tuple[Side, ...]:
    """What was named, a run as its members; raises UsageError for a space, and what reading raises."""
    name = str(reference.path)
    if reference.kind == "space":
        raise UsageError(f"{name} is a space, which has no values of its own", hint="compare specs, checkpoints or runs")
    if reference.kind == "spec":
        from gts.formats.spec_file import read_spec

        return (_side(name, "spec", read_spec(reference.path), None, None),)
    if reference.kind == "run":
        return _members(reference)
    from gts.formats.checkpoint import read_header

    checkpoint = read_header(reference.path)
    score = checkpoint.score or _remembered(context, checkpoint.checksum)
    return (_side(name, "checkpoint", checkpoint.spec, int(checkpoint.counters.get("step", 0)), score),)


def _members(reference: Reference) -> tuple[Side, ...]:
    """The members of a run, each with the score of its outcome."""
    from gts.commands.job_progress import read_facts
    from gts.formats.spec_file import read_spec

    folder = reference.run
    facts = read_facts(folder.facts)
    outcomes = facts.get("outcome", [])
    sides = []
    for member in range(folder.members()):
        outcome = outcomes[member] if member < len(outcomes) else {}
        name = f"{folder.id}/{member + 1}" if folder.members() > 1 else folder.id
        step = int(outcome.get("step", facts.get("step", 0)))
        sides.append(_side(name, "run", read_spec(folder.spec(member)), step, outcome.get("score")))
    return tuple(sides)


def _side(name: str, kind: str, spec: Spec, step: int | None, score: Mapping[str, Any] | None) -> Side:
    return Side(name, kind, spec.figure, spec.technique, step, score, spec.values())


def _remembered(context: Context, checksum: str) -> Mapping[str, Any] | None:
    """The newest score of a checkpoint that the workspace knows of."""
    from gts.store.catalogue import Catalogue

    if not context.workspace.catalogue.is_file():
        return None
    try:
        with Catalogue(context.workspace.catalogue, read_only=True) as catalogue:
            scores = catalogue.scores(checksum)
    except FileError:
        return None
    return scores[-1].details if scores else None


COMMAND = Command(
    name="compare",
    summary="Put specs, checkpoints or runs side by side.",
    group="looking",
    run=run,
    looks=True,
    help="Scores, and the parameters that differ. With --play all of them play side by side in the terminal first, from the "
    "same starts and with the keys of `gts play`.",
    arguments=(Argument("references", "What to compare, two or more.", "reference", multiple=True, metavar="REF"),),
    options=(Option(("--play",), "First play them side by side in the terminal; Q ends that.", "flag"),),
    examples=("gts compare hopperPPO.spec hopperA2C.spec", "gts compare out-seed1.checkpoint out-seed2.checkpoint"),
)
