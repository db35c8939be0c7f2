"""Playbacks side by side in one buffer of cells, each with a few lines of text above its picture."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Protocol

from gts.playback.cell_buffer import CellBuffer
from gts.playback.drawing import CellGlyphs, draw_state
from gts.playback.stream import FrameState, PlaybackFailure, SceneInfo

MIN_PANEL_SIZE = (5, 20)
"""Smallest rows and columns in which a panel is drawn."""
TEXT_REFRESH_SECONDS = 0.25
"""Seconds between changes of the numbers: faster ones cannot be read."""
KEYS = (("space", "pause"), ("→", "step"), ("R", "restart"), ("K", "keep on"), ("N", "next"), ("Q", "quit"))
"""Keys and their actions, the same in a terminal and in a window."""


class PanelSource(Protocol):
    """The scene and frame to draw in a panel, each None until it is known."""

    scene: SceneInfo | None
    state: FrameState | None
    failure: PlaybackFailure | None


class PanelRenderer:
    """Draws playbacks beside one another, or below one another if the panels would be too narrow."""

    def __init__(self, glyphs: CellGlyphs) -> None:
        self.glyphs = glyphs
        self._shown_text: dict[int, tuple[float, FrameState]] = {}

    def render(self, sources: Sequence[PanelSource], rows: int, columns: int, now: float) -> CellBuffer:
        """Draw all sources; the numbers are refreshed if they are due at `now` (s)."""
        cells = CellBuffer.blank(rows, columns)
        if rows < MIN_PANEL_SIZE[0] or columns < MIN_PANEL_SIZE[1]:
            cells.write(0, 0, f"needs {MIN_PANEL_SIZE[1]}×{MIN_PANEL_SIZE[0]}"[:columns])
            return cells
        count = len(sources)
        beside = columns // count >= MIN_PANEL_SIZE[1] or rows < count * MIN_PANEL_SIZE[0] if count else True
        for number, source in enumerate(sources):
            if beside:
                left = columns * number // count
                part = cells.region(0, left, rows, columns * (number + 1) // count - left - (number + 1 < count))
            else:
                top = rows * number // count
                part = cells.region(top, 0, rows * (number + 1) // count - top, columns)
            self._draw_panel(part, number, source, now)
        return cells

    def is_text_stale(self, sources: Sequence[PanelSource]) -> bool:
        """Whether the numbers drawn last are older than the newest frames."""
        return any(
            number < len(sources) and shown is not sources[number].state for number, (_, shown) in self._shown_text.items()
        )

    def _draw_panel(self, cells: CellBuffer, number: int, source: PanelSource, now: float) -> None:
        if source.failure is not None:
            _write_wrapped(cells, [source.failure.message, *filter(None, [source.failure.hint])])
            return
        if source.scene is None or source.state is None:
            cells.write(0, 0, "loading…" if self.glyphs != "ascii" else "loading")
            return
        text_state = self._choose_text_state(number, source.state, now)
        lines = format_panel_text(source.scene, text_state, cells.columns, cells.rows // 6)
        picture = cells.region(len(lines), 0, cells.rows - len(lines), cells.columns)
        draw_state(picture, source.scene, source.state, self.glyphs)
        for row, line in enumerate(lines):
            cells.write(row, 0, line)

    def _choose_text_state(self, number: int, state: FrameState, now: float) -> FrameState:
        """The state whose numbers to show: the newest one if it is due, paused, or differs in more than numbers."""
        shown = self._shown_text.get(number)
        if shown is not None and now - shown[0] < TEXT_REFRESH_SECONDS:
            flags = [(one.paused, one.fallen, one.keep_on, one.rate, one.loop) for one in (shown[1], state)]
            if flags[0] == flags[1] and not state.paused:
                return shown[1]
        self._shown_text[number] = (now, state)
        return state


def format_measures(state: FrameState) -> tuple[tuple[str, str], ...]:
    """Names and formatted values of time, return and speed."""
    return (
        ("time", f"{state.time:.2f} s"),
        ("return", f"{state.episode_return:.1f}"),
        ("speed", f"{round(state.speed, 2) + 0.0:.2f} m/s"),
    )


def format_reward_terms(state: FrameState) -> tuple[tuple[str, str], ...]:
    """Names and formatted values of the reward terms."""
    return tuple((name, f"{round(value, 2) + 0.0:+.2f}".replace("-", "−")) for name, value in state.terms.items())


def list_conditions(state: FrameState) -> tuple[str, ...]:
    """Short texts for every deviation from normal playback, such as a pause or a fall."""
    found = [
        "paused" if state.paused else "",
        "fallen" if state.fallen else "",
        "keeps on" if state.keep_on else "",
        f"{state.rate:g}× speed" if state.rate != 1.0 else "",
        state.note,
    ]
    return tuple(filter(None, found))


def format_panel_text(scene: SceneInfo, state: FrameState, width: int, max_lines: int) -> list[str]:
    """Name, measures, conditions and reward terms in at most `max_lines` lines (at least one), the most important first."""
    measures = [text if name != "return" else f"return {text}" for name, text in format_measures(state)]
    brackets = [f"[{condition}]" for condition in list_conditions(state)]
    numbers, marks = "  ".join(measures), "  ".join(brackets)
    rewards = _join_fitting(width, (f"{name} {value}" for name, value in format_reward_terms(state)))
    whole = "  ".join(filter(None, (scene.name, numbers, marks)))
    if len(whole) <= width:
        lines = [whole]
    else:
        both = "  ".join(filter(None, (numbers, marks)))
        # Short of room, conditions come before all measures but the time.
        second = both if len(both) <= width else _join_fitting(width, (measures[0], *brackets, *measures[1:]))
        lines = [scene.name[:width], second] if max_lines >= 2 else [second]
    return [*lines, rewards] if rewards and len(lines) < max_lines else lines


def format_keys(width: int, *, several: bool) -> str:
    """The keys and their actions in one line, as many as fit; `next` only if there are several files."""
    return _join_fitting(width, (f"{key} {action}" for key, action in KEYS if key != "N" or several))


def _join_fitting(width: int, words: Iterable[str]) -> str:
    """Join the first words, as many as fit into `width`."""
    line = ""
    for word in words:
        longer = f"{line}  {word}" if line else word
        if len(longer) > width:
            break
        line = longer
    return line


def _write_wrapped(cells: CellBuffer, sentences: Sequence[str]) -> None:
    """Write sentences from the top, wrapped between words."""
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
