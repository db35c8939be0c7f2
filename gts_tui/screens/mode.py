"""What the seven modes have in common: a panel that fills the middle of the screen."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual.containers import Container, Vertical
from textual.widget import Widget

if TYPE_CHECKING:
    from gts_tui.app import GtsApp


class Mode(Vertical):
    """One mode. It is made when it is first shown, follows files only while it is shown, and keeps its state meanwhile."""

    NAME: ClassVar[str]
    """As the command line knows it."""
    TITLE: ClassVar[str]

    @property
    def program(self) -> GtsApp:
        """The program that this is a part of."""
        return self.app  # type: ignore[return-value]

    def enter(self) -> None:
        """It is shown from now on: follow what it shows."""

    def leave(self) -> None:
        """It is hidden from now on: follow nothing."""

    def focus_first(self) -> None:
        """Put the cursor where a person wants it first."""
        for widget in self.query(Widget):
            if widget.focusable:
                widget.focus()
                return

    def selection(self) -> tuple[str, ...]:
        """What `@sel` means here: words that name what is marked, or else what the cursor is on."""
        return ()

    def open(self, word: str) -> None:
        """Show what a word names: a path relative to the workspace, the id of a run or job, the name of a study."""

    def may_close(self) -> bool:
        """Whether the program may end; asks the person itself where it may not."""
        return True


class ModeContainer(Container):
    """The middle of the screen: one mode at a time."""

    def focus_mode(self) -> None:
        """Put the cursor into the mode that is shown."""
        for mode in self.query(Mode):
            if mode.display:
                mode.focus_first()
