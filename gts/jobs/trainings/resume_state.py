"""The state that a run is resumed from, and whether the continuation will be bit-exact."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from gts.errors import FileError
from gts.formats.checkpoint import Checkpoint, read_checkpoint
from gts.formats.durable import PARTIAL_SUFFIX, remove_partial_files
from gts.store.curves import MetricsReader
from gts.store.workspace import RunFolder

_WORDS = {"cpu": "another CPU,"}


@dataclass(frozen=True)
class ResumeState:
    """Saved states of all members at one step."""

    step: int
    checkpoints: tuple[Checkpoint | None, ...]
    """One per member; None for a failed one."""
    best_checkpoints: tuple[Checkpoint | None, ...]
    """Each member's best policy; None before the first evaluation."""
    failed: Mapping[int, str]
    """Reasons of failed members."""
    notes: tuple[str, ...]
    """Remarks for the user."""


def find_resume_state(folder: RunFolder, members: int, versions: Mapping[str, str]) -> ResumeState | None:
    """Find the newest step at which every member has an intact state; None if there is none, so that the run starts over.

    Damaged states are skipped with a note. `versions` describes this process: a note lists the differences to the process that
    saved the state, which make the continuation inexact.
    """
    damaged: list[str] = []
    failures = _read_failures(folder)
    for step in saved_steps(folder):
        failed = {member: f"step {at}: {reason}" for member, (at, reason) in failures.items() if at <= step}
        states = [
            None if member in failed else _read_state(folder.last_checkpoint(member, step), damaged)
            for member in range(members)
        ]
        if any(state is None for member, state in enumerate(states) if member not in failed):
            continue
        notes = [f"{', '.join(damaged)}: damaged, so the run is resumed from step {step}"] if damaged else []
        one = next((state for state in states if state is not None), None)
        changes = _version_changes(one.versions, versions) if one else []
        if changes:
            notes.append(f"the run is resumed, but not bit-exact: {', '.join(changes)}")
        bests = tuple(_read_state(folder.best_checkpoint(member), []) for member in range(members))
        return ResumeState(step, tuple(states), bests, failed, tuple(notes))
    return None


def saved_steps(folder: RunFolder) -> list[int]:
    """Steps at which any member has a state, newest first."""
    names = {path.name for member in range(folder.member_count()) for path in folder.last_checkpoints(member)}
    return sorted((int(name.removeprefix("last-").removesuffix(".checkpoint")) for name in names), reverse=True)


def remove_unfinished_files(folder: RunFolder, results: Iterable[Path] = ()) -> None:
    """Remove partial files of a killed attempt from the folder and from beside the results."""
    for path in folder.path.rglob(f"*{PARTIAL_SUFFIX}"):
        path.unlink(missing_ok=True)
    for path in results:
        remove_partial_files(path)


def remove_later_states(folder: RunFolder, step: int) -> None:
    """Remove the states after a step, which the resumed run will not reproduce."""
    for member in range(folder.member_count()):
        for path in folder.last_checkpoints(member):
            if path > folder.last_checkpoint(member, step):
                path.unlink(missing_ok=True)


def _read_state(path: Path, damaged: list[str]) -> Checkpoint | None:
    if not path.exists():
        return None
    try:
        return read_checkpoint(path)
    except FileError:
        damaged.append(str(path.relative_to(path.parents[1])))
        return None


def _read_failures(folder: RunFolder) -> dict[int, tuple[int, str]]:
    """Step and reason of every failed member."""
    try:
        with MetricsReader(folder.metrics) as reader:
            return {one.member: (one.step, one.reason) for one in reader.failures()}
    except FileError:
        pass
    found: dict[int, tuple[int, str]] = {}
    for member in range(folder.member_count()):
        for path in sorted(folder.member_folder(member).glob("failed-*.safetensors")):
            found.setdefault(member, (int(path.stem.removeprefix("failed-")), "see its failure dump"))
    return found


def _version_changes(before: Mapping[str, str], now: Mapping[str, str]) -> list[str]:
    """Describe the differences between two sets of versions."""
    names = [name for name in before if name in now and before[name] != now[name]]
    return [f"{_WORDS.get(name, name)} {before[name]} → {now[name]}" for name in names]
