"""What an empty workspace offers."""

from __future__ import annotations

from pathlib import Path

from rich.text import Text
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.widgets import Static
from textual.widgets.option_list import Option

from gts_tui.textual_fixes import SteadyList
from gts_tui.workspace_setup import examples_folder, short_path

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
