"""The words of the command line that only the terminal program knows, and the commands that have a mode of their own here."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from gts.commands.command import Completion

Takes = Completion | Literal["mode", "theme", "command"]

MODES = ("workspace", "editor", "training", "search", "jobs", "compare", "play")
"""In the order of their keys, 1 to 7."""


@dataclass(frozen=True)
class Verb:
    """A word that acts on the program itself."""

    name: str
    summary: str
    takes: Takes = "nothing"
    """What its words complete to."""
    shown: str = ""
    """How help spells its words."""


VERBS = {
    verb.name: verb
    for verb in (
        Verb("open", "Show a file, a run, a job or a study where it is shown best.", "reference", "REF"),
        Verb("edit", "Open a spec or a space in the editor.", "document", "FILE"),
        Verb("mode", "Go to a mode; what is named after it is shown there.", "mode", "MODE [REF…]"),
        Verb("theme", "Choose a theme.", "theme", "NAME"),
        Verb("help", "What a command does; the keys of this place where none is named.", "command", "[COMMAND]"),
        Verb("history", "The newest commands.", shown="[WORD]"),
        Verb("cancel", "End what this program has started in the scrollback; jobs go on.", shown="[NUMBER]"),
        Verb("clear", "Empty the scrollback."),
        Verb("mouse", "Let the program have the mouse, or the terminal, which can mark text then.", shown="on|off"),
        Verb("quit", "End the program; jobs go on."),
    )
}

ALIASES = {"q": "quit", "exit": "quit", "e": "edit", "o": "open", "?": "help", "ls": "info"}

SHOWN_IN = {"play": "play", "compare": "compare", "tail": "training"}
"""Commands that have a mode here, as long as no option asks for something else."""

SHOWN_WITH = {"play": ("follow", "place=terminal"), "compare": ("play",), "tail": ("lines",)}
"""Options of those, by the names of their values, that ask for nothing that the mode does not do."""
