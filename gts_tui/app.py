"""GtsApp: seven modes in one screen, a command line below them, and a thread that watches the workspace."""

from __future__ import annotations

import asyncio
import gc
import os
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from contextlib import suppress
from functools import cached_property
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from textual import events, getters, on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType

from gts.commands.command import Result
from gts.store.workspace import WORKSPACE_VARIABLE, Workspace
from gts_tui.app_base import AppSettings, BaseApp
from gts_tui.command_syntax import MODES, LineSpan
from gts_tui.console.command_line import CommandLine
from gts_tui.console.output import ConsoleView, OutputPane, StatusLine
from gts_tui.keymap import watch_keymap
from gts_tui.screens import MODE_MODULES
from gts_tui.screens.mode import Mode, ModeContainer
from gts_tui.terminal import exit_on_hangup, exit_on_signals
from gts_tui.textual_fixes import AppClosedError, FixedScreen, forward_key, wait_for_result
from gts_tui.widgets.dialogs import ConfirmDialog
from gts_tui.widgets.footer import AppFooter, TooSmallNotice
from gts_tui.widgets.header import AppHeader
from gts_tui.workspace_setup import watch_catalogue

if TYPE_CHECKING:
    from gts_tui.console.runner import CommandRunner


class GtsApp(BaseApp):
    """The terminal program; implements `CommandHost` for the command runner."""

    CSS_PATH = "style.tcss"
    TITLE = "GTS"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("question_mark", "keys", "keys", key_display="?", id="keys.show"),
        Binding("ctrl+p", "palette", "find", show=False, id="palette.open"),
        *(Binding(str(at), f"mode('{name}')", name, show=False, id=f"mode.{name}") for at, name in enumerate(MODES, start=1)),
        # Priority binding: ssh delivers `:` and the keys after it in one read, and they must all reach the command line.
        Binding("colon", "line", "command", key_display=":", id="line.open", priority=True),
        Binding("o", "scrollback", "output", show=False, id="scrollback.toggle"),
        Binding("ctrl+q,q", "leave", "quit", id="program.quit"),
    ]

    header = getters.query_one(AppHeader)
    command_line = getters.query_one(CommandLine)
    mode_container = getters.query_one(ModeContainer)
    output_pane = getters.query_one(OutputPane)

    def __init__(self, workspace: Workspace, settings: AppSettings | None = None) -> None:
        super().__init__(workspace, settings or AppSettings())
        self.mode: Mode | None = None
        self._mode_lock = asyncio.Lock()
        self._console = ConsoleView(self)

    @cached_property
    def command_runner(self) -> CommandRunner:
        """Runner of command lines; imported at the first command, after the first frame."""
        from gts_tui.console.runner import CommandRunner

        return CommandRunner(self, self.workspace, readonly=self.settings.readonly)

    # -- the screen ---------------------------------------------------------------------------------------------------

    def compose(self) -> ComposeResult:
        """Yield header, modes, output pane, status line, command line, footer."""
        yield AppHeader()
        yield ModeContainer(id="modes")
        yield OutputPane()
        yield StatusLine()
        yield CommandLine(lambda: self.command_runner)
        yield AppFooter()
        yield TooSmallNotice()

    def on_mount(self) -> None:
        """Start the polling thread and show the first mode."""
        self.poller.start()
        self.start_workspace()

    def on_ready(self) -> None:
        """Turn the garbage collector on again, which `start.open_program` turned off."""
        if not gc.isenabled():
            gc.freeze()
            gc.enable()

    def start_workspace(self) -> None:
        """Watch the files of the open workspace and show the first mode."""
        self.themes.watch_files(
            self.workspace,
            self.poller,
            lambda problems: self.report_problems("themes with errors", problems, ": gts themes check"),
        )
        watch_keymap(self)
        watch_catalogue(self)
        self.call_next(self.show_mode, "workspace")

    async def switch_workspace(self, folder: Path) -> None:
        """Close all modes and open another workspace; does nothing if a mode refuses to close."""
        if not all(mode.may_close() for mode in self.query(Mode)):
            return
        if self.mode is not None:
            self.mode.leave()
            self.mode = None
        await self.mode_container.remove_children()
        self.workspace = self.command_runner.workspace = enter_workspace(Workspace(folder))
        self.header.poll_jobs()
        self.start_workspace()

    def get_default_screen(self) -> FixedScreen:
        """Return the screen that holds everything but the dialogs."""
        return FixedScreen()

    def on_unmount(self) -> None:
        """Stop the polling thread and end the child processes."""
        self.poller.stop()
        if "command_runner" in vars(self):
            self.command_runner.close()

    def on_resize(self, event: events.Resize) -> None:
        """Show a notice if the terminal is too small."""
        self.query_one(TooSmallNotice).check_size(event.size)

    # -- modes --------------------------------------------------------------------------------------------------------

    @property
    def mode_name(self) -> str:
        """Name of the current mode; empty before the first one is shown."""
        return self.mode.NAME if self.mode is not None else ""

    async def show_mode(self, name: str, references: Sequence[str] = ()) -> None:
        """Switch to a mode, mount it if needed, and open `references` there."""
        # A key and a command may both ask for a mode that is still being mounted.
        async with self._mode_lock:
            mode = await self._find_or_mount_mode(name)
            if self.mode is not mode:
                self._switch_mode(mode)
            for reference in references:
                mode.open(reference)
            self.header.redraw()

    async def _find_or_mount_mode(self, name: str) -> Mode:
        for mode in self.mode_container.query(Mode):
            if name == mode.NAME:
                return mode
        # Imported when first shown: the first frame needs one mode only.
        new_mode: Mode = import_module(MODE_MODULES[name]).MODE()
        await self.mode_container.mount(new_mode)
        return new_mode

    def _switch_mode(self, mode: Mode) -> None:
        # The output belongs to the mode in which its command ran; `o` opens it again.
        self.output_pane.display = False
        if self.mode is not None:
            self.mode.display = False
            self.mode.leave()
        self.mode = mode
        mode.display = True
        mode.enter()
        if not self.command_line.has_focus:
            mode.focus_first()

    async def action_mode(self, name: str) -> None:
        """Switch to a mode."""
        await self.show_mode(name)

    def focus_mode(self) -> None:
        """Move the focus to the current mode."""
        self.mode_container.focus_mode()

    # -- the command line ---------------------------------------------------------------------------------------------

    def run_command(self, line: str, *, then: Callable[[int], None] | None = None) -> None:
        """Run a command line; returns at once. `then` is called with the exit code, in another thread."""
        self.command_runner.run(line, then=then)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Disable the `:` key in text fields and dialogs, which take it as a character."""
        if action != "line":
            return True
        focused = self.focused
        return len(self.screen_stack) == 1 and not (focused is not None and focused.check_consume_key("colon", ":"))

    def action_line(self, text: str = "") -> None:
        """Open the command line with initial text."""
        self.open_command_line(text)

    def open_command_line(self, text: str = "") -> None:
        """Open the command line with initial text."""
        self.command_line.open(text)

    def on_key(self, event: events.Key) -> None:
        """Forward a character to the focused text field if it was queued before that field got the focus."""
        field = self.focused
        if field is not None and field.check_consume_key(event.key, event.character):
            event.stop()
            event.prevent_default()
            forward_key(field, event.key, event.character)

    @on(CommandLine.Submitted, "#line")
    def _run_submitted_line(self, event: CommandLine.Submitted) -> None:
        line = event.value.strip()
        self._close_command_line()
        if line:
            self.run_command(line)

    @on(CommandLine.Closed)
    def _close_command_line(self) -> None:
        self.command_line.value, self.command_line.display = "", False
        self.focus_mode()

    def action_scrollback(self) -> None:
        """Show and focus the output pane, or hide it if it has the focus."""
        pane = self.output_pane
        pane.display = not pane.has_focus
        if pane.display:
            pane.focus()
        else:
            self.focus_mode()

    def action_keys(self) -> None:
        """Open the list of keys that work here."""
        from gts_tui.widgets.palette import show_key_help

        show_key_help(self)

    def action_palette(self) -> None:
        """Open the palette."""
        from gts_tui.widgets.palette import show_palette

        show_palette(self)

    # -- CommandHost: called from any thread --------------------------------------------------------------------------

    def show_command(self, line: str) -> None:
        """Show the command that runs now."""
        self.call_soon(lambda: self._console.show_command(line))

    def show_output(self, content: Any, *, error: bool = False, span: LineSpan | None = None) -> None:
        """Add a text or rich renderable to the output pane; `span`: the part of the line that an error is about."""
        lines = self._console.render_lines(content, error=error, span=span)
        self.call_soon(lambda: self._console.show_result(content, lines, error=error, span=span))

    def show_tasks(self, tasks: Sequence[str], ended: str = "") -> None:
        """Show the running child processes; notify about one that has ended."""
        self.call_soon(lambda: self._console.show_tasks(tasks, ended))

    def run_builtin(self, name: str, words: Sequence[str]) -> None:
        """Run a built-in command in the app's thread and wait for it."""
        from gts_tui.console.builtins import run_builtin

        with suppress(AppClosedError):
            self.call_from_thread(run_builtin, self, self.command_runner, name, tuple(words))

    def confirm(self, question: str) -> bool:
        """Ask a yes-no question and wait for the answer; False if the app closes meanwhile."""
        answer: Future[bool] = Future()

        def ask_question() -> None:
            self.push_screen(ConfirmDialog(question), lambda yes: answer.set_result(bool(yes)))

        self.call_soon(ask_question)
        try:
            return bool(wait_for_result(answer, self))
        except AppClosedError:
            return False

    def selection(self) -> Sequence[str]:
        """References that `@sel` expands to."""
        return self.mode.selection() if self.mode else ()

    def command_finished(self, line: str, code: int, result: Result | None) -> None:
        """Poll at once, since the command may have changed files."""
        self.poller.poll_now()

    @property
    def output_width(self) -> int:
        """Columns of a line in the output pane."""
        return max(40, self.size.width - 2)

    # -- the end ------------------------------------------------------------------------------------------------------

    def action_leave(self) -> None:
        """Exit, unless a mode refuses to close; jobs keep running."""
        if all(mode.may_close() for mode in self.query(Mode)):
            self.exit(0)

    async def action_quit(self) -> None:
        """Exit like `action_leave`; Textual's own ctrl+q binding calls this."""
        self.action_leave()

    def request_exit(self) -> None:
        """Exit without asking; call it from any other thread."""
        self.call_soon(lambda: self.exit(0))


def enter_workspace(workspace: Workspace) -> Workspace:
    """Make a workspace's folder the working directory of this process and its children; returns it with an absolute path."""
    absolute = Workspace(workspace.root.absolute())
    os.chdir(absolute.root)
    if WORKSPACE_VARIABLE in os.environ:
        # The variable may hold a path relative to the previous directory.
        os.environ[WORKSPACE_VARIABLE] = str(absolute.root)
    return absolute


def run_app(workspace: Workspace, settings: AppSettings) -> int:
    """Run the terminal program; returns its exit code."""
    app = GtsApp(enter_workspace(workspace), settings)
    exit_on_hangup(0, app.request_exit)
    exit_on_signals(app.request_exit)
    code = app.run(mouse=settings.mouse)
    return code or app.return_code or 0
