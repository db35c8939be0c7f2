"""What the keys of the search mode mean at the shell: command lines, and the files that they name."""

from __future__ import annotations

import json
import os
from contextlib import suppress
from itertools import count
from typing import TYPE_CHECKING

from gts.store.workspace import RunFolder, StudyFolder, Workspace
from gts_tui.lines import joined

if TYPE_CHECKING:
    from gts.search.trial_records import TrialRow


def trainings_of(folder: StudyFolder | None, number: int) -> list[RunFolder]:
    """The trainings of a trial that are on this disk, those of the search before those that confirmed it."""
    if folder is None:
        return []
    try:
        names = [entry.name for entry in os.scandir(folder.path / "trials") if entry.name.startswith(f"{number:04d}-")]
    except OSError:
        return []
    return [RunFolder(folder.path / "trials" / name) for name in sorted(names, key=lambda name: ("confirm" in name, name))]


def training_of(folder: StudyFolder | None, trial: TrialRow) -> RunFolder | None:
    """The training by which a trial was compared with others, else any of it; None where nothing of it is here."""
    found = trainings_of(folder, trial.number)
    seed = ((trial.spec or {}).get("params") or {}).get("seed")
    first = [one for one in found if one.id == f"{trial.number:04d}-seed{seed}"]
    return next(iter([*first, *found]), None)


def best_checkpoint(folder: StudyFolder | None, trial: TrialRow) -> RunFolder | None:
    """The training of a trial that has a best policy to play."""
    first = training_of(folder, trial)
    others = trainings_of(folder, trial.number)
    return next((one for one in ([first] if first else []) + others if one.best(0).exists()), None)


def show_line(study: str, trial: int) -> str:
    """Show the spec of a trial."""
    return joined(["best", study, "--trial", str(trial)])


def promote_line(study: str, trial: int, file: str) -> str:
    """Write a trial as a spec."""
    return joined(["best", study, "--trial", str(trial), "--out", file])


def files_for(study: str, trial: int, figure: str, workspace: Workspace) -> tuple[str, str]:
    """The spec that a trial was written as last, empty for none; and a free name, in its figure's folder where there is one."""
    name = f"{study.rpartition('/')[2].partition('#')[0].removesuffix('.db')}Trial{trial}"
    known = {"invertedPendulum": "inverted"}.get(figure, figure)
    start = f"{known}/{name}" if known and (workspace.root / known).is_dir() else name
    written, free = "", f"{start}.spec"
    for again in count(2):
        if not (workspace.root / free).exists():
            break
        written, free = free, f"{start}-{again}.spec"
    return written, free


def more_line(folder: StudyFolder, workspace: Workspace, trials: str) -> str:
    """Search on, up to more trials in all."""
    source = ""
    with suppress(OSError, ValueError, AttributeError, TypeError):
        source = str(json.loads(folder.job.read_bytes())["request"]["source"])
    # What was searched is kept in the folder too, where the file has gone away since.
    path = source if source and (workspace.root / source).is_file() else f"studies/{folder.name}/searched.space"
    return joined(["search", path, trials])
