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
from gts.store.workspace import WORKSPACE_VARIABLE, Workspace
from gts_tui.app_base import AppSettings, BaseApp
from gts_tui.command_syntax import MODES, LineSpan
from gts_tui.console.command_line import CommandLine
from gts_tui.console.output import OutputPane, StatusLine, render_lines, show_command, show_result, show_tasks
from gts_tui.keymap import watch_keymap
from gts_tui.polling import Poller
from gts_tui.screens.mode import Mode, ModeContainer
from gts_tui.terminal import exit_on_hangup, exit_on_signals
from gts_tui.textual_fixes import AppClosedError, FixedScreen, minimize_update, wait_for_result
from gts_tui.widgets.dialogs import ConfirmDialog
from gts_tui.widgets.footer import AppFooter, TooSmallNotice
from gts_tui.widgets.header import AppHeader
from gts_tui.workspace_setup import watch_catalogue

if TYPE_CHECKING:
    from gts_tui.console.runner import CommandRunner


class GtsApp(BaseApp):
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

    def __init__(self, workspace: Workspace, settings: AppSettings | None = None) -> None:
        super().__init__(workspace, settings or AppSettings())
        self.poller = Poller(self.call_soon, self.report_error)
        self.mode: Mode | None = None

    @cached_property
    def command_runner(self) -> CommandRunner:
        """What does command lines; loaded with the first one, which comes after the first picture."""
        from gts_tui.console.runner import CommandRunner

        return CommandRunner(self, self.workspace, readonly=self.settings.readonly)

    # -- the screen ---------------------------------------------------------------------------------------------------

    def compose(self) -> ComposeResult:
        """Bar, modes, scrollback, echo, foot."""
        yield AppHeader()
        yield ModeContainer(id="modes")
        scrollback = OutputPane()
        scrollback.id, scrollback.display = "scrollback", False
        yield scrollback
        yield StatusLine()
        yield CommandLine()
        yield AppFooter()
        yield TooSmallNotice()

    def on_mount(self) -> None:
        """Show the first mode, and begin to watch."""
        self.poller.start()
        self.start_workspace()

    def on_ready(self) -> None:
        """It has started: what is there now stays, and is not looked through for what could be thrown away."""
        if not gc.isenabled():
            gc.freeze()
            gc.enable()

    def start_workspace(self) -> None:
        """Look at the workspace that is open now, and show the first mode."""
        self.themes.watch_files()
        watch_keymap(self)
        watch_catalogue(self)
        self.call_next(self.show_mode, "workspace")

    async def switch_workspace(self, folder: Path) -> None:
        """Go to another workspace: every mode is made anew there."""
        if not all(mode.may_close() for mode in self.query(Mode)):
            return
        if self.mode is not None:
            self.mode.leave()
            self.mode = None
        await self.query_one(ModeContainer).remove_children()
        self.workspace = self.command_runner.workspace = enter_workspace(Workspace(folder))
        self.query_one(AppHeader).poll_jobs()
        self.start_workspace()

    def get_default_screen(self) -> FixedScreen:
        """The screen that everything is on."""
        return FixedScreen()

    def on_unmount(self) -> None:
        """Watch no more; what works for this program alone ends with it."""
        self.poller.stop()
        if "command_runner" in vars(self):
            self.command_runner.close()

    def on_resize(self, event: events.Resize) -> None:
        """Say so where there is no room for anything."""
        self.query_one(TooSmallNotice).check_size(event.size)

    def _display(self, screen: Screen[Any], renderable: RenderableType | None) -> None:
        """Send what has changed, in as few bytes as it takes."""
        super()._display(screen, minimize_update(renderable))

    # -- modes --------------------------------------------------------------------------------------------------------

    async def show_mode(self, name: str, references: Sequence[str] = ()) -> None:
        """Go to a mode, made where it is not there yet, and show there what is named."""
        modes = self.query_one(ModeContainer)
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
            self.query_one(OutputPane).display = False
            if self.mode is not None:
                self.mode.display = False
                self.mode.leave()
            self.mode = mode
            mode.display = True
            mode.enter()
            # Who has begun to write a command meanwhile goes on writing it.
            if not self.query_one(CommandLine).has_focus:
                mode.focus_first()
        for word in references:
            mode.open(word)
        self.query_one(AppHeader).redraw()

    async def action_mode(self, name: str) -> None:
        """Go to a mode."""
        await self.show_mode(name)

    # -- the command line ---------------------------------------------------------------------------------------------

    def run_command(self, line: str, *, then: Callable[[int], None] | None = None) -> None:
        """Do a command line, as if it had been typed; what every key does that does something."""
        self.command_runner.run(line, then=then)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Where text is written, and in a dialog, `:` is a letter."""
        if action != "line":
            return True
        focused = self.focused
        return len(self.screen_stack) == 1 and not (focused is not None and focused.check_consume_key("colon", ":"))

    def action_line(self, text: str = "") -> None:
        """Open the command line."""
        self.query_one(CommandLine).open(text)

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
            self.on_command_line_closed()
            if line:
                self.run_command(line)

    def on_command_line_closed(self) -> None:
        """Back to the mode."""
        line = self.query_one(CommandLine)
        line.value, line.display = "", False
        self.query_one(ModeContainer).focus_mode()

    def action_scrollback(self) -> None:
        """Show or hide what was said."""
        pane = self.query_one(OutputPane)
        pane.display = not pane.has_focus
        if pane.display:
            pane.focus()
        else:
            self.query_one(ModeContainer).focus_mode()

    # -- what the performer needs; from any thread --------------------------------------------------------------------

    def show_command(self, line: str) -> None:
        """Show the command that is done."""
        self.call_soon(lambda: show_command(self, line))

    def show_output(self, content: Any, *, error: bool = False, span: LineSpan | None = None) -> None:
        """Add to the scrollback, and open it for what needs more than a line."""
        lines = render_lines(self, content, error=error, span=span)
        self.call_soon(lambda: show_result(self, content, lines, error=error, span=span))

    def show_tasks(self, tasks: Sequence[str], ended: str = "") -> None:
        """Show which processes of this program are at work; tell which one has ended."""
        self.call_soon(lambda: show_tasks(self, tasks, ended))

    def run_builtin(self, name: str, words: Sequence[str]) -> None:
        """Do one of the program's own words."""
        from gts_tui.console.builtins import run_builtin

        with suppress(AppClosedError):
            self.call_from_thread(run_builtin, self, name, tuple(words))

    def confirm(self, question: str) -> bool:
        """Ask the person; from a thread that can wait. Where the program ends meanwhile, the answer is no."""
        answer: Future[bool] = Future()
        self.call_soon(
            lambda: discard_value(self.push_screen(ConfirmDialog(question), lambda yes: answer.set_result(bool(yes))))
        )
        try:
            return bool(wait_for_result(answer, self))
        except AppClosedError:
            return False

    def selection(self) -> Sequence[str]:
        """What `@sel` means now."""
        return self.mode.selection() if self.mode else ()

    def command_finished(self, line: str, code: int, result: Result | None) -> None:
        """A line has ended: what it changed is looked at now."""
        self.poller.poll_now()

    @property
    def output_width(self) -> int:
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

    def request_exit(self) -> None:
        """End whatever is open; from any thread."""
        self.call_soon(lambda: self.exit(0))


def discard_value(value: object) -> None:
    """Nothing, whatever was made."""


def enter_workspace(workspace: Workspace) -> Workspace:
    """A workspace, with its folder as the one where this process and those that it starts work; named from anywhere."""
    here = Workspace(workspace.root.absolute())
    os.chdir(here.root)
    if WORKSPACE_VARIABLE in os.environ:
        # What it names may be meant from the folder before.
        os.environ[WORKSPACE_VARIABLE] = str(here.root)
    return here


def run_app(workspace: Workspace, settings: AppSettings) -> int:
    """Open the program; its exit code."""
    app = GtsApp(enter_workspace(workspace), settings)
    exit_on_hangup(0, app.request_exit)
    exit_on_signals(app.request_exit)
    code = app.run(mouse=settings.mouse)
    return code or app.return_code or 0
