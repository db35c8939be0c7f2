"""What is done with a search or a trial, where it takes a question first."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gts.store.workspace import StudyFolder
from gts_tui.dialogs import Ask
from gts_tui.lines import joined
from gts_tui.screens.search import actions
from gts_tui.screens.search.data import StudyLine

if TYPE_CHECKING:
    from gts.search.trial_records import TrialRow
    from gts_tui.app import GtsApp


def play(program: GtsApp, folder: StudyFolder | None, trial: TrialRow, *, window: bool) -> None:
    """Play the best policy of a trial."""
    training = actions.best_checkpoint(folder, trial)
    if training is None:
        program.notify(f"trial {trial.number} has left no policy on this disk", markup=False)
        return
    path = program.workspace.word_for(training.best(0))
    program.perform(joined(["play", path, *(["--in", "window"] if window else [])]))


def promote(program: GtsApp, word: str, study: str, trial: TrialRow, *, edit: bool) -> None:
    """Ask for a name, and write a trial as a spec; `edit` it then, or at once where it was written before."""
    figure = str((trial.spec or {}).get("physicalModel", ""))
    written, proposed = actions.files_for(study, trial.number, figure, program.workspace)
    if edit and written:
        program.perform(joined(["edit", written]))
        return

    def write(file: str | None) -> None:
        if file is None:
            return
        name = file if file.endswith(".spec") else f"{file}.spec"
        line = actions.promote_line(word, trial.number, name)
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
            program.perform(actions.more_line(workspace.study(word), workspace, trials))

    program.push_screen(Ask(f"all {line.wanted} trials have ended; how many in all", str(2 * (line.wanted or 50))), more)


def set_workers(program: GtsApp, word: str) -> None:
    """Ask how many workers a search shall have; of a study on a server, how many shall work on it here."""
    shared = "://" in word

    def change(count: str | None) -> None:
        if count is not None:
            program.perform(joined(["worker", "--study", word, "-n", count] if shared else ["workers", word, count]))

    program.push_screen(Ask(f"how many workers shall train {'here ' if shared else ''}for {word}"), change)
