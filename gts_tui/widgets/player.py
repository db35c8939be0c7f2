"""A figure at play, as a widget: only the cells that have changed are drawn again.

Playback inside the program: processes play, a thread draws what they send, a widget shows it.

The newest evaluation of a training at play, below its charts.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from textwrap import wrap
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from rich.cells import get_character_cell_size
from rich.color import Color
from rich.segment import Segment
from rich.style import Style
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.events import Resize
from textual.geometry import Region
from textual.message import Message
from textual.strip import Strip
from textual.widget import Widget

from gts.playback.cell_buffer import PLAIN, Cells
from gts.playback.drawing import Glyphs
from gts_tui.command_syntax import joined
from gts_tui.terminal import Level
from gts_tui.widgets.playback import MOST, Picture, Request, Theatre

if TYPE_CHECKING:
    from gts_tui.app import GtsApp


GLYPHS: dict[Level, Glyphs] = {"braille": "braille", "block": "half", "ascii": "ascii"}
_PLAINER = {"−": "-", "×": "x", "…": ".", "–": "-", "→": ">"}
_NEAR = 12
"""Changed cells of a row that are no further apart than this are sent as one piece: a jump with its colours costs as much."""


class Player(Widget, can_focus=True):
    """Plays checkpoints and runs, several side by side. Nothing works behind it while it plays nothing."""

    DEFAULT_CSS = """
    Player { width: 1fr; height: 1fr; background: $background; color: $foreground; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("space", "say('pause')", "pause", id="player.pause"),
        Binding("full_stop,right", "say('step')", "step", key_display=".", id="player.step"),
        Binding("r", "again", "restart", id="player.restart"),
        Binding("k", "say('keep')", "keep on", id="player.keep"),
        Binding("n", "say('next')", "next", id="player.next"),
        Binding("plus,equals_sign", "say('faster')", "faster", key_display="+", id="player.faster"),
        Binding("minus", "say('slower')", "slower", key_display="-", id="player.slower"),
        Binding("w", "window", "window", id="player.window"),
    ]

    class Pictured(Message):
        """There is something new to see."""

        def __init__(self, theatre: Theatre, picture: Picture) -> None:
            super().__init__()
            self.theatre, self.picture = theatre, picture

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.words: tuple[str, ...] = ()
        """What plays, or played last."""
        self.over = False
        """Whether everything has ended or failed."""
        self.drawn = 0
        """Pictures so far."""
        self._follow = False
        self._hint = ""
        self._theatre: Theatre | None = None
        self._cells: Cells | None = None
        self._cuts: dict[int, list[int]] = {}
        """Where the pieces of each row begin and end that were changed last."""
        self._styles: dict[tuple[int, int], Style] = {}

    @property
    def program(self) -> GtsApp:
        """The program that this is a part of."""
        return self.app  # type: ignore[return-value]

    @property
    def playing(self) -> bool:
        """Whether there is a performance, be it one that has failed."""
        return self._theatre is not None

    def play(self, words: Sequence[str], *, follow: bool = False) -> None:
        """Play what words name, several side by side; `follow`: of runs always the newest evaluation."""
        self.stop()
        self.words, self._follow, self.over = tuple(words)[:MOST], follow, False
        if not self.words:
            return
        level = GLYPHS[self.program.glyphs.level]
        theatre = Theatre(
            self.program.workspace,
            Request(self.words, follow),
            level,
            lambda picture: void(self.post_message(self.Pictured(theatre, picture))),
        )
        self._theatre = theatre
        theatre.fit(self.size.height, self.size.width)
        theatre.start()

    def stop(self) -> None:
        """Play no more; the processes end."""
        if self._theatre is not None:
            self._theatre.close()
        self._theatre, self._cells = None, None
        self.refresh()

    def say_instead(self, hint: str) -> None:
        """What stands here while nothing plays."""
        if hint != self._hint:
            self._hint = hint
            self.refresh()

    def on_unmount(self) -> None:
        """Leave nothing behind."""
        self.stop()

    def on_resize(self, event: Resize) -> None:
        """Draw as large as there is room."""
        if self._theatre is not None:
            self._theatre.fit(event.size.height, event.size.width)

    # -- keys ---------------------------------------------------------------------------------------------------------

    def action_say(self, word: str) -> None:
        """Pass a word on to what plays."""
        if self._theatre is not None:
            self._theatre.say(word)

    def action_again(self) -> None:
        """Begin the loop anew; where everything has ended, all of it."""
        if self.over or self._theatre is None:
            self.play(self.words, follow=self._follow)
        else:
            self._theatre.say("restart")

    def action_window(self) -> None:
        """Open a window on the same."""
        self.open_window(self.words)

    def open_window(self, words: Sequence[str]) -> None:
        """Open a window, in a process of its own; where there is no display that process says so."""
        if words:
            self.program.perform(joined(["play", *words, "--loops", "0", "--in", "window"]))

    # -- pictures -----------------------------------------------------------------------------------------------------

    def on_player_pictured(self, event: Pictured) -> None:
        """Show a picture, as far as it differs from the last one."""
        event.stop()
        if event.theatre is not self._theatre:
            return
        before, self._cells, self.over = self._cells, event.picture.cells, event.picture.over
        self.drawn += 1
        regions = changes(before, self._cells)
        self._cuts = {}
        for region in regions or ():
            self._cuts.setdefault(region.y, []).extend((region.x, region.right))
        if regions is None:
            self.refresh()
        elif regions:
            self.refresh(*regions)
        event.theatre.taken()

    def notify_style_update(self) -> None:
        """Another theme has other colours for what has none of its own."""
        super().notify_style_update()
        self._styles.clear()

    def render_line(self, y: int) -> Strip:
        """A row of the picture."""
        cells, width, plain = self._cells, self.size.width, self.rich_style
        if cells is None or y >= cells.rows:
            said = wrap(self._hint, max(width, 1)) if self._theatre is None else []
            return Strip([Segment(said[y] if y < len(said) else "", plain)]).adjust_cell_length(width, plain)
        letters = _shown(cells.letters[y], plain_only=self.program.glyphs.level == "ascii")
        inks, papers = _inks_of_blanks(cells.letters[y], cells.inks[y]), cells.papers[y]
        ends = np.flatnonzero((np.diff(inks) != 0) | (np.diff(papers) != 0)) + 1
        # What is sent of a row begins and ends where a segment does.
        cuts = sorted({0, cells.columns, *ends.tolist(), *self._cuts.get(y, ())})
        segments = [
            Segment(letters[first:last], self._style(int(inks[first]), int(papers[first]), plain))
            for first, last in pairwise(cuts)
        ]
        return Strip(segments, cells.columns).adjust_cell_length(width, plain)

    def _style(self, ink: int, paper: int, plain: Style) -> Style:
        found = self._styles.get((ink, paper))
        if found is None:
            own = Style(color=_colour(ink), bgcolor=_colour(paper))
            found = self._styles[ink, paper] = plain + own
        return found


def changes(before: Cells | None, now: Cells) -> list[Region] | None:
    """Where two pictures differ, in pieces of rows; None where they are not of one size."""
    if before is None or before.letters.shape != now.letters.shape:
        return None
    changed = (before.letters != now.letters) | (before.papers != now.papers)
    changed |= (before.inks != now.inks) & (now.letters != ord(" "))
    regions = []
    for row in np.flatnonzero(changed.any(axis=1)).tolist():
        columns = np.flatnonzero(changed[row])
        for piece in np.split(columns, np.flatnonzero(np.diff(columns) > _NEAR) + 1):
            regions.append(Region(int(piece[0]), row, int(piece[-1] - piece[0]) + 1, 1))
    return regions


def _inks_of_blanks(letters: NDArray[np.uint32], inks: NDArray[np.int32]) -> NDArray[np.int32]:
    """Inks of a row, where a blank has that of the letter before it: it has none of its own, and a change costs bytes."""
    places = np.where(letters != ord(" "), np.arange(len(letters)), 0)
    return np.asarray(inks[np.maximum.accumulate(places)])


def _shown(row: NDArray[np.uint32], *, plain_only: bool) -> str:
    """Letters of a row, each one column wide and none that steers the terminal."""
    text = "".join(map(chr, row.tolist()))
    if plain_only and not text.isascii():
        text = "".join(letter if letter.isascii() else _PLAINER.get(letter, "?") for letter in text)
    if not text.isprintable() or any(get_character_cell_size(letter) != 1 for letter in set(text)):
        text = "".join(letter if letter.isprintable() and get_character_cell_size(letter) == 1 else "?" for letter in text)
    return text


def _colour(number: int) -> Color | None:
    return None if number == PLAIN else Color.from_rgb(number >> 16, number >> 8 & 255, number & 255)


def void(value: Any) -> None:
    """Nothing, whatever was made."""


__all__ = ["Player"]


class Playback(Vertical):
    """Hidden and without a process until somebody wants to see something."""

    DEFAULT_CSS = """
    Playback { height: 45%; min-height: 6; padding: 0 1; display: none; }
    """

    def begin(self, folder: Path) -> None:
        """Play what a training has learned."""
        # The player loads numpy.

        player = Player()
        player.can_focus = False
        self.display = True
        self.mount(player)
        self.call_after_refresh(self.turn, folder)

    def turn(self, folder: Path) -> None:
        """Where something plays, play another training."""
        if not self.display:
            return

        for player in self.query(Player):
            if player.words != (str(folder),):
                player.play([str(folder)], follow=True)

    def end(self) -> None:
        """Play nothing any more."""
        self.display = False
        self.remove_children()
