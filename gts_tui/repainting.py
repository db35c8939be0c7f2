"""A screen that forgets nothing: what has gone is painted over, whoever noticed it first."""

from __future__ import annotations

from textual._compositor import Compositor, CompositorMap
from textual.screen import Screen


class Painter(Compositor):
    """Where widgets are. Textual's own takes in what has gone without painting over it when it is asked in between layouts.

    A message that goes away while a figure is at play would leave its edge on the screen.
    """

    @property
    def full_map(self) -> CompositorMap:
        """Where every widget is, as of now."""
        before = self._full_map if self._full_map_invalidated else {}
        after = super().full_map
        for widget in before.keys() - after.keys():
            place = before[widget]
            if gone := place.clip.intersection(place.region):
                self._dirty_regions.add(gone)
        return after


class Canvas(Screen[None]):
    """The screen of the program."""

    def __init__(self) -> None:
        super().__init__(id="_default")
        self._compositor = Painter()
