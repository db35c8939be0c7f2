"""ctrl+p: everything that can be named or done, in one list.

`?`: the keys of where one is, from the widget that has the cursor up to the program.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from textual.binding import Binding
from textual.screen import Screen

from gts.commands.registry import COMMANDS
from gts.store.workspace import Workspace
from gts_tui.command_syntax import MODES, VERBS, joined
from gts_tui.keymap import keymap_paths, shown
from gts_tui.widgets.dialogs import Entry, Find
from gts_tui.workspace_setup import short_path

if TYPE_CHECKING:
    from textual.binding import ActiveBinding

    from gts_tui.app_base import Everywhere


_PERFORMS = re.compile(r"(?:app\.)?perform\('(?P<line>.*)'\)")

_WALKING = frozenset(("up", "down", "left", "right", "pageup", "pagedown", "home", "end", "g", "G"))


def keys_here(screen: Screen[object]) -> list[tuple[str, ActiveBinding]]:
    """What can be done from where the cursor is: the keys of each action, nearest first; each action once."""
    found: dict[tuple[int, str], tuple[list[str], ActiveBinding]] = {}
    for key, active in screen.active_bindings.items():
        if active.binding.description and not active.binding.system:
            keys, _ = found.setdefault((id(active.node), active.binding.action), ([], active))
            keys.append(shown(key))
    return [(" ".join(keys), active) for keys, active in sorted(found.values(), key=_order(screen))]


def _order(screen: Screen[object]) -> Callable[[tuple[list[str], ActiveBinding]], tuple[bool, bool, int, int]]:
    """Nearest first, and of one place as it was declared, wherever a person has put the keys.

    What walks about comes after what does something, and last what every list and every line of a terminal has: a person
    knows it, and nobody can put it elsewhere.
    """
    nodes = [node for node, _ in screen._modal_binding_chain]

    def order(found: tuple[list[str], ActiveBinding]) -> tuple[bool, bool, int, int]:
        active = found[1]
        declared = (one for kind in type(active.node).__mro__ for one in kind.__dict__.get("BINDINGS", ()))
        ids = [one.id for one in declared if isinstance(one, Binding)]
        at = ids.index(active.binding.id) if active.binding.id in ids else 0
        return not active.binding.id, walks(active), nodes.index(active.node), at

    return order


def walks(active: ActiveBinding) -> bool:
    """Whether a key does no more than move the cursor, as its sign says."""
    return not _WALKING.isdisjoint(key.strip() for key in active.binding.key.split(","))


def entries(screen: Screen[object]) -> Iterable[Entry]:
    """A line an action: its keys, what it does, its id, and the command that it performs where it has one."""
    for keys, active in keys_here(screen):
        binding = active.binding
        performed = _PERFORMS.fullmatch(binding.action)
        command = f"gts {performed['line']}" if performed else ""
        words = binding.tooltip or binding.description
        words = words[:1].lower() + words[1:]
        if not active.enabled:
            words += " (not now)"
        yield Entry(keys, f"{words}{f': {command}' if command else ''}", binding.id or "", active)


def show_keys(app: Everywhere) -> None:
    """Open the list; what is chosen there is done."""
    where = app.mode.NAME if app.mode is not None else "here"
    own, _ = keymap_paths(app.workspace)
    foot = f"enter do it   esc close\nother keys: {short_path(own)} or {own.name} in the workspace"

    def chosen(active: ActiveBinding | None) -> None:
        if active is not None:
            app.do_binding(active)

    app.push_screen(Find(f"keys: {where}", list(entries(app.screen)), foot=foot), chosen)


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
