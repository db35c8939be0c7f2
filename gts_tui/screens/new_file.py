"""Questions that lead to a command."""

from __future__ import annotations

import asyncio
from collections import Counter
from pathlib import Path, PurePath
from typing import TYPE_CHECKING

from gts_tui.dialogs import Ask, Choose
from gts_tui.lines import joined
from gts_tui.shelf.contents import Contents, Thing

if TYPE_CHECKING:
    from gts_tui.app import GtsApp


async def line_for_new(app: GtsApp, contents: Contents, kind: str, figure: str) -> tuple[str, str] | None:
    """Ask what is to be made: the command that makes it and the path that it makes; None where nobody wants it."""
    # Off the program's own thread: the declarations take a moment to load.
    figures, techniques = await asyncio.to_thread(_declared)
    if not kind:
        kinds = [("spec", "spec    one training"), ("space", "space   what a search may try")]
        answer = await app.push_screen_wait(Choose("what is to be made", kinds))
        if answer is None:
            return None
        kind = answer
    figures.sort(key=lambda one: one[0] != figure)
    chosen = await app.push_screen_wait(Choose(f"a {kind} of which figure", figures))
    technique = await app.push_screen_wait(Choose(f"how {chosen} learns", techniques)) if chosen else None
    if chosen is None or technique is None:
        return None
    proposed = str(folder_of_figure(contents, chosen) / f"{chosen}-{technique}")
    name = await app.push_screen_wait(Ask(f"name of the {kind}", free_name(app.workspace.root, proposed, f".{kind}")))
    if name is None:
        return None
    path = name if name.endswith(f".{kind}") else f"{name}.{kind}"
    return joined(["new", kind, path, "--figure", chosen, "--technique", technique]), path


def folder_of_figure(contents: Contents, figure: str) -> PurePath:
    """Where most files of a figure are."""
    folders = Counter(str(PurePath(one.word).parent) for one in contents.things if one.is_file and one.figure == figure)
    return PurePath(folders.most_common(1)[0][0] if folders else ".")


def free_name(root: Path, name: str, ending: str) -> str:
    """A name that no file has yet, without its ending."""
    number, free = 1, name
    while (root / f"{free}{ending}").exists():
        number += 1
        free = f"{name}-{number}"
    return free


def copy_name(root: Path, thing: Thing) -> str:
    """What a copy of a file may be called."""
    stem, dot, ending = thing.word.rpartition(".")
    return f"{free_name(root, stem, f'{dot}{ending}')}{dot}{ending}"


def _declared() -> tuple[list[tuple[str, str]], list[tuple[str, str]]]:
    from gts.params.figures import FIGURES
    from gts.params.techniques import TECHNIQUES

    figures = [(one.name, f"{one.name:18} {one.title}") for one in FIGURES.values()]
    return figures, [(name, name) for name in TECHNIQUES]
