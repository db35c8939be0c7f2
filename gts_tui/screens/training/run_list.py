"""The list of trainings at the left: how each stands, and which ones are laid over each other."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar

from rich.text import Text
from textual.binding import Binding, BindingType
from textual.message import Message
from textual.widgets import OptionList
from textual.widgets.option_list import Option

from gts_tui.charts.raster import GRAINS
from gts_tui.curves.listing import Listed
from gts_tui.inks import ink
from gts_tui.state_signs import state_sign
from gts_tui.textual_fixes import SteadyList

if TYPE_CHECKING:
    from gts_tui.app import GtsApp


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
