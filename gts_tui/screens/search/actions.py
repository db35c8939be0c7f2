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
from gts_tui.command_syntax import quote_words
from gts_tui.screens.search.data import StudyListItem
from gts_tui.widgets.dialogs import InputDialog

if TYPE_CHECKING:
    from gts.search.trial_records import TrialRecord
    from gts_tui.app_base import BaseApp


def find_trial_runs(folder: StudyFolder | None, number: int) -> list[RunFolder]:
    """The trainings of a trial that are on this disk, those of the search before those that confirmed it."""
    if folder is None:
        return []
    try:
        names = [entry.name for entry in os.scandir(folder.path / "trials") if entry.name.startswith(f"{number:04d}-")]
    except OSError:
        return []
    return [RunFolder(folder.path / "trials" / name) for name in sorted(names, key=lambda name: ("confirm" in name, name))]


def find_trial_run(folder: StudyFolder | None, trial: TrialRecord) -> RunFolder | None:
    """The training by which a trial was compared with others, else any of it; None where nothing of it is here."""
    found = find_trial_runs(folder, trial.number)
    seed = ((trial.spec or {}).get("params") or {}).get("seed")
    first = [one for one in found if one.id == f"{trial.number:04d}-seed{seed}"]
    return next(iter([*first, *found]), None)


def find_playable_run(folder: StudyFolder | None, trial: TrialRecord) -> RunFolder | None:
    """The training of a trial that has a best policy to play."""
    first = find_trial_run(folder, trial)
    others = find_trial_runs(folder, trial.number)
    return next((one for one in ([first] if first else []) + others if one.best_checkpoint(0).exists()), None)


def show_spec_command(study: str, trial: int) -> str:
    """Show the spec of a trial."""
    return quote_words(["best", study, "--trial", str(trial)])


def promote_command(study: str, trial: int, file: str) -> str:
    """Write a trial as a spec."""
    return quote_words(["best", study, "--trial", str(trial), "--out", file])


def find_promoted_specs(study: str, trial: int, figure: str, workspace: Workspace) -> tuple[str, str]:
    """The spec that a trial was written as last, empty for none; and a free name, in its figure's folder where there is one."""
    name = f"{study.rpartition('/')[2].partition('#')[0].removesuffix('.db')}Trial{trial}"
    known = {"invertedPendulum": "inverted"}.get(figure, figure)
    start = f"{known}/{name}" if known and (workspace.root / known).is_dir() else name
    written, free = "", f"{start}.spec"
    for suffix in count(2):
        if not (workspace.root / free).exists():
            break
        written, free = free, f"{start}-{suffix}.spec"
    return written, free


def extend_search_command(folder: StudyFolder, workspace: Workspace, n_trials: str) -> str:
    """Search on, up to more trials in all."""
    source = ""
    with suppress(OSError, ValueError, AttributeError, TypeError):
        source = str(json.loads(folder.job_file.read_bytes())["request"]["source"])
    # What was searched is kept in the folder too, where the file has gone away since.
    path = source if source and (workspace.root / source).is_file() else f"studies/{folder.name}/searched.space"
    return quote_words(["search", path, n_trials])


def play_trial(program: BaseApp, folder: StudyFolder | None, trial: TrialRecord, *, window: bool) -> None:
    """Play the best policy of a trial."""
    training = find_playable_run(folder, trial)
    if training is None:
        program.notify(f"trial {trial.number} has left no policy on this disk", markup=False)
        return
    path = program.workspace.display_path(training.best_checkpoint(0))
    program.run_command(quote_words(["play", path, *(["--in", "window"] if window else [])]))


def promote_trial(program: BaseApp, study_reference: str, study_name: str, trial: TrialRecord, *, edit: bool) -> None:
    """Ask for a name, and write a trial as a spec; `edit` it then, or at once where it was written before."""
    figure = str((trial.spec or {}).get("physicalModel", ""))
    written, proposed = find_promoted_specs(study_name, trial.number, figure, program.workspace)
    if edit and written:
        program.run_command(quote_words(["edit", written]))
        return

    def write(file: str | None) -> None:
        if file is None:
            return
        name = file if file.endswith(".spec") else f"{file}.spec"
        line = promote_command(study_reference, trial.number, name)
        program.run_command(f"{line}; {quote_words(['edit', name])}" if edit else line)

    program.push_screen(InputDialog(f"write trial {trial.number} of {study_name} as", proposed), write)


def resume_search(program: BaseApp, study_reference: str, summary: StudyListItem | None) -> None:
    """Go on with a search; with more trials, after asking how many, where all have ended."""
    workspace = program.workspace
    if summary is None or summary.state != "done":
        program.run_command(quote_words(["resume", study_reference]))
        return

    def more(trials: str | None) -> None:
        if trials is not None:
            program.run_command(extend_search_command(workspace.study_folder(study_reference), workspace, trials))

    program.push_screen(
        InputDialog(f"all {summary.n_trials} trials have ended; how many in all", str(2 * (summary.n_trials or 50))), more
    )


def ask_worker_count(program: BaseApp, study_reference: str) -> None:
    """Ask how many workers a search shall have; of a study on a server, how many shall work on it here."""
    is_on_server = "://" in study_reference

    def change(count: str | None) -> None:
        if count is not None:
            program.run_command(
                quote_words(
                    ["worker", "--study", study_reference, "-n", count] if is_on_server else ["workers", study_reference, count]
                )
            )

    program.push_screen(
        InputDialog(f"how many workers shall train {'here ' if is_on_server else ''}for {study_reference}"), change
    )
