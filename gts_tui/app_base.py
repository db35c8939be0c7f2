"""BaseApp: the services of the program that every widget may use, without any knowledge of modes or commands."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

from textual.binding import ActiveBinding, Binding, BindingType
from textual.filter import LineFilter

from gts.store.workspace import Workspace
from gts_tui.polling import Poller
from gts_tui.terminal import SurrogateFilter, copy_text, select_glyphs
from gts_tui.textual_fixes import AppClosedError, MinimalUpdateApp, call_in_app_thread, set_mouse_reporting
from gts_tui.theme import THEME_VARIABLE_DEFAULTS, ThemeManager

_MAX_PROBLEMS = 4
"""Problems of a file that one notification lists."""


@dataclass(frozen=True)
class AppSettings:
    """Options of `gts` that apply to the terminal program."""

    readonly: bool = False
    mouse: bool = True
    theme: str = ""
    """Empty: the theme chosen last, or the default of the terminal."""
    glyphs: str = ""
    """braille, block or ascii; empty: detected from the terminal."""


class BaseApp(MinimalUpdateApp[int]):
    """Workspace, theme, clipboard, mouse and polling thread; `GtsApp` adds modes and the command line."""

    # `GtsApp.action_palette` opens the palette of this program instead.
    ENABLE_COMMAND_PALETTE = False
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("percent_sign", "mouse", "mouse to the terminal or back", show=False, key_display="%", id="mouse.toggle"),
    ]

    def __init__(self, workspace: Workspace, settings: AppSettings) -> None:
        super().__init__()
        self.workspace = workspace
        self.settings = settings
        self.glyphs = select_glyphs(settings.glyphs)
        self.has_mouse = settings.mouse
        self.poller = Poller(self.call_soon, self.report_error)
        self.themes = ThemeManager(self, workspace, ascii_only=self.glyphs.level == "ascii")
        self._surrogate_filter = SurrogateFilter()
        self._reported_problems: dict[str, tuple[str, ...]] = {}
        self.unexpected_errors: list[Exception] = []
        """Errors caught by `report_error`, for tests."""

    # -- services of GtsApp that widgets use ---------------------------------------------------------------------------

    @property
    @abstractmethod
    def mode_name(self) -> str:
        """Name of the current mode; empty before the first one is shown."""

    @property
    @abstractmethod
    def output_width(self) -> int:
        """Columns of a line in the output pane."""

    @abstractmethod
    def run_command(self, line: str, *, then: Callable[[int], None] | None = None) -> None:
        """Run a command line; returns at once. `then` is called with the exit code, in another thread."""

    @abstractmethod
    def open_command_line(self, text: str = "") -> None:
        """Open the command line with initial text."""

    @abstractmethod
    async def show_mode(self, name: str, references: Sequence[str] = ()) -> None:
        """Switch to a mode, mount it if needed, and open `references` there."""

    @abstractmethod
    def focus_mode(self) -> None:
        """Move the focus to the current mode."""

    @abstractmethod
    async def switch_workspace(self, folder: Path) -> None:
        """Close all modes and open another workspace."""

    # -- themes and filters ----------------------------------------------------------------------------------------------

    def on_load(self) -> None:
        """Apply the theme before the first frame."""
        self.themes.apply_initial(self.settings.theme)

    def get_theme_variable_defaults(self) -> dict[str, str]:
        """Values of the variables that a theme may omit."""
        return THEME_VARIABLE_DEFAULTS

    def get_line_filters(self) -> Sequence[LineFilter]:
        """Filters applied to every line before it is written to the terminal."""
        return (self._surrogate_filter, *self.themes.line_filters(), *super().get_line_filters())

    # -- threads ---------------------------------------------------------------------------------------------------------

    def call_soon(self, call: Callable[[], object]) -> None:
        """Call a function in the app's thread and wait for it; do nothing if the app has ended."""
        with suppress(AppClosedError):
            self.call_from_thread(call)

    def call_from_thread(self, callback: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        """Call a function in the app's thread and return its result; Textual's version never returns if the app ends."""
        return call_in_app_thread(self, callback, *args, **kwargs)

    def report_error(self, error: Exception) -> None:
        """Notify about an unexpected error; call it from any thread but the app's."""
        self.unexpected_errors.append(error)
        text = f"internal error: {type(error).__name__}: {error}"
        self.call_soon(lambda: self.notify(text, severity="error", markup=False))

    def report_problems(self, title: str, problems: tuple[str, ...], more_hint: str = "") -> None:
        """Notify about errors in files, once per set of problems with this title; `more_hint`: how to list all of them."""
        if problems and problems != self._reported_problems.get(title):
            more = f"\nand {len(problems) - _MAX_PROBLEMS} more{more_hint}" if len(problems) > _MAX_PROBLEMS else ""
            text = "\n".join(problems[:_MAX_PROBLEMS]) + more
            self.notify(text, title=title, severity="warning", markup=False, timeout=10)
        self._reported_problems[title] = problems

    # -- clipboard and mouse ---------------------------------------------------------------------------------------------

    def refuse_if_readonly(self) -> bool:
        """Show an error if the program was started with --readonly. Returns whether it was."""
        if self.settings.readonly:
            self.notify("this program was started with --readonly", severity="error", markup=False)
        return self.settings.readonly

    def copy(self, text: str, label: str) -> None:
        """Copy a text to the clipboard, or write it to a file, and notify about it; `label` names it in the message."""
        self.notify(copy_text(text, label, self.copy_to_clipboard), markup=False)

    def copy_names(self, names: Sequence[str], noun: str = "names") -> None:
        """Copy names, separated by spaces; nothing if there are none. Several are `3 names` in the notice."""
        if names:
            self.copy(" ".join(names), names[0] if len(names) == 1 else f"{len(names)} {noun}")

    def copy_to_clipboard(self, text: str) -> None:
        """Send a text to the terminal; file names may hold surrogates, which cannot be encoded."""
        super().copy_to_clipboard(text.encode(errors="replace").decode())

    def set_mouse(self, enabled: bool) -> None:
        """Take the mouse, or release it to the terminal, which can then select text."""
        set_mouse_reporting(self, enabled)
        self.has_mouse = enabled
        self.notify("the mouse is GTS's" if enabled else "the mouse is the terminal's: mark and copy as usual; % gets it back")

    def action_mouse(self) -> None:
        """Toggle between the program and the terminal as owner of the mouse."""
        self.set_mouse(not self.has_mouse)

    # -- keys ------------------------------------------------------------------------------------------------------------

    def action_perform(self, line: str) -> None:
        """Run a command line; for key bindings."""
        self.run_command(line)

    def run_binding(self, active: ActiveBinding) -> None:
        """Run the action of a key binding on the widget that it belongs to."""
        self.call_next(self.run_action, active.binding.action, active.node)
