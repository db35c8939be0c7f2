"""Mode: the base class of the seven screens, and the container that shows one of them."""

from __future__ import annotations

from typing import ClassVar

from textual import getters
from textual.containers import Container, Vertical
from textual.widget import Widget

from gts_tui.app_base import BaseApp


class Mode(Vertical):
    """One mode. It is created when first shown, polls files only while it is shown, and keeps its state while hidden."""

    NAME: ClassVar[str]
    """Name on the command line and in `MODE_MODULES`."""

    app = getters.app(BaseApp)
    program = getters.app(BaseApp)

    def enter(self) -> None:
        """Start polling; called when the mode is shown."""

    def leave(self) -> None:
        """Stop polling; called when the mode is hidden."""

    def focus_first(self) -> None:
        """Focus the first focusable widget."""
        for widget in self.query(Widget):
            if widget.focusable:
                widget.focus()
                return

    def selection(self) -> tuple[str, ...]:
        """Return the references of the marked items, else of the item under the cursor; `@sel` expands to them."""
        return ()

    def open(self, reference: str) -> None:
        """Show an item: a path relative to the workspace, the id of a run or job, or the name of a study."""

    def may_close(self) -> bool:
        """Return whether the program may exit; a mode that refuses asks the user itself."""
        return True


class ModeContainer(Container):
    """Middle of the screen: one mode at a time."""

    def focus_mode(self) -> None:
        """Focus the visible mode."""
        for mode in self.query(Mode):
            if mode.display:
                mode.focus_first()
