"""A widget that plays figures, drawing again only the cells that change; and the pane that shows it below charts."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise
from pathlib import Path
from textwrap import wrap
from typing import TYPE_CHECKING, ClassVar, cast

import numpy as np
from numpy.typing import NDArray
from rich.cells import get_character_cell_size
from rich.color import Color, ColorSystem
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
from gts.playback.session import PlaybackRequest
from gts.playback.stream import PlaybackFailure
from gts_tui.command_syntax import quote_words
from gts_tui.terminal import GlyphLevel
from gts_tui.widgets.playback import MAX_SOURCES, FrameImage, PlaybackSelection, PlaybackThread, build_playback_requests

if TYPE_CHECKING:
    from gts_tui.app_base import BaseApp

GLYPH_STYLES: dict[GlyphLevel, CellGlyphs] = {"braille": "braille", "block": "half", "ascii": "ascii"}
_MERGE_DISTANCE = 12
"""Changed cells of a row at most this far apart are sent as one piece: moving the cursor costs as many bytes."""


class PlayerWidget(Widget, can_focus=True):
    """Plays checkpoints and runs, several side by side; without a thread or process while it plays nothing."""

    DEFAULT_CSS = """
    PlayerWidget { width: 1fr; height: 1fr; background: $background; color: $foreground; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("space", "send('pause')", "pause", id="player.pause"),
        Binding("full_stop,right", "send('step')", "step", key_display=".", id="player.step"),
        Binding("r", "restart", "restart", id="player.restart"),
        Binding("k", "send('keep')", "keep on", id="player.keep"),
        Binding("n", "send('next')", "next", id="player.next"),
        Binding("plus,equals_sign", "send('faster')", "faster", key_display="+", id="player.faster"),
        Binding("minus", "send('slower')", "slower", key_display="-", id="player.slower"),
        Binding("w", "window", "window", id="player.window"),
    ]

    class FrameReady(Message):
        """Posted by the playback thread for each picture."""

        def __init__(self, thread: PlaybackThread, frame: FrameImage) -> None:
            super().__init__()
            self.thread, self.frame = thread, frame

    class Ended(Message):
        """Posted when every playback has ended, and when one has failed."""

        def __init__(self, failure: PlaybackFailure | None) -> None:
            super().__init__()
            self.failure = failure

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.references: tuple[str, ...] = ()
        """References of the current playback, or of the last one."""
        self.has_ended = False
        """Whether every playback has ended or failed."""
        self.frame_count = 0
        """Number of pictures drawn."""
        self._follow_newest = False
        self._hint = ""
        self._playback_thread: PlaybackThread | None = None
        self._shown_cells: CellBuffer | None = None
        self._changed_columns: dict[int, list[int]] = {}
        """By row, the first columns and ends of the pieces that changed last."""
        self._cell_styles: dict[tuple[int, int], Style] = {}

    @property
    def program(self) -> BaseApp:
        """The app; that of `gts play` has the glyphs only."""
        return cast("BaseApp", self.app)

    @property
    def is_playing(self) -> bool:
        """Whether a playback is open, even if it has failed."""
        return self._playback_thread is not None

    def play(self, references: Sequence[str], *, follow: bool = False) -> None:
        """Play references side by side; with `follow`, runs play their newest evaluation."""
        self.stop()
        self.references, self._follow_newest = tuple(references)[:MAX_SOURCES], follow
        if self.references:
            workspace, selection = self.program.workspace, PlaybackSelection(self.references, follow)
            self._start_thread(lambda: build_playback_requests(workspace, selection))

    def play_requests(self, requests: Sequence[PlaybackRequest]) -> None:
        """Play requests side by side."""
        self.stop()
        self.references = ()
        self._start_thread(lambda: requests)

    def _start_thread(self, list_requests: Callable[[], Sequence[PlaybackRequest | PlaybackFailure]]) -> None:
        self.has_ended = False
        thread = PlaybackThread(
            list_requests,
            GLYPH_STYLES[self.program.glyphs.level],
            lambda frame: self.post_message(self.FrameReady(thread, frame)),
        )
        self._playback_thread = thread
        thread.set_size(self.size.height, self.size.width)
        thread.start()

    def stop(self) -> None:
        """End the playback and its processes."""
        if self._playback_thread is not None:
            self._playback_thread.close()
        self._playback_thread, self._shown_cells = None, None
        self.refresh()

    def set_hint(self, hint: str) -> None:
        """Set the text shown while nothing plays."""
        if hint != self._hint:
            self._hint = hint
            self.refresh()

    def on_unmount(self) -> None:
        """End the playback."""
        self.stop()

    def on_resize(self, event: Resize) -> None:
        """Draw in the new size."""
        if self._playback_thread is not None:
            self._playback_thread.set_size(event.size.height, event.size.width)

    # -- keys ---------------------------------------------------------------------------------------------------------

    def action_send(self, command: str) -> None:
        """Send a command of `gts.playback.stream`."""
        if self._playback_thread is not None:
            self._playback_thread.send_command(command)

    def action_restart(self) -> None:
        """Restart the loop, or everything if all has ended."""
        if self.has_ended or self._playback_thread is None:
            self.play(self.references, follow=self._follow_newest)
        else:
            self._playback_thread.send_command("restart")

    def action_window(self) -> None:
        """Open a window on the same references."""
        self.open_window(self.references)

    def open_window(self, references: Sequence[str]) -> None:
        """Open a window in its own process, which reports a missing display itself."""
        if references:
            self.program.run_command(quote_words(["play", *references, "--loops", "0", "--in", "window"]))

    # -- pictures -----------------------------------------------------------------------------------------------------

    def on_player_widget_frame_ready(self, event: FrameReady) -> None:
        """Redraw the cells that differ from the last picture."""
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
        if event.frame.has_ended or event.frame.failure is not None:
            self.post_message(self.Ended(event.frame.failure))

    def notify_style_update(self) -> None:
        """Drop the cached styles when the theme changes."""
        super().notify_style_update()
        self._cell_styles.clear()

    def render_line(self, y: int) -> Strip:
        """Render a row of the picture, or of the hint."""
        cells, width, plain = self._shown_cells, self.size.width, self.rich_style
        if cells is None or y >= cells.rows:
            hint = wrap(self._hint, max(width, 1)) if self._playback_thread is None else []
            return Strip([Segment(hint[y] if y < len(hint) else "", plain)]).adjust_cell_length(width, plain)
        text = _printable_text(cells.chars[y])
        foregrounds, backgrounds = _carry_foreground(cells.chars[y], cells.fg[y]), cells.bg[y]
        ends = np.flatnonzero((np.diff(foregrounds) != 0) | (np.diff(backgrounds) != 0)) + 1
        # Only whole segments are sent, so changed pieces get segments of their own.
        cuts = sorted({0, cells.columns, *ends.tolist(), *self._changed_columns.get(y, ())})
        segments = [
            Segment(text[first:last], self._cell_style(int(foregrounds[first]), int(backgrounds[first]), plain))
            for first, last in pairwise(cuts)
        ]
        return Strip(segments, cells.columns).adjust_cell_length(width, plain)

    def _cell_style(self, foreground: int, background: int, plain: Style) -> Style:
        style = self._cell_styles.get((foreground, background))
        if style is None:
            few = self.app.console.color_system == "standard"
            own = Style(color=_rgb_colour(foreground, few=few), bgcolor=_rgb_colour(background, few=few))
            style = self._cell_styles[foreground, background] = plain + own
        return style


def changed_regions(before: CellBuffer | None, now: CellBuffer) -> list[Region] | None:
    """List the changed pieces of rows; None if the two pictures differ in size."""
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


def _carry_foreground(chars: NDArray[np.uint32], foregrounds: NDArray[np.int32]) -> NDArray[np.int32]:
    """Foregrounds of a row, each blank with that of the character before it: a blank shows none, and a change costs bytes."""
    last_visible = np.where(chars != ord(" "), np.arange(len(chars)), 0)
    return np.asarray(foregrounds[np.maximum.accumulate(last_visible)])


def _printable_text(row: NDArray[np.uint32]) -> str:
    """The characters of a row, with `?` for control characters and for those that are not one column wide."""
    text = "".join(map(chr, row.tolist()))
    if not text.isprintable() or any(get_character_cell_size(char) != 1 for char in set(text)):
        text = "".join(char if char.isprintable() and get_character_cell_size(char) == 1 else "?" for char in text)
    return text


def _rgb_colour(number: int, *, few: bool = False) -> Color | None:
    """The colour 0xRRGGBB; None for the default colour. With `few` (16 colours), light grey for blacks and dark greys."""
    if number == DEFAULT_COLOUR:
        return None
    colour = Color.from_rgb(number >> 16, number >> 8 & 255, number & 255)
    # Of 16 colours, black and dark grey are invisible on many backgrounds.
    return Color.from_ansi(7) if few and colour.downgrade(ColorSystem.STANDARD).number in (0, 8) else colour


class PlaybackPane(Vertical):
    """The newest evaluation of a run; hidden, without a player, until playback starts."""

    DEFAULT_CSS = """
    PlaybackPane { height: 45%; min-height: 6; padding: 0 1; display: none; }
    """

    def start_playback(self, folder: Path) -> None:
        """Show the pane and play a run."""
        player = PlayerWidget()
        player.can_focus = False
        self.display = True
        self.mount(player)
        self.call_after_refresh(self.switch_run, folder)

    def switch_run(self, folder: Path) -> None:
        """Play another run if the pane is open."""
        if not self.display:
            return
        for player in self.query(PlayerWidget):
            if player.references != (str(folder),):
                player.play([str(folder)], follow=True)

    def stop_playback(self) -> None:
        """End the playback and hide the pane."""
        self.display = False
        self.remove_children()
