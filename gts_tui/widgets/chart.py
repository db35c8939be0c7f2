"""Chart: a widget that renders a plot once per size and theme, and repaints only rows that differ."""

from __future__ import annotations

from collections.abc import Hashable
from contextlib import suppress
from functools import lru_cache
from typing import TYPE_CHECKING

from rich.segment import Segment
from rich.style import Style
from textual.color import Color, ColorParseError
from textual.geometry import Region, Size
from textual.strip import Strip
from textual.widget import Widget

from gts_tui.terminal import BRAILLE, Glyphs
from gts_tui.widgets.chart_render import ChartData, render_chart_rows

if TYPE_CHECKING:
    from collections.abc import Mapping

CHART_COLOURS = 8
_BAND_OPACITY, _FAINT_OPACITY = 0.5, 0.55
"""How much of its colour a band, and a faint line, keeps."""

EMPTY_CHART = ChartData("", ())


class ChartWidget(Widget):
    """One pair of axes. The class `-selected` highlights its title."""

    DEFAULT_CSS = """
    ChartWidget { width: 1fr; height: 1fr; min-width: 20; min-height: 5; }
    """

    def __init__(self, data: ChartData = EMPTY_CHART, *, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(id=id, classes=classes)
        self._data = data
        self._cached_strips: list[Strip] = []
        self._cache_key: Hashable = None

    @property
    def data(self) -> ChartData:
        """Data that is shown."""
        return self._data

    def show_data(self, data: ChartData) -> None:
        """Show data; unchanged rows are not repainted."""
        if data is self._data or data == self._data:
            return
        before, was_for = self._cached_strips, self._cache_key
        self._data, self._cache_key = data, None
        if not before or self.size != Size(before[0].cell_length, len(before)):
            self.refresh()
            return
        after = self._render_strips()
        if was_for is None or self._appearance() != was_for:
            self.refresh()
            return
        regions = [Region(0, row, self.size.width, 1) for row, strip in enumerate(after) if strip != before[row]]
        if regions:
            self.refresh(*regions)

    def plain_text(self) -> str:
        """Contents without colours."""
        return "\n".join(strip.text for strip in self._render_strips())

    def render_line(self, y: int) -> Strip:
        """Return a row."""
        strips = self._render_strips()
        return strips[y] if y < len(strips) else Strip.blank(self.size.width, self.rich_style)

    def _appearance(self) -> Hashable:
        """Values that the drawn rows depend on besides the data."""
        return self.size, self.rich_style, self.app.theme, self._glyphs.level, self.has_class("-selected")

    @property
    def _glyphs(self) -> Glyphs:
        found = getattr(self.app, "glyphs", BRAILLE)
        return found if isinstance(found, Glyphs) else BRAILLE

    def _render_strips(self) -> list[Strip]:
        looks = self._appearance()
        if looks != self._cache_key:
            width, height = self.size
            base = self.rich_style
            inks = _span_styles(tuple(sorted(_chart_colours(self.app.theme_variables).items())), base)
            if self.has_class("-selected"):
                inks = inks | {"title": inks["title"] + Style(reverse=True)}
            rows = render_chart_rows(self._data, width, height, self._glyphs)
            self._cached_strips = [Strip([Segment(text, inks.get(ink, base)) for text, ink in row], width) for row in rows]
            self._cache_key = looks
        return self._cached_strips


def _chart_colours(variables: Mapping[str, str]) -> dict[str, str]:
    return {name: variables[name] for name in (f"chart-{at}" for at in range(1, CHART_COLOURS + 1)) if name in variables}


@lru_cache(maxsize=32)
def _span_styles(colours: tuple[tuple[str, str], ...], base: Style) -> dict[str, Style]:
    """Return the rich style of every span style of a chart."""
    inks = {
        "title": base + Style(bold=True),
        "axis": base + Style(dim=True),
        "cursor": base + Style(reverse=True),
        "text": base,
    }
    ground = Color.from_rich_color(base.bgcolor) if base.bgcolor is not None else None
    named = dict(colours)
    for at in range(CHART_COLOURS):
        with suppress(ColorParseError):
            colour = Color.parse(named.get(f"chart-{at + 1}", "ansi_default"))
            inks[f"line{at}"] = base + Style(color=colour.rich_color)
            for ink, share in (("band", _BAND_OPACITY), ("faint", _FAINT_OPACITY)):
                if colour.ansi is None and ground is not None and ground.ansi is None:
                    inks[f"{ink}{at}"] = base + Style(color=ground.blend(colour, share).rich_color)
                else:
                    # One of sixteen colours cannot be mixed.
                    inks[f"{ink}{at}"] = base + Style(color=colour.rich_color, dim=True)
    return inks
