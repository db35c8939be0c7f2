"""Line and column of the keys of a TOML file, which `tomllib` does not keep."""

from __future__ import annotations

import re

_TABLE = re.compile(r"\s*\[\s*([^\[\]]+?)\s*\]\s*(?:#.*)?")
_KEY = re.compile(r"""\s*((?:[\w-]+|"[^"]*"|'[^']*')(?:\s*\.\s*(?:[\w-]+|"[^"]*"|'[^']*'))*)\s*=""")
_PART = re.compile(r"""[\w-]+|"[^"]*"|'[^']*'""")


class TomlPositions:
    """Positions of tables and keys; finds only keys at the beginning of a line."""

    def __init__(self, text: str) -> None:
        self._positions: dict[tuple[str, ...], tuple[int, int]] = {}
        table: tuple[str, ...] = ()
        for number, line in enumerate(text.splitlines(), start=1):
            here = (number, len(line) - len(line.lstrip()) + 1)
            if heading := _TABLE.fullmatch(line):
                table = _split_key(heading[1])
                self._positions.setdefault(table, here)
            elif key := _KEY.match(line):
                self._positions.setdefault((*table, *_split_key(key[1])), here)

    def find_position(self, key: tuple[str, ...]) -> tuple[int, int]:
        """Line and column of a key, or else of its table; (0, 0) if neither is found."""
        while key:
            if key in self._positions:
                return self._positions[key]
            key = key[:-1]
        return 0, 0


def _split_key(name: str) -> tuple[str, ...]:
    return tuple(part.strip("\"'") for part in _PART.findall(name))
