"""The program: seven modes in one screen, a command line under them, and a thread that watches the workspace."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from importlib import import_module
from queue import SimpleQueue
from typing import Any, ClassVar

from rich.console import RenderableType
from rich.text import Text
from textual import events
from textual.app import App, ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Container
from textual.screen import Screen
from textual.widgets import Footer, Static

from gts.commands.declare import Result
from gts.store.workspace import Workspace
from gts_tui.command_line import CommandLine
from gts_tui.dialogs import Confirm
from gts_tui.frugal import frugal
from gts_tui.glyphs import glyphs_for
from gts_tui.mode import Mode
from gts_tui.performing import Performer
from gts_tui.scrollback import Scrollback
from gts_tui.theming import THEME_DEFAULTS
from gts_tui.verbs import MODES
from gts_tui.watching import Watch

SMALLEST = (60, 15)
"""Columns and rows below which nothing but a notice is shown."""


@dataclass(frozen=True)
class Settings:
    """How the program was started."""

    readonly: bool = False
    mouse: bool = True
    theme: str = ""
    glyphs: str = ""
    """braille, block or ascii; empty: what the terminal can show."""


class Modes(Container):
    """The middle of the screen: one mode at a time."""

    def focus_mode(self) -> None:
        """Put the cursor into the mode that is shown."""
        for mode in self.query(Mode):
            if mode.display:
                mode.focus_first()


class GtsApp(App[int]):
    """The terminal program."""

    CSS_PATH = "style.tcss"
    TITLE = "GTS"
    ENABLE_COMMAND_PALETTE = True
    BINDINGS: ClassVar[list[BindingType]] = [
        *(Binding(str(at), f"mode('{name}')", name, show=False, id=f"mode.{name}") for at, name in enumerate(MODES, start=1)),
        Binding("colon", "line", "command", key_display=":", id="line.open"),
        Binding("o", "scrollback", "output", show=False, id="scrollback.toggle"),
        Binding("question_mark", "keys", "keys", key_display="?", id="keys.show"),
        Binding("ctrl+q,q", "leave", "quit", id="program.quit"),
    ]

    def __init__(self, workspace: Workspace, settings: Settings | None = None) -> None:
        super().__init__()
        self.workspace = workspace
        self.settings = settings or Settings()
        self.performer = Performer(self, workspace, readonly=self.settings.readonly)
        self.watcher = Watch(self._hand_over)
        self.mode: Mode | None = None
        self.glyphs = glyphs_for(self.settings.glyphs)

    def get_theme_variable_defaults(self) -> dict[str, str]:
        """Colours of this program that a theme may leave out."""
        return THEME_DEFAULTS

    # -- the screen ---------------------------------------------------------------------------------------------------

    def compose(self) -> ComposeResult:
        """Bar, modes, scrollback, echo, foot."""
        yield Static(id="bar")
        yield Modes(id="modes")
        scrollback = Scrollback()
        scrollback.id, scrollback.display = "scrollback", False
        yield scrollback
        yield Static(id="echo")
        yield CommandLine()
        yield Footer(compact=True, show_command_palette=False)
        yield Static(id="small")

    async def on_mount(self) -> None:
        """Show the first mode, and begin to watch."""
        for number in (signal.SIGHUP, signal.SIGTERM):
            with suppress(NotImplementedError, RuntimeError, ValueError):
                asyncio.get_running_loop().add_signal_handler(number, self.exit, 0)
        self.watcher.start()
        await self.show_mode("workspace")

    def on_unmount(self) -> None:
        """Watch no more."""
        self.watcher.end()

    def on_resize(self, event: events.Resize) -> None:
        """Say so where there is no room for anything."""
        width, height = event.size
        small = width < SMALLEST[0] or height < SMALLEST[1]
        self.screen.set_class(small, "-small")
        if small:
            notice = f"too small: {width}×{height}\nGTS needs {SMALLEST[0]}×{SMALLEST[1]}\nctrl+q ends it"
            self.query_one("#small", Static).update(Text(notice, justify="center"))

    def _display(self, screen: Screen[Any], renderable: RenderableType | None) -> None:
        """Send what has changed, in as few bytes as it takes."""
        super()._display(screen, frugal(renderable))

    # -- modes --------------------------------------------------------------------------------------------------------

    async def show_mode(self, name: str, words: Sequence[str] = ()) -> None:
        """Go to a mode, made where it is not there yet, and show there what is named."""
        modes = self.query_one(Modes)
        found = [mode for mode in modes.query(Mode) if name == mode.NAME]
        if found:
            mode = found[0]
        else:
            # A mode is loaded when it is first wanted.
            mode = import_module(f"gts_tui.screens.{name}").MODE()
            await modes.mount(mode)
        if self.mode is not mode:
            if self.mode is not None:
                self.mode.display = False
                self.mode.leave()
            self.mode = mode
            mode.display = True
            mode.enter()
            mode.focus_first()
        for word in words:
            mode.open(word)
        self._draw_bar()

    def _draw_bar(self) -> None:
        bar = Text(no_wrap=True, overflow="ellipsis")
        for at, name in enumerate(MODES, start=1):
            here = self.mode is not None and name == self.mode.NAME
            bar.append(f" {at} {name} ", "reverse bold" if here else "")
        bar.append(f"  {self.workspace.root}", "dim")
        self.query_one("#bar", Static).update(bar)

    async def action_mode(self, name: str) -> None:
        """Go to a mode."""
        await self.show_mode(name)

    # -- the command line ---------------------------------------------------------------------------------------------

    def perform(self, line: str, *, then: Callable[[int], None] | None = None) -> None:
        """Do a command line, as if it had been typed; what every key does that does something."""
        self.performer.perform(line, then=then)

    def action_line(self, text: str = "") -> None:
        """Open the command line."""
        self.query_one(CommandLine).take(text)

    def on_key(self, event: events.Key) -> None:
        """A letter that was on its way when a text field got the focus belongs to the field, not to the keys of a mode."""
        field = self.focused
        if field is not None and field.check_consume_key(event.key, event.character):
            event.stop()
            event.prevent_default()
            field._forward_event(events.Key(event.key, event.character))

    def on_input_submitted(self, event: CommandLine.Submitted) -> None:
        """Do what was typed."""
        if isinstance(event.input, CommandLine):
            line = event.value.strip()
            self.on_command_line_left()
            if line:
                self.perform(line)

    def on_command_line_left(self) -> None:
        """Back to the mode."""
        line = self.query_one(CommandLine)
        line.value, line.display = "", False
        self.query_one(Modes).focus_mode()

    def action_scrollback(self) -> None:
        """Show or hide what was said."""
        pane = self.query_one(Scrollback)
        pane.display = not pane.display
        if pane.display:
            pane.focus()
        else:
            self.query_one(Modes).focus_mode()

    # -- what the performer needs; from any thread --------------------------------------------------------------------

    def _hand_over(self, call: Callable[[], None]) -> None:
        with suppress(RuntimeError):
            self.call_from_thread(call)

    def echo(self, line: str) -> None:
        """Show the command that is done."""

        def show() -> None:
            self.query_one("#echo", Static).update(Text(f"› gts {line}" if not line.startswith("!") else f"› {line}"))
            self.query_one(Scrollback).add(Text(f"› {line}", "bold"))

        self._hand_over(show)

    def say(self, shown: Any, *, error: bool = False) -> None:
        """Add to the scrollback, and open it for what needs more than a line."""

        def show() -> None:
            pane = self.query_one(Scrollback)
            pane.add(shown, error=error)
            if error:
                self.notify(str(shown), severity="error", markup=False)
            else:
                pane.display = True

        self._hand_over(show)

    def verb(self, name: str, words: Sequence[str]) -> None:
        """Do one of the program's own words."""
        from gts_tui.own_words import act

        def begin() -> None:
            self.run_worker(act(self, name, tuple(words)), exit_on_error=False)

        self._hand_over(begin)

    def ask(self, question: str) -> bool:
        """Ask the person; from a thread that can wait."""
        answers: SimpleQueue[bool] = SimpleQueue()
        self._hand_over(lambda: void(self.push_screen(Confirm(question), lambda yes: answers.put(bool(yes)))))
        return answers.get()

    def selected(self) -> Sequence[str]:
        """What `@sel` means now."""
        return self.mode.selection() if self.mode else ()

    def done(self, line: str, code: int, result: Result | None) -> None:
        """A line has ended: what it changed is looked at now."""
        self.watcher.look()

    @property
    def columns(self) -> int:
        """The width of the scrollback."""
        return max(40, self.size.width - 2)

    # -- the end ------------------------------------------------------------------------------------------------------

    def action_leave(self) -> None:
        """End the program; jobs go on."""
        if all(mode.may_close() for mode in self.query(Mode)):
            self.exit(0)

    def action_keys(self) -> None:
        """The keys of this place."""
        self.action_show_help_panel()


def void(value: object) -> None:
    """Nothing, whatever was made."""


def run(workspace: Workspace, settings: Settings) -> int:
    """Open the program; its exit code."""
    os.chdir(workspace.root)
    app = GtsApp(workspace, settings)
    from gts_tui.hangup import end_with

    end_with(0, lambda: app.call_from_thread(app.exit, 0))
    code = app.run(mouse=settings.mouse)
    return code or app.return_code or 0
