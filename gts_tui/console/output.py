"""What the command lines said: the newest lines, kept for the whole evening, in a pane that opens above the command line.

What is said, where a person sees it: a line that stays, the scrollback, and a message that goes away for what is wrong.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from rich.style import Style
from rich.text import Text
from textual import events
from textual.binding import Binding, BindingType
from textual.geometry import Region, Size, Spacing
from textual.scroll_view import ScrollView
from textual.selection import Selection
from textual.strip import Strip
from textual.widgets import Static

from gts.commands.registry import COMMANDS
from gts.errors import reason
from gts_tui.command_syntax import LineSpan, quote_words
from gts_tui.console.formatting import (
    OutputLine,
    OutputLink,
    format_error_message,
    make_output_lines,
    replace_control_characters,
)
from gts_tui.widgets.dialogs import InputDialog

if TYPE_CHECKING:
    from gts_tui.app import GtsApp


MAX_LINES = 5000
_TITLE = "output"


class OutputPane(ScrollView, can_focus=True):
    """The pane."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "close", "close", id="scrollback.close"),
        Binding("tab", "link(1)", "next link", id="scrollback.link"),
        Binding("shift+tab", "link(-1)", "link before", show=False, id="scrollback.link-before"),
        Binding("enter", "open", "open", id="scrollback.open"),
        Binding("slash", "search", "search", key_display="/", id="scrollback.search"),
        Binding("n", "next(1)", "next found, or link", show=False, id="scrollback.next"),
        Binding("N", "next(-1)", "the one before", show=False, id="scrollback.before"),
        Binding("y", "copy", "copy", id="scrollback.copy"),
        Binding("Y", "write", "write to a file", show=False, id="scrollback.write"),
        Binding("g", "scroll_home", "first line", show=False, id="scrollback.first"),
        Binding("G", "scroll_end", "last line", show=False, id="scrollback.last"),
        Binding("plus", "maximise", "larger", key_display="+", show=False, id="scrollback.maximise"),
    ]
    DEFAULT_CSS = """
    OutputPane { overflow-x: auto; overflow-y: scroll; scrollbar-size-horizontal: 1; }
    OutputPane.-tall { height: 85%; }
    """
    ALLOW_SELECT = True

    def __init__(self) -> None:
        super().__init__()
        self._lines: list[OutputLine] = []
        self._link_position: tuple[int, int] | None = None
        """The link that the cursor is on: its line, and which of that line's."""
        self._search_text = ""
        self._match_line = -1
        self._command_start = 0
        """Where the newest command begins."""
        self._anchor_line: int | None = None
        """The line to show first; None: the end."""
        self.border_title = _TITLE

    @property
    def program(self) -> GtsApp:
        """The program that this is a part of."""
        return self.app  # type: ignore[return-value]

    @property
    def text(self) -> str:
        """All of it, without colours."""
        return "\n".join(line.text.rstrip() for line in self._lines)

    # -- what is in it ------------------------------------------------------------------------------------------------

    def add(self, content: Any) -> None:
        """Add a renderable, or a text that may come from anywhere."""
        self.add_lines(make_output_lines(content, self.program.output_width))

    def add_lines(self, lines: Sequence[OutputLine]) -> None:
        """Add lines, and forget the oldest where there are too many."""
        follows = self._anchor_line is None and (not self.display or self.is_vertical_scroll_end)
        self._lines.extend(lines)
        over = len(self._lines) - MAX_LINES
        if over > 0:
            del self._lines[:over]
            self._link_position = (
                (self._link_position[0] - over, self._link_position[1])
                if self._link_position and self._link_position[0] >= over
                else None
            )
            self._match_line, self._command_start = self._match_line - over, max(0, self._command_start - over)
        self.virtual_size = Size(max((line.strip.cell_length for line in self._lines), default=0), len(self._lines))
        if follows:
            self.scroll_end(animate=False, immediate=True)
        self.refresh()

    def start_command(self, line: str) -> None:
        """A command is done: what it says comes below this line."""
        self._anchor_line = None
        self._command_start = len(self._lines)
        self.add(Text(f"› {replace_control_characters(line)}", "bold"))
        self._schedule_scroll()

    def show_result(self) -> None:
        """Show what the newest command has said, from its beginning where it is long."""
        self.display = True
        self._anchor_line = self._command_start
        self._schedule_scroll()

    def _schedule_scroll(self) -> None:
        """Go to the end, or, while there is more than fits, to the beginning of an answer; once it is known what fits."""
        self.call_after_refresh(self._scroll_to_anchor)

    def _scroll_to_anchor(self) -> None:
        if self._anchor_line is not None and len(self._lines) - self._anchor_line > self.scrollable_content_region.height:
            self.scroll_to(y=self._anchor_line, animate=False)
        else:
            self._anchor_line = None
            self.scroll_end(animate=False)

    def clear(self) -> None:
        """Forget everything."""
        self._lines.clear()
        self._link_position, self._match_line, self._command_start, self._anchor_line = None, -1, 0, None
        self.virtual_size = Size(0, 0)
        self.scroll_home(animate=False)
        self.refresh()

    def on_show(self) -> None:
        """What was said last is what is wanted first."""
        self._schedule_scroll()

    # -- drawing ------------------------------------------------------------------------------------------------------

    def render_line(self, y: int) -> Strip:
        """One row of the pane."""
        across, down = self.scroll_offset
        at, width, ground = down + y, self.scrollable_content_region.width, self.rich_style
        if at >= len(self._lines):
            return Strip.blank(width, ground)
        strip = self._style_line(at).apply_style(ground)
        return strip.crop_extend(across, across + width, ground).apply_offsets(across, at)

    def _style_line(self, at: int) -> Strip:
        """A line with its links, with what was sought, and with what is selected by the mouse."""
        line = self._lines[at]
        span = self.text_selection.get_span(at) if self.text_selection is not None else None
        if not (line.links or span or self._search_text):
            return line.strip
        text = Text.assemble(*((part.text, part.style or "") for part in line.strip), no_wrap=True, end="")
        for which, link in enumerate(line.links):
            here = self._link_position == (at, which)
            style = Style(underline=True, reverse=here or None) + Style.from_meta({"named": link.target})
            text.stylize(style, link.begin, link.end)
        if self._search_text:
            begin = line.text.lower().find(self._search_text)
            while begin >= 0:
                text.stylize(Style(reverse=True, bold=at == self._match_line), begin, begin + len(self._search_text))
                begin = line.text.lower().find(self._search_text, begin + len(self._search_text))
        if span is not None:
            first, last = span
            text.stylize(self.screen.get_component_rich_style("screen--selection"), first, len(text) if last == -1 else last)
        return Strip(text.render(self.app.console))

    def get_selection(self, selection: Selection) -> tuple[str, str] | None:
        """The text that the mouse has selected."""
        return selection.extract("\n".join(line.text for line in self._lines)), "\n"

    def selection_updated(self, selection: Selection | None) -> None:
        """Show it."""
        self.refresh()

    # -- links --------------------------------------------------------------------------------------------------------

    def action_link(self, direction: int) -> None:
        """Go to the next link; at first to the newest one."""
        places = [(at, which) for at, line in enumerate(self._lines) for which in range(len(line.links))]
        if not places:
            self.notify("nothing here is a link", timeout=2)
            return
        if self._link_position in places:
            self._link_position = places[(places.index(self._link_position) + direction) % len(places)]
        else:
            # The first link of what was said last is what one wants to open most often.
            newest = places[-1][0]
            self._link_position = next(place for place in places if place[0] == newest)
        self._reveal_line(self._link_position[0])

    @property
    def current_link(self) -> OutputLink | None:
        """The link that the cursor is on."""
        return self._lines[self._link_position[0]].links[self._link_position[1]] if self._link_position else None

    def action_open(self) -> None:
        """Open what the link names."""
        if self.current_link is not None:
            self.program.run_command(quote_words(["open", self.current_link.target]))

    def on_click(self, event: events.Click) -> None:
        """Open what was clicked on."""
        word = event.style.meta.get("named")
        if word:
            self.program.run_command(quote_words(["open", word]))

    def _reveal_line(self, at: int) -> None:
        self.scroll_to_region(Region(0, at, 1, 1), spacing=Spacing(2, 0, 2, 0), animate=False)
        self.refresh()

    # -- search -------------------------------------------------------------------------------------------------------

    def action_search(self) -> None:
        """Ask for a text, and go to where it was said last."""
        self.app.push_screen(InputDialog("search the output", self._search_text), self._start_search)

    def _start_search(self, text: str | None) -> None:
        if text:
            self._search_text, self._match_line = text.lower(), len(self._lines)
            self.action_next(-1)

    def action_next(self, direction: int) -> None:
        """Go to the next place of what is sought, or to the next link."""
        if not self._search_text:
            self.action_link(direction)
            return
        places = [at for at, line in enumerate(self._lines) if self._search_text in line.text.lower()]
        if not places:
            self.notify(f"not found: {self._search_text}", severity="warning", timeout=3, markup=False)
            self._search_text = ""
        else:
            on = [at for at in places if (at > self._match_line if direction > 0 else at < self._match_line)]
            self._match_line = (on or places)[0 if direction > 0 else -1]
            self.border_title = Text(
                f"{replace_control_characters(self._search_text)}: {places.index(self._match_line) + 1} of {len(places)}"
            )
            self._reveal_line(self._match_line)
        self.refresh()

    # -- out of it ----------------------------------------------------------------------------------------------------

    def action_copy(self) -> None:
        """Copy what the mouse has selected, or everything."""
        selected = self.screen.get_selected_text()
        self.program.copy(selected or self.text, "what is selected" if selected else "the output")

    def action_write(self) -> None:
        """Write everything to a file."""
        if self.program.settings.readonly:
            self.notify("this program was started with --readonly", severity="error")
            return
        self.app.push_screen(InputDialog("write the output to", "output.txt"), self._write_file)

    def _write_file(self, name: str | None) -> None:
        if not name:
            return
        path = self.program.workspace.root / os.path.expanduser(name)
        try:
            with path.open("x", encoding="utf-8") as file:
                file.write(self.text + "\n")
        except (OSError, ValueError) as error:
            self.notify(f"cannot write {name}: {reason(error)}", severity="error", markup=False)
        else:
            self.notify(f"written: {name}", markup=False)

    def action_maximise(self) -> None:
        """Take more of the screen, or less."""
        self.toggle_class("-tall")

    def action_close(self) -> None:
        """Forget what was sought; where nothing was, hide the pane."""
        if self._search_text:
            self._search_text, self._match_line, self.border_title = "", -1, _TITLE
            self.refresh()
            return
        self.display = False
        self.program.query_one("#modes").focus_mode()  # type: ignore[attr-defined]


_TASK_WIDTH = 38
_NEXT_STEP_PREFIX = "next: "
"""How a line begins that says what could be done now."""


class StatusLine(Static):
    """The line above the command line: what was done last and its answer, and what is at work."""

    def __init__(self) -> None:
        super().__init__(id="echo")
        self._line, self._result, self._tasks = "", "", ()  # type: tuple[str, str, tuple[str, ...]]
        self.result_lines = 0
        """Lines that the newest command has said."""

    def show_command(self, line: str) -> None:
        """Show a command."""
        shell = line.partition(" ")[0] in COMMANDS
        self._line, self._result, self.result_lines = f"› gts {line}" if shell else f"› {line}", "", 0
        self._redraw()

    def show_result(self, text: str) -> None:
        """Show what it said."""
        self._result = text
        self._redraw()

    def show_tasks(self, tasks: Sequence[str]) -> None:
        """Show what is at work."""
        self._tasks = tuple(tasks)
        self._redraw()

    def _redraw(self) -> None:
        text = Text(no_wrap=True, overflow="ellipsis", end="")
        if self._tasks:
            more = f" +{len(self._tasks) - 1}" if len(self._tasks) > 1 else ""
            name = replace_control_characters(self._tasks[0])
            text.append(f" {name[:_TASK_WIDTH]}{'…' if len(name) > _TASK_WIDTH else ''}{more} ", "reverse")
            text.append(" ")
        if not self._tasks or not self._tasks[0].endswith(f": {self._line.removeprefix('› gts ')}"):
            text.append(replace_control_characters(self._line))
        if self._result:
            text.append("  ")
            text.append(replace_control_characters(self._result), "bold")
        self.update(text)


def find_output_pane(app: GtsApp) -> OutputPane | None:
    """The scrollback, also while a question is asked over it; None when the program is at its end and has none any more."""
    return next(iter(app.query(OutputPane)), None)


def find_status_line(app: GtsApp) -> StatusLine | None:
    """The line above the command line, in the same way."""
    return next(iter(app.query(StatusLine)), None)


def show_command(app: GtsApp, line: str) -> None:
    """Show the command that is done; in the program's own thread."""
    pane, echo = find_output_pane(app), find_status_line(app)
    if pane is not None and echo is not None:
        echo.show_command(line)
        pane.start_command(line)


def show_tasks(app: GtsApp, tasks: Sequence[str], ended: str) -> None:
    """Show what is at work, and tell what has ended; in the program's own thread."""
    echo = find_status_line(app)
    if echo is not None:
        echo.show_tasks(tasks)
        if ended:
            app.notify(ended, markup=False)


def render_lines(app: GtsApp, content: Any, *, error: bool, span: LineSpan | None) -> list[OutputLine]:
    """The lines for the scrollback; in the thread that says it."""
    what = format_error_message(str(content), span.underline(app.output_width) if span else "") if error else content
    return make_output_lines(what, app.output_width, studies=app.workspace.study_names())


def show_result(app: GtsApp, content: Any, lines: Sequence[OutputLine], *, error: bool, span: LineSpan | None) -> None:
    """Show it; in the program's own thread. A line finds room beside its command, more opens the scrollback."""
    pane, echo = find_output_pane(app), find_status_line(app)
    if pane is None or echo is None:
        return
    pane.add_lines(lines)
    if error:
        message = f"{span.underline(min(54, app.output_width // 2 - 4))}\n{content}" if span else str(content)
        app.notify("\n".join(replace_control_characters(text) for text in message.split("\n")), severity="error", markup=False)
        return
    texts = [line.text.strip() for line in lines]
    guided = next((at for at, text in enumerate(texts) if text.startswith(_NEXT_STEP_PREFIX)), len(texts))
    answer = [text for text in texts[:guided] if text]
    echo.result_lines += len(answer)
    if echo.result_lines > 1:
        echo.show_result("")
        if isinstance(content, str):
            # What comes piece by piece is followed.
            pane.display = True
        else:
            pane.show_result()
    elif answer:
        echo.show_result(answer[0])
