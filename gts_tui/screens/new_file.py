"""The dialogs that make a new spec or space, and names for new files."""

from __future__ import annotations

import asyncio
import re
from collections import Counter
from pathlib import Path, PurePath

from gts_tui.app_base import BaseApp
from gts_tui.command_syntax import quote_words
from gts_tui.widgets.dialogs import ChoiceDialog, InputDialog

_KINDS = (("spec", "spec    one training"), ("space", "space   a search over many trainings"))


async def ask_new_file_command(app: BaseApp, kind: str = "", figure: str = "") -> tuple[str, str] | None:
    """Ask for kind, figure, technique and name of a new file; call it in a worker.

    A given kind is not asked for; a given figure is listed first. Returns the command line that makes the file and the file's
    path relative to the workspace, or None if the user cancels.
    """
    if not kind:
        answer = await app.push_screen_wait(ChoiceDialog("New: what kind?", _KINDS))
        if answer is None:
            return None
        kind = answer
    figures, techniques = await asyncio.to_thread(_load_choices)
    figures.sort(key=lambda choice: choice[0] != figure)
    chosen = await app.push_screen_wait(ChoiceDialog("Which figure?", figures))
    if chosen is None:
        return None
    technique = await app.push_screen_wait(ChoiceDialog("Which technique?", techniques))
    if technique is None:
        return None
    root = app.workspace.root
    # Reads up to 500 files, so not in the app's thread.
    folder = await asyncio.to_thread(find_figure_folder, root, chosen)
    proposed = find_free_name(root, str(folder / f"{chosen}-{technique}"), f".{kind}")
    name = await app.push_screen_wait(InputDialog(f"Name of the {kind}:", proposed))
    if name is None:
        return None
    path = name if name.endswith(f".{kind}") else f"{name}.{kind}"
    return quote_words(["new", kind, path, "--figure", chosen, "--technique", technique]), path


def _load_choices() -> tuple[list[tuple[str, str]], list[tuple[str, str]]]:
    # The declarations take about 0.2 s to import: too long for the start of the program, and for its thread.
    from gts.params.figures import FIGURES
    from gts.params.techniques import TECHNIQUES

    figures = [(one.name, f"{one.name:18} {one.title}") for one in FIGURES.values()]
    return figures, [(name, name) for name in TECHNIQUES]


def find_figure_folder(root: Path, figure: str) -> PurePath:
    """Return the folder, relative to `root`, with the most specs and spaces of a figure; `.` if there are none."""
    from gts_tui.screens.editor.files import find_specs_and_spaces

    pattern = re.compile(rf'"physicalModel"\s*:\s*"{re.escape(figure)}"')
    folders = Counter(
        PurePath(name).parent for name in find_specs_and_spaces(root) if pattern.search(_read_text_or_empty(root / name))
    )
    return folders.most_common(1)[0][0] if folders else PurePath(".")


def _read_text_or_empty(path: Path) -> str:
    try:
        return path.read_text(errors="replace")
    except OSError:
        return ""


def find_free_name(root: Path, name: str, suffix: str) -> str:
    """Return `name`, or `name-2`, `name-3` …, so that no file below `root` has it with this suffix."""
    number, free = 1, name
    while (root / f"{free}{suffix}").exists():
        number += 1
        free = f"{name}-{number}"
    return free


def propose_copy_name(root: Path, reference: str) -> str:
    """Return a free name for a copy of a file, with its suffix."""
    stem, dot, ending = reference.rpartition(".")
    return f"{find_free_name(root, stem, f'{dot}{ending}')}{dot}{ending}"
