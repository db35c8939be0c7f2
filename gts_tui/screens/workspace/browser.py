"""Body of the workspace mode: filter, tree and details, or the start options of an empty workspace."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

from rich.text import Text
from textual import getters, on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.message import Message
from textual.widgets import Input, OptionList, Static
from textual.widgets.option_list import Option

from gts.errors import GtsError
from gts_tui.app_base import BaseApp
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

_START_OPTIONS = (
    ("init", "copy the examples here", "specs of every figure, spaces, trained checkpoints"),
    ("examples", "open the examples", ""),
    ("spec", "new spec", "the parameters of one training"),
    ("space", "new space", "the parameters of a search"),
    ("import", "import a checkpoint", "of the original program"),
)
_LISTING_KEY, _PROGRESS_KEY = "workspace.tree", "workspace.progress"
_NEWEST_RUN = ""
"""Pending reference that selects the newest run, else the first item."""


class EmptyWorkspace(Vertical):
    """Start options shown while a workspace has no items."""

    DEFAULT_CSS = """
    EmptyWorkspace { padding: 1 2; background: $surface; }
    EmptyWorkspace Static { height: auto; margin-bottom: 1; }
    EmptyWorkspace OptionList { height: auto; border: none; background: $surface; padding: 0; }
    EmptyWorkspace OptionList:focus { border: none; }
    """

    def compose(self) -> ComposeResult:
        """Yield the explanation and the options."""
        yield Static()
        copy = f"your own copy: {shorten_home_path(examples_folder())}"
        options = (Option(Text.assemble(f"{title:23}", (hint or copy, "dim")), id=name) for name, title, hint in _START_OPTIONS)
        yield SafeOptionList(*options, id="start-options")

    def show_folder(self, root: Path, *, is_workspace: bool) -> None:
        """Explain what the folder lacks."""
        text = Text.assemble(
            ("This workspace is empty." if is_workspace else "This folder is not a workspace yet.", "bold"),
            "\n",
            (str(root), "dim"),
            "\n\nA workspace is a folder with specs (one training each), "
            "spaces (one search each) and checkpoints (trained policies). Start with one of these:",
        )
        self.query_one(Static).update(text)


class WorkspaceBrowser(Vertical):
    """Filter and tree on the left, details of the item under the cursor on the right."""

    DEFAULT_CSS = """
    WorkspaceBrowser #body { height: 1fr; }
    WorkspaceBrowser #side { width: 45%; min-width: 34; max-width: 60; }
    WorkspaceBrowser DetailsPane { width: 1fr; }
    WorkspaceBrowser.-tree-only DetailsPane { display: none; }
    WorkspaceBrowser.-tree-only #side { width: 100%; max-width: 100%; }
    WorkspaceBrowser.-details-only #side { display: none; }
    WorkspaceBrowser EmptyWorkspace { display: none; }
    WorkspaceBrowser.-empty EmptyWorkspace { display: block; }
    WorkspaceBrowser.-empty #body { display: none; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("slash", "filter", "filter", key_display="/", id="workspace.filter"),
        Binding("escape", "back", "clear the filter, then the marks", show=False, id="workspace.back"),
        Binding("space", "mark", "mark", show=False, id="workspace.mark"),
        Binding("left_square_bracket,right_square_bracket", "switch_panel", "other panel", show=False, id="workspace.panel"),
        Binding("plus", "maximise", "maximise", show=False, id="workspace.alone"),
    ]

    class Activated(Message):
        """An item was selected with enter or a click."""

        def __init__(self, item: WorkspaceItem) -> None:
            super().__init__()
            self.item = item

    app = getters.app(BaseApp)
    _tree = getters.query_one(WorkspaceTree)
    _filter = getters.query_one(WorkspaceFilter)
    _details = getters.query_one(DetailsPane)

    def __init__(self) -> None:
        super().__init__()
        self.listing = WorkspaceListing((), is_workspace=True)
        self.tree_state = TreeState()
        self._progress: dict[str, ItemProgress] = {}
        self._pending_reference: str | None = _NEWEST_RUN
        """Item to select as soon as it is listed."""
        self._reference_before_filter: str | None = None
        """Item under the cursor before the filter was opened."""

    def compose(self) -> ComposeResult:
        """Yield the start options, and tree and details; one of the two is displayed."""
        styles = make_status_styles(self.app, self.app.glyphs)
        yield EmptyWorkspace()
        with Horizontal(id="body"):
            with Vertical(id="side"):
                yield WorkspaceFilter()
                yield WorkspaceTree(styles)
            yield DetailsPane(styles)

    def on_mount(self) -> None:
        """Follow theme changes."""
        self.app.theme_changed_signal.subscribe(self, lambda _: self._apply_theme())

    def start_polling(self) -> None:
        """Follow the workspace."""
        reader = WorkspaceReader(self.app.workspace)
        self.app.poller.watch(_LISTING_KEY, reader.stamp, reader.read, self._apply_listing)
        self._update_details()

    def stop_polling(self) -> None:
        """Follow nothing."""
        self.app.poller.unwatch(_LISTING_KEY)
        self.app.poller.unwatch(_PROGRESS_KEY)
        self._details.stop_polling(self.app.poller)

    def focus_first(self) -> None:
        """Focus the tree or the start options."""
        # Not by Widget.focus, which waits for the next idle moment: keys delivered in the same read belong to the tree.
        self.screen.set_focus(self.query_one(OptionList) if self.has_class("-empty") else self._tree)

    def select_item(self, reference: str) -> None:
        """Move the cursor to an item, now or as soon as it is listed."""
        self._pending_reference = reference
        self._update_tree()

    def _apply_listing(self, listing: WorkspaceListing | GtsError) -> None:
        if isinstance(listing, GtsError):
            self.notify(listing.message, severity="error", markup=False)
            return
        self.listing = listing
        self.tree_state.marked_keys &= {item_key(item) for item in listing.items}
        if self._pending_reference == _NEWEST_RUN and listing.items:
            runs = [item.reference for item in listing.items if item.kind == "run"]
            self._pending_reference = max(runs) if runs else listing.items[0].reference
        self._update_empty_state()
        self._watch_progress(tuple(item for item in listing.items if item.alive))
        self._update_tree()

    def _watch_progress(self, active: tuple[WorkspaceItem, ...]) -> None:
        workspace = self.app.workspace
        self.app.poller.unwatch(_PROGRESS_KEY)
        if active:
            self.app.poller.watch(
                _PROGRESS_KEY,
                lambda: progress_stamp(workspace, active),
                lambda: read_progress(workspace, active),
                self._apply_progress,
            )

    def _apply_progress(self, progress: dict[str, ItemProgress] | GtsError) -> None:
        self._progress = {} if isinstance(progress, GtsError) else progress
        self._update_tree()

    def _update_empty_state(self) -> None:
        is_empty = not self.listing.items
        if is_empty:
            self.query_one(EmptyWorkspace).show_folder(self.app.workspace.root, is_workspace=self.listing.is_workspace)
        if is_empty != self.has_class("-empty"):
            self.set_class(is_empty, "-empty")
            self.call_after_refresh(self._restore_focus)

    def _restore_focus(self) -> None:
        """Focus the displayed part, unless the focus is outside of this widget or in the filter."""
        focused = self.screen.focused
        if self.is_on_screen and (focused is None or (self in focused.ancestors and not isinstance(focused, Input))):
            self.focus_first()

    def _update_tree(self) -> None:
        # A reading may be delivered while the app removes its widgets.
        if not self.query(WorkspaceTree) or not self.query(WorkspaceFilter):
            return
        cursor_key = reveal_item(self.listing, self.tree_state, self._pending_reference) if self._pending_reference else None
        if cursor_key is not None:
            self._pending_reference = None
        self._tree.show_rows(build_tree_rows(self.listing, self.tree_state, self._progress), cursor_key)
        self._filter.show_text(self.tree_state.filter_text)
        self._update_details()

    def _update_details(self) -> None:
        self._details.show_item(self._current_item, self.app.workspace, self.app.poller)

    def _apply_theme(self) -> None:
        styles = make_status_styles(self.app, self.app.glyphs)
        self._tree.set_status_styles(styles)
        self._details.set_status_styles(styles)

    @property
    def _current_item(self) -> WorkspaceItem | None:
        row = self._tree.current_row
        return row.item if row else None

    @property
    def current_figure(self) -> str:
        """Figure of the row under the cursor; empty if there is none."""
        row = self._tree.current_row
        return (row.item.figure if row.item else row.key[1]) if row else ""

    def selected_items(self) -> tuple[WorkspaceItem, ...]:
        """The marked items, else the one under the cursor."""
        marked = tuple(item for item in self.listing.items if item_key(item) in self.tree_state.marked_keys)
        current = self._current_item
        return marked or ((current,) if current else ())

    def on_workspace_tree_cursor_moved(self) -> None:
        """Show the details of the row under the cursor."""
        if self.display:
            self._update_details()

    def on_workspace_tree_row_toggled(self, event: WorkspaceTree.RowToggled) -> None:
        """Open or close a heading."""
        (self.tree_state.closed_keys.discard if event.is_open else self.tree_state.closed_keys.add)(event.key)
        self._update_tree()

    def on_workspace_tree_row_selected(self, event: WorkspaceTree.RowSelected) -> None:
        """Activate an item, or show more items of a kind."""
        if event.row.item is not None:
            self.post_message(self.Activated(event.row.item))
        elif event.row.is_more:
            show_more_rows(self.tree_state, event.row.key)
            self._update_tree()

    @on(WorkspaceFilter.TextChanged)
    def _apply_filter(self, event: WorkspaceFilter.TextChanged) -> None:
        self.tree_state.filter_text = event.text
        self._update_tree()
        if event.text and self._current_item is None:
            # The item under the cursor is hidden: select the first match.
            self._tree.move_cursor(next((index for index, row in enumerate(self._tree.rows) if row.item), 0))

    @on(WorkspaceFilter.Closed)
    def _close_filter(self) -> None:
        self.focus_first()
        if not self._filter.value:
            self._clear_filter()
            self._update_tree()

    def _remember_current_item(self) -> None:
        current = self._current_item
        if current is not None:
            self._reference_before_filter = current.reference

    def _clear_filter(self) -> None:
        """Remove the filter; the cursor stays on its item, or returns to the one before the filter."""
        self._remember_current_item()
        self.tree_state.filter_text = ""
        self._pending_reference = self._reference_before_filter

    def _restore_layout(self) -> bool:
        """Display tree and details side by side. Returns whether one of them was maximised."""
        was_maximised = self.has_class("-tree-only") or self.has_class("-details-only")
        self.remove_class("-tree-only", "-details-only")
        return was_maximised

    def action_filter(self) -> None:
        """Open the filter."""
        self.remove_class("-details-only")
        self._remember_current_item()
        self._filter.start_editing()

    def action_back(self) -> None:
        """Undo the topmost of: a maximised panel, the filter, the marks."""
        if self._restore_layout():
            self.focus_first()
        elif self.tree_state.filter_text:
            self._clear_filter()
        else:
            self.tree_state.marked_keys.clear()
        self._update_tree()

    def action_switch_panel(self) -> None:
        """Focus the other panel."""
        self._restore_layout()
        (self._details if self._tree.has_focus else self._tree).focus()

    def action_maximise(self) -> None:
        """Give the focused panel the whole width, or restore the layout."""
        name = "-details-only" if self._details.has_focus else "-tree-only"
        self.set_class(not self.has_class(name), name)

    def action_mark(self) -> None:
        """Mark or unmark the row under the cursor; on a heading, all items below it."""
        row = self._tree.current_row
        if row is None:
            return
        if row.item is not None:
            keys = {row.key}
        else:
            figure, kind = (*row.key[1:], "", "")[:2]
            items = (item for item in self.listing.items if item.figure == figure and kind in ("", item.kind))
            keys = {item_key(item) for item in items}
        marked = self.tree_state.marked_keys
        self.tree_state.marked_keys = marked - keys if keys <= marked else marked | keys
        self._update_tree()
        if row.item is not None:
            self._tree.action_move(1)
