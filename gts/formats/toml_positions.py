"""Where a key of a TOML file stands; Python's own reader forgets that."""

from __future__ import annotations

import re

_TABLE = re.compile(r"\s*\[\s*([^\[\]]+?)\s*\]\s*(?:#.*)?")
_KEY = re.compile(r"""\s*((?:[\w-]+|"[^"]*"|'[^']*')(?:\s*\.\s*(?:[\w-]+|"[^"]*"|'[^']*'))*)\s*=""")
_PART = re.compile(r"""[\w-]+|"[^"]*"|'[^']*'""")


class Places:
    """The lines and columns of tables and keys, as far as they are written one a line."""

    def __init__(self, text: str) -> None:
        self._places: dict[tuple[str, ...], tuple[int, int]] = {}
        table: tuple[str, ...] = ()
        for number, line in enumerate(text.splitlines(), start=1):
            here = (number, len(line) - len(line.lstrip()) + 1)
            if heading := _TABLE.fullmatch(line):
                table = _parts(heading[1])
                self._places.setdefault(table, here)
            elif key := _KEY.match(line):
                self._places.setdefault((*table, *_parts(key[1])), here)

    def of(self, key: tuple[str, ...]) -> tuple[int, int]:
        """Line and column of a key, or else of the table that it is missing from; (0, 0) where neither is found."""
        while key:
            if key in self._places:
                return self._places[key]
            key = key[:-1]
        return 0, 0


def _parts(name: str) -> tuple[str, ...]:
    return tuple(part.strip("\"'") for part in _PART.findall(name))
