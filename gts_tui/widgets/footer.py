"""AppFooter (keys of the focused widget) and TooSmallNotice (shown instead of everything in a tiny terminal)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from rich.cells import cell_len
from rich.style import Style
from rich.text import Text
from textual import events, getters
from textual.app import App
from textual.geometry import Size
from textual.screen import Screen
from textual.widget import Widget
from textual.widgets import Static

from gts_tui.app_base import BaseApp
from gts_tui.keymap import display_key


@dataclass(frozen=True)
class FooterKey:
    """A key and its description."""

    key_display: str
    description: str
    key: str
    enabled: bool
    is_global: bool
    """Whether it belongs to the app; these are shown first when there is little room."""

    @property
    def width(self) -> int:
        """Columns, including the space after it."""
        return cell_len(self.key_display) + cell_len(self.description) + 2


class AppFooter(Widget):
    """One line, drawn at once: Textual's Footer mounts a widget per key whenever the focus moves to another panel."""

    DEFAULT_CSS = """
    AppFooter { dock: bottom; height: 1; background: $panel; }
    AppFooter > .foot--key { color: $footer-key-foreground; text-style: bold; }
    AppFooter > .foot--words { color: $footer-description-foreground; }
    """
    COMPONENT_CLASSES: ClassVar[set[str]] = {"foot--key", "foot--words"}
    ALLOW_SELECT = False
    app = getters.app(BaseApp)

    def __init__(self) -> None:
        super().__init__(id="foot")
        self._footer_keys: tuple[FooterKey, ...] = ()

    def on_mount(self) -> None:
        """Follow the bindings of the focused widget."""
        self.screen.bindings_updated_signal.subscribe(self, self._bindings_updated)

    def _bindings_updated(self, screen: Screen[object]) -> None:
        # While the terminal is unfocused, the keys of the widget that will have the focus again stay.
        if screen is self.screen and screen.app.app_focus:
            self.call_after_refresh(self._update_keys)

    def _update_keys(self) -> None:
        found: dict[str, FooterKey] = {}
        ascii_only = self.app.glyphs.level == "ascii"
        for active in self.screen.active_bindings.values():
            binding = active.binding
            if binding.show and binding.action not in found:
                sign = display_key(binding.key) if ascii_only else self.app.get_key_display(binding)
                own = isinstance(active.node, App)
                found[binding.action] = FooterKey(sign, binding.description, binding.key, active.enabled, own)
        items = tuple(found.values())
        if items != self._footer_keys:
            self._footer_keys = items
            self.refresh()

    def render(self) -> Text:
        """Return the line."""
        key, words = self.get_component_rich_style("foot--key"), self.get_component_rich_style("foot--words")
        line = Text(no_wrap=True, overflow="crop", end="")
        for item in fit_footer_keys(self._footer_keys, self.size.width):
            here = Style.from_meta({"key": item.key}) + (Style() if item.enabled else Style(dim=True))
            line.append(item.key_display, key + here)
            line.append(f" {item.description}", words + here)
            line.append(" ")
        return line

    def on_click(self, event: events.Click) -> None:
        """Simulate the clicked key."""
        key = event.style.meta.get("key")
        if key:
            self.app.simulate_key(key)


def fit_footer_keys(items: Sequence[FooterKey], width: int) -> list[FooterKey]:
    """Return the keys that fit: all global ones, then the others from the first on."""
    room = width + 1 - sum(item.width for item in items if item.is_global)
    found = []
    for item in items:
        if not item.is_global:
            room -= item.width
        if item.is_global or room >= 0:
            found.append(item)
    return found


MIN_SIZE = (60, 15)
"""Columns and rows below which only the notice is shown."""


class TooSmallNotice(Static):
    """Notice on a layer above everything, hidden while the terminal is large enough."""

    DEFAULT_CSS = """
    TooSmallNotice {
        display: none; width: 100%; height: 100%; content-align: center middle; background: $background; layer: above;
    }
    TooSmallNotice.-small { display: block; }
    """

    def check_size(self, size: Size) -> None:
        """Show or hide the notice."""
        width, height = size
        small = width < MIN_SIZE[0] or height < MIN_SIZE[1]
        self.set_class(small, "-small")
        if small:
            keys = " or ".join(map(display_key, self._quit_keys()))
            notice = f"too small: {width}×{height}\nGTS needs {MIN_SIZE[0]}×{MIN_SIZE[1]}\n{keys} quits"
            self.update(Text(notice, justify="center"))

    def _quit_keys(self) -> list[str]:
        return [key for key, active in self.screen.active_bindings.items() if active.binding.id == "program.quit"]
