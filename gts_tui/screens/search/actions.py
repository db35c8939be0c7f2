"""What the keys of the search mode mean at the shell: command lines, and the files that they name.

What is done with a search or a trial, where it takes a question first.
"""

from __future__ import annotations

import json
import os
from contextlib import suppress
from itertools import count
from typing import TYPE_CHECKING

from gts.store.workspace import RunFolder, StudyFolder, Workspace
from gts_tui.command_syntax import joined
from gts_tui.screens.search.data import StudyLine
from gts_tui.widgets.dialogs import Ask

if TYPE_CHECKING:
    from gts.search.trial_records import TrialRow
    from gts_tui.app import GtsApp


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


def play(program: GtsApp, folder: StudyFolder | None, trial: TrialRow, *, window: bool) -> None:
    """Play the best policy of a trial."""
    training = best_checkpoint(folder, trial)
    if training is None:
        program.notify(f"trial {trial.number} has left no policy on this disk", markup=False)
        return
    path = program.workspace.word_for(training.best(0))
    program.perform(joined(["play", path, *(["--in", "window"] if window else [])]))


def promote(program: GtsApp, word: str, study: str, trial: TrialRow, *, edit: bool) -> None:
    """Ask for a name, and write a trial as a spec; `edit` it then, or at once where it was written before."""
    figure = str((trial.spec or {}).get("physicalModel", ""))
    written, proposed = files_for(study, trial.number, figure, program.workspace)
    if edit and written:
        program.perform(joined(["edit", written]))
        return

    def write(file: str | None) -> None:
        if file is None:
            return
        name = file if file.endswith(".spec") else f"{file}.spec"
        line = promote_line(word, trial.number, name)
        program.perform(f"{line}; {joined(['edit', name])}" if edit else line)

    program.push_screen(Ask(f"write trial {trial.number} of {study} as", proposed), write)


def go_on(program: GtsApp, word: str, line: StudyLine | None) -> None:
    """Go on with a search; with more trials, after asking how many, where all have ended."""
    workspace = program.workspace
    if line is None or line.state != "done":
        program.perform(joined(["resume", word]))
        return

    def more(trials: str | None) -> None:
        if trials is not None:
            program.perform(more_line(workspace.study(word), workspace, trials))

    program.push_screen(Ask(f"all {line.wanted} trials have ended; how many in all", str(2 * (line.wanted or 50))), more)


def set_workers(program: GtsApp, word: str) -> None:
    """Ask how many workers a search shall have; of a study on a server, how many shall work on it here."""
    shared = "://" in word

    def change(count: str | None) -> None:
        if count is not None:
            program.perform(joined(["worker", "--study", word, "-n", count] if shared else ["workers", word, count]))

    program.push_screen(Ask(f"how many workers shall train {'here ' if shared else ''}for {word}"), change)
