"""The differences of two texts on the screen, line by line or parameter by parameter."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from rich.style import Style
from rich.table import Table
from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.color import Color
from textual.containers import VerticalScroll
from textual.message import Message
from textual.widgets import Static

from gts.errors import GtsError
from gts_tui.dialogs import Choose
from gts_tui.editing.comparing import lines_of, parameters_of
from gts_tui.inks import ink
from gts_tui.screens.editor.files import load, specs_and_spaces

if TYPE_CHECKING:
    from gts_tui.app import GtsApp

_STYLES = {"+": "success", "-": "error", "@": "accent"}
"""Variables of the theme; the sign itself says the same."""


class Diff(VerticalScroll):
    """One difference."""

    DEFAULT_CSS = """
    Diff { height: 1fr; background: $background; padding: 0 1; scrollbar-size: 1 1; }
    Diff Static { width: auto; min-width: 100%; height: auto; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("v", "turn", "lines/parameters", id="editor.diff.turn"),
        Binding("b", "against", "against another", id="editor.diff.against"),
        Binding("escape", "leave", "text", id="editor.diff.leave"),
    ]

    class Left(Message):
        """Back."""

    def __init__(self) -> None:
        super().__init__(id="diff")
        self.display = False
        self.by_parameter = False
        self._texts = ("", "")
        self._names = ("", "")
        self._kind = "spec"
        self._static = Static()

    def compose(self) -> ComposeResult:
        """The text."""
        yield self._static

    def show(self, before: str, after: str, names: tuple[str, str], kind: str) -> None:
        """Show how `after` differs from `before`."""
        self._texts, self._names, self._kind = (before, after), names, kind
        self._draw()

    def _draw(self) -> None:
        before, after = self._texts
        self._static.styles.width = "100%" if self.by_parameter else "auto"
        old, new = self._names
        if before == after:
            self._static.update(Text(f"{new} is the same as {old}", "dim"))
        elif self.by_parameter:
            table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
            for title in ("parameter", old, new):
                table.add_column(Text(title, "dim"), overflow="fold")
            for one in parameters_of(before, after, self._kind):
                silent = Text(f"{one.default} default" if one.default else "-", "dim")
                sides = (Text(said) if said else silent for said in (one.before, one.after))
                table.add_row(Text(one.name), *sides)
            self._static.update(table if table.row_count else Text("only spaces, order or comments differ", "dim"))
        else:
            text = Text()
            for line in lines_of(before, after, old, new):
                colour = ink(self.app, _STYLES.get(line[:1], ""))
                text.append(line + "\n", "bold" if line.startswith(("+++", "---")) else _rich(colour))
            self._static.update(text)

    def action_turn(self) -> None:
        """Lines or parameters."""
        self.by_parameter = not self.by_parameter
        self._draw()

    def action_against(self) -> None:
        """Hold it against another file of the workspace."""
        program: GtsApp = self.app  # type: ignore[assignment]
        root = program.workspace.root
        names = [name for name in specs_and_spaces(root) if name != self._names[1]]

        def done(name: str | None) -> None:
            if name is not None:
                self._against(root, name)

        self.app.push_screen(Choose("hold it against", [(name, name) for name in names]), done)

    def _against(self, root: Path, name: str) -> None:
        try:
            other = load(root / name)
        except GtsError as error:
            self.notify(error.message, severity="error", markup=False)
            return
        self.by_parameter = True
        self.show(other.text, self._texts[1], (name, self._names[1]), self._kind)

    def action_leave(self) -> None:
        """Back to the text."""
        self.post_message(self.Left())


def _rich(colour: str) -> Style:
    """A colour of the theme for a text."""
    return Style(color=Color.parse(colour).rich_color) if colour else Style()
