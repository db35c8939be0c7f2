"""Renderers, which turn results of commands into something that rich can print.

Modules print nothing, may import `gts.commands` and the rooms below it, and are imported when there is a result to render.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import TYPE_CHECKING

from gts.commands.command import Result

if TYPE_CHECKING:
    from rich.console import RenderableType


def render_result(result: Result, *, detail: bool = False) -> RenderableType:
    """Render a result; `detail` adds everything that `--verbose` asks for."""
    return find_renderer(type(result))(result, detail)


def find_renderer(kind: type[Result]) -> Callable[[Result, bool], RenderableType]:
    """Import the function that a result class names in `view`."""
    module, function = kind.view.split(":")
    found: Callable[[Result, bool], RenderableType] = getattr(import_module(f"gts.commands.views.{module}"), function)
    return found
