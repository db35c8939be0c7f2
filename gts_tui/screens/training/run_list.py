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

from gts.store.workspace import JobFolder, RunFolder, Workspace
from gts_tui.polling import changed
from gts_tui.screens.training.data import short_name
from gts_tui.textual_fixes import SteadyList
from gts_tui.theme import ink
from gts_tui.widgets.chart_canvas import GRAINS
from gts_tui.widgets.status import state_sign

if TYPE_CHECKING:
    from gts_tui.app import GtsApp


MOST_RUNS = 500
_AGAIN_SECONDS = 5.0
_TAIL_BYTES = 16_384
_LINES = 200


@dataclass(frozen=True)
class Listed:
    """A training in the list."""

    id: str
    folder: Path
    name: str
    state: str
    alive: bool


def listing_stamp(workspace: Workspace) -> Hashable:
    """Differs when the list may."""
    return changed(workspace.catalogue, workspace.runs), time.monotonic() // _AGAIN_SECONDS


def list_runs(workspace: Workspace) -> tuple[Listed, ...]:
    """The trainings of a workspace, newest first."""
    from gts.jobs.job_store import jobs_of

    return tuple(
        Listed(one.job.id, one.job.folder, short_name(one.job.folder), one.state.word, one.state.alive)
        for one in jobs_of(workspace, limit=MOST_RUNS)
        if one.job.kind != "search"
    )


def log_stamp(folder: Path) -> Hashable:
    """Differs when the log may."""
    return changed(JobFolder(folder).log)


def log_end(folder: Path) -> tuple[str, ...]:
    """The last lines of what a training has said, as far as the end of the file holds them."""
    path = JobFolder(folder).log
    try:
        with path.open("rb") as file:
            size = file.seek(0, 2)
            file.seek(max(0, size - _TAIL_BYTES))
            data = file.read(_TAIL_BYTES)
    except OSError as error:
        return (f"cannot read its log: {(error.strerror or str(error)).lower()}",)
    lines = data.decode(errors="replace").splitlines()
    # The first one was cut where the file is longer.
    return tuple(lines[1 if size > _TAIL_BYTES else 0 :][-_LINES:])


def folder_of(workspace: Workspace, word: str) -> Path | None:
    """The folder of the training that a word names: an id or a part of one that no other has, `@last`, or a path."""
    from gts.commands.resolve import find_run
    from gts.errors import GtsError

    with suppress(OSError):
        for path in (Path(word).expanduser(), workspace.root / word):
            if RunFolder(path).exists():
                return path.absolute()
            # A file of a run, a checkpoint say, stands for it.
            if path.is_file():
                return next((above for above in path.absolute().parents if RunFolder(above).exists()), None)
    with suppress(GtsError):
        found = find_run(workspace, word)
        return found.path if found is not None else None
    return None


class RunList(SteadyList, inherit_bindings=False):
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

    class Chosen(Message):
        """Another training is under the cursor, or others are marked."""

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.marked: list[str] = []
        """The ids of the trainings that stay on the charts, in the order of their marks."""
        self._runs: tuple[Listed, ...] = ()
        self._guests: list[Listed] = []
        """Trainings that were asked for by name and are in no list: those of searches."""
        self._shown: tuple[Listed, ...] = ()
        self._filter: tuple[str, ...] = ()
        self._drawn: list[Text] = []

    @property
    def program(self) -> GtsApp:
        """The program that this is a part of."""
        return self.app  # type: ignore[return-value]

    @property
    def current(self) -> Listed | None:
        """The training under the cursor."""
        at = self.highlighted
        return self._shown[at] if at is not None and at < len(self._shown) else None

    @property
    def overlaid(self) -> tuple[Listed, ...]:
        """What is shown: the marked ones and the one under the cursor, in the order of their colours."""
        marked = [one for name in self.marked for one in self._runs if one.id == name]
        current = self.current
        return (*marked, *([current] if current is not None and current.id not in self.marked else []))

    @property
    def others(self) -> tuple[Listed, ...]:
        """What is not shown, be it that the filter hides it."""
        shown = {one.id for one in self.overlaid}
        return tuple(one for one in self._runs if one.id not in shown)

    @property
    def total(self) -> int:
        """How many there are, also of those that the filter hides."""
        return len(self._runs)

    def show(self, runs: Sequence[Listed]) -> None:
        """List these."""
        known = {one.id for one in runs}
        self._guests = [one for one in self._guests if one.id not in known and one.folder.is_dir()]
        self._runs = (*self._guests, *runs)
        known |= {one.id for one in self._guests}
        self.marked = [name for name in self.marked if name in known]
        self._fill()

    def narrow(self, words: Sequence[str]) -> None:
        """List those alone whose id has every one of some words, which are in small letters."""
        self._filter = tuple(words)
        self._fill()

    def go_to(self, run: Listed) -> None:
        """Put the cursor on a training, which is listed from now on where it was not."""
        if run.id not in {one.id for one in self._runs}:
            self._guests.insert(0, run)
            self._runs = (run, *self._runs)
        if run.id not in {one.id for one in self._shown}:
            self._filter = ()
        self._fill()
        self.highlighted = next(at for at, one in enumerate(self._shown) if one.id == run.id)

    def action_mark(self) -> None:
        """Keep the training under the cursor on the charts, or no longer."""
        current = self.current
        if current is None:
            return
        if current.id in self.marked:
            self.marked.remove(current.id)
            self._draw()
            self.post_message(self.Chosen())
        else:
            self.mark(current.id)

    def mark(self, name: str) -> None:
        """Keep a training on the charts, wherever the cursor goes."""
        if len(self.marked) >= len(GRAINS["braille"].marks):
            self.notify("no more fit on one chart: esc takes the marks away", severity="warning")
            return
        if name not in self.marked:
            self.marked.append(name)
        self._draw()
        self.post_message(self.Chosen())

    def unmark(self) -> bool:
        """Mark nothing; whether anything was marked."""
        had, self.marked = bool(self.marked), []
        if had:
            self._draw()
            self.post_message(self.Chosen())
        return had

    def on_option_list_option_highlighted(self, event: OptionList.OptionHighlighted) -> None:
        """The cursor has moved."""
        event.stop()
        self._draw()
        self.post_message(self.Chosen())

    def _fill(self) -> None:
        kept = self.current
        shown = tuple(one for one in self._runs if all(word in one.id.casefold() for word in self._filter))
        if [one.id for one in shown] == [one.id for one in self._shown]:
            self._shown = shown
            self._draw()
            return
        place = min(self.highlighted or 0, len(shown) - 1)
        self._shown = shown
        self.set_options([Option(Text("")) for _ in shown])
        self._drawn = [Text("")] * len(shown)
        at = next((at for at, one in enumerate(shown) if kept is not None and one.id == kept.id), place)
        if shown:
            self.highlighted = at
        self._draw()
        self.post_message(self.Chosen())

    def _draw(self) -> None:
        """Bring every line that has changed up to date."""
        colours = {one.id: at for at, one in enumerate(self.overlaid)} if len(self.overlaid) > 1 else {}
        for at, one in enumerate(self._shown):
            text = self._line(one, colours.get(one.id))
            if text != self._drawn[at] or text.spans != self._drawn[at].spans:
                self._drawn[at] = text
                self.replace_option_prompt_at_index(at, text)

    def _line(self, one: Listed, place: int | None) -> Text:
        """The mark of its line on the charts, its state, its name."""
        text = Text(no_wrap=True, overflow="ellipsis")
        marks = GRAINS[self.program.glyphs.level].marks
        if place is None:
            text.append("  ")
        else:
            text.append(f"{marks[place % len(marks)]} ", ink(self.program, f"chart-{place % 8 + 1}"))
        sign = self.sign(one.state)
        text.append_text(sign)
        text.append(f" {one.name}", "bold" if one.id in self.marked else "")
        return text

    def sign(self, word: str) -> Text:
        """A state in one letter; none where it is not known."""
        return state_sign(self.program, word) if word else Text(" ")
