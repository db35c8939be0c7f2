"""The registry of commands, by name."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from importlib import import_module

from gts.commands.command import Command

_MODULES = {
    "init": "init",
    "new": "new",
    "check": "check",
    "copy": "files",
    "rename": "files",
    "delete": "files",
    "restore": "files",
    "import": "import_legacy",
    "train": "train",
    "search": "search",
    "worker": "worker",
    "jobs": "jobs",
    "tail": "tail",
    "stop": "jobs",
    "resume": "jobs",
    "workers": "worker",
    "service": "service",
    "trials": "trials",
    "study": "study",
    "best": "study",
    "play": "play",
    "score": "score",
    "info": "info",
    "compare": "compare",
    "export": "export",
    "bench": "bench",
    "doctor": "doctor",
    "themes": "themes",
}
"""Module of each command; lists of commands keep this order."""


class _Registry(Mapping[str, Command]):
    """Mapping that imports a command's module on first use."""

    def __getitem__(self, name: str) -> Command:
        module = import_module(f"gts.commands.{_MODULES[name]}")
        return next(value for value in vars(module).values() if isinstance(value, Command) and value.name == name)

    def __iter__(self) -> Iterator[str]:
        return iter(_MODULES)

    def __len__(self) -> int:
        return len(_MODULES)


COMMANDS: Mapping[str, Command] = _Registry()
"""All commands by name."""
