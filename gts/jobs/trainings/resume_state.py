"""Where a run goes on: its newest whole state, and whether what follows will be what would have followed."""

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
    """A state of all members at one step, from the disk."""

    step: int
    checkpoints: tuple[Checkpoint | None, ...]
    """One a member; None for one that had failed."""
    best_checkpoints: tuple[Checkpoint | None, ...]
    """Each member's best policy; None before the first evaluation."""
    failed: Mapping[int, str]
    """Why members had failed."""
    notes: tuple[str, ...]
    """What a person should know about it."""


def find_resume_state(folder: RunFolder, members: int, versions: Mapping[str, str]) -> ResumeState | None:
    """The newest step at which every member has a whole state; None where there is none, so that the run begins anew.

    States that are damaged are passed over, with a note. `versions` is what this process runs on: where the state was made
    on something else, the notes say that what follows is not bit-exact.
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
        notes = [f"{', '.join(damaged)}: damaged, so the run goes on from step {step}"] if damaged else []
        one = next((state for state in states if state is not None), None)
        changes = _version_changes(one.versions, versions) if one else []
        if changes:
            notes.append(f"the run continues, but not bit-exact: {', '.join(changes)}")
        bests = tuple(_read_state(folder.best_checkpoint(member), []) for member in range(members))
        return ResumeState(step, tuple(states), bests, failed, tuple(notes))
    return None


def saved_steps(folder: RunFolder) -> list[int]:
    """The steps at which any member has a state, newest first."""
    names = {path.name for member in range(folder.member_count()) for path in folder.last_checkpoints(member)}
    return sorted((int(name.removeprefix("last-").removesuffix(".checkpoint")) for name in names), reverse=True)


def remove_unfinished_files(folder: RunFolder, results: Iterable[Path] = ()) -> None:
    """Remove what an earlier attempt was killed in the middle of writing: in the folder, and beside the results."""
    for path in folder.path.rglob(f"*{PARTIAL_SUFFIX}"):
        path.unlink(missing_ok=True)
    for path in results:
        remove_partial_files(path)


def remove_later_states(folder: RunFolder, step: int) -> None:
    """Remove the states after a step: the run goes on before them, and will not make just these again."""
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
    """Step and reason of every member that failed, by member."""
    try:
        with MetricsReader(folder.metrics) as reader:
            return {one.member: (one.step, one.reason) for one in reader.failures()}
    except FileError:
        pass
    found: dict[int, tuple[int, str]] = {}
    for member in range(folder.member_count()):
        for path in sorted(folder.member_folder(member).glob("failed-*.safetensors")):
            found.setdefault(member, (int(path.stem.removeprefix("failed-")), "see its remains"))
    return found


def _version_changes(before: Mapping[str, str], now: Mapping[str, str]) -> list[str]:
    """What differs between two surroundings, for a person."""
    names = [name for name in before if name in now and before[name] != now[name]]
    return [f"{_WORDS.get(name, name)} {before[name]} → {now[name]}" for name in names]
