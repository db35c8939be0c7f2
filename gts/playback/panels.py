"""Shows side by side in one picture: each with its words above it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from gts.playback.cell_buffer import CellBuffer
from gts.playback.drawing import CellGlyphs, draw_state
from gts.playback.frame_protocol import FrameState, SceneInfo
from gts.playback.overlay import head_lines
from gts.playback.stream import PlaybackFailure

MIN_PANEL_SIZE = (5, 20)
"""Rows and columns below which nothing can be seen."""
TEXT_REFRESH_SECONDS = 0.25
"""Numbers that change more often than this cannot be read."""


class PanelSource(Protocol):
    """What plays in a panel, as far as it is known."""

    scene: SceneInfo | None
    state: FrameState | None
    failure: PlaybackFailure | None


class PanelRenderer:
    """Draws shows beside one another, or below one another where that gives them more room."""

    def __init__(self, glyphs: CellGlyphs) -> None:
        self.glyphs = glyphs
        self._shown_text: dict[int, tuple[float, FrameState]] = {}

    def render(self, sources: Sequence[PanelSource], rows: int, columns: int, now: float) -> CellBuffer:
        """All of them, in so many cells; `now` in seconds decides whether the numbers are due."""
        cells = CellBuffer.blank(rows, columns)
        if rows < MIN_PANEL_SIZE[0] or columns < MIN_PANEL_SIZE[1]:
            cells.write(0, 0, f"needs {MIN_PANEL_SIZE[1]}×{MIN_PANEL_SIZE[0]}"[:columns])
            return cells
        count = len(sources)
        beside = columns // count >= MIN_PANEL_SIZE[1] or rows < count * MIN_PANEL_SIZE[0] if count else True
        for number, show in enumerate(sources):
            if beside:
                left = columns * number // count
                part = cells.region(0, left, rows, columns * (number + 1) // count - left - (number + 1 < count))
            else:
                top = rows * number // count
                part = cells.region(top, 0, rows * (number + 1) // count - top, columns)
            self._draw_panel(part, number, show, now)
        return cells

    def is_text_stale(self, sources: Sequence[PanelSource]) -> bool:
        """Whether the numbers that were drawn last are not those of the newest frames."""
        return any(
            number < len(sources) and kept is not sources[number].state for number, (_, kept) in self._shown_text.items()
        )

    def _draw_panel(self, cells: CellBuffer, number: int, source: PanelSource, now: float) -> None:
        if source.failure is not None:
            _write_wrapped(cells, [source.failure.message, *filter(None, [source.failure.hint])])
            return
        if source.scene is None or source.state is None:
            cells.write(0, 0, "loading…" if self.glyphs != "ascii" else "loading")
            return
        words = self._choose_text_state(number, source.state, now)
        lines = head_lines(source.scene, words, cells.columns, cells.rows // 6)
        draw_state(cells.region(len(lines), 0, cells.rows - len(lines), cells.columns), source.scene, source.state, self.glyphs)
        for row, line in enumerate(lines):
            cells.write(row, 0, line)

    def _choose_text_state(self, number: int, state: FrameState, now: float) -> FrameState:
        """The moment whose numbers are shown: the newest a few times a second, and whenever something else changes."""
        kept = self._shown_text.get(number)
        if kept is not None and now - kept[0] < TEXT_REFRESH_SECONDS:
            same = [(one.paused, one.fallen, one.keep_on, one.rate, one.loop) for one in (kept[1], state)]
            if same[0] == same[1] and not state.paused:
                return kept[1]
        self._shown_text[number] = (now, state)
        return state


def _write_wrapped(cells: CellBuffer, sentences: Sequence[str]) -> None:
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
