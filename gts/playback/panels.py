"""Shows side by side in one picture: each with its words above it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from gts.playback.cell_buffer import Cells
from gts.playback.drawing import Glyphs, draw
from gts.playback.frame_protocol import Moment, Stage
from gts.playback.overlay import head_lines
from gts.playback.stream import Failure

LEAST = (5, 20)
"""Rows and columns below which nothing can be seen."""
WORDS_SECONDS = 0.25
"""Numbers that change more often than this cannot be read."""


class Shown(Protocol):
    """What plays in a panel, as far as it is known."""

    stage: Stage | None
    moment: Moment | None
    failure: Failure | None


class Panels:
    """Draws shows beside one another, or below one another where that gives them more room."""

    def __init__(self, glyphs: Glyphs) -> None:
        self.glyphs = glyphs
        self._heads: dict[int, tuple[float, Moment]] = {}

    def picture(self, shows: Sequence[Shown], rows: int, columns: int, now: float) -> Cells:
        """All of them, in so many cells; `now` in seconds decides whether the numbers are due."""
        cells = Cells.blank(rows, columns)
        if rows < LEAST[0] or columns < LEAST[1]:
            cells.write(0, 0, f"needs {LEAST[1]}×{LEAST[0]}"[:columns])
            return cells
        count = len(shows)
        beside = columns // count >= LEAST[1] or rows < count * LEAST[0] if count else True
        for number, show in enumerate(shows):
            if beside:
                left = columns * number // count
                part = cells.part(0, left, rows, columns * (number + 1) // count - left - (number + 1 < count))
            else:
                top = rows * number // count
                part = cells.part(top, 0, rows * (number + 1) // count - top, columns)
            self._panel(part, number, show, now)
        return cells

    def stale(self, shows: Sequence[Shown]) -> bool:
        """Whether the numbers that were drawn last are not those of the newest frames."""
        return any(number < len(shows) and kept is not shows[number].moment for number, (_, kept) in self._heads.items())

    def _panel(self, cells: Cells, number: int, show: Shown, now: float) -> None:
        if show.failure is not None:
            _say(cells, [show.failure.message, *filter(None, [show.failure.hint])])
            return
        if show.stage is None or show.moment is None:
            cells.write(0, 0, "loading…" if self.glyphs != "ascii" else "loading")
            return
        words = self._words(number, show.moment, now)
        lines = head_lines(show.stage, words, cells.columns, cells.rows // 6)
        draw(cells.part(len(lines), 0, cells.rows - len(lines), cells.columns), show.stage, show.moment, self.glyphs)
        for row, line in enumerate(lines):
            cells.write(row, 0, line)

    def _words(self, number: int, moment: Moment, now: float) -> Moment:
        """The moment whose numbers are shown: the newest a few times a second, and whenever something else changes."""
        kept = self._heads.get(number)
        if kept is not None and now - kept[0] < WORDS_SECONDS:
            same = [(one.paused, one.fallen, one.keep_on, one.rate, one.loop) for one in (kept[1], moment)]
            if same[0] == same[1] and not moment.paused:
                return kept[1]
        self._heads[number] = (now, moment)
        return moment


def _say(cells: Cells, sentences: Sequence[str]) -> None:
    """Sentences from the top, folded between words."""
    row = 0
    for sentence in sentences:
        line = ""
        for word in sentence.split():
            if line and len(line) + 1 + len(word) > cells.columns:
                cells.write(row, 0, line)
                row, line = row + 1, word
            else:
                line = f"{line} {word}" if line else word
        cells.write(row, 0, line)
        row += 1
