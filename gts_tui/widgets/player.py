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

from gts.playback.cell_buffer import DEFAULT_COLOUR, CellBuffer
from gts.playback.drawing import CellGlyphs
from gts_tui.command_syntax import quote_words
from gts_tui.terminal import GlyphLevel
from gts_tui.widgets.playback import MAX_SOURCES, FrameImage, PlaybackSelection, PlaybackThread

if TYPE_CHECKING:
    from gts_tui.app_base import BaseApp


GLYPH_STYLES: dict[GlyphLevel, CellGlyphs] = {"braille": "braille", "block": "half", "ascii": "ascii"}
_ASCII_REPLACEMENTS = {"−": "-", "×": "x", "…": ".", "–": "-", "→": ">"}
_MERGE_DISTANCE = 12
"""Changed cells of a row that are no further apart than this are sent as one piece: a jump with its colours costs as much."""


class PlayerWidget(Widget, can_focus=True):
    """Plays checkpoints and runs, several side by side. Nothing works behind it while it plays nothing."""

    DEFAULT_CSS = """
    PlayerWidget { width: 1fr; height: 1fr; background: $background; color: $foreground; }
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

    class FrameReady(Message):
        """There is something new to see."""

        def __init__(self, theatre: PlaybackThread, picture: FrameImage) -> None:
            super().__init__()
            self.thread, self.frame = theatre, picture

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.references: tuple[str, ...] = ()
        """What plays, or played last."""
        self.has_ended = False
        """Whether everything has ended or failed."""
        self.frame_count = 0
        """Pictures so far."""
        self._follow_newest = False
        self._hint = ""
        self._playback_thread: PlaybackThread | None = None
        self._shown_cells: CellBuffer | None = None
        self._changed_columns: dict[int, list[int]] = {}
        """Where the pieces of each row begin and end that were changed last."""
        self._cell_styles: dict[tuple[int, int], Style] = {}

    @property
    def program(self) -> BaseApp:
        """The program that this is a part of."""
        return self.app  # type: ignore[return-value]

    @property
    def is_playing(self) -> bool:
        """Whether there is a performance, be it one that has failed."""
        return self._playback_thread is not None

    def play(self, references: Sequence[str], *, follow: bool = False) -> None:
        """Play what words name, several side by side; `follow`: of runs always the newest evaluation."""
        self.stop()
        self.references, self._follow_newest, self.has_ended = tuple(references)[:MAX_SOURCES], follow, False
        if not self.references:
            return
        level = GLYPH_STYLES[self.program.glyphs.level]
        theatre = PlaybackThread(
            self.program.workspace,
            PlaybackSelection(self.references, follow),
            level,
            lambda picture: _ignore_result(self.post_message(self.FrameReady(theatre, picture))),
        )
        self._playback_thread = theatre
        theatre.set_size(self.size.height, self.size.width)
        theatre.start()

    def stop(self) -> None:
        """Play no more; the processes end."""
        if self._playback_thread is not None:
            self._playback_thread.close()
        self._playback_thread, self._shown_cells = None, None
        self.refresh()

    def set_hint(self, hint: str) -> None:
        """What stands here while nothing plays."""
        if hint != self._hint:
            self._hint = hint
            self.refresh()

    def on_unmount(self) -> None:
        """Leave nothing behind."""
        self.stop()

    def on_resize(self, event: Resize) -> None:
        """Draw as large as there is room."""
        if self._playback_thread is not None:
            self._playback_thread.set_size(event.size.height, event.size.width)

    # -- keys ---------------------------------------------------------------------------------------------------------

    def action_say(self, word: str) -> None:
        """Pass a word on to what plays."""
        if self._playback_thread is not None:
            self._playback_thread.send_command(word)

    def action_again(self) -> None:
        """Begin the loop anew; where everything has ended, all of it."""
        if self.has_ended or self._playback_thread is None:
            self.play(self.references, follow=self._follow_newest)
        else:
            self._playback_thread.send_command("restart")

    def action_window(self) -> None:
        """Open a window on the same."""
        self.open_window(self.references)

    def open_window(self, references: Sequence[str]) -> None:
        """Open a window, in a process of its own; where there is no display that process says so."""
        if references:
            self.program.run_command(quote_words(["play", *references, "--loops", "0", "--in", "window"]))

    # -- pictures -----------------------------------------------------------------------------------------------------

    def on_player_widget_frame_ready(self, event: FrameReady) -> None:
        """Show a picture, as far as it differs from the last one."""
        event.stop()
        if event.thread is not self._playback_thread:
            return
        before, self._shown_cells, self.has_ended = self._shown_cells, event.frame.cells, event.frame.has_ended
        self.frame_count += 1
        regions = changed_regions(before, self._shown_cells)
        self._changed_columns = {}
        for region in regions or ():
            self._changed_columns.setdefault(region.y, []).extend((region.x, region.right))
        if regions is None:
            self.refresh()
        elif regions:
            self.refresh(*regions)
        event.thread.acknowledge_frame()

    def notify_style_update(self) -> None:
        """Another theme has other colours for what has none of its own."""
        super().notify_style_update()
        self._cell_styles.clear()

    def render_line(self, y: int) -> Strip:
        """A row of the picture."""
        cells, width, plain = self._shown_cells, self.size.width, self.rich_style
        if cells is None or y >= cells.rows:
            said = wrap(self._hint, max(width, 1)) if self._playback_thread is None else []
            return Strip([Segment(said[y] if y < len(said) else "", plain)]).adjust_cell_length(width, plain)
        letters = _printable_text(cells.chars[y], plain_only=self.program.glyphs.level == "ascii")
        inks, papers = _carry_foreground(cells.chars[y], cells.fg[y]), cells.bg[y]
        ends = np.flatnonzero((np.diff(inks) != 0) | (np.diff(papers) != 0)) + 1
        # What is sent of a row begins and ends where a segment does.
        cuts = sorted({0, cells.columns, *ends.tolist(), *self._changed_columns.get(y, ())})
        segments = [
            Segment(letters[first:last], self._cell_style(int(inks[first]), int(papers[first]), plain))
            for first, last in pairwise(cuts)
        ]
        return Strip(segments, cells.columns).adjust_cell_length(width, plain)

    def _cell_style(self, foreground: int, background: int, plain: Style) -> Style:
        found = self._cell_styles.get((foreground, background))
        if found is None:
            own = Style(color=_rgb_colour(foreground), bgcolor=_rgb_colour(background))
            found = self._cell_styles[foreground, background] = plain + own
        return found


def changed_regions(before: CellBuffer | None, now: CellBuffer) -> list[Region] | None:
    """Where two pictures differ, in pieces of rows; None where they are not of one size."""
    if before is None or before.chars.shape != now.chars.shape:
        return None
    changed = (before.chars != now.chars) | (before.bg != now.bg)
    changed |= (before.fg != now.fg) & (now.chars != ord(" "))
    regions = []
    for row in np.flatnonzero(changed.any(axis=1)).tolist():
        columns = np.flatnonzero(changed[row])
        for piece in np.split(columns, np.flatnonzero(np.diff(columns) > _MERGE_DISTANCE) + 1):
            regions.append(Region(int(piece[0]), row, int(piece[-1] - piece[0]) + 1, 1))
    return regions


def _carry_foreground(letters: NDArray[np.uint32], foregrounds: NDArray[np.int32]) -> NDArray[np.int32]:
    """Inks of a row, where a blank has that of the letter before it: it has none of its own, and a change costs bytes."""
    places = np.where(letters != ord(" "), np.arange(len(letters)), 0)
    return np.asarray(foregrounds[np.maximum.accumulate(places)])


def _printable_text(row: NDArray[np.uint32], *, plain_only: bool) -> str:
    """Letters of a row, each one column wide and none that steers the terminal."""
    text = "".join(map(chr, row.tolist()))
    if plain_only and not text.isascii():
        text = "".join(letter if letter.isascii() else _ASCII_REPLACEMENTS.get(letter, "?") for letter in text)
    if not text.isprintable() or any(get_character_cell_size(letter) != 1 for letter in set(text)):
        text = "".join(letter if letter.isprintable() and get_character_cell_size(letter) == 1 else "?" for letter in text)
    return text


def _rgb_colour(number: int) -> Color | None:
    return None if number == DEFAULT_COLOUR else Color.from_rgb(number >> 16, number >> 8 & 255, number & 255)


def _ignore_result(value: Any) -> None:
    """Nothing, whatever was made."""


class PlaybackPane(Vertical):
    """Hidden and without a process until somebody wants to see something."""

    DEFAULT_CSS = """
    PlaybackPane { height: 45%; min-height: 6; padding: 0 1; display: none; }
    """

    def start_playback(self, folder: Path) -> None:
        """Play what a training has learned."""
        # The player loads numpy.

        player = PlayerWidget()
        player.can_focus = False
        self.display = True
        self.mount(player)
        self.call_after_refresh(self.switch_run, folder)

    def switch_run(self, folder: Path) -> None:
        """Where something plays, play another training."""
        if not self.display:
            return

        for player in self.query(PlayerWidget):
            if player.references != (str(folder),):
                player.play([str(folder)], follow=True)

    def stop_playback(self) -> None:
        """Play nothing any more."""
        self.display = False
        self.remove_children()
