"""The questions before a new file."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from textual.app import App

from gts.params.figures import FIGURES
from gts.params.techniques import TECHNIQUES
from gts_tui.dialogs import Ask, Choose
from gts_tui.lines import joined
from gts_tui.textual_fixes import Dialog


def ask_for_new(app: App[Any], make: Callable[[str, str], None]) -> None:
    """Ask what is made, of which figure, by which technique and under which name; `make` has the command and the path."""
    answers: list[str] = []

    def question() -> Dialog[str | None]:
        if len(answers) == 0:
            return Choose("new", [("spec", "spec   one training"), ("space", "space  a search over many")])
        if len(answers) == 1:
            return Choose("figure", [(figure.name, f"{figure.name:<18}{figure.title}") for figure in FIGURES.values()])
        if len(answers) == 2:
            return Choose("technique", [(name, name) for name in TECHNIQUES])
        kind, figure, technique = answers
        own = figure if kind == "space" else figure + technique.upper()
        return Ask(f"name of the {kind}", f"{own}New")

    def answered(said: str | None) -> None:
        if not said:
            # What is not answered ends it.
            return
        answers.append(said)
        if len(answers) < 4:
            app.push_screen(question(), answered)
            return
        kind, figure, technique, name = answers
        path = name if name.endswith(f".{kind}") else f"{name}.{kind}"
        make(joined(["new", kind, path, "--figure", figure, "--technique", technique]), path)

    app.push_screen(question(), answered)
