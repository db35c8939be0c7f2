"""States of jobs and trials on the screen: a symbol, a word, and a colour of the theme.

Symbols are those of the shell (`gts.commands.views.formatting`), so that a state looks the same everywhere.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from rich.style import Style
from rich.text import Text
from textual.app import App
from textual.color import Color, ColorParseError

from gts.commands.views.formatting import JOB_STATE_SIGNS, TRIAL_STATE_SIGNS, StateSign
from gts_tui.app_base import BaseApp
from gts_tui.terminal import BRAILLE, Glyphs
from gts_tui.theme import theme_style

_SIGNS: Mapping[str, StateSign] = {**TRIAL_STATE_SIGNS, **JOB_STATE_SIGNS, "damaged": JOB_STATE_SIGNS["interrupted"]}
_MEANINGS = {"green": "good", "red": "bad", "yellow": "wait", "cyan": "wait"}

STATE_COLOURS: Mapping[str, str] = {state: _MEANINGS[sign.colour] for state, sign in _SIGNS.items()} | {"running": "busy"}
"""Suffix of the theme's `state-…` colour, by state."""

_ASCII_TEXT = str.maketrans({"–": "-", "…": "~", "×": "x", "→": ">", "·": "-", "≥": ">", "≤": "<", "≠": "!", "’": "'"})
"""One character for each, so that styles keep their positions."""

_ASCII_SYMBOLS = str.maketrans({sign.symbol: sign.ascii for sign in _SIGNS.values()} | {"–": "-", "▴": "-", "▾": "+"})


@dataclass(frozen=True)
class StatusStyles:
    """Symbols and colours of states for one theme and one level of glyphs."""

    glyphs: Glyphs = BRAILLE
    meaning_styles: Mapping[str, Style] = field(default_factory=dict)
    """By meaning: good, busy, wait, bad."""

    @property
    def is_ascii(self) -> bool:
        """Whether the terminal shows ASCII only."""
        return self.glyphs.level == "ascii"

    def symbol(self, state: str) -> str:
        """Return the symbol of a state; a space for an unknown state."""
        if state not in _SIGNS:
            return " "
        return _SIGNS[state].ascii if self.is_ascii else _SIGNS[state].symbol

    def state_style(self, state: str) -> Style:
        """Return the style of a state; that of `wait` for an unknown state."""
        return self.meaning_styles.get(STATE_COLOURS.get(state, "wait"), Style())

    def adapt_text(self, text: Text) -> Text:
        """Replace, in place, characters that this terminal cannot show, surrogates of file names included."""
        plain = text.plain.encode(errors="replace").decode()
        if self.is_ascii:
            plain = "".join(letter if letter.isascii() else "?" for letter in plain.translate(_ASCII_TEXT))
        if plain != text.plain:
            text.plain = plain
        return text


def make_status_styles(app: App[Any], glyphs: Glyphs) -> StatusStyles:
    """Read the styles of states from the current theme."""
    colours = {}
    for meaning in ("good", "busy", "wait", "bad"):
        try:
            colours[meaning] = Style(color=Color.parse(app.theme_variables.get(f"state-{meaning}", "")).rich_color)
        except ColorParseError:
            colours[meaning] = Style()
    return StatusStyles(glyphs, colours)


def format_state(state: str) -> str:
    """Format a state as symbol and word; an unknown state stays as it is."""
    return f"{_SIGNS[state].symbol} {state}" if state in _SIGNS else state


def adapt_symbols(text: str, glyphs: Glyphs) -> str:
    """Replace symbols of states by their ASCII ones if the terminal shows ASCII only."""
    return text.translate(_ASCII_SYMBOLS) if glyphs.level == "ascii" else text


def state_text(program: BaseApp, word: str) -> Text:
    """Format a job state as symbol and word in the theme's colour."""
    return state_sign(program, word).append(f" {word}")


def state_sign(program: BaseApp, word: str) -> Text:
    """Return the symbol of a state in the theme's colour."""
    sign = _SIGNS[word].ascii if program.glyphs.level == "ascii" else _SIGNS[word].symbol
    return Text(sign, style=theme_style(program, f"state-{STATE_COLOURS[word]}"))


def render_progress_bar(progress: float, cells: int, glyphs: Glyphs, style: str | Style = "") -> Text:
    """Render a fraction from 0 to 1 as a bar of `cells` columns; `style` applies to the completed part."""
    full = round(progress * cells)
    return Text.assemble((glyphs.bar * full, style), (glyphs.horizontal * (cells - full), "dim"))
