"""The first moment: examples where there is nothing yet, a catalogue that is damaged."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from gts.errors import GtsError
from gts.system import this_system
from gts_tui.command_syntax import joined
from gts_tui.polling import changed

if TYPE_CHECKING:
    from gts_tui.app import GtsApp


def open_examples(app: GtsApp) -> None:
    """Open this person's own copy of the examples, made where there is none yet."""
    folder = examples_folder()

    def made(code: int) -> None:
        if code == 0:
            app.hand_over(lambda: app.move(folder))

    app.perform(joined(["init", str(folder)]), then=made)


def examples_folder() -> Path:
    """Where a person's copy of the examples is."""
    return this_system().state_folder() / "examples"


def mend(app: GtsApp) -> None:
    """Make a damaged catalogue anew, now and whenever it is damaged from now on, and say so.

    Runs that it does not know, since somebody copied them here, are told to it now: looking into them all the time is slow.
    """
    from gts.jobs.job_store import reindex
    from gts.jobs.repair import mend_catalogue

    if app.settings.readonly:
        return
    workspace, known = app.workspace, False

    def look() -> Path | None:
        nonlocal known
        aside = mend_catalogue(workspace)
        if not known and workspace.run_ids():
            reindex(workspace)
        known = True
        return aside

    def tell(aside: Path | GtsError | None) -> None:
        if isinstance(aside, GtsError):
            text = f"the catalogue of this workspace is damaged: {aside}"
            app.notify(text, severity="error", markup=False, timeout=15)
        elif aside is not None:
            text = f"gts.db was damaged: it is {aside.name} now, and was made anew from the folders of the runs"
            app.notify(text, severity="warning", markup=False, timeout=15)
            app.watcher.look()

    app.watcher.follow("catalogue", lambda: changed(workspace.catalogue), look, tell)


def short_path(path: Path) -> str:
    """A path as a person writes it."""
    try:
        return f"~/{path.relative_to(Path.home())}"
    except ValueError:
        return str(path)
