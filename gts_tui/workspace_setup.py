"""Work at the start of a workspace: create the examples, repair a damaged catalogue."""

from __future__ import annotations

from pathlib import Path

from gts.errors import GtsError
from gts.system import this_system
from gts_tui.app_base import BaseApp
from gts_tui.command_syntax import quote_words
from gts_tui.polling import stat_stamp


def open_examples(app: BaseApp) -> None:
    """Open the user's copy of the examples; create it first if needed."""
    folder = examples_folder()

    def switch(code: int) -> None:
        if code == 0:
            app.call_soon(lambda: app.switch_workspace(folder))

    app.run_command(quote_words(["init", str(folder)]), then=switch)


def examples_folder() -> Path:
    """Return the folder of the user's copy of the examples."""
    return this_system().state_folder() / "examples"


def watch_catalogue(app: BaseApp) -> None:
    """Repair the catalogue whenever it is damaged, and notify;

    at the first poll, index runs that were copied into the workspace.
    """
    from gts.jobs.job_store import index_missing_runs
    from gts.jobs.repair import repair_catalogue

    if app.settings.readonly:
        return
    workspace, known = app.workspace, False

    def repair() -> Path | None:
        nonlocal known
        aside = repair_catalogue(workspace)
        if not known and workspace.run_ids():
            index_missing_runs(workspace)
        known = True
        return aside

    def report(aside: Path | GtsError | None) -> None:
        if isinstance(aside, GtsError):
            text = f"the catalogue of this workspace is damaged: {aside}"
            app.notify(text, severity="error", markup=False, timeout=15)
        elif aside is not None:
            text = f"gts.db was damaged: it was renamed to {aside.name} and rebuilt from the folders of the runs"
            app.notify(text, severity="warning", markup=False, timeout=15)
            app.poller.poll_now()

    app.poller.watch("catalogue", lambda: stat_stamp(workspace.catalogue), repair, report)


def shorten_home_path(path: Path) -> str:
    """Return a path with `~` for the home directory."""
    try:
        return f"~/{path.relative_to(Path.home())}"
    except ValueError:
        return str(path)
