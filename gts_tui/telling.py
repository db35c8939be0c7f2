"""What is said, where a person sees it: a line that stays, the scrollback, and a message that goes away for what is wrong."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from rich.text import Text
from textual.widgets import Static

from gts.commands.registry import COMMANDS
from gts_tui.console.formatting import Line, clean, complaint, printed
from gts_tui.console.output import Scrollback
from gts_tui.lines import Spot

if TYPE_CHECKING:
    from gts_tui.app import GtsApp

_TASK_WIDTH = 38
_GUIDANCE = "next: "
"""How a line begins that says what could be done now."""


class Echo(Static):
    """The line above the command line: what was done last and its answer, and what is at work."""

    def __init__(self) -> None:
        super().__init__(id="echo")
        self._line, self._answer, self._tasks = "", "", ()  # type: tuple[str, str, tuple[str, ...]]
        self.said = 0
        """Lines that the newest command has said."""

    def begin(self, line: str) -> None:
        """Show a command."""
        shell = line.partition(" ")[0] in COMMANDS
        self._line, self._answer, self.said = f"› gts {line}" if shell else f"› {line}", "", 0
        self._draw()

    def answer(self, text: str) -> None:
        """Show what it said."""
        self._answer = text
        self._draw()

    def show_tasks(self, tasks: Sequence[str]) -> None:
        """Show what is at work."""
        self._tasks = tuple(tasks)
        self._draw()

    def _draw(self) -> None:
        text = Text(no_wrap=True, overflow="ellipsis", end="")
        if self._tasks:
            more = f" +{len(self._tasks) - 1}" if len(self._tasks) > 1 else ""
            name = clean(self._tasks[0])
            text.append(f" {name[:_TASK_WIDTH]}{'…' if len(name) > _TASK_WIDTH else ''}{more} ", "reverse")
            text.append(" ")
        if not self._tasks or not self._tasks[0].endswith(f": {self._line.removeprefix('› gts ')}"):
            text.append(clean(self._line))
        if self._answer:
            text.append("  ")
            text.append(clean(self._answer), "bold")
        self.update(text)


def pane_of(app: GtsApp) -> Scrollback | None:
    """The scrollback, also while a question is asked over it; None when the program is at its end and has none any more."""
    return next(iter(app.query(Scrollback)), None)


def echo_of(app: GtsApp) -> Echo | None:
    """The line above the command line, in the same way."""
    return next(iter(app.query(Echo)), None)


def show_command(app: GtsApp, line: str) -> None:
    """Show the command that is done; in the program's own thread."""
    pane, echo = pane_of(app), echo_of(app)
    if pane is not None and echo is not None:
        echo.begin(line)
        pane.begin(line)


def show_tasks(app: GtsApp, tasks: Sequence[str], ended: str) -> None:
    """Show what is at work, and tell what has ended; in the program's own thread."""
    echo = echo_of(app)
    if echo is not None:
        echo.show_tasks(tasks)
        if ended:
            app.notify(ended, markup=False)


def said(app: GtsApp, shown: Any, *, error: bool, spot: Spot | None) -> list[Line]:
    """The lines for the scrollback; in the thread that says it."""
    what = complaint(str(shown), spot.pointed(app.columns) if spot else "") if error else shown
    return printed(what, app.columns, studies=app.workspace.study_names())


def tell(app: GtsApp, shown: Any, lines: Sequence[Line], *, error: bool, spot: Spot | None) -> None:
    """Show it; in the program's own thread. A line finds room beside its command, more opens the scrollback."""
    pane, echo = pane_of(app), echo_of(app)
    if pane is None or echo is None:
        return
    pane.add_lines(lines)
    if error:
        message = f"{spot.pointed(min(54, app.columns // 2 - 4))}\n{shown}" if spot else str(shown)
        app.notify("\n".join(clean(text) for text in message.split("\n")), severity="error", markup=False)
        return
    texts = [line.text.strip() for line in lines]
    guided = next((at for at, text in enumerate(texts) if text.startswith(_GUIDANCE)), len(texts))
    answer = [text for text in texts[:guided] if text]
    echo.said += len(answer)
    if echo.said > 1:
        echo.answer("")
        if isinstance(shown, str):
            # What comes piece by piece is followed.
            pane.display = True
        else:
            pane.show_answer()
    elif answer:
        echo.answer(answer[0])
