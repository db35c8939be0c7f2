"""ctrl+p: everything that can be named or done, in one list."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from gts.commands.registry import COMMANDS
from gts.store.workspace import Workspace
from gts_tui.helping import keys_here, walks
from gts_tui.lines import joined
from gts_tui.verbs import MODES, VERBS
from gts_tui.widgets.dialogs import Entry, Find

if TYPE_CHECKING:
    from textual.binding import ActiveBinding

    from gts_tui.app_base import Everywhere

MOST_FILES = 2000
MOST_RUNS = 1000
_ENDINGS = (".spec", ".space", ".checkpoint")


@dataclass(frozen=True)
class Wish:
    """What is done with what was chosen: a key's action, a whole line, or the beginning of one."""

    do: Literal["perform", "write", "press"]
    line: str = ""
    active: ActiveBinding | None = None


def show_palette(app: Everywhere) -> None:
    """Open the list. What has to be looked for on the disk is added to it when it is found."""

    def chosen(wish: Wish | None) -> None:
        if wish is None:
            return
        if wish.active is not None:
            app.do_binding(wish.active)
        elif wish.do == "perform":
            app.perform(wish.line)
        else:
            app.action_line(wish.line)

    here = [*_actions(app), *_modes(), *_commands(), *_words(), *_themes(app)]
    screen = Find("commands, files, runs, studies, themes, keys", here)
    app.push_screen(screen, chosen)

    def look() -> None:
        found = tuple(on_disk(app.workspace))
        app.call_from_thread(screen.add, found)

    app.run_worker(look, thread=True, exit_on_error=False, group="palette", exclusive=True)


def _actions(app: Everywhere) -> Iterator[Entry]:
    for keys, active in keys_here(app.screen):
        if active.binding.id and not active.binding.id.startswith(("mode.", "palette.")) and not walks(active):
            yield Entry(active.binding.description, f"key {keys}", active.binding.id, Wish("press", active=active))


def _modes() -> Iterator[Entry]:
    for number, name in enumerate(MODES, start=1):
        yield Entry(name, f"mode, key {number}", f"mode {name}", Wish("perform", f"mode {name}"))


def _commands() -> Iterator[Entry]:
    for command in COMMANDS.values():
        yield Entry(command.name, command.summary, "command", Wish("write", f"{command.name} "))


def _words() -> Iterator[Entry]:
    for verb in VERBS.values():
        needs_more = bool(verb.shown) and not verb.shown.startswith("[")
        yield Entry(
            verb.name, verb.summary, "command", Wish("write" if needs_more else "perform", verb.name + " " * needs_more)
        )


def _themes(app: Everywhere) -> Iterator[Entry]:
    for theme in app.looks.wardrobe.themes.values():
        yield Entry(f"theme {theme.name}", theme.about, "theme", Wish("perform", joined(["theme", theme.name])))


def on_disk(workspace: Workspace) -> Iterable[Entry]:
    """Files, studies and runs, the newest runs first."""
    for path in islice(_files(workspace.root), MOST_FILES):
        name = path.relative_to(workspace.root).as_posix()
        yield Entry(name, path.suffix[1:], "file", Wish("perform", joined(["open", name])))
    for study in workspace.study_names():
        yield Entry(study, "study", "study", Wish("perform", joined(["open", study])))
    for run in islice(reversed(workspace.run_ids()), MOST_RUNS):
        yield Entry(run, "run", "run", Wish("perform", joined(["open", run])))


def _files(root: Path) -> Iterator[Path]:
    """Specs, spaces and checkpoints that a person put there."""
    for folder, folders, names in os.walk(root):
        made = ("runs", "studies") if Path(folder) == root else ()
        folders[:] = sorted(name for name in folders if not name.startswith(".") and name not in made)
        yield from (Path(folder, name) for name in sorted(names) if name.endswith(_ENDINGS) and not name.startswith("."))
