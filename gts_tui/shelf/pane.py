"""The pane beside the tree: a page about the thing under the cursor, read anew whenever it changes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.text import Text
from textual.app import ComposeResult
from textual.containers import VerticalScroll
from textual.widgets import Static

from gts.errors import GtsError
from gts.store.workspace import Workspace
from gts_tui.polling import Watch
from gts_tui.screens.workspace.details_data import see, seen_stamp
from gts_tui.shelf.contents import Thing
from gts_tui.shelf.rows import key_of
from gts_tui.widgets.status import Looks

if TYPE_CHECKING:
    from gts_tui.screens.workspace.details_data import Seen

_KEY = "workspace.page"


class PagePane(VerticalScroll):
    """Shows a page."""

    DEFAULT_CSS = """
    PagePane { border-left: solid $panel; padding: 0 1; background: $surface; scrollbar-size-vertical: 1; }
    PagePane:focus { border-left: solid $primary; }
    PagePane.-ascii { border-left: ascii $panel; }
    PagePane.-ascii:focus { border-left: ascii $primary; }
    """

    def __init__(self, looks: Looks) -> None:
        super().__init__(classes="-ascii" if looks.ascii else "")
        self.looks = looks
        self._thing: Thing | None = None
        self._shown: tuple[Thing, Seen | GtsError] | None = None
        self._drawn: Text | None = None

    def compose(self) -> ComposeResult:
        """A text."""
        yield Static()

    def look_at(self, thing: Thing | None, workspace: Workspace, watcher: Watch) -> None:
        """Show a thing, and follow it."""
        before, self._thing = self._thing, thing
        if thing is None:
            watcher.forget(_KEY)
            self._shown = None
            self.draw()
        elif before is None or key_of(before) != key_of(thing):

            def tell(seen: Seen | GtsError) -> None:
                fresh = self._shown is None or key_of(self._shown[0]) != key_of(thing)
                self._shown = (thing, seen)
                self.draw()
                if fresh:
                    self.scroll_home(animate=False)

            watcher.follow(_KEY, lambda: seen_stamp(workspace, thing), lambda: see(workspace, thing), tell)

    def look_away(self, watcher: Watch) -> None:
        """Follow nothing."""
        watcher.forget(_KEY)
        self._thing = None

    def draw(self) -> None:
        """Show the page, where it says something else than before."""
        text = self._page()
        if text != self._drawn or (self._drawn is not None and text.spans != self._drawn.spans):
            self._drawn = text
            self.query_one(Static).update(text)

    def _page(self) -> Text:
        if self._shown is None:
            return Text()
        # What it leans on is loaded when there is something to say, which is after the first picture.
        from gts_tui.screens.workspace.details import page

        return page(*self._shown, self.looks, max(10, self.size.width - 3))

    def on_resize(self) -> None:
        """Curves have another width."""
        self.draw()
