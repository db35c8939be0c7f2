"""The first moment: a folder that is no workspace yet, a catalogue that is damaged."""

from __future__ import annotations

import os
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

from gts.errors import GtsError
from gts.jobs.mending import mend_catalogue
from gts.store.workspace import Workspace
from gts.system import this_system
from gts_tui.dialogs import Choose
from gts_tui.lines import joined
from gts_tui.watching import changed

if TYPE_CHECKING:
    from gts_tui.app import GtsApp

_ENDINGS = (".spec", ".space", ".checkpoint")
_DEEPEST = 3
_MOST = 2000
"""Files that are looked at before a folder is taken for something else."""


def used(workspace: Workspace) -> bool:
    """Whether a folder is a workspace already: it has been worked in, or there is something to work with."""
    if workspace.catalogue.is_file() or workspace.runs.is_dir() or workspace.studies.is_dir():
        return True
    return any(path.suffix in _ENDINGS for path in islice(_files(workspace.root), _MOST))


def _files(root: Path) -> list[Path]:
    found: list[Path] = []
    for folder, folders, names in os.walk(root):
        depth = len(Path(folder).relative_to(root).parts)
        folders[:] = [name for name in sorted(folders) if not name.startswith(".")] if depth < _DEEPEST else []
        found += (Path(folder, name) for name in names)
        if len(found) >= _MOST:
            break
    return found


def offer(app: GtsApp) -> None:
    """Ask what to do in a folder with nothing of GTS in it; then go to the first mode, or end."""
    here = app.workspace.root.resolve()
    choices = (
        ("here", f"make a workspace here, with examples that work: {here}"),
        ("examples", f"open a workspace of examples: {examples_folder()}"),
        ("empty", "go on in this folder as it is"),
        ("quit", "quit"),
    )

    def chosen(answer: str | None) -> None:
        if answer == "here":
            app.perform("init .", then=lambda _: app.hand_over(app.begin))
        elif answer == "examples":
            folder = examples_folder()
            app.perform(
                joined(["init", str(folder)]), then=lambda code: app.hand_over(lambda: app.move(folder) if code == 0 else None)
            )
        elif answer == "empty":
            app.begin()
        else:
            app.exit(0)

    app.push_screen(Choose("there is no workspace here yet", choices), chosen)


def examples_folder() -> Path:
    """Where a person's copy of the examples is."""
    return this_system().state_folder() / "examples"


def mend(app: GtsApp) -> None:
    """Make a damaged catalogue anew, now and whenever it is damaged from now on, and say so."""
    if app.settings.readonly:
        return
    workspace = app.workspace

    def tell(aside: Path | GtsError | None) -> None:
        if isinstance(aside, GtsError):
            text = f"the catalogue of this workspace is damaged: {aside}"
            app.notify(text, severity="error", markup=False, timeout=15)
        elif aside is not None:
            text = f"gts.db was damaged: it is {aside.name} now, and was made anew from the folders of the runs"
            app.notify(text, severity="warning", markup=False, timeout=15)
            app.watcher.look()

    app.watcher.follow("catalogue", lambda: changed(workspace.catalogue), lambda: mend_catalogue(workspace), tell)
