"""The figures by name. One figure is one file; another one is given to `register`."""

from __future__ import annotations

from gts.errors import UsageError
from gts.params.spec import unknown
from gts.physics.figure import Figure
from gts.physics.figures import ant, half_cheetah, hopper, humanoid, inverted_pendulum, walker

_REGISTERED: dict[str, Figure] = {}


def register(figure: Figure) -> Figure:
    """Make a figure known by its name; raises UsageError where the name is taken."""
    if figure.name in _REGISTERED:
        raise UsageError(f'a figure "{figure.name}" is registered already')
    _REGISTERED[figure.name] = figure
    return figure


def figure_named(name: str) -> Figure:
    """The figure of this name; raises UsageError with the nearest known one."""
    if name not in _REGISTERED:
        raise UsageError(unknown("physical model", name, _REGISTERED))
    return _REGISTERED[name]


for _module in (inverted_pendulum, hopper, walker, half_cheetah, ant, humanoid):
    register(_module.FIGURE)
