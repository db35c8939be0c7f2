"""Questions that lead to a command.

The questions before a new file.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable
from pathlib import Path, PurePath
from typing import TYPE_CHECKING, Any

from textual.app import App

from gts.params.figures import FIGURES
from gts.params.techniques import TECHNIQUES
from gts_tui.command_syntax import quote_words
from gts_tui.screens.workspace.model import WorkspaceItem, WorkspaceListing
from gts_tui.textual_fixes import OnceDialog
from gts_tui.widgets.dialogs import ChoiceDialog, InputDialog

if TYPE_CHECKING:
    from gts_tui.app_base import BaseApp


async def ask_new_file_command(app: BaseApp, listing: WorkspaceListing, kind: str, figure: str) -> tuple[str, str] | None:
    """Ask what is to be made: the command that makes it and the path that it makes; None where nobody wants it."""
    # Off the program's own thread: the declarations take a moment to load.
    figures, techniques = await asyncio.to_thread(_load_choices)
    if not kind:
        kinds = [("spec", "spec    one training"), ("space", "space   what a search may try")]
        answer = await app.push_screen_wait(ChoiceDialog("what is to be made", kinds))
        if answer is None:
            return None
        kind = answer
    figures.sort(key=lambda one: one[0] != figure)
    chosen = await app.push_screen_wait(ChoiceDialog(f"a {kind} of which figure", figures))
    technique = await app.push_screen_wait(ChoiceDialog(f"how {chosen} learns", techniques)) if chosen else None
    if chosen is None or technique is None:
        return None
    proposed = str(find_figure_folder(listing, chosen) / f"{chosen}-{technique}")
    name = await app.push_screen_wait(
        InputDialog(f"name of the {kind}", find_free_name(app.workspace.root, proposed, f".{kind}"))
    )
    if name is None:
        return None
    path = name if name.endswith(f".{kind}") else f"{name}.{kind}"
    return quote_words(["new", kind, path, "--figure", chosen, "--technique", technique]), path


def find_figure_folder(listing: WorkspaceListing, figure: str) -> PurePath:
    """Where most files of a figure are."""
    folders = Counter(str(PurePath(one.reference).parent) for one in listing.items if one.is_file and one.figure == figure)
    return PurePath(folders.most_common(1)[0][0] if folders else ".")


def find_free_name(root: Path, name: str, suffix: str) -> str:
    """A name that no file has yet, without its ending."""
    number, free = 1, name
    while (root / f"{free}{suffix}").exists():
        number += 1
        free = f"{name}-{number}"
    return free


def propose_copy_name(root: Path, item: WorkspaceItem) -> str:
    """What a copy of a file may be called."""
    stem, dot, ending = item.reference.rpartition(".")
    return f"{find_free_name(root, stem, f'{dot}{ending}')}{dot}{ending}"


def _load_choices() -> tuple[list[tuple[str, str]], list[tuple[str, str]]]:
    from gts.params.figures import FIGURES
    from gts.params.techniques import TECHNIQUES

    figures = [(one.name, f"{one.name:18} {one.title}") for one in FIGURES.values()]
    return figures, [(name, name) for name in TECHNIQUES]


def ask_new_file(app: App[Any], on_answered: Callable[[str, str], None]) -> None:
    """Ask what is made, of which figure, by which technique and under which name; `make` has the command and the path."""
    answers: list[str] = []

    def question() -> OnceDialog[str | None]:
        if len(answers) == 0:
            return ChoiceDialog("new", [("spec", "spec   one training"), ("space", "space  a search over many")])
        if len(answers) == 1:
            return ChoiceDialog("figure", [(figure.name, f"{figure.name:<18}{figure.title}") for figure in FIGURES.values()])
        if len(answers) == 2:
            return ChoiceDialog("technique", [(name, name) for name in TECHNIQUES])
        kind, figure, technique = answers
        own = figure if kind == "space" else figure + technique.upper()
        return InputDialog(f"name of the {kind}", f"{own}New")

    def answered(said: str | None) -> None:
        if not said:
            # What is not answered ends it.
            return
        answers.append(said)
        if len(answers) < 4:
            app.push_screen(question(), answered)
            return
        kind, figure, technique, name = answers
        path = name if name.endswith(f".{kind}") else f"{name}.{kind}"
        on_answered(quote_words(["new", kind, path, "--figure", figure, "--technique", technique]), path)

    app.push_screen(question(), answered)
