"""The app of `gts play --in terminal` and `gts compare --play`: playbacks side by side over a line of keys."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from types import FrameType
from typing import Any, ClassVar, Literal

from rich.console import Console
from textual.app import App, ComposeResult
from textual.binding import Binding, BindingType
from textual.drivers.linux_driver import LinuxDriver
from textual.events import Resize
from textual.filter import LineFilter
from textual.widgets import Static

from gts.playback.drawing import CellGlyphs
from gts.playback.panels import format_keys
from gts.playback.session import PlaybackRequest
from gts.playback.stream import PlaybackFailure
from gts_tui.terminal import AsciiFilter, MonochromeFilter, SurrogateFilter, exit_on_hangup, select_glyphs
from gts_tui.textual_fixes import FixedScreen, MinimalUpdateApp
from gts_tui.widgets.player import PlayerWidget

ColourSystem = Literal["standard", "256", "truecolor"]

_MANY_COLOUR_TERMS = ("256color", "alacritty", "ghostty", "foot", "wezterm", "kitty", "direct", "konsole")
_PLAIN_TERMS = ("dumb", "vt100", "vt102", "vt220")
_MIN_ROWS_FOR_KEYS = 12


class StdoutDriver(LinuxDriver):
    """Draws on standard output, so that standard error can be redirected; needs no terminal at standard input."""

    def __init__(self, app: App[Any], *, debug: bool = False, mouse: bool = True, size: tuple[int, int] | None = None) -> None:
        super().__init__(app, debug=debug, mouse=mouse, size=size)
        assert sys.__stdout__ is not None
        self._file = sys.__stdout__
        if not self.input_tty:
            # At the end of a file the driver's input thread would spin; a pipe that stays empty lets it sleep.
            self.fileno, self._open_end = os.pipe()


class PlaybackApp(MinimalUpdateApp[PlaybackFailure]):
    """Plays requests until they end, one fails or a key quits; returns the failure."""

    CSS = """
    Screen { background: ansi_default; color: ansi_default; }
    PlayerWidget { background: ansi_default; color: ansi_default; }
    #keys { height: 1; background: ansi_default; color: ansi_default; }
    """
    ENABLE_COMMAND_PALETTE = False
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("q,Q,escape,ctrl+q", "quit", "quit"),
        Binding("ctrl+c", "interrupt", "interrupt", priority=True),
        Binding("ctrl+z", "suspend_process", "suspend"),
        Binding("R", "forward('restart')", show=False),
        Binding("K", "forward('keep')", show=False),
        Binding("N", "forward('next')", show=False),
    ]

    def __init__(
        self,
        requests: Sequence[PlaybackRequest],
        glyphs: CellGlyphs | None,
        environment: Mapping[str, str] = os.environ,
        driver_class: type[LinuxDriver] | None = None,
    ) -> None:
        """`glyphs` None chooses by the terminal."""
        super().__init__(driver_class=driver_class)
        self._requests = requests
        term = environment.get("TERM", "")
        level = "block" if glyphs == "half" else glyphs or ("ascii" if term in _PLAIN_TERMS else "")
        self.glyphs = select_glyphs(level)
        colours = find_colour_system(environment)
        self.console = Console(
            color_system=colours,
            file=self.console.file,
            highlight=False,
            emoji=False,
            legacy_windows=False,
            force_terminal=True,
            safe_box=False,
        )
        self._own_filters: list[LineFilter] = [SurrogateFilter()]
        if colours is None:
            self._own_filters.append(MonochromeFilter())
        if self.glyphs.level == "ascii":
            self._own_filters.append(AsciiFilter())
        self.was_interrupted = False
        self._event_loop: asyncio.AbstractEventLoop | None = None
        # Colours of the terminal itself for everything that has none of its own.
        self.theme = "ansi-dark"

    def get_line_filters(self) -> Sequence[LineFilter]:
        """Filters for every line written to the terminal."""
        return (*self._own_filters, *super().get_line_filters())

    def get_default_screen(self) -> FixedScreen:
        """The only screen."""
        return FixedScreen()

    def compose(self) -> ComposeResult:
        """The player over a line of keys."""
        yield PlayerWidget()
        yield Static(id="keys", markup=False)

    def on_mount(self) -> None:
        """Start the playback."""
        self._event_loop = asyncio.get_running_loop()
        if self.was_interrupted:
            self.exit()
        player = self.query_one(PlayerWidget)
        player.focus()
        player.play_requests(self._requests)

    def on_resize(self, event: Resize) -> None:
        """Fit the line of keys; a small terminal has none."""
        keys = self.query_one("#keys", Static)
        keys.display = event.size.height >= _MIN_ROWS_FOR_KEYS
        keys.update(format_keys(event.size.width, several=any(len(request.files) > 1 for request in self._requests)))

    def on_player_widget_ended(self, event: PlayerWidget.Ended) -> None:
        """Exit with the failure."""
        self.exit(event.failure)

    def action_forward(self, command: str) -> None:
        """Send a command to the player, for capital letters."""
        self.query_one(PlayerWidget).action_send(command)

    def action_interrupt(self) -> None:
        """Exit as after Ctrl-C at the shell."""
        self.was_interrupted = True
        self.exit()

    def request_interrupt(self) -> None:
        """Exit as after Ctrl-C; from a signal handler or another thread."""
        self.was_interrupted = True
        if self._event_loop is not None and not self._event_loop.is_closed():
            self._event_loop.call_soon_threadsafe(self.exit)


def find_colour_system(environment: Mapping[str, str]) -> ColourSystem | None:
    """Choose 16, 256 or 2²⁴ colours by TERM and COLORTERM; None without colours or with NO_COLOR."""
    term = environment.get("TERM", "")
    if environment.get("NO_COLOR") or term in _PLAIN_TERMS:
        return None
    if environment.get("COLORTERM", "").lower() in ("truecolor", "24bit"):
        return "truecolor"
    return "256" if any(name in term for name in _MANY_COLOUR_TERMS) else "standard"


def run_playback_app(requests: Sequence[PlaybackRequest], glyphs: CellGlyphs | None) -> PlaybackFailure | None:
    """Play in this terminal until the end; returns the failure, raises KeyboardInterrupt after Ctrl-C and signals."""
    app = PlaybackApp(requests, glyphs, driver_class=StdoutDriver)
    exit_on_hangup(sys.__stdout__.fileno() if sys.__stdout__ is not None else 1, app.request_interrupt)
    with _signals_interrupt(app):
        failure = app.run(mouse=False)
    if app.was_interrupted:
        raise KeyboardInterrupt
    if failure is None and app.return_code:
        return PlaybackFailure("the terminal player failed", "", 1)
    return failure


@contextmanager
def _signals_interrupt(app: PlaybackApp) -> Iterator[None]:
    """Interrupt the app on SIGINT, SIGTERM and SIGHUP, apart from those that were ignored (`nohup`)."""

    def interrupt(number: int, frame: FrameType | None) -> None:
        app.request_interrupt()

    kept = {}
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(number) is not signal.SIG_IGN:
            kept[number] = signal.signal(number, interrupt)
    try:
        yield
    finally:
        for number, handler in kept.items():
            signal.signal(number, handler)
