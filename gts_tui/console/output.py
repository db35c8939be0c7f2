"""OutputPane (output of all commands), StatusLine (newest command and its result), and ConsoleView, which fills them."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any, ClassVar

from rich.style import Style
from rich.text import Text
from textual import events, getters
from textual.binding import Binding, BindingType
from textual.geometry import Region, Size, Spacing
from textual.scroll_view import ScrollView
from textual.selection import Selection
from textual.strip import Strip
from textual.widgets import Static

from gts.commands.registry import COMMANDS
from gts.errors import reason
from gts_tui.app_base import BaseApp
from gts_tui.command_syntax import LineSpan, quote_words
from gts_tui.console.formatting import (
    OutputLine,
    OutputLink,
    format_error_message,
    make_output_lines,
    replace_control_characters,
)
from gts_tui.widgets.dialogs import InputDialog

MAX_LINES = 5000
_TITLE = "output"


class OutputPane(ScrollView, can_focus=True):
    """Output of the commands of this session, above the command line; the oldest lines are dropped."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "close", "close", id="scrollback.close"),
        Binding("tab", "link(1)", "next link", id="scrollback.link"),
        Binding("shift+tab", "link(-1)", "previous link", show=False, id="scrollback.link-before"),
        Binding("enter", "open", "open", id="scrollback.open"),
        Binding("slash", "search", "search", key_display="/", id="scrollback.search"),
        Binding("n", "next(1)", "next match or link", show=False, id="scrollback.next"),
        Binding("N", "next(-1)", "previous match or link", show=False, id="scrollback.before"),
        Binding("y", "copy", "copy", id="scrollback.copy"),
        Binding("Y", "write", "write to a file", show=False, id="scrollback.write"),
        Binding("g", "scroll_home", "first line", show=False, id="scrollback.first"),
        Binding("G", "scroll_end", "last line", show=False, id="scrollback.last"),
        Binding("plus", "maximise", "larger", key_display="+", show=False, id="scrollback.maximise"),
    ]
    DEFAULT_CSS = """
    OutputPane { overflow-x: auto; overflow-y: scroll; scrollbar-size-horizontal: 1; display: none; }
    OutputPane.-tall { height: 85%; }
    """
    ALLOW_SELECT = True
    app = getters.app(BaseApp)

    def __init__(self) -> None:
        super().__init__(id="scrollback")
        self._lines: list[OutputLine] = []
        self._link_position: tuple[int, int] | None = None
        """Link under the cursor: index of its line, and of the link within that line."""
        self._search_text = ""
        self._match_line = -1
        self._command_start = 0
        """Index of the line that shows the newest command."""
        self._anchor_line: int | None = None
        """Index of the line to keep at the top; None follows the end."""
        self.border_title = _TITLE

    @property
    def text(self) -> str:
        """All lines, without styles."""
        return "\n".join(line.text.rstrip() for line in self._lines)

    # -- content ------------------------------------------------------------------------------------------------------

    def add(self, content: Any) -> None:
        """Add a rich renderable or a text from any source."""
        self.add_lines(make_output_lines(content, self.app.output_width))

    def add_lines(self, lines: Sequence[OutputLine]) -> None:
        """Add lines, and drop the oldest beyond MAX_LINES."""
        follows = self._anchor_line is None and (not self.display or self.is_vertical_scroll_end)
        self._lines.extend(lines)
        excess = len(self._lines) - MAX_LINES
        if excess > 0:
            self._drop_lines(excess)
        self.virtual_size = Size(max((line.strip.cell_length for line in self._lines), default=0), len(self._lines))
        if follows:
            self.scroll_end(animate=False, immediate=True)
        elif excess > 0:
            self.scroll_to(y=max(0, self.scroll_offset.y - excess), animate=False, immediate=True)
        self.refresh()

    def _drop_lines(self, count: int) -> None:
        """Drop the oldest lines and move every stored index with them."""
        del self._lines[:count]
        if self._link_position is not None:
            line, link = self._link_position
            self._link_position = (line - count, link) if line >= count else None
        self._match_line -= count
        self._command_start = max(0, self._command_start - count)
        if self._anchor_line is not None:
            self._anchor_line = max(0, self._anchor_line - count)

    def start_command(self, line: str) -> None:
        """Add a line that shows a command; its output follows."""
        self._anchor_line = None
        self._command_start = len(self._lines)
        self.add(Text(f"› {replace_control_characters(line)}", "bold"))
        self._schedule_scroll()

    def show_result(self) -> None:
        """Open the pane at the newest command."""
        self.display = True
        self._anchor_line = self._command_start
        self._schedule_scroll()

    def _schedule_scroll(self) -> None:
        # The height is known only after the next layout.
        self.call_after_refresh(self._scroll_to_anchor)

    def _scroll_to_anchor(self) -> None:
        """Scroll to the anchor line if the lines from there on do not fit, else to the end."""
        if self._anchor_line is not None and len(self._lines) - self._anchor_line > self.scrollable_content_region.height:
            self.scroll_to(y=self._anchor_line, animate=False)
        else:
            self._anchor_line = None
            self.scroll_end(animate=False)

    def clear(self) -> None:
        """Remove all lines."""
        self._lines.clear()
        self._link_position, self._match_line, self._command_start, self._anchor_line = None, -1, 0, None
        self.virtual_size = Size(0, 0)
        self.scroll_home(animate=False)
        self.refresh()

    def on_show(self) -> None:
        """Scroll to the newest output."""
        self._schedule_scroll()

    # -- drawing ------------------------------------------------------------------------------------------------------

    def render_line(self, y: int) -> Strip:
        """Return a visible row."""
        left, top = self.scroll_offset
        index, width, base = top + y, self.scrollable_content_region.width, self.rich_style
        if index >= len(self._lines):
            return Strip.blank(width, base)
        strip = self._style_line(index).apply_style(base)
        return strip.crop_extend(left, left + width, base).apply_offsets(left, index)

    def _style_line(self, index: int) -> Strip:
        """Return a line with its links, search matches and mouse selection marked."""
        line = self._lines[index]
        span = self.text_selection.get_span(index) if self.text_selection is not None else None
        if not (line.links or span or self._search_text):
            return line.strip
        text = Text.assemble(*((part.text, part.style or "") for part in line.strip), no_wrap=True, end="")
        for number, link in enumerate(line.links):
            is_current = self._link_position == (index, number)
            style = Style(underline=True, reverse=is_current or None) + Style.from_meta({"reference": link.target})
            text.stylize(style, link.begin, link.end)
        if self._search_text:
            begin = line.text.lower().find(self._search_text)
            while begin >= 0:
                text.stylize(Style(reverse=True, bold=index == self._match_line), begin, begin + len(self._search_text))
                begin = line.text.lower().find(self._search_text, begin + len(self._search_text))
        if span is not None:
            first, last = span
            text.stylize(self.screen.get_component_rich_style("screen--selection"), first, len(text) if last == -1 else last)
        return Strip(text.render(self.app.console))

    def get_selection(self, selection: Selection) -> tuple[str, str] | None:
        """Return the text that is selected with the mouse."""
        return selection.extract("\n".join(line.text for line in self._lines)), "\n"

    def selection_updated(self, selection: Selection | None) -> None:
        """Redraw the mouse selection."""
        self.refresh()

    # -- links --------------------------------------------------------------------------------------------------------

    def action_link(self, direction: int) -> None:
        """Move to the next (1) or previous (-1) link; first to the first link of the newest line with links."""
        positions = [(index, number) for index, line in enumerate(self._lines) for number in range(len(line.links))]
        if not positions:
            self.notify("there are no links in the output", timeout=2)
            return
        if self._link_position in positions:
            self._link_position = positions[(positions.index(self._link_position) + direction) % len(positions)]
        else:
            newest_line = positions[-1][0]
            self._link_position = next(position for position in positions if position[0] == newest_line)
        self._reveal_line(self._link_position[0])

    @property
    def current_link(self) -> OutputLink | None:
        """Link under the cursor."""
        return self._lines[self._link_position[0]].links[self._link_position[1]] if self._link_position else None

    def action_open(self) -> None:
        """Open the target of the link under the cursor."""
        if self.current_link is not None:
            self.app.run_command(quote_words(["open", self.current_link.target]))

    def on_click(self, event: events.Click) -> None:
        """Open the target of the clicked link."""
        reference = event.style.meta.get("reference")
        if reference:
            self.app.run_command(quote_words(["open", reference]))

    def _reveal_line(self, index: int) -> None:
        self.scroll_to_region(Region(0, index, 1, 1), spacing=Spacing(2, 0, 2, 0), animate=False)
        self.refresh()

    # -- search -------------------------------------------------------------------------------------------------------

    def action_search(self) -> None:
        """Ask for a text and go to its last occurrence."""
        self.app.push_screen(InputDialog("search the output", self._search_text), self._start_search)

    def _start_search(self, text: str | None) -> None:
        if text:
            self._search_text, self._match_line = text.lower(), len(self._lines)
            self.action_next(-1)

    def action_next(self, direction: int) -> None:
        """Move to the next (1) or previous (-1) match, or link if there is no search."""
        if not self._search_text:
            self.action_link(direction)
            return
        matches = [index for index, line in enumerate(self._lines) if self._search_text in line.text.lower()]
        if not matches:
            self.notify(f"not found: {self._search_text}", severity="warning", timeout=3, markup=False)
            self._search_text = ""
        else:
            if direction > 0:
                ahead = [index for index in matches if index > self._match_line]
            else:
                ahead = [index for index in matches if index < self._match_line]
            self._match_line = (ahead or matches)[0 if direction > 0 else -1]
            position = f"{matches.index(self._match_line) + 1} of {len(matches)}"
            self.border_title = Text(f"{replace_control_characters(self._search_text)}: {position}")
            self._reveal_line(self._match_line)
        self.refresh()

    # -- copying ------------------------------------------------------------------------------------------------------

    def action_copy(self) -> None:
        """Copy the mouse selection, or all of the output."""
        selected = self.screen.get_selected_text()
        self.app.copy(selected or self.text, "the selection" if selected else "the output")

    def action_write(self) -> None:
        """Ask for a file and write all of the output to it."""
        if self.app.settings.readonly:
            self.notify("this program was started with --readonly", severity="error")
            return
        self.app.push_screen(InputDialog("write the output to", "output.txt"), self._write_file)

    def _write_file(self, name: str | None) -> None:
        if not name:
            return
        path = self.app.workspace.root / os.path.expanduser(name)
        try:
            with path.open("x", encoding="utf-8") as file:
                file.write(self.text + "\n")
        except (OSError, ValueError) as error:
            self.notify(f"cannot write {name}: {reason(error)}", severity="error", markup=False)
        else:
            self.notify(f"written: {name}", markup=False)

    def action_maximise(self) -> None:
        """Toggle the height between 45 % and 85 % of the screen."""
        self.toggle_class("-tall")

    def action_close(self) -> None:
        """End the search, or hide the pane if there is none."""
        if self._search_text:
            self._search_text, self._match_line, self.border_title = "", -1, _TITLE
            self.refresh()
            return
        self.display = False
        self.app.focus_mode()


_TASK_WIDTH = 38
_NEXT_STEP_PREFIX = "next: "
"""Beginning of the lines of a result that suggest further commands."""


class StatusLine(Static):
    """Line above the command line: the running child processes, the newest command, and its result if it is one line."""

    def __init__(self) -> None:
        super().__init__(id="echo")
        self._command = ""
        self._result = ""
        self._tasks: tuple[str, ...] = ()
        self.result_lines = 0
        """Number of lines that the newest command has printed."""

    def show_command(self, line: str) -> None:
        """Show a command, with `gts` before it if it works at the shell."""
        is_shell_command = line.partition(" ")[0] in COMMANDS
        self._command, self._result, self.result_lines = f"› gts {line}" if is_shell_command else f"› {line}", "", 0
        self._redraw()

    def show_result(self, text: str) -> None:
        """Show the result of the newest command."""
        self._result = text
        self._redraw()

    def show_tasks(self, tasks: Sequence[str]) -> None:
        """Show the running child processes."""
        self._tasks = tuple(tasks)
        self._redraw()

    def _redraw(self) -> None:
        text = Text(no_wrap=True, overflow="ellipsis", end="")
        if self._tasks:
            more = f" +{len(self._tasks) - 1}" if len(self._tasks) > 1 else ""
            name = replace_control_characters(self._tasks[0])
            text.append(f" {name[:_TASK_WIDTH]}{'…' if len(name) > _TASK_WIDTH else ''}{more} ", "reverse")
            text.append(" ")
        if not self._tasks or not self._tasks[0].endswith(f": {self._command.removeprefix('› gts ')}"):
            text.append(replace_control_characters(self._command))
        if self._result:
            text.append("  ")
            text.append(replace_control_characters(self._result), "bold")
        self.update(text)


def find_output_pane(app: BaseApp) -> OutputPane | None:
    """Return the output pane, even while a dialog is open; None if the widgets have been removed at exit."""
    return next(iter(app.query(OutputPane)), None)


class ConsoleView:
    """Shows commands and their results in the status line, the output pane and notifications."""

    def __init__(self, app: BaseApp) -> None:
        self._app = app

    def render_lines(self, content: Any, *, error: bool, span: LineSpan | None) -> list[OutputLine]:
        """Render content for the output pane; slow for large tables, so call it in the command's thread."""
        width = self._app.output_width
        if error:
            content = format_error_message(str(content), span.underline(width) if span else "")
        return make_output_lines(content, width, studies=self._app.workspace.study_names())

    def show_command(self, line: str) -> None:
        """Show the command that runs now."""
        for pane, status_line in self._widgets():
            status_line.show_command(line)
            pane.start_command(line)

    def show_tasks(self, tasks: Sequence[str], ended: str) -> None:
        """Show the running child processes; notify about one that has ended."""
        for _, status_line in self._widgets():
            status_line.show_tasks(tasks)
            if ended:
                self._app.notify(ended, markup=False)

    def show_result(self, content: Any, lines: Sequence[OutputLine], *, error: bool, span: LineSpan | None) -> None:
        """Show `content`, rendered as `lines`: errors as a notification, one line in the status line, more in the pane."""
        for pane, status_line in self._widgets():
            pane.add_lines(lines)
            if error:
                self._notify_error(str(content), span)
                continue
            texts = [line.text.strip() for line in lines]
            end = next((at for at, text in enumerate(texts) if text.startswith(_NEXT_STEP_PREFIX)), len(texts))
            result = [text for text in texts[:end] if text]
            status_line.result_lines += len(result)
            if status_line.result_lines > 1:
                status_line.show_result("")
                if isinstance(content, str):
                    # Output that is still arriving: follow its end.
                    pane.display = True
                else:
                    pane.show_result()
            elif result:
                status_line.show_result(result[0])

    def _notify_error(self, content: str, span: LineSpan | None) -> None:
        message = f"{span.underline(min(54, self._app.output_width // 2 - 4))}\n{content}" if span else content
        text = "\n".join(replace_control_characters(line) for line in message.split("\n"))
        self._app.notify(text, severity="error", markup=False)

    def _widgets(self) -> list[tuple[OutputPane, StatusLine]]:
        """Return the pane and the status line; empty if they have been removed at exit."""
        return list(zip(self._app.query(OutputPane), self._app.query(StatusLine), strict=False))
