"""Key assignments of the user: `keys.toml`, with the id of an action and its keys on each line.

```toml
[jobs]
stop = "x"
[mode]
jobs = "5,f5"
```

`?` lists the id of every key. Errors are reported with file and line; the valid lines of a file apply.
"""

from __future__ import annotations

import pkgutil
import tomllib
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

from textual.app import App
from textual.binding import Binding
from textual.dom import DOMNode
from textual.keys import KEY_NAME_REPLACEMENTS, Keys

from gts.errors import GtsError
from gts.formats.file_checks import read_bytes
from gts.formats.toml_positions import TomlPositions
from gts.store.workspace import Workspace
from gts.system.folders import config_folder
from gts_tui.app_base import BaseApp
from gts_tui.command_syntax import suggest_nearest
from gts_tui.polling import stat_stamp
from gts_tui.textual_fixes import character_to_key

KEYMAP_FILE = "keys.toml"
_MAX_BYTES = 100_000
_MAX_KEY_CODEPOINT = 0x2FF
_SCREENS_PREFIX = "gts_tui.screens."
_MODIFIERS = frozenset(("ctrl", "alt", "shift", "super", "meta", "hyper"))
_KEY_NAMES = frozenset((*(key.value for key in Keys), *KEY_NAME_REPLACEMENTS.values()))
_TERMINAL_EQUIVALENTS = {"ctrl+h": "backspace", "ctrl+i": "tab", "ctrl+j": "enter", "ctrl+m": "enter"}


@dataclass(frozen=True)
class Keymap:
    """Keys by action id, and the errors of the files that they were read from."""

    keys: Mapping[str, str]
    problems: tuple[str, ...] = ()
    is_readable: bool = True
    """Whether all files could be read and parsed."""


@dataclass(frozen=True)
class BindingOwner:
    """A widget, screen or app class with key bindings."""

    name: str
    bindings: tuple[Binding, ...]
    is_global: bool = False
    """Whether its keys work in every mode: true for the app."""

    @property
    def mode(self) -> str:
        """Name of the mode that declares it, from the module's name; empty if it belongs to no mode."""
        return self.name.removeprefix(_SCREENS_PREFIX).partition(".")[0] if self.name.startswith(_SCREENS_PREFIX) else ""


def keymap_paths(workspace: Workspace) -> tuple[Path, Path]:
    """Return the files in order of increasing precedence."""
    return config_folder() / KEYMAP_FILE, workspace.root / KEYMAP_FILE


def read_keymap(paths: Iterable[Path], owners: Iterable[BindingOwner] | None = None) -> Keymap:
    """Read the keys of all existing files; `owners` defaults to all classes of this program."""
    assignments: dict[str, tuple[str, Any]] = {}
    problems: list[str] = []
    for path in paths:
        if not path.is_file():
            continue
        try:
            text = read_bytes(path, "file of keys", _MAX_BYTES).decode("utf-8", errors="replace")
            table = tomllib.loads(text)
        except GtsError as error:
            problems.append(error.message)
        except (tomllib.TOMLDecodeError, RecursionError) as error:
            problems.append(f"{path}: not valid TOML: {error}")
        else:
            at = TomlPositions(text)
            for key, value in _flatten_table(table):
                line, column = at.find_position(tuple(key.split(".")))
                assignments[key] = (f"{path}:{line}:{column}" if line else str(path), value)
    is_readable = not problems
    if not assignments:
        return Keymap({}, tuple(problems), is_readable)
    keys, wrong = _validate_assignments(assignments, tuple(owners) if owners is not None else find_binding_owners())
    return Keymap(keys, (*problems, *wrong), is_readable)


def _validate_assignments(
    assignments: Mapping[str, tuple[str, Any]], owners: tuple[BindingOwner, ...]
) -> tuple[dict[str, str], list[str]]:
    """Return the valid assignments and the errors of the others."""
    ids = {binding.id for owner in owners for binding in owner.bindings if binding.id}
    problems = [f"{where}: {wrong}" for name, (where, value) in assignments.items() if (wrong := _find_error(name, value, ids))]
    keys = {
        name: ",".join(filter(None, map(normalize_key, _split_keys(value))))
        for name, (_, value) in assignments.items()
        if not _find_error(name, value, ids)
    }
    for name in tuple(keys):
        if clash := _find_conflict(name, keys, owners):
            problems.append(f"{assignments[name][0]}: {clash}")
            del keys[name]
    return keys, problems


def _find_error(name: str, value: Any, ids: set[str]) -> str:
    """Return the error of an assignment on its own; empty if there is none."""
    if name not in ids:
        return f"no key has the id `{name[:60]}`{suggest_nearest(name, ids)}"
    if not isinstance(value, str) or not value.strip():
        return f'the key of `{name}` must be a string such as "f5" or "x,ctrl+x"'
    for key in _split_keys(value):
        if normalize_key(key) is None:
            return f"`{key[:40]}` is not a key; write a letter, `f5`, `ctrl+x` or `shift+left`"
        if normalize_key(key) in _TERMINAL_EQUIVALENTS:
            return f"terminals cannot distinguish `{key}` from {_TERMINAL_EQUIVALENTS[normalize_key(key) or '']}"
    return ""


def _find_conflict(name: str, keys: Mapping[str, str], owners: tuple[BindingOwner, ...]) -> str:
    """Return the error if another action has a key of `name` and both work at the same time; empty if none has."""
    wanted = set(keys[name].split(","))
    homes = [owner for owner in owners if any(binding.id == name for binding in owner.bindings)]
    modes = {home.mode for home in homes} - {""}
    is_global = any(home.is_global for home in homes)
    for owner in owners:
        if not (owner in homes or owner.is_global or is_global or owner.mode in modes):
            continue
        for binding in owner.bindings:
            if binding.id and binding.id != name:
                shared = wanted & set(binding_keys(binding, keys))
                if shared:
                    return f"`{display_key(min(shared))}` for `{name}` is already the key of `{binding.id}`"
    return ""


def binding_keys(binding: Binding, keys: Mapping[str, str] | None = None) -> tuple[str, ...]:
    """Return the normalized keys of a binding, as declared or as assigned in `keys`."""
    listed = (keys or {}).get(binding.id or "", binding.key)
    return tuple(normalize_key(key) or key for key in _split_keys(listed))


def normalize_key(key: str) -> str | None:
    """Return Textual's name of a key, `question_mark` for `?`; None if there is no such key."""
    *modifiers, last = key.strip().split("+") if len(key.strip()) > 1 else [key.strip()]
    if not last and modifiers:
        return None
    if not _MODIFIERS.issuperset(modifiers):
        return None
    if len(last) == 1:
        last = character_to_key(last)
    elif last not in _KEY_NAMES:
        try:
            sign = unicodedata.lookup(last.replace("_", " ").upper())
        except KeyError:
            return None
        if len(sign) > 1 or ord(sign) > _MAX_KEY_CODEPOINT:
            return None
    return "+".join((*modifiers, last))


def display_key(key: str) -> str:
    """Return a key as users write it: `?` for `question_mark`."""
    *modifiers, last = key.split("+") if len(key) > 1 else [key]
    try:
        last = unicodedata.lookup(last.replace("_", " ").upper()) if len(last) > 1 and last not in _KEY_NAMES else last
    except KeyError:
        last = _DISPLAY_NAMES.get(last, last)
    return "+".join((*modifiers, _DISPLAY_NAMES.get(last, last)))


_DISPLAY_NAMES = {
    "escape": "esc",
    "pageup": "pgup",
    "pagedown": "pgdn",
    "delete": "del",
    "number_sign": "#",
    "percent_sign": "%",
} | {character_to_key(sign): sign for sign in "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~"}


def find_binding_owners() -> tuple[BindingOwner, ...]:
    """Return every class that declares key bindings and can be shown in `GtsApp`.

    Other apps are left out: they run alone and read no `keys.toml`. Imports all modules: modes and dialogs are otherwise
    imported when first shown, and their ids must be known before. It runs in the polling thread, and only if a `keys.toml`
    exists.
    """
    import gts_tui

    found: dict[type, BindingOwner] = {}
    for module in pkgutil.walk_packages(gts_tui.__path__, "gts_tui."):
        if module.name.endswith("__main__"):
            continue
        for kind in vars(import_module(module.name)).values():
            if isinstance(kind, type) and issubclass(kind, DOMNode) and kind.__module__ == module.name:
                if issubclass(kind, App) and not issubclass(kind, BaseApp):
                    continue
                own = tuple(one for one in kind.__dict__.get("BINDINGS", ()) if isinstance(one, Binding))
                if own:
                    found[kind] = BindingOwner(f"{module.name}.{kind.__name__}", own, issubclass(kind, App))
    return tuple(found.values())


def watch_keymap(app: BaseApp) -> None:
    """Apply the key files of the open workspace now and whenever they change."""
    paths = keymap_paths(app.workspace)

    def apply_reading(reading: object) -> None:
        if not isinstance(reading, Keymap):
            return
        # A file that is being written may be cut off: keep the keys of its last complete version.
        if reading.is_readable:
            app.set_keymap(reading.keys)
        app.report_problems("Errors in keys.toml", reading.problems)

    app.poller.watch("keys", lambda: stat_stamp(*paths), lambda: read_keymap(paths), apply_reading)


def _split_keys(keys: str) -> list[str]:
    # A single comma is the comma key, not a separator.
    return [","] if keys.strip() == "," else [key.strip() for key in keys.split(",") if key.strip()]


def _flatten_table(table: Mapping[str, Any], before: str = "") -> Iterator[tuple[str, Any]]:
    for key, value in table.items():
        if isinstance(value, dict):
            yield from _flatten_table(value, f"{before}{key}.")
        else:
            yield f"{before}{key}", value
