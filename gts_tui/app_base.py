"""What works in every mode: themes, the clipboard, the mouse, help, the palette.

How the program was started.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from textual.app import App
from textual.binding import ActiveBinding, Binding, BindingType
from textual.filter import LineFilter

from gts.store.workspace import Workspace
from gts_tui.terminal import SurrogateFilter, copy_text, select_glyphs, set_mouse_reporting
from gts_tui.textual_fixes import AppClosedError, call_in_app_thread
from gts_tui.theme import THEME_VARIABLE_DEFAULTS, ThemeManager
from gts_tui.widgets.header import AppHeader

if TYPE_CHECKING:
    from gts_tui.polling import Poller
    from gts_tui.screens.mode import Mode


@dataclass(frozen=True)
class AppSettings:
    """What was asked for on the command line."""

    readonly: bool = False
    mouse: bool = True
    theme: str = ""
    """Empty: what was chosen last, or what suits the terminal."""
    glyphs: str = ""
    """braille, block or ascii; empty: what the terminal can show."""


class BaseApp(App[int]):
    """The part of the program that knows no command and no mode."""

    # The palette of this program takes the place of Textual's.
    ENABLE_COMMAND_PALETTE = False
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("question_mark", "keys", "keys", key_display="?", id="keys.show"),
        Binding("ctrl+p", "palette", "find", show=False, id="palette.open"),
        Binding("percent_sign", "mouse", "mouse to the terminal or back", show=False, key_display="%", id="mouse.toggle"),
    ]
    poller: Poller
    mode: Mode | None

    def __init__(self, workspace: Workspace, settings: AppSettings) -> None:
        super().__init__()
        self.workspace = workspace
        self.settings = settings
        self.glyphs = select_glyphs(settings.glyphs)
        self.has_mouse = settings.mouse
        self.themes = ThemeManager(self)
        self._surrogate_filter = SurrogateFilter()
        self.unexpected_errors: list[Exception] = []
        """Errors that nobody foresaw, and that the program went on after."""

    def on_load(self) -> None:
        """Dress before anybody looks."""
        self.themes.apply_initial(self.settings.theme)

    def get_theme_variable_defaults(self) -> dict[str, str]:
        """Colours that a theme may leave out."""
        return THEME_VARIABLE_DEFAULTS

    def get_line_filters(self) -> Sequence[LineFilter]:
        """What every line goes through before it is written to the terminal."""
        return (self._surrogate_filter, *self.themes.line_filters(), *super().get_line_filters())

    def call_soon(self, call: Callable[[], object]) -> None:
        """Call it in the program's own thread; nothing happens where the program has ended."""
        with suppress(AppClosedError):
            self.call_from_thread(call)

    def call_from_thread(self, callback: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        """Call it in the program's own thread; Textual's would wait for ever for a program that ends meanwhile."""
        return call_in_app_thread(self, callback, *args, **kwargs)

    def report_error(self, error: Exception) -> None:
        """Say that something went wrong that nobody foresaw; from another thread than the program's own."""
        self.unexpected_errors.append(error)
        text = f"this should not have happened: {type(error).__name__}: {error}"
        self.call_soon(lambda: self.notify(text, severity="error", markup=False))

    def run_command(self, line: str, *, then: Callable[[int], None] | None = None) -> None:
        """Do a command line."""
        raise NotImplementedError

    def action_line(self, text: str = "") -> None:
        """Open the command line with a beginning."""
        raise NotImplementedError

    def choose_theme(self, name: str) -> None:
        """Wear a theme from now on; raises UsageError where there is none of this name."""
        self.themes.choose(name)
        self.query_one(AppHeader).redraw()

    def refuse_if_readonly(self) -> bool:
        """Show an error if the program was started with --readonly. Returns whether it was."""
        if self.settings.readonly:
            self.notify("this program was started with --readonly", severity="error", markup=False)
        return self.settings.readonly

    def copy(self, text: str, label: str) -> None:
        """Copy a text to where the person can paste it; `what` names it in the notice that says where that is."""
        self.notify(copy_text(text, label, self.copy_to_clipboard), markup=False)

    def copy_names(self, names: Sequence[str], noun: str = "names") -> None:
        """Copy names, separated by spaces; nothing if there are none. Several are `3 names` in the notice."""
        if names:
            self.copy(" ".join(names), names[0] if len(names) == 1 else f"{len(names)} {noun}")

    def copy_to_clipboard(self, text: str) -> None:
        """Hand a text to the terminal; names on a disk need not be Unicode, what is written to a terminal must."""
        super().copy_to_clipboard(text.encode(errors="replace").decode())

    def set_mouse(self, enabled: bool) -> None:
        """Take the mouse, or leave it to the terminal, which can mark text then."""
        set_mouse_reporting(self._driver, enabled)
        self.has_mouse = enabled
        self.notify("the mouse is GTS's" if enabled else "the mouse is the terminal's: mark and copy as usual; % gets it back")

    def action_mouse(self) -> None:
        """Hand the mouse over."""
        self.set_mouse(not self.has_mouse)

    def action_keys(self) -> None:
        """The keys of this place."""
        from gts_tui.widgets.palette import show_key_help

        show_key_help(self)

    def action_palette(self) -> None:
        """Everything that can be done or opened."""
        from gts_tui.widgets.palette import show_palette

        show_palette(self)

    def action_perform(self, line: str) -> None:
        """Do a command line; for keys."""
        self.run_command(line)

    def run_binding(self, active: ActiveBinding) -> None:
        """Do what a key does, where it does it."""
        self.call_next(self.run_action, active.binding.action, active.node)
