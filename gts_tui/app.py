"""The program: seven modes in one screen, a command line under them, and a thread that watches the workspace."""

from __future__ import annotations

import gc
import os
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from contextlib import suppress
from functools import cached_property
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from rich.console import RenderableType
from textual import events
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.screen import Screen

from gts.commands.command import Result
from gts.store.workspace import VARIABLE, Workspace
from gts_tui.app_base import Everywhere, Settings
from gts_tui.command_syntax import MODES, Spot
from gts_tui.console.command_line import CommandLine
from gts_tui.console.output import Echo, Scrollback, said, show_command, show_tasks, tell
from gts_tui.keymap import follow_keymap
from gts_tui.polling import Watch
from gts_tui.screens.mode import Mode, Modes
from gts_tui.terminal import end_at_signals, end_with
from gts_tui.textual_fixes import Canvas, EndedError, frugal, wait_for
from gts_tui.widgets.dialogs import Confirm
from gts_tui.widgets.footer import Foot, TooSmall
from gts_tui.widgets.header import Bar
from gts_tui.workspace_setup import mend

if TYPE_CHECKING:
    from gts_tui.console.runner import Performer


class GtsApp(Everywhere):
    """The terminal program."""

    CSS_PATH = "style.tcss"
    TITLE = "GTS"
    BINDINGS: ClassVar[list[BindingType]] = [
        *(Binding(str(at), f"mode('{name}')", name, show=False, id=f"mode.{name}") for at, name in enumerate(MODES, start=1)),
        # Before anybody else hears it: the letters that come with it in one breath, over a slow line, belong to the line.
        Binding("colon", "line", "command", key_display=":", id="line.open", priority=True),
        Binding("o", "scrollback", "output", show=False, id="scrollback.toggle"),
        Binding("ctrl+q,q", "leave", "quit", id="program.quit"),
    ]

    def __init__(self, workspace: Workspace, settings: Settings | None = None) -> None:
        super().__init__(workspace, settings or Settings())
        self.watcher = Watch(self.hand_over, self.mishap)
        self.mode: Mode | None = None

    @cached_property
    def performer(self) -> Performer:
        """What does command lines; loaded with the first one, which comes after the first picture."""
        from gts_tui.console.runner import Performer

        return Performer(self, self.workspace, readonly=self.settings.readonly)

    # -- the screen ---------------------------------------------------------------------------------------------------

    def compose(self) -> ComposeResult:
        """Bar, modes, scrollback, echo, foot."""
        yield Bar()
        yield Modes(id="modes")
        scrollback = Scrollback()
        scrollback.id, scrollback.display = "scrollback", False
        yield scrollback
        yield Echo()
        yield CommandLine()
        yield Foot()
        yield TooSmall()

    def on_mount(self) -> None:
        """Show the first mode, and begin to watch."""
        self.watcher.start()
        self.begin()

    def on_ready(self) -> None:
        """It has started: what is there now stays, and is not looked through for what could be thrown away."""
        if not gc.isenabled():
            gc.freeze()
            gc.enable()

    def begin(self) -> None:
        """Look at the workspace that is open now, and show the first mode."""
        self.looks.follow()
        follow_keymap(self)
        mend(self)
        self.call_next(self.show_mode, "workspace")

    async def move(self, folder: Path) -> None:
        """Go to another workspace: every mode is made anew there."""
        if not all(mode.may_close() for mode in self.query(Mode)):
            return
        if self.mode is not None:
            self.mode.leave()
            self.mode = None
        await self.query_one(Modes).remove_children()
        self.workspace = self.performer.workspace = entered(Workspace(folder))
        self.query_one(Bar).follow()
        self.begin()

    def get_default_screen(self) -> Canvas:
        """The screen that everything is on."""
        return Canvas()

    def on_unmount(self) -> None:
        """Watch no more; what works for this program alone ends with it."""
        self.watcher.end()
        if "performer" in vars(self):
            self.performer.end()

    def on_resize(self, event: events.Resize) -> None:
        """Say so where there is no room for anything."""
        self.query_one(TooSmall).judge(event.size)

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
            package = name in ("workspace", "editor", "training", "search")
            mode = import_module(f"gts_tui.screens.{name}.screen" if package else f"gts_tui.screens.{name}").MODE()
            await modes.mount(mode)
        if self.mode is not mode:
            # What was said belongs to the place where it was said; `o` shows it again.
            self.query_one(Scrollback).display = False
            if self.mode is not None:
                self.mode.display = False
                self.mode.leave()
            self.mode = mode
            mode.display = True
            mode.enter()
            # Who has begun to write a command meanwhile goes on writing it.
            if not self.query_one(CommandLine).has_focus:
                mode.focus_first()
        for word in words:
            mode.open(word)
        self.query_one(Bar).draw()

    async def action_mode(self, name: str) -> None:
        """Go to a mode."""
        await self.show_mode(name)

    # -- the command line ---------------------------------------------------------------------------------------------

    def perform(self, line: str, *, then: Callable[[int], None] | None = None) -> None:
        """Do a command line, as if it had been typed; what every key does that does something."""
        self.performer.perform(line, then=then)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Where text is written, and in a dialog, `:` is a letter."""
        if action != "line":
            return True
        focused = self.focused
        return len(self.screen_stack) == 1 and not (focused is not None and focused.check_consume_key("colon", ":"))

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
        pane.display = not pane.has_focus
        if pane.display:
            pane.focus()
        else:
            self.query_one(Modes).focus_mode()

    # -- what the performer needs; from any thread --------------------------------------------------------------------

    def echo(self, line: str) -> None:
        """Show the command that is done."""
        self.hand_over(lambda: show_command(self, line))

    def say(self, shown: Any, *, error: bool = False, spot: Spot | None = None) -> None:
        """Add to the scrollback, and open it for what needs more than a line."""
        lines = said(self, shown, error=error, spot=spot)
        self.hand_over(lambda: tell(self, shown, lines, error=error, spot=spot))

    def working(self, tasks: Sequence[str], ended: str = "") -> None:
        """Show which processes of this program are at work; tell which one has ended."""
        self.hand_over(lambda: show_tasks(self, tasks, ended))

    def verb(self, name: str, words: Sequence[str]) -> None:
        """Do one of the program's own words."""
        from gts_tui.console.builtins import act

        with suppress(EndedError):
            self.call_from_thread(act, self, name, tuple(words))

    def ask(self, question: str) -> bool:
        """Ask the person; from a thread that can wait. Where the program ends meanwhile, the answer is no."""
        answer: Future[bool] = Future()
        self.hand_over(lambda: void(self.push_screen(Confirm(question), lambda yes: answer.set_result(bool(yes)))))
        try:
            return bool(wait_for(answer, self))
        except EndedError:
            return False

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

    async def action_quit(self) -> None:
        """End the program, whatever has the cursor."""
        self.action_leave()

    def end(self) -> None:
        """End whatever is open; from any thread."""
        self.hand_over(lambda: self.exit(0))


def void(value: object) -> None:
    """Nothing, whatever was made."""


def entered(workspace: Workspace) -> Workspace:
    """A workspace, with its folder as the one where this process and those that it starts work; named from anywhere."""
    here = Workspace(workspace.root.absolute())
    os.chdir(here.root)
    if VARIABLE in os.environ:
        # What it names may be meant from the folder before.
        os.environ[VARIABLE] = str(here.root)
    return here


def run(workspace: Workspace, settings: Settings) -> int:
    """Open the program; its exit code."""
    app = GtsApp(entered(workspace), settings)
    end_with(0, app.end)
    end_at_signals(app.end)
    code = app.run(mouse=settings.mouse)
    return code or app.return_code or 0
