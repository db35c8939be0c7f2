"""The palette (ctrl+p), a list of all commands, files, runs, themes and keys, and the key help (`?`)."""

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
from gts_tui.app_base import BaseApp
from gts_tui.command_syntax import BUILTINS, MODES, quote_words
from gts_tui.keymap import display_key, keymap_paths
from gts_tui.textual_fixes import binding_nodes
from gts_tui.widgets.dialogs import SearchDialog, SearchItem
from gts_tui.workspace_setup import shorten_home_path

if TYPE_CHECKING:
    from textual.binding import ActiveBinding


_RUN_COMMAND_ACTION = re.compile(r"(?:app\.)?perform\('(?P<line>.*)'\)")

_NAVIGATION_KEYS = frozenset(("up", "down", "left", "right", "pageup", "pagedown", "home", "end", "g", "G"))


def list_active_keys(screen: Screen[object]) -> list[tuple[str, ActiveBinding]]:
    """Return the actions that are available now and their keys, nearest widget first, each action once."""
    found: dict[tuple[int, str], tuple[list[str], ActiveBinding]] = {}
    for key, active in screen.active_bindings.items():
        if active.binding.description and not active.binding.system:
            keys, _ = found.setdefault((id(active.node), active.binding.action), ([], active))
            keys.append(display_key(key))
    return [(" ".join(keys), active) for keys, active in sorted(found.values(), key=_make_sort_key(screen))]


def _make_sort_key(screen: Screen[object]) -> Callable[[tuple[list[str], ActiveBinding]], tuple[bool, bool, int, int]]:
    """Return a sort key: nearest widget first, then the order of declaration, whatever the assigned keys.

    Navigation comes after actions, and keys without an id, which are Textual's own and cannot be reassigned, come last.
    """
    nodes = binding_nodes(screen)

    def order(found: tuple[list[str], ActiveBinding]) -> tuple[bool, bool, int, int]:
        active = found[1]
        declared = (one for kind in type(active.node).__mro__ for one in kind.__dict__.get("BINDINGS", ()))
        ids = [one.id for one in declared if isinstance(one, Binding)]
        at = ids.index(active.binding.id) if active.binding.id in ids else 0
        return not active.binding.id, is_navigation(active), nodes.index(active.node), at

    return order


def is_navigation(active: ActiveBinding) -> bool:
    """Return whether an action only moves the cursor, judging by its keys."""
    return not _NAVIGATION_KEYS.isdisjoint(key.strip() for key in active.binding.key.split(","))


def make_key_items(screen: Screen[object]) -> Iterable[SearchItem]:
    """Yield an entry per action: keys, description, command line if it runs one, and id."""
    for keys, active in list_active_keys(screen):
        binding = active.binding
        match = _RUN_COMMAND_ACTION.fullmatch(binding.action)
        command = f"gts {match['line']}" if match else ""
        words = binding.tooltip or binding.description
        words = words[:1].lower() + words[1:]
        if not active.enabled:
            words += " (not now)"
        yield SearchItem(keys, f"{words}{f': {command}' if command else ''}", binding.id or "", active)


def show_key_help(app: BaseApp) -> None:
    """Open the list of keys; choosing one runs its action."""
    where = app.mode_name or "here"
    own, _ = keymap_paths(app.workspace)
    hint = f"enter run   esc close\nother keys: {shorten_home_path(own)} or {own.name} in the workspace"

    def run_key(active: ActiveBinding | None) -> None:
        if active is not None:
            app.run_binding(active)

    app.push_screen(SearchDialog(f"keys: {where}", list(make_key_items(app.screen)), hint=hint), run_key)


MAX_FILES = 2000
MAX_RUNS = 1000
_SUFFIXES = (".spec", ".space", ".checkpoint")


@dataclass(frozen=True)
class PaletteAction:
    """Effect of an entry: run a command line, begin one, or run a key's action."""

    kind: Literal["run", "write", "press"]
    line: str = ""
    binding: ActiveBinding | None = None


# Not Textual's CommandPalette: it lists matches from a worker, so a return key in the same read as the text, as ssh delivers
# it, runs a row of the previous list or none; 3,000 files and runs take it two seconds per key; and its keys have no ids for
# keys.toml.
def show_palette(app: BaseApp) -> None:
    """Open the palette; entries from the disk are added by a worker."""

    def run_action(action: PaletteAction | None) -> None:
        if action is None:
            return
        if action.binding is not None:
            app.run_binding(action.binding)
        elif action.kind == "run":
            app.run_command(action.line)
        else:
            app.open_command_line(action.line)

    items = [*_binding_items(app), *_mode_items(), *_command_items(), *_builtin_items(), *_theme_items(app)]
    screen = SearchDialog("commands, files, runs, studies, themes, keys", items)
    app.push_screen(screen, run_action)

    def add_workspace_items() -> None:
        found = tuple(find_workspace_items(app.workspace))
        app.call_from_thread(screen.add_items, found)

    app.run_worker(add_workspace_items, thread=True, exit_on_error=False, group="palette", exclusive=True)


def _binding_items(app: BaseApp) -> Iterator[SearchItem]:
    for keys, active in list_active_keys(app.screen):
        if active.binding.id and not active.binding.id.startswith(("mode.", "palette.")) and not is_navigation(active):
            yield SearchItem(
                active.binding.description, f"key {keys}", active.binding.id, PaletteAction("press", binding=active)
            )


def _mode_items() -> Iterator[SearchItem]:
    for number, name in enumerate(MODES, start=1):
        yield SearchItem(name, f"mode, key {number}", f"mode {name}", PaletteAction("run", f"mode {name}"))


def _command_items() -> Iterator[SearchItem]:
    for command in COMMANDS.values():
        yield SearchItem(command.name, command.summary, "command", PaletteAction("write", f"{command.name} "))


def _builtin_items() -> Iterator[SearchItem]:
    for verb in BUILTINS.values():
        needs_more = bool(verb.usage) and not verb.usage.startswith("[")
        yield SearchItem(
            verb.name,
            verb.summary,
            "command",
            PaletteAction("write" if needs_more else "run", verb.name + " " * needs_more),
        )


def _theme_items(app: BaseApp) -> Iterator[SearchItem]:
    for theme in app.themes.theme_set.themes.values():
        yield SearchItem(f"theme {theme.name}", theme.about, "theme", PaletteAction("run", quote_words(["theme", theme.name])))


def find_workspace_items(workspace: Workspace) -> Iterable[SearchItem]:
    """Yield entries for files, studies and runs, the newest runs first."""
    for path in islice(_find_files(workspace.root), MAX_FILES):
        name = path.relative_to(workspace.root).as_posix()
        yield SearchItem(name, path.suffix[1:], "file", PaletteAction("run", quote_words(["open", name])))
    for study in workspace.study_names():
        yield SearchItem(study, "study", "study", PaletteAction("run", quote_words(["open", study])))
    for run in islice(reversed(workspace.run_ids()), MAX_RUNS):
        yield SearchItem(run, "run", "run", PaletteAction("run", quote_words(["open", run])))


def _find_files(root: Path) -> Iterator[Path]:
    """Yield the specs, spaces and checkpoints outside `runs` and `studies`."""
    for folder, folders, names in os.walk(root):
        made = ("runs", "studies") if Path(folder) == root else ()
        folders[:] = sorted(name for name in folders if not name.startswith(".") and name not in made)
        yield from (Path(folder, name) for name in sorted(names) if name.endswith(_SUFFIXES) and not name.startswith("."))
