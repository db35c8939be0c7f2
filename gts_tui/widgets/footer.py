"""The line below everything: the keys of where the cursor is, and how to find the others.

The notice where there is no room for anything else.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from rich.cells import cell_len
from rich.style import Style
from rich.text import Text
from textual import events
from textual.app import App
from textual.geometry import Size
from textual.screen import Screen
from textual.widget import Widget
from textual.widgets import Static

from gts_tui.keymap import shown

if TYPE_CHECKING:
    from gts_tui.app_base import Everywhere


@dataclass(frozen=True)
class Item:
    """A key and what it does."""

    sign: str
    words: str
    key: str
    enabled: bool
    everywhere: bool
    """Whether it is the program's own; these keep their place where there is little room."""

    @property
    def width(self) -> int:
        """Columns, with a blank behind."""
        return cell_len(self.sign) + cell_len(self.words) + 2


class Foot(Widget):
    """One line, drawn at once: a widget for each key would be made anew whenever the cursor moves to another panel."""

    DEFAULT_CSS = """
    Foot { dock: bottom; height: 1; background: $panel; }
    Foot > .foot--key { color: $footer-key-foreground; text-style: bold; }
    Foot > .foot--words { color: $footer-description-foreground; }
    """
    COMPONENT_CLASSES: ClassVar[set[str]] = {"foot--key", "foot--words"}
    ALLOW_SELECT = False

    def __init__(self) -> None:
        super().__init__(id="foot")
        self._items: tuple[Item, ...] = ()

    @property
    def program(self) -> Everywhere:
        """The program that this is a part of."""
        return self.app  # type: ignore[return-value]

    def on_mount(self) -> None:
        """Follow the cursor."""
        self.screen.bindings_updated_signal.subscribe(self, self._changed)

    def _changed(self, screen: Screen[object]) -> None:
        # Who looks at another window sees the keys of where the cursor will be again.
        if screen is self.screen and screen.app.app_focus:
            self.call_after_refresh(self._look)

    def _look(self) -> None:
        found: dict[str, Item] = {}
        ascii_only = self.program.glyphs.level == "ascii"
        for active in self.screen.active_bindings.values():
            binding = active.binding
            if binding.show and binding.action not in found:
                sign = shown(binding.key) if ascii_only else self.app.get_key_display(binding)
                own = isinstance(active.node, App)
                found[binding.action] = Item(sign, binding.description, binding.key, active.enabled, own)
        items = tuple(found.values())
        if items != self._items:
            self._items = items
            self.refresh()

    def render(self) -> Text:
        """The line."""
        key, words = self.get_component_rich_style("foot--key"), self.get_component_rich_style("foot--words")
        line = Text(no_wrap=True, overflow="crop", end="")
        for item in fitting(self._items, self.size.width):
            here = Style.from_meta({"key": item.key}) + (Style() if item.enabled else Style(dim=True))
            line.append(item.sign, key + here)
            line.append(f" {item.words}", words + here)
            line.append(" ")
        return line

    def on_click(self, event: events.Click) -> None:
        """Do what the key does."""
        key = event.style.meta.get("key")
        if key:
            self.app.simulate_key(key)


def fitting(items: Sequence[Item], width: int) -> list[Item]:
    """What there is room for: the program's own, which say how to find the others, and of a place what comes first."""
    room = width + 1 - sum(item.width for item in items if item.everywhere)
    found = []
    for item in items:
        if not item.everywhere:
            room -= item.width
        if item.everywhere or room >= 0:
            found.append(item)
    return found


SMALLEST = (60, 15)
"""Columns and rows below which nothing but the notice is shown."""


class TooSmall(Static):
    """The notice; it lies over everything, and is hidden where there is room."""

    DEFAULT_CSS = """
    TooSmall { display: none; width: 100%; height: 100%; content-align: center middle; background: $background; layer: above; }
    TooSmall.-small { display: block; }
    """

    def judge(self, size: Size) -> None:
        """Show or hide it."""
        width, height = size
        small = width < SMALLEST[0] or height < SMALLEST[1]
        self.set_class(small, "-small")
        if small:
            notice = f"too small: {width}×{height}\nGTS needs {SMALLEST[0]}×{SMALLEST[1]}\nq or ctrl+q ends it"
            self.update(Text(notice, justify="center"))
