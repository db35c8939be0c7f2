"""List of runs: reading it, finding a run by reference, and the widget with marks for overlaid runs."""

from __future__ import annotations

import time
from collections.abc import Hashable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from rich.text import Text
from textual import getters
from textual.binding import Binding, BindingType
from textual.message import Message
from textual.widgets import OptionList
from textual.widgets.option_list import Option

from gts.errors import GtsError
from gts.store.workspace import RunFolder, Workspace
from gts_tui.app_base import BaseApp
from gts_tui.polling import stat_stamp
from gts_tui.screens.training.data import run_label
from gts_tui.textual_fixes import SafeOptionList
from gts_tui.theme import theme_style
from gts_tui.widgets.chart_canvas import DOT_ENCODINGS
from gts_tui.widgets.status import state_sign

MAX_LISTED_RUNS = 500
_RECHECK_SECONDS = 5.0


@dataclass(frozen=True)
class RunListItem:
    """A run in the list."""

    id: str
    folder: Path
    name: str
    state: str
    alive: bool


def run_list_stamp(workspace: Workspace) -> Hashable:
    """Stamp for `list_runs`."""
    return stat_stamp(workspace.catalogue, workspace.runs), time.monotonic() // _RECHECK_SECONDS


def list_runs(workspace: Workspace) -> tuple[RunListItem, ...]:
    """List the runs of a workspace, newest first."""
    from gts.jobs.job_store import list_jobs

    return tuple(
        RunListItem(one.job.id, one.job.folder, run_label(one.job.folder), one.state.name, one.state.alive)
        for one in list_jobs(workspace, limit=MAX_LISTED_RUNS)
        if one.job.kind != "search"
    )


def find_run_folder(workspace: Workspace, reference: str) -> Path | None:
    """Find the folder of a run by its ID, a unique part of it, `@last`, or a path to or into it; None if there is none."""
    from gts.commands.resolve import find_run

    with suppress(OSError):
        for path in (Path(reference).expanduser(), workspace.root / reference):
            if RunFolder(path).exists():
                return path.absolute()
            # A file in a run folder, such as a checkpoint.
            if path.is_file():
                return next((parent for parent in path.absolute().parents if RunFolder(parent).exists()), None)
    with suppress(GtsError):
        found = find_run(workspace, reference)
        return found.path if found is not None else None
    return None


class RunList(SafeOptionList, inherit_bindings=False):
    """Runs, newest first. Marked runs keep their charts while the cursor moves."""

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
        """The cursor moved to another run, or the marks changed."""

    app = getters.app(BaseApp)

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.marked_ids: list[str] = []
        """IDs of the marked runs, oldest mark first."""
        self._runs: tuple[RunListItem, ...] = ()
        self._unlisted_runs: list[RunListItem] = []
        """Runs opened by path that are no jobs: those of trials."""
        self._visible_runs: tuple[RunListItem, ...] = ()
        self._filter_words: tuple[str, ...] = ()
        self._drawn_lines: list[Text] = []

    @property
    def current_run(self) -> RunListItem | None:
        """The run under the cursor."""
        index = self.highlighted
        return self._visible_runs[index] if index is not None and index < len(self._visible_runs) else None

    @property
    def overlaid_runs(self) -> tuple[RunListItem, ...]:
        """The marked runs and the one under the cursor, in the order of their colours."""
        marked = [run for run_id in self.marked_ids for run in self._runs if run.id == run_id]
        current = self.current_run
        return (*marked, *([current] if current is not None and current.id not in self.marked_ids else []))

    @property
    def other_runs(self) -> tuple[RunListItem, ...]:
        """Runs without charts, also those hidden by the filter."""
        shown = {run.id for run in self.overlaid_runs}
        return tuple(run for run in self._runs if run.id not in shown)

    @property
    def run_count(self) -> int:
        """Number of runs, also those hidden by the filter."""
        return len(self._runs)

    def show_runs(self, runs: Sequence[RunListItem]) -> None:
        """Replace the list."""
        known = {run.id for run in runs}
        self._unlisted_runs = [run for run in self._unlisted_runs if run.id not in known and run.folder.is_dir()]
        self._runs = (*self._unlisted_runs, *runs)
        known |= {run.id for run in self._unlisted_runs}
        self.marked_ids = [run_id for run_id in self.marked_ids if run_id in known]
        self._update_options()

    def set_filter(self, words: Sequence[str]) -> None:
        """List only runs whose ID contains all words; the words are lower case."""
        self._filter_words = tuple(words)
        self._update_options()

    def highlight_run(self, run: RunListItem) -> None:
        """Move the cursor to a run; add it to the list if needed."""
        if run.id not in {listed.id for listed in self._runs}:
            self._unlisted_runs.insert(0, run)
            self._runs = (run, *self._runs)
        if run.id not in {listed.id for listed in self._visible_runs}:
            self._filter_words = ()
        self._update_options()
        self.highlighted = next(index for index, listed in enumerate(self._visible_runs) if listed.id == run.id)

    def action_mark(self) -> None:
        """Mark or unmark the run under the cursor."""
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
        """Mark a run: its charts stay while the cursor moves."""
        if len(self.marked_ids) >= len(DOT_ENCODINGS["braille"].markers):
            self.notify("no more runs fit on one chart; esc clears the marks", severity="warning")
            return
        if run_id not in self.marked_ids:
            self.marked_ids.append(run_id)
        self._refresh_lines()
        self.post_message(self.SelectionChanged())

    def clear_marks(self) -> bool:
        """Clear the marks. Returns whether there were any."""
        had_marks, self.marked_ids = bool(self.marked_ids), []
        if had_marks:
            self._refresh_lines()
            self.post_message(self.SelectionChanged())
        return had_marks

    def on_option_list_option_highlighted(self, event: OptionList.OptionHighlighted) -> None:
        """Redraw the markers and report the new selection."""
        event.stop()
        self._refresh_lines()
        self.post_message(self.SelectionChanged())

    def _update_options(self) -> None:
        current = self.current_run
        shown = tuple(run for run in self._runs if all(word in run.id.casefold() for word in self._filter_words))
        if [run.id for run in shown] == [run.id for run in self._visible_runs]:
            self._visible_runs = shown
            self._refresh_lines()
            return
        same_line = min(self.highlighted or 0, len(shown) - 1)
        self._visible_runs = shown
        self.set_options([Option(Text("")) for _ in shown])
        self._drawn_lines = [Text("")] * len(shown)
        if shown:
            indices = (index for index, run in enumerate(shown) if current is not None and run.id == current.id)
            self.highlighted = next(indices, same_line)
        self._refresh_lines()
        self.post_message(self.SelectionChanged())

    def _refresh_lines(self) -> None:
        """Redraw the lines that changed."""
        overlaid = self.overlaid_runs
        colours = {run.id: index for index, run in enumerate(overlaid)} if len(overlaid) > 1 else {}
        for index, run in enumerate(self._visible_runs):
            text = self._run_line(run, colours.get(run.id))
            if text != self._drawn_lines[index]:
                self._drawn_lines[index] = text
                self.replace_option_prompt_at_index(index, text)

    def _run_line(self, run: RunListItem, colour_index: int | None) -> Text:
        """Render the chart marker, the state symbol and the name of a run."""
        text = Text(no_wrap=True, overflow="ellipsis")
        markers = DOT_ENCODINGS[self.app.glyphs.level].markers
        if colour_index is None:
            text.append("  ")
        else:
            text.append(f"{markers[colour_index % len(markers)]} ", theme_style(self.app, f"chart-{colour_index % 8 + 1}"))
        text.append_text(self.state_symbol(run.state))
        text.append(f" {run.name}", "bold" if run.id in self.marked_ids else "")
        return text

    def state_symbol(self, state: str) -> Text:
        """Symbol of a state; a space if the state is unknown."""
        return state_sign(self.app, state) if state else Text(" ")
