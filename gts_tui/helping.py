"""`?`: the keys of where one is, from the widget that has the cursor up to the program."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from textual.binding import Binding
from textual.screen import Screen

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
