"""How the result of `play` looks."""

from __future__ import annotations

from rich.console import Group, RenderableType

from gts.commands.play import Played
from gts.commands.views.formatting import line


def played(result: Played, detail: bool) -> RenderableType:
    """What was written, or how to see the same again; nothing after a stream, which has said everything."""
    if result.place == "stream":
        return Group()
    if result.video is not None:
        video = result.video
        size = f"{video['width']}×{video['height']}"
        return line(f"{video['path']}: {video['pictures']} pictures, {video['fps']:g} a second, {size}, by {video['renderer']}")
    return line(f"the same starts again: gts play {' '.join(result.files)} -r {result.seed}")
