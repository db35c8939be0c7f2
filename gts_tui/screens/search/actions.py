"""Actions on searches and trials: the command lines that they run, and the questions asked first."""

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
    """Find the local runs of a trial: those of the search, then those that confirmed it."""
    if folder is None:
        return []
    try:
        names = [entry.name for entry in os.scandir(folder.path / "trials") if entry.name.startswith(f"{number:04d}-")]
    except OSError:
        return []
    return [RunFolder(folder.path / "trials" / name) for name in sorted(names, key=lambda name: ("confirm" in name, name))]


def find_trial_run(folder: StudyFolder | None, trial: TrialRecord) -> RunFolder | None:
    """Find the run with the spec's own seed, else any run of the trial; None if there is none on this disk."""
    runs = find_trial_runs(folder, trial.number)
    seed = ((trial.spec or {}).get("params") or {}).get("seed")
    preferred = [run for run in runs if run.id == f"{trial.number:04d}-seed{seed}"]
    return next(iter([*preferred, *runs]), None)


def find_playable_run(folder: StudyFolder | None, trial: TrialRecord) -> RunFolder | None:
    """Find a run of a trial with a best checkpoint, preferring that of `find_trial_run`; None if there is none."""
    preferred = find_trial_run(folder, trial)
    runs = [*([preferred] if preferred else []), *find_trial_runs(folder, trial.number)]
    return next((run for run in runs if run.best_checkpoint(0).exists()), None)


def show_spec_command(study: str, trial: int) -> str:
    """Command line that shows the spec of a trial."""
    return quote_words(["best", study, "--trial", str(trial)])


def promote_command(study: str, trial: int, file: str) -> str:
    """Command line that writes the spec of a trial to a file."""
    return quote_words(["best", study, "--trial", str(trial), "--out", file])


def find_promoted_specs(study: str, trial: int, figure: str, workspace: Workspace) -> tuple[str, str]:
    """Find the newest spec written from a trial, empty if there is none, and a free name for the next one.

    The name is in the folder of the figure if that exists.
    """
    name = f"{study.rpartition('/')[2].partition('#')[0].removesuffix('.db')}Trial{trial}"
    folder = {"invertedPendulum": "inverted"}.get(figure, figure)
    stem = f"{folder}/{name}" if folder and (workspace.root / folder).is_dir() else name
    written, free = "", f"{stem}.spec"
    for suffix in count(2):
        if not (workspace.root / free).exists():
            break
        written, free = free, f"{stem}-{suffix}.spec"
    return written, free


def extend_search_command(folder: StudyFolder, workspace: Workspace, n_trials: str) -> str:
    """Command line that continues a search up to a total number of trials."""
    source = ""
    with suppress(OSError, ValueError, AttributeError, TypeError):
        source = str(json.loads(folder.job_file.read_bytes())["request"]["source"])
    # The study keeps a copy of the space, in case the file was deleted.
    path = source if source and (workspace.root / source).is_file() else f"studies/{folder.name}/searched.space"
    return quote_words(["search", path, n_trials])


def play_trial(app: BaseApp, folder: StudyFolder | None, trial: TrialRecord, *, window: bool) -> None:
    """Play the best policy of a trial."""
    run = find_playable_run(folder, trial)
    if run is None:
        app.notify(f"trial {trial.number} has no checkpoint on this disk", markup=False)
        return
    path = app.workspace.display_path(run.best_checkpoint(0))
    app.run_command(quote_words(["play", path, *(["--in", "window"] if window else [])]))


def promote_trial(app: BaseApp, study_reference: str, study_name: str, trial: TrialRecord, *, edit: bool) -> None:
    """Ask for a file name and write the spec of a trial; `edit` then opens it, or an already written one without asking."""
    figure = str((trial.spec or {}).get("physicalModel", ""))
    written, proposed = find_promoted_specs(study_name, trial.number, figure, app.workspace)
    if edit and written:
        app.run_command(quote_words(["edit", written]))
        return

    def write(file: str | None) -> None:
        if file is None:
            return
        name = file if file.endswith(".spec") else f"{file}.spec"
        line = promote_command(study_reference, trial.number, name)
        app.run_command(f"{line}; {quote_words(['edit', name])}" if edit else line)

    app.push_screen(InputDialog(f"Write trial {trial.number} of {study_name} to", proposed), write)


def resume_search(app: BaseApp, study_reference: str, summary: StudyListItem | None) -> None:
    """Resume a search; if it is done, ask for a larger number of trials."""
    workspace = app.workspace
    if summary is None or summary.state != "done":
        app.run_command(quote_words(["resume", study_reference]))
        return

    def extend(n_trials: str | None) -> None:
        if n_trials is not None:
            app.run_command(extend_search_command(workspace.study_folder(study_reference), workspace, n_trials))

    question = f"All {summary.n_trials} trials finished. Total number of trials:"
    app.push_screen(InputDialog(question, str(2 * (summary.n_trials or 50))), extend)


def ask_worker_count(app: BaseApp, study_reference: str) -> None:
    """Ask for the number of workers of a search; for a study on a server, of workers on this machine."""
    is_on_server = "://" in study_reference

    def change(count: str | None) -> None:
        if count is not None:
            app.run_command(
                quote_words(
                    ["worker", "--study", study_reference, "-n", count] if is_on_server else ["workers", study_reference, count]
                )
            )

    place = " on this machine" if is_on_server else ""
    app.push_screen(InputDialog(f"Workers{place} for {study_reference}:"), change)
