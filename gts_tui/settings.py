"""How the program was started."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Settings:
    """What was asked for on the command line."""

    readonly: bool = False
    mouse: bool = True
    theme: str = ""
    """Empty: what was chosen last, or what suits the terminal."""
    glyphs: str = ""
    """braille, block or ascii; empty: what the terminal can show."""
