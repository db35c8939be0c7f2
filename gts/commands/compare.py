"""`gts compare`: specs, checkpoints or runs side by side, as a table or in playback."""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from gts.commands.command import Argument, Command, Context, Option, Result
from gts.commands.job_progress import finite_mean, read_json_object
from gts.commands.resolve import Reference, resolve
from gts.errors import FileError, UsageError

if TYPE_CHECKING:
    from gts.params.spec import Spec


MAX_SIDE_BY_SIDE = 8


@dataclass(frozen=True)
class ComparedSource:
    """One column of a comparison."""

    name: str
    kind: str
    figure: str
    technique: str
    step: int | None
    """Environment steps trained; None for a spec."""
    score: Mapping[str, Any] | None
    """`Score.as_dict()`; None if not scored."""
    values: Mapping[str, Any]
    """All parameters by file key."""


@dataclass(frozen=True)
class CompareResult(Result):
    """Compared sources and the parameters in which they differ."""

    view: ClassVar[str] = "scores:render_compare"
    sides: tuple[ComparedSource, ...]
    differing: tuple[str, ...]
    """Parameters with more than one value, in the order of their declarations."""


def run_compare(context: Context, *, references: Sequence[str], play: bool) -> CompareResult:
    """Compare sources, a run as its members; `play` first plays them side by side from the same starts."""
    sides = tuple(side for word in references for side in read_compared_sources(context, resolve(context, word)))
    if len(sides) < 2:
        raise UsageError("a comparison needs two or more", hint="gts compare A B")
    if play:
        _play(context, references)
    return CompareResult(sides, find_differing_parameters(sides))


def find_differing_parameters(sides: Sequence[ComparedSource]) -> tuple[str, ...]:
    """List the parameters with more than one value."""
    keys = dict.fromkeys(key for side in sides for key in side.values)
    return tuple(key for key in keys if len({repr(side.values.get(key)) for side in sides}) > 1)


def combine_scores(sides: Sequence[ComparedSource]) -> Mapping[str, Any] | None:
    """Combine the scores of a run's members: means, and the IQM over seeds with its 95 % interval; None without scores."""
    scores = [side.score for side in sides if side.score]
    if len(scores) < 2:
        return scores[0] if scores else None
    found: dict[str, Any] = {key: finite_mean(score.get(key) for score in scores) for key in ("mean", "score", "length")}
    speed = finite_mean(score.get("measures", {}).get("speed") for score in scores)
    found["measures"] = {} if speed is None else {"speed": speed}
    middles = [value for score in scores if (value := finite_mean([score.get("iqm")])) is not None]
    if middles:
        found |= dict(zip(("iqm", "iqm_low", "iqm_high"), iqm_interval(middles), strict=True))
    for key in ("falls", "episodes"):
        found[key] = sum(int(score.get(key) or 0) for score in scores)
    return found


def iqm_interval(values: Sequence[float]) -> tuple[float, float, float]:
    """Return the interquartile mean over seeds and both ends of its 95 % bootstrap interval; values are finite."""
    if len(values) == 1:
        return values[0], values[0], values[0]
    import numpy as np

    from gts.training.score import bootstrap_interval, interquartile_mean

    found = np.array(values)
    return float(interquartile_mean(found)), *bootstrap_interval(found)


def _play(context: Context, references: Sequence[str]) -> None:
    """Play all sources side by side in the terminal until the user quits."""
    from gts.commands.play import choose_target, find_playable_files, play_in_terminal
    from gts.playback.session import PlaybackRequest

    files = [path for word in references for path in find_playable_files(context, word)]
    if len(files) > MAX_SIDE_BY_SIDE:
        raise UsageError(f"{len(files)} figures do not fit side by side", hint=f"name at most {MAX_SIDE_BY_SIDE}")
    choose_target("terminal")
    seed = secrets.randbelow(2**31)
    play_in_terminal([PlaybackRequest((str(path),), loops=0, seed=seed, start_paused=True) for path in files], None)


def read_compared_sources(context: Context, reference: Reference) -> tuple[ComparedSource, ...]:
    """Read the sources of a reference, a run as its members; raises UsageError for a space, FileError if unreadable."""
    name = str(reference.path)
    if reference.kind == "space":
        raise UsageError(f"{name} is a space, which cannot be compared", hint="compare specs, checkpoints or runs")
    if reference.kind == "spec":
        from gts.formats.spec_file import read_spec

        return (_side(name, "spec", read_spec(reference.path), None, None),)
    if reference.kind == "run":
        return _run_members(reference)
    from gts.formats.checkpoint import read_checkpoint_header

    checkpoint = read_checkpoint_header(reference.path)
    score = checkpoint.score or _catalogued_score(context, checkpoint.checksum)
    return (_side(name, "checkpoint", checkpoint.spec, int(checkpoint.counters.get("step", 0)), score),)


def _run_members(reference: Reference) -> tuple[ComparedSource, ...]:
    """Read the members of a run, each with the score of its result."""
    from gts.formats.spec_file import read_spec

    folder = reference.run
    facts = read_json_object(folder.run_file)
    outcomes = facts.get("outcome", [])
    sides = []
    for member in range(folder.member_count()):
        outcome = outcomes[member] if member < len(outcomes) else {}
        name = f"{folder.id}/{member + 1}" if folder.member_count() > 1 else folder.id
        step = int(outcome.get("step", facts.get("step", 0)))
        sides.append(_side(name, "run", read_spec(folder.spec(member)), step, outcome.get("score")))
    return tuple(sides)


def _side(name: str, kind: str, spec: Spec, step: int | None, score: Mapping[str, Any] | None) -> ComparedSource:
    return ComparedSource(name, kind, spec.figure, spec.technique, step, score, spec.values())


def _catalogued_score(context: Context, checksum: str) -> Mapping[str, Any] | None:
    """Return the newest score of a checkpoint in the catalogue; None if there is none."""
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
    summary="Compare specs, checkpoints or runs.",
    group="results",
    run=run_compare,
    read_only=True,
    help="Shows scores and the parameters that differ. With --play, all of them first play side by side in the terminal, from "
    "the same starts and with the keys of `gts play`.",
    arguments=(Argument("references", "What to compare, two or more.", "reference", multiple=True, metavar="REF"),),
    options=(Option(("--play",), "First play them side by side in the terminal; Q ends the playback.", "flag"),),
    examples=("gts compare hopperPPO.spec hopperA2C.spec", "gts compare out-seed1.checkpoint out-seed2.checkpoint"),
)
