"""Three levels of glyphs, for terminals that can show more or less."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from typing import Literal

Level = Literal["braille", "block", "ascii"]


@dataclass(frozen=True)
class Glyphs:
    """What is drawn with; every sign is one column wide."""

    level: Level
    branch: str
    leaf: str
    mark: str
    bar: str
    """A full cell of a bar."""
    spark: str
    """From low to high."""
    vertical: str
    horizontal: str
    corner: str


BRAILLE = Glyphs("braille", "▾", "·", "●", "█", "▁▂▃▄▅▆▇█", "│", "─", "└")
BLOCK = Glyphs("block", "▾", "·", "*", "█", "▁▂▃▄▅▆▇█", "│", "─", "└")
ASCII = Glyphs("ascii", "v", "-", "*", "#", "_.-=+*#@", "|", "-", "+")
LEVELS = {glyphs.level: glyphs for glyphs in (BRAILLE, BLOCK, ASCII)}


def glyphs_for(asked: str = "") -> Glyphs:
    """The level that was asked for, else what this terminal can show."""
    if asked:
        return LEVELS[asked]  # type: ignore[index]
    encoding = (getattr(sys.stdout, "encoding", None) or "").lower().replace("-", "")
    if "utf8" not in encoding or os.environ.get("TERM") in ("dumb", "vt100"):
        return ASCII
    return BLOCK if os.environ.get("TERM") == "linux" else BRAILLE
