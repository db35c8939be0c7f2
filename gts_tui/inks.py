"""Colours of the theme for texts of rich, which has names of its own for the colours of a terminal."""

from __future__ import annotations

from typing import Any

from textual.app import App


def ink(app: App[Any], name: str) -> str:
    """The colour that the theme has under a name, as a style; no style where it has none."""
    return app.theme_variables.get(name, "").removeprefix("ansi_")
