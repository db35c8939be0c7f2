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
from gts_tui.screens.workspace.details import PagePane
from gts_tui.screens.workspace.model import Contents, Pulse, Reader, Thing, pulse_stamp, read_pulses
from gts_tui.screens.workspace.tree import Key, ShelfTree, View, key_of, reveal, rows_of, show_more
from gts_tui.textual_fixes import SteadyList
from gts_tui.widgets.filter_input import Filter
from gts_tui.widgets.status import looks_of
from gts_tui.workspace_setup import examples_folder, short_path

if TYPE_CHECKING:
    from gts_tui.app import GtsApp


_CHOICES = (
    ("init", "lay the examples here", "specs of every figure, spaces, trained checkpoints"),
    ("examples", "open the examples", ""),
    ("spec", "make a spec", "what one training needs"),
    ("space", "make a space", "what a search needs"),
    ("import", "import a checkpoint", "of the original program"),
)


class Beginning(Vertical):
    """Says what is missing, and what to begin with."""

    DEFAULT_CSS = """
    Beginning { padding: 1 2; background: $surface; }
    Beginning Static { height: auto; margin-bottom: 1; }
    Beginning OptionList { height: auto; border: none; background: $surface; padding: 0; }
    Beginning OptionList:focus { border: none; }
    """

    def compose(self) -> ComposeResult:
        """A sentence and a list."""
        yield Static()
        own = f"your own copy of them: {short_path(examples_folder())}"
        options = (Option(Text.assemble(f"{title:22}", (why or own, "dim")), id=name) for name, title, why in _CHOICES)
        yield SteadyList(*options)

    def show(self, root: Path, *, known: bool) -> None:
        """Say it of a folder."""
        said = "Nothing is here yet." if known else "This folder is no workspace yet."
        text = Text.assemble(
            (said, "bold"), "\n", (str(root), "dim"), "\n\nA workspace is a folder with specs (what to train), "
        )
        text.append("spaces (what to search) and checkpoints (what has been learned). Begin with one of these:")
        self.query_one(Static).update(text)


class Shelf(Vertical):
    """Everything that the mode shows, and the ways about it."""

    DEFAULT_CSS = """
    Shelf #both { height: 1fr; }
    Shelf #left { width: 45%; min-width: 34; max-width: 60; }
    Shelf PagePane { width: 1fr; }
    Shelf.-tree-alone PagePane { display: none; }
    Shelf.-tree-alone #left { width: 100%; max-width: 100%; }
    Shelf.-page-alone #left { display: none; }
    Shelf Beginning { display: none; }
    Shelf.-empty Beginning { display: block; }
    Shelf.-empty #both { display: none; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("slash", "filter", "filter", key_display="/", id="workspace.filter"),
        Binding("escape", "back", "clear the filter, then the marks", show=False, id="workspace.back"),
        Binding("space", "mark", "mark", show=False, id="workspace.mark"),
        Binding("left_square_bracket,right_square_bracket", "panel", "other panel", show=False, id="workspace.panel"),
        Binding("plus", "alone", "this panel alone", show=False, id="workspace.alone"),
    ]

    class Wanted(Message):
        """Somebody wants to see a thing where it is shown best."""

        def __init__(self, thing: Thing) -> None:
            super().__init__()
            self.thing = thing

    def __init__(self) -> None:
        super().__init__()
        self.contents = Contents((), known=True)
        self.view = View()
        self._pulses: dict[str, Pulse] = {}
        self._wanted: str | None = ""
        """What the cursor goes to as soon as that is there; empty: the newest run."""
        self._before: str | None = None
        """What the cursor was on before a filter."""

    @property
    def program(self) -> GtsApp:
        """The program that this is a part of."""
        return self.app  # type: ignore[return-value]

    def compose(self) -> ComposeResult:
        """A tree and a page; where there is nothing, what to begin with."""
        looks = looks_of(self.app, self.program.glyphs)
        yield Beginning()
        with Horizontal(id="both"):
            with Vertical(id="left"):
                yield Filter()
                yield ShelfTree(looks)
            yield PagePane(looks)

    def on_mount(self) -> None:
        """Colours follow the theme."""
        self.app.theme_changed_signal.subscribe(self, lambda _: self._dress())

    def enter(self) -> None:
        """Follow the workspace."""
        reader = Reader(self.program.workspace)
        self.program.watcher.follow("workspace.tree", reader.stamp, reader.read, self._told)
        self._look()

    def leave(self) -> None:
        """Follow nothing."""
        for key in ("workspace.tree", "workspace.pulses"):
            self.program.watcher.forget(key)
        self.query_one(PagePane).look_away(self.program.watcher)

    def focus_first(self) -> None:
        """To the tree, or to what there is to begin with."""
        # At once: keys that come in the same moment are for it.
        self.screen.set_focus(self.query_one(OptionList) if self.has_class("-empty") else self.query_one(ShelfTree))

    def go_to(self, word: str) -> None:
        """Put the cursor on what a word names, now or as soon as it is there."""
        self._wanted = word
        self._draw()

    def _told(self, contents: Contents | GtsError) -> None:
        """The workspace has changed."""
        if isinstance(contents, GtsError):
            self.notify(contents.message, severity="error", markup=False)
            return
        self.contents = contents
        self.view.marked &= {key_of(thing) for thing in contents.things}
        if self._wanted == "" and contents.things:
            runs = [thing.word for thing in contents.things if thing.kind == "run"]
            self._wanted = max(runs) if runs else contents.things[0].word
        self._tell_whether_empty()
        alive = tuple(thing for thing in contents.things if thing.alive)
        workspace, watcher = self.program.workspace, self.program.watcher
        watcher.forget("workspace.pulses")
        if alive:

            def beat(pulses: dict[str, Pulse] | GtsError) -> None:
                self._pulses = {} if isinstance(pulses, GtsError) else pulses
                self._draw()

            stamp, read = (lambda: pulse_stamp(workspace, alive)), (lambda: read_pulses(workspace, alive))
            watcher.follow("workspace.pulses", stamp, read, beat)
        self._draw()

    def _tell_whether_empty(self) -> None:
        empty = not self.contents.things
        if empty:
            self.query_one(Beginning).show(self.program.workspace.root, known=self.contents.known)
        if empty == self.has_class("-empty"):
            return
        self.set_class(empty, "-empty")
        self.call_after_refresh(self._keep_focus)

    def _keep_focus(self) -> None:
        """To what is shown now, unless the cursor is somewhere else altogether, as in the command line."""
        focused = self.screen.focused
        if self.is_on_screen and (focused is None or (self in focused.ancestors and not isinstance(focused, Input))):
            self.focus_first()

    def _draw(self) -> None:
        """Show the tree as it is now, as long as there is one: a reading may come when the program is at its end."""
        if not self.query(ShelfTree) or not self.query(Filter):
            return
        at: Key | None = reveal(self.contents, self.view, self._wanted) if self._wanted else None
        if at is not None:
            self._wanted = None
        self.query_one(ShelfTree).show_rows(rows_of(self.contents, self.view, self._pulses), at)
        self.query_one(Filter).tell(self.view.filter)
        self._look()

    def _look(self) -> None:
        """Show the page of what is under the cursor."""
        self.query_one(PagePane).look_at(self._under_cursor(), self.program.workspace, self.program.watcher)

    def _dress(self) -> None:
        looks = looks_of(self.app, self.program.glyphs)
        self.query_one(ShelfTree).dress(looks)
        pane = self.query_one(PagePane)
        pane.looks = looks
        pane.draw()

    def _under_cursor(self) -> Thing | None:
        row = self.query_one(ShelfTree).row
        return row.thing if row else None

    @property
    def figure(self) -> str:
        """The figure that the cursor is on or in; empty where there is none."""
        row = self.query_one(ShelfTree).row
        return (row.thing.figure if row.thing else row.key[1]) if row else ""

    def chosen(self) -> tuple[Thing, ...]:
        """What is marked, else what the cursor is on."""
        marked = tuple(thing for thing in self.contents.things if key_of(thing) in self.view.marked)
        here = self._under_cursor()
        return marked or ((here,) if here else ())

    def on_shelf_tree_moved(self) -> None:
        """The page follows the cursor."""
        if self.display:
            self._look()

    def on_shelf_tree_folded(self, event: ShelfTree.Folded) -> None:
        """Open or close a part of the tree."""
        (self.view.closed.discard if event.opened else self.view.closed.add)(event.key)
        self._draw()

    def on_shelf_tree_chosen(self, event: ShelfTree.Chosen) -> None:
        """Open a thing where it is shown best; or show the rest of a shelf."""
        if event.row.thing is not None:
            self.post_message(self.Wanted(event.row.thing))
        elif event.row.key[0] == "more":
            show_more(self.view, event.row.key)
            self._draw()

    def on_filter_written(self, event: Filter.Written) -> None:
        """Show what fits."""
        self.view.filter = event.text
        self._draw()
        tree = self.query_one(ShelfTree)
        if event.text and self._under_cursor() is None:
            # What was under the cursor does not fit: the first that does is most likely what is looked for.
            tree.put_cursor(next((place for place, row in enumerate(tree.rows) if row.thing), 0))

    def on_filter_left(self) -> None:
        """Back to the tree; without a filter, to what the cursor was on before."""
        self.focus_first()
        if not self.query_one(Filter).value:
            self.view.filter = ""
            here = self._under_cursor()
            self._wanted = here.word if here else self._before
            self._draw()

    def action_filter(self) -> None:
        """Write a filter."""
        self.remove_class("-page-alone")
        here = self._under_cursor()
        self._before = here.word if here else self._before
        self.query_one(Filter).take()

    def action_back(self) -> None:
        """Take away what is in the way: a panel that stands alone, the filter, the marks."""
        if self.has_class("-tree-alone") or self.has_class("-page-alone"):
            self.remove_class("-tree-alone", "-page-alone")
            self.focus_first()
        elif self.view.filter:
            here = self._under_cursor()
            self.view.filter = ""
            self._wanted = here.word if here else self._before
        else:
            self.view.marked.clear()
        self._draw()

    def action_panel(self) -> None:
        """To the other panel."""
        tree, pane = self.query_one(ShelfTree), self.query_one(PagePane)
        self.remove_class("-tree-alone", "-page-alone")
        (pane if tree.has_focus else tree).focus()

    def action_alone(self) -> None:
        """Let this panel have all the room, or not."""
        name = "-page-alone" if self.query_one(PagePane).has_focus else "-tree-alone"
        self.set_class(not self.has_class(name), name)

    def action_mark(self) -> None:
        """Mark what is under the cursor, or take the mark away; on a heading, all that is below it."""
        tree = self.query_one(ShelfTree)
        row = tree.row
        if row is None:
            return
        figure, kind = (*row.key[1:], "", "")[:2]
        inside = (
            [row.thing]
            if row.thing
            else [thing for thing in self.contents.things if thing.figure == figure and kind in ("", thing.kind)]
        )
        keys = {key_of(thing) for thing in inside}
        self.view.marked = self.view.marked - keys if keys <= self.view.marked else self.view.marked | keys
        self._draw()
        if row.thing:
            tree.action_move(1)
