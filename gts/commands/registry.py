"""The one table of commands."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from importlib import import_module

from gts.commands.command import Command


class _Table(Mapping[str, Command]):
    """Commands by name. The module of a command is loaded when somebody asks for it: a command line needs one of them."""

    def __init__(self, words: str) -> None:
        self._words = tuple(words.split())

    def __getitem__(self, name: str) -> Command:
        if name not in self._words:
            raise KeyError(name)
        # `import` is a word of Python, which no module can be called.
        command: Command = import_module(f"gts.commands.{'import_legacy' if name == 'import' else name}").COMMAND
        return command

    def __iter__(self) -> Iterator[str]:
        return iter(self._words)

    def __len__(self) -> int:
        return len(self._words)


COMMANDS: Mapping[str, Command] = _Table(
    "init new check copy rename delete restore import train search worker jobs tail stop resume workers service trials study "
    "best play score info compare export bench doctor themes"
)
"""Every command by name, in the order in which a person meets them; each is a module of this room."""
