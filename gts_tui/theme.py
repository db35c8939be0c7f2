"""What the program looks like now: its theme, kept up to date with the file that it comes from."""

from __future__ import annotations

from collections.abc import Hashable
from difflib import get_close_matches
from typing import TYPE_CHECKING

from textual.app import App
from textual.filter import LineFilter

from gts.commands.themes import theme_folders, theme_paths
from gts.errors import UsageError
from gts_tui.polling import changed
from gts_tui.terminal import AsciiOnly, InkOnly
from gts_tui.theming import (
    DEFAULTS,
    Wardrobe,
    colourless,
    depth_of,
    named_colours,
    remember,
    remembered,
    textual_theme,
    wardrobe,
)

if TYPE_CHECKING:
    from gts_tui.app_base import Everywhere


class Looks:
    """The themes of a program, and the one that it wears."""

    def __init__(self, app: Everywhere) -> None:
        self._app = app
        self.depth = depth_of(app.console.color_system, no_color=app.no_color)
        self.wardrobe = wardrobe(app.workspace)
        self._told: tuple[str, ...] = ()
        self._ink, self._ascii = InkOnly(enabled=False), AsciiOnly(enabled=app.glyphs.level == "ascii")

    def begin(self, asked: str) -> None:
        """Wear what was asked for, or what was chosen last on a terminal with so many colours, or what suits it."""
        self._register(self.wardrobe)
        wanted = asked or (DEFAULTS["none"] if self.depth == "none" else remembered(self.depth))
        if wanted not in self.wardrobe.themes:
            if asked:
                self._app.notify(self._unknown(asked).message, severity="warning", markup=False)
            wanted = DEFAULTS[self.depth]
        self._wear(wanted)

    def follow(self) -> None:
        """Look at the files of the themes from now on."""
        self._complain(self.wardrobe)
        workspace = self._app.workspace

        def stamp() -> Hashable:
            folders = (folder for _, folder in theme_folders(workspace))
            return changed(*folders, *(path for _, path in theme_paths(workspace)))

        self._app.watcher.follow("themes", stamp, lambda: wardrobe(workspace), self._take)

    def choose(self, name: str) -> None:
        """Wear a theme, and remember it; raises UsageError where there is none of this name."""
        if name not in self.wardrobe.themes:
            raise self._unknown(name)
        self._wear(name)
        remember(self.depth, name)

    def filters(self) -> tuple[LineFilter, ...]:
        """What the lines of the screen go through."""
        return tuple(one for one in (self._ink, self._ascii) if one.enabled)

    def _take(self, reading: object) -> None:
        if not isinstance(reading, Wardrobe):
            return
        before, self.wardrobe = self.wardrobe, reading
        self._complain(reading)
        self._register(reading)
        worn = self._app.theme
        if worn not in reading.themes:
            # Its file is gone or broken; what is worn stays on until something else is chosen.
            return
        if before.themes.get(worn) != reading.themes[worn]:
            # Setting what is set already would repaint nothing.
            self._app.set_reactive(App.theme, "textual-dark")
            self._wear(worn)

    def _register(self, clothes: Wardrobe) -> None:
        for file in clothes.themes.values():
            self._app.register_theme(textual_theme(file))

    def _wear(self, name: str) -> None:
        file = self.wardrobe.themes[name]
        self._ink.enabled = colourless(file)
        if not file.ansi:
            self._app.ansi_theme_dark = self._app.ansi_theme_light = named_colours(file)
        self._app.theme = name

    def _complain(self, clothes: Wardrobe) -> None:
        """Say what is wrong with files, once."""
        if clothes.problems and clothes.problems != self._told:
            shown = clothes.problems[:4]
            more = f"\nand {len(clothes.problems) - 4} more: gts themes check" if len(clothes.problems) > 4 else ""
            self._app.notify("\n".join(shown) + more, title="themes with errors", severity="warning", markup=False, timeout=10)
        self._told = clothes.problems

    def _unknown(self, name: str) -> UsageError:
        known = self.wardrobe.themes
        close = get_close_matches(name, known, n=1, cutoff=0.4)
        return UsageError(
            f"there is no theme `{name[:40]}`{f'; did you mean `{close[0]}`?' if close else ''}",
            hint=f"there are {', '.join(known)}",
        )
