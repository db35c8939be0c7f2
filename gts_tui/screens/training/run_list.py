"""The list of trainings at the left: how each stands, and which ones are laid over each other.

Which trainings there are, and the end of what one has said.
"""

from __future__ import annotations

import time
from collections.abc import Hashable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from rich.text import Text
from textual.binding import Binding, BindingType
from textual.message import Message
from textual.widgets import OptionList
from textual.widgets.option_list import Option

from gts.store.workspace import RunFolder, Workspace
from gts_tui.polling import stat_stamp
from gts_tui.screens.training.data import short_run_name
from gts_tui.textual_fixes import SafeOptionList
from gts_tui.theme import theme_style
from gts_tui.widgets.chart_canvas import DOT_ENCODINGS
from gts_tui.widgets.status import state_sign

if TYPE_CHECKING:
    from gts_tui.app_base import BaseApp


MAX_LISTED_RUNS = 500
_RECHECK_SECONDS = 5.0


@dataclass(frozen=True)
class RunListItem:
    """A training in the list."""

    id: str
    folder: Path
    name: str
    state: str
    alive: bool


def run_list_stamp(workspace: Workspace) -> Hashable:
    """Differs when the list may."""
    return stat_stamp(workspace.catalogue, workspace.runs), time.monotonic() // _RECHECK_SECONDS


def list_runs(workspace: Workspace) -> tuple[RunListItem, ...]:
    """The trainings of a workspace, newest first."""
    from gts.jobs.job_store import list_jobs

    return tuple(
        RunListItem(one.job.id, one.job.folder, short_run_name(one.job.folder), one.state.name, one.state.alive)
        for one in list_jobs(workspace, limit=MAX_LISTED_RUNS)
        if one.job.kind != "search"
    )


def find_run_folder(workspace: Workspace, reference: str) -> Path | None:
    """The folder of the training that a word names: an id or a part of one that no other has, `@last`, or a path."""
    from gts.commands.resolve import find_run
    from gts.errors import GtsError

    with suppress(OSError):
        for path in (Path(reference).expanduser(), workspace.root / reference):
            if RunFolder(path).exists():
                return path.absolute()
            # A file of a run, a checkpoint say, stands for it.
            if path.is_file():
                return next((above for above in path.absolute().parents if RunFolder(above).exists()), None)
    with suppress(GtsError):
        found = find_run(workspace, reference)
        return found.path if found is not None else None
    return None


class RunList(SafeOptionList, inherit_bindings=False):
    """Trainings, newest first. Space marks those that are shown besides the one under the cursor."""

    DEFAULT_CSS = """
    RunList { border: none; padding: 0; background: $surface; scrollbar-size-vertical: 1; }
    RunList:focus { border: none; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("down", "cursor_down", "next run", show=False, id="runs.down"),
        Binding("up", "cursor_up", "previous run", show=False, id="runs.up"),
        Binding("pagedown", "page_down", "page down", show=False, id="runs.page_down"),
        Binding("pageup", "page_up", "page up", show=False, id="runs.page_up"),
        Binding("g,home", "first", "newest run", show=False, id="runs.first"),
        Binding("G,end", "last", "oldest run", show=False, id="runs.last"),
        Binding("enter", "select", "to the charts", show=False, id="runs.enter"),
        Binding("space", "mark", "overlay", id="runs.mark"),
    ]

    class SelectionChanged(Message):
        """Another training is under the cursor, or others are marked."""

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.marked_ids: list[str] = []
        """The ids of the trainings that stay on the charts, in the order of their marks."""
        self._runs: tuple[RunListItem, ...] = ()
        self._unlisted_runs: list[RunListItem] = []
        """Trainings that were asked for by name and are in no list: those of searches."""
        self._visible_runs: tuple[RunListItem, ...] = ()
        self._filter_words: tuple[str, ...] = ()
        self._drawn_lines: list[Text] = []

    @property
    def program(self) -> BaseApp:
        """The program that this is a part of."""
        return self.app  # type: ignore[return-value]

    @property
    def current_run(self) -> RunListItem | None:
        """The training under the cursor."""
        at = self.highlighted
        return self._visible_runs[at] if at is not None and at < len(self._visible_runs) else None

    @property
    def overlaid_runs(self) -> tuple[RunListItem, ...]:
        """What is shown: the marked ones and the one under the cursor, in the order of their colours."""
        marked = [one for name in self.marked_ids for one in self._runs if one.id == name]
        current = self.current_run
        return (*marked, *([current] if current is not None and current.id not in self.marked_ids else []))

    @property
    def other_runs(self) -> tuple[RunListItem, ...]:
        """What is not shown, be it that the filter hides it."""
        shown = {one.id for one in self.overlaid_runs}
        return tuple(one for one in self._runs if one.id not in shown)

    @property
    def run_count(self) -> int:
        """How many there are, also of those that the filter hides."""
        return len(self._runs)

    def show_runs(self, runs: Sequence[RunListItem]) -> None:
        """List these."""
        known = {one.id for one in runs}
        self._unlisted_runs = [one for one in self._unlisted_runs if one.id not in known and one.folder.is_dir()]
        self._runs = (*self._unlisted_runs, *runs)
        known |= {one.id for one in self._unlisted_runs}
        self.marked_ids = [name for name in self.marked_ids if name in known]
        self._update_options()

    def set_filter(self, words: Sequence[str]) -> None:
        """List those alone whose id has every one of some words, which are in small letters."""
        self._filter_words = tuple(words)
        self._update_options()

    def highlight_run(self, run: RunListItem) -> None:
        """Put the cursor on a training, which is listed from now on where it was not."""
        if run.id not in {one.id for one in self._runs}:
            self._unlisted_runs.insert(0, run)
            self._runs = (run, *self._runs)
        if run.id not in {one.id for one in self._visible_runs}:
            self._filter_words = ()
        self._update_options()
        self.highlighted = next(at for at, one in enumerate(self._visible_runs) if one.id == run.id)

    def action_mark(self) -> None:
        """Keep the training under the cursor on the charts, or no longer."""
        current = self.current_run
        if current is None:
            return
        if current.id in self.marked_ids:
            self.marked_ids.remove(current.id)
            self._refresh_lines()
            self.post_message(self.SelectionChanged())
        else:
            self.mark_run(current.id)

    def mark_run(self, run_id: str) -> None:
        """Keep a training on the charts, wherever the cursor goes."""
        if len(self.marked_ids) >= len(DOT_ENCODINGS["braille"].markers):
            self.notify("no more fit on one chart: esc takes the marks away", severity="warning")
            return
        if run_id not in self.marked_ids:
            self.marked_ids.append(run_id)
        self._refresh_lines()
        self.post_message(self.SelectionChanged())

    def clear_marks(self) -> bool:
        """Mark nothing; whether anything was marked."""
        had, self.marked_ids = bool(self.marked_ids), []
        if had:
            self._refresh_lines()
            self.post_message(self.SelectionChanged())
        return had

    def on_option_list_option_highlighted(self, event: OptionList.OptionHighlighted) -> None:
        """The cursor has moved."""
        event.stop()
        self._refresh_lines()
        self.post_message(self.SelectionChanged())

    def _update_options(self) -> None:
        kept = self.current_run
        shown = tuple(one for one in self._runs if all(word in one.id.casefold() for word in self._filter_words))
        if [one.id for one in shown] == [one.id for one in self._visible_runs]:
            self._visible_runs = shown
            self._refresh_lines()
            return
        place = min(self.highlighted or 0, len(shown) - 1)
        self._visible_runs = shown
        self.set_options([Option(Text("")) for _ in shown])
        self._drawn_lines = [Text("")] * len(shown)
        at = next((at for at, one in enumerate(shown) if kept is not None and one.id == kept.id), place)
        if shown:
            self.highlighted = at
        self._refresh_lines()
        self.post_message(self.SelectionChanged())

    def _refresh_lines(self) -> None:
        """Bring every line that has changed up to date."""
        colours = {one.id: at for at, one in enumerate(self.overlaid_runs)} if len(self.overlaid_runs) > 1 else {}
        for at, one in enumerate(self._visible_runs):
            text = self._run_line(one, colours.get(one.id))
            if text != self._drawn_lines[at] or text.spans != self._drawn_lines[at].spans:
                self._drawn_lines[at] = text
                self.replace_option_prompt_at_index(at, text)

    def _run_line(self, one: RunListItem, colour_index: int | None) -> Text:
        """The mark of its line on the charts, its state, its name."""
        text = Text(no_wrap=True, overflow="ellipsis")
        marks = DOT_ENCODINGS[self.program.glyphs.level].markers
        if colour_index is None:
            text.append("  ")
        else:
            text.append(f"{marks[colour_index % len(marks)]} ", theme_style(self.program, f"chart-{colour_index % 8 + 1}"))
        sign = self.state_symbol(one.state)
        text.append_text(sign)
        text.append(f" {one.name}", "bold" if one.id in self.marked_ids else "")
        return text

    def state_symbol(self, state: str) -> Text:
        """A state in one letter; none where it is not known."""
        return state_sign(self.program, state) if state else Text(" ")
