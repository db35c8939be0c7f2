"""Figures by name, one per file; `register_figure` adds others."""

from __future__ import annotations

from gts.errors import UsageError
from gts.params.spec import unknown_name_message
from gts.physics.figure import Figure
from gts.physics.figures import ant, half_cheetah, hopper, humanoid, inverted_pendulum, walker

_FIGURES: dict[str, Figure] = {}


def register_figure(figure: Figure) -> Figure:
    """Register a figure under its name; raises UsageError if the name is taken."""
    if figure.name in _FIGURES:
        raise UsageError(f'a figure "{figure.name}" is registered already')
    _FIGURES[figure.name] = figure
    return figure


def get_figure(name: str) -> Figure:
    """The figure of this name; raises UsageError with the nearest known one."""
    if name not in _FIGURES:
        raise UsageError(unknown_name_message("physical model", name, _FIGURES))
    return _FIGURES[name]


for _module in (inverted_pendulum, hopper, walker, half_cheetah, ant, humanoid):
    register_figure(_module.FIGURE)
