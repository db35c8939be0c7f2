"""Themes: colours from TOML files."""

from __future__ import annotations

THEME_DEFAULTS = {
    "chart-1": "#4f9dde",
    "chart-2": "#e8963a",
    "chart-3": "#57b37c",
    "chart-4": "#c678dd",
    "chart-5": "#d7ba3d",
    "chart-6": "#e06c75",
    "chart-7": "#56b6c2",
    "chart-8": "#9aa5b1",
    "state-good": "#57b37c",
    "state-busy": "#4f9dde",
    "state-wait": "#d7ba3d",
    "state-bad": "#e06c75",
}
"""Variables of this program's own, for themes that leave them out."""
