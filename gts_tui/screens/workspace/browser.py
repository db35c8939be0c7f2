"""The tree and the page beside it: what is in the workspace, followed while it is shown.

What an empty workspace offers.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.message import Message
from textual.widgets import Input, OptionList, Static
from textual.widgets.option_list import Option

from gts.errors import GtsError
from gts_tui.screens.workspace.details import DetailsPane
from gts_tui.screens.workspace.model import (
    ItemProgress,
    WorkspaceItem,
    WorkspaceListing,
    WorkspaceReader,
    progress_stamp,
    read_progress,
)
from gts_tui.screens.workspace.tree import (
    RowKey,
    TreeState,
    WorkspaceTree,
    build_tree_rows,
    item_key,
    reveal_item,
    show_more_rows,
)
from gts_tui.textual_fixes import SafeOptionList
from gts_tui.widgets.filter_input import WorkspaceFilter
from gts_tui.widgets.status import make_status_styles
from gts_tui.workspace_setup import examples_folder, shorten_home_path

if TYPE_CHECKING:
    from gts_tui.app_base import BaseApp


_START_OPTIONS = (
    ("init", "lay the examples here", "specs of every figure, spaces, trained checkpoints"),
    ("examples", "open the examples", ""),
    ("spec", "make a spec", "what one training needs"),
    ("space", "make a space", "what a search needs"),
    ("import", "import a checkpoint", "of the original program"),
)


class EmptyWorkspace(Vertical):
    """Says what is missing, and what to begin with."""

    DEFAULT_CSS = """
    EmptyWorkspace { padding: 1 2; background: $surface; }
    EmptyWorkspace Static { height: auto; margin-bottom: 1; }
    EmptyWorkspace OptionList { height: auto; border: none; background: $surface; padding: 0; }
    EmptyWorkspace OptionList:focus { border: none; }
    """

    def compose(self) -> ComposeResult:
        """A sentence and a list."""
        yield Static()
        own = f"your own copy of them: {shorten_home_path(examples_folder())}"
        options = (Option(Text.assemble(f"{title:22}", (why or own, "dim")), id=name) for name, title, why in _START_OPTIONS)
        yield SafeOptionList(*options)

    def show_folder(self, root: Path, *, is_workspace: bool) -> None:
        """Say it of a folder."""
        said = "Nothing is here yet." if is_workspace else "This folder is no workspace yet."
        text = Text.assemble(
            (said, "bold"), "\n", (str(root), "dim"), "\n\nA workspace is a folder with specs (what to train), "
        )
        text.append("spaces (what to search) and checkpoints (what has been learned). Begin with one of these:")
        self.query_one(Static).update(text)


class WorkspaceBrowser(Vertical):
    """Everything that the mode shows, and the ways about it."""

    DEFAULT_CSS = """
    WorkspaceBrowser #both { height: 1fr; }
    WorkspaceBrowser #left { width: 45%; min-width: 34; max-width: 60; }
    WorkspaceBrowser DetailsPane { width: 1fr; }
    WorkspaceBrowser.-tree-alone DetailsPane { display: none; }
    WorkspaceBrowser.-tree-alone #left { width: 100%; max-width: 100%; }
    WorkspaceBrowser.-page-alone #left { display: none; }
    WorkspaceBrowser EmptyWorkspace { display: none; }
    WorkspaceBrowser.-empty EmptyWorkspace { display: block; }
    WorkspaceBrowser.-empty #both { display: none; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("slash", "filter", "filter", key_display="/", id="workspace.filter"),
        Binding("escape", "back", "clear the filter, then the marks", show=False, id="workspace.back"),
        Binding("space", "mark", "mark", show=False, id="workspace.mark"),
        Binding("left_square_bracket,right_square_bracket", "panel", "other panel", show=False, id="workspace.panel"),
        Binding("plus", "alone", "this panel alone", show=False, id="workspace.alone"),
    ]

    class Activated(Message):
        """Somebody wants to see a thing where it is shown best."""

        def __init__(self, thing: WorkspaceItem) -> None:
            super().__init__()
            self.item = thing

    def __init__(self) -> None:
        super().__init__()
        self.listing = WorkspaceListing((), is_workspace=True)
        self.tree_state = TreeState()
        self._progress: dict[str, ItemProgress] = {}
        self._pending_reference: str | None = ""
        """What the cursor goes to as soon as that is there; empty: the newest run."""
        self._reference_before_filter: str | None = None
        """What the cursor was on before a filter."""

    @property
    def program(self) -> BaseApp:
        """The program that this is a part of."""
        return self.app  # type: ignore[return-value]

    def compose(self) -> ComposeResult:
        """A tree and a page; where there is nothing, what to begin with."""
        looks = make_status_styles(self.app, self.program.glyphs)
        yield EmptyWorkspace()
        with Horizontal(id="both"):
            with Vertical(id="left"):
                yield WorkspaceFilter()
                yield WorkspaceTree(looks)
            yield DetailsPane(looks)

    def on_mount(self) -> None:
        """Colours follow the theme."""
        self.app.theme_changed_signal.subscribe(self, lambda _: self._apply_theme())

    def start_polling(self) -> None:
        """Follow the workspace."""
        reader = WorkspaceReader(self.program.workspace)
        self.program.poller.watch("workspace.tree", reader.stamp, reader.read, self._apply_listing)
        self._update_details()

    def stop_polling(self) -> None:
        """Follow nothing."""
        for key in ("workspace.tree", "workspace.pulses"):
            self.program.poller.unwatch(key)
        self.query_one(DetailsPane).stop_polling(self.program.poller)

    def focus_first(self) -> None:
        """To the tree, or to what there is to begin with."""
        # At once: keys that come in the same moment are for it.
        self.screen.set_focus(self.query_one(OptionList) if self.has_class("-empty") else self.query_one(WorkspaceTree))

    def select_item(self, reference: str) -> None:
        """Put the cursor on what a word names, now or as soon as it is there."""
        self._pending_reference = reference
        self._update_tree()

    def _apply_listing(self, listing: WorkspaceListing | GtsError) -> None:
        """The workspace has changed."""
        if isinstance(listing, GtsError):
            self.notify(listing.message, severity="error", markup=False)
            return
        self.listing = listing
        self.tree_state.marked_keys &= {item_key(thing) for thing in listing.items}
        if self._pending_reference == "" and listing.items:
            runs = [thing.reference for thing in listing.items if thing.kind == "run"]
            self._pending_reference = max(runs) if runs else listing.items[0].reference
        self._update_empty_state()
        alive = tuple(thing for thing in listing.items if thing.alive)
        workspace, watcher = self.program.workspace, self.program.poller
        watcher.unwatch("workspace.pulses")
        if alive:

            def beat(pulses: dict[str, ItemProgress] | GtsError) -> None:
                self._progress = {} if isinstance(pulses, GtsError) else pulses
                self._update_tree()

            stamp, read = (lambda: progress_stamp(workspace, alive)), (lambda: read_progress(workspace, alive))
            watcher.watch("workspace.pulses", stamp, read, beat)
        self._update_tree()

    def _update_empty_state(self) -> None:
        empty = not self.listing.items
        if empty:
            self.query_one(EmptyWorkspace).show_folder(self.program.workspace.root, is_workspace=self.listing.is_workspace)
        if empty == self.has_class("-empty"):
            return
        self.set_class(empty, "-empty")
        self.call_after_refresh(self._restore_focus)

    def _restore_focus(self) -> None:
        """To what is shown now, unless the cursor is somewhere else altogether, as in the command line."""
        focused = self.screen.focused
        if self.is_on_screen and (focused is None or (self in focused.ancestors and not isinstance(focused, Input))):
            self.focus_first()

    def _update_tree(self) -> None:
        """Show the tree as it is now, as long as there is one: a reading may come when the program is at its end."""
        if not self.query(WorkspaceTree) or not self.query(WorkspaceFilter):
            return
        at: RowKey | None = (
            reveal_item(self.listing, self.tree_state, self._pending_reference) if self._pending_reference else None
        )
        if at is not None:
            self._pending_reference = None
        self.query_one(WorkspaceTree).show_rows(build_tree_rows(self.listing, self.tree_state, self._progress), at)
        self.query_one(WorkspaceFilter).show_text(self.tree_state.filter_text)
        self._update_details()

    def _update_details(self) -> None:
        """Show the page of what is under the cursor."""
        self.query_one(DetailsPane).show_item(self._current_item(), self.program.workspace, self.program.poller)

    def _apply_theme(self) -> None:
        looks = make_status_styles(self.app, self.program.glyphs)
        self.query_one(WorkspaceTree).set_status_styles(looks)
        pane = self.query_one(DetailsPane)
        pane.status_styles = looks
        pane.update_text()

    def _current_item(self) -> WorkspaceItem | None:
        row = self.query_one(WorkspaceTree).current_row
        return row.item if row else None

    @property
    def current_figure(self) -> str:
        """The figure that the cursor is on or in; empty where there is none."""
        row = self.query_one(WorkspaceTree).current_row
        return (row.item.figure if row.item else row.key[1]) if row else ""

    def selected_items(self) -> tuple[WorkspaceItem, ...]:
        """What is marked, else what the cursor is on."""
        marked = tuple(thing for thing in self.listing.items if item_key(thing) in self.tree_state.marked_keys)
        here = self._current_item()
        return marked or ((here,) if here else ())

    def on_workspace_tree_cursor_moved(self) -> None:
        """The page follows the cursor."""
        if self.display:
            self._update_details()

    def on_workspace_tree_row_toggled(self, event: WorkspaceTree.RowToggled) -> None:
        """Open or close a part of the tree."""
        (self.tree_state.closed_keys.discard if event.is_open else self.tree_state.closed_keys.add)(event.key)
        self._update_tree()

    def on_workspace_tree_row_selected(self, event: WorkspaceTree.RowSelected) -> None:
        """Open a thing where it is shown best; or show the rest of a shelf."""
        if event.row.item is not None:
            self.post_message(self.Activated(event.row.item))
        elif event.row.key[0] == "more":
            show_more_rows(self.tree_state, event.row.key)
            self._update_tree()

    def on_workspace_filter_text_changed(self, event: WorkspaceFilter.TextChanged) -> None:
        """Show what fits."""
        self.tree_state.filter_text = event.text
        self._update_tree()
        tree = self.query_one(WorkspaceTree)
        if event.text and self._current_item() is None:
            # What was under the cursor does not fit: the first that does is most likely what is looked for.
            tree.move_cursor(next((place for place, row in enumerate(tree.rows) if row.item), 0))

    def on_workspace_filter_closed(self) -> None:
        """Back to the tree; without a filter, to what the cursor was on before."""
        self.focus_first()
        if not self.query_one(WorkspaceFilter).value:
            self.tree_state.filter_text = ""
            here = self._current_item()
            self._pending_reference = here.reference if here else self._reference_before_filter
            self._update_tree()

    def action_filter(self) -> None:
        """Write a filter."""
        self.remove_class("-page-alone")
        here = self._current_item()
        self._reference_before_filter = here.reference if here else self._reference_before_filter
        self.query_one(WorkspaceFilter).start_editing()

    def action_back(self) -> None:
        """Take away what is in the way: a panel that stands alone, the filter, the marks."""
        if self.has_class("-tree-alone") or self.has_class("-page-alone"):
            self.remove_class("-tree-alone", "-page-alone")
            self.focus_first()
        elif self.tree_state.filter_text:
            here = self._current_item()
            self.tree_state.filter_text = ""
            self._pending_reference = here.reference if here else self._reference_before_filter
        else:
            self.tree_state.marked_keys.clear()
        self._update_tree()

    def action_panel(self) -> None:
        """To the other panel."""
        tree, pane = self.query_one(WorkspaceTree), self.query_one(DetailsPane)
        self.remove_class("-tree-alone", "-page-alone")
        (pane if tree.has_focus else tree).focus()

    def action_alone(self) -> None:
        """Let this panel have all the room, or not."""
        name = "-page-alone" if self.query_one(DetailsPane).has_focus else "-tree-alone"
        self.set_class(not self.has_class(name), name)

    def action_mark(self) -> None:
        """Mark what is under the cursor, or take the mark away; on a heading, all that is below it."""
        tree = self.query_one(WorkspaceTree)
        row = tree.current_row
        if row is None:
            return
        figure, kind = (*row.key[1:], "", "")[:2]
        inside = (
            [row.item]
            if row.item
            else [thing for thing in self.listing.items if thing.figure == figure and kind in ("", thing.kind)]
        )
        keys = {item_key(thing) for thing in inside}
        self.tree_state.marked_keys = (
            self.tree_state.marked_keys - keys if keys <= self.tree_state.marked_keys else self.tree_state.marked_keys | keys
        )
        self._update_tree()
        if row.item:
            tree.action_move(1)
