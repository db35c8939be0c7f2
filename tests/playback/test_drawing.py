"""Frames as terminal cells: the figure, the ground and contacts at every level of glyphs and every size."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from gts.playback.cell_buffer import DEFAULT_COLOUR, CellBuffer
from gts.playback.drawing import CELL_GLYPHS, CONTACT_COLOUR, GROUND_COLOUR, draw_state
from gts.playback.panels import format_keys, format_panel_text
from gts.playback.policy_player import PolicyPlayer
from gts.playback.scene_reader import SceneReader
from gts.playback.stream import FrameState, SceneInfo


@pytest.fixture(scope="module")
def played(hopper) -> tuple[SceneInfo, list[FrameState]]:
    """The running hopper at 15 frames per second."""
    player = PolicyPlayer(hopper, seed=0, frames_per_loop=0)
    frame = player.restart()
    scene = SceneReader(player)
    states = [scene.read_state(frame)]
    for _ in range(60):
        for _ in range(8):
            frame = player.advance()
        states.append(scene.read_state(frame))
    return scene.info, states


def sheet(info: SceneInfo, state: FrameState, glyphs: str, rows: int = 22, columns: int = 80) -> CellBuffer:
    cells = CellBuffer.blank(rows, columns)
    draw_state(cells, info, state, glyphs)
    return cells


@pytest.mark.parametrize("glyphs", CELL_GLYPHS)
def test_the_figure_is_in_the_middle_on_the_ground(played, glyphs: str) -> None:
    info, states = played
    for state in states[::15]:
        cells = sheet(info, state, glyphs)
        figure = (
            (cells.chars != ord(" "))
            & (cells.fg != GROUND_COLOUR)
            & (cells.fg != CONTACT_COLOUR)
            & (cells.fg != DEFAULT_COLOUR)
        )
        rows, columns = np.nonzero(figure)
        assert 25 < columns.mean() < 55
        assert rows.max() - rows.min() >= 10, "a hopper is higher than half the picture"
        ground = np.flatnonzero((cells.fg == GROUND_COLOUR).sum(axis=1) > 40)
        assert len(ground) == 1 and rows.max() <= ground[0] + 1


@pytest.mark.parametrize(
    ("glyphs", "allowed"),
    [("ascii", range(0x20, 0x7F)), ("braille", range(0x2800, 0x2900)), ("half", map(ord, "▀▄█"))],
)
def test_only_characters_of_the_level_are_drawn(played, glyphs: str, allowed) -> None:
    letters = set(np.unique(sheet(*take(played), glyphs).chars).tolist())
    assert letters <= {*allowed, *map(ord, " -0123456789")}
    assert len(letters) > 4


def take(played) -> tuple[SceneInfo, FrameState]:
    return played[0], played[1][20]


def test_the_ground_passes_by_while_the_figure_stays(played) -> None:
    info, states = played
    numbers = ["".join(map(chr, row)) for row in sheet(info, states[10], "ascii").chars.tolist()]
    later = ["".join(map(chr, row)) for row in sheet(info, states[30], "ascii").chars.tolist()]
    line = next(row for row, text in enumerate(numbers) if text.count("-") > 40)
    assert numbers[line] != later[line]
    metres = [int(word) for word in later[line + 1].split()]
    assert metres == list(range(metres[0], metres[0] + len(metres)))
    assert metres[0] < states[30].centre_of_mass[0] < metres[-1]


def test_contacts_are_marked(played) -> None:
    info, states = played
    touching = next(state for state in states if len(state.contacts))
    flying = next(state for state in states if not len(state.contacts))
    for glyphs in CELL_GLYPHS:
        assert (sheet(info, touching, glyphs).fg == CONTACT_COLOUR).any()
        assert not (sheet(info, flying, glyphs).fg == CONTACT_COLOUR).any()


@pytest.mark.parametrize("size", [(1, 1), (2, 3), (5, 20), (12, 40), (60, 200), (300, 20), (3, 300)])
@pytest.mark.parametrize("glyphs", CELL_GLYPHS)
def test_every_size_can_be_drawn(played, glyphs: str, size: tuple[int, int]) -> None:
    cells = sheet(*take(played), glyphs, *size)
    if size[0] >= 12:
        assert (cells.chars != ord(" ")).sum() > 20


def test_a_free_figure_is_on_a_grid(untrained) -> None:
    player = PolicyPlayer(untrained("ant"), seed=0)
    state = SceneReader(player).read_state(player.restart())
    info = SceneReader(player).info
    assert not info.is_planar and info.is_travelling and info.has_ground
    cells = sheet(info, state, "braille")
    assert (cells.fg == GROUND_COLOUR).sum() > 30


def test_a_cart_on_a_rail_is_not_followed(untrained) -> None:
    player = PolicyPlayer(untrained("invertedPendulum"), seed=0)
    scene = SceneReader(player)
    state = scene.read_state(player.restart())
    assert not scene.info.is_travelling
    aside = replace(state, centre_of_mass=(state.centre_of_mass[0] + 0.5, *state.centre_of_mass[1:]))
    assert sheet(scene.info, state, "ascii").to_text() == sheet(scene.info, aside, "ascii").to_text()


def test_texts_fit_and_numbers_are_dropped_last(played) -> None:
    info, state = take(played)
    state = replace(state, fallen=True)
    wide, narrow, least = (format_panel_text(info, state, width, most) for width, most in ((120, 3), (45, 3), (24, 1)))
    assert wide[0].startswith(info.name) and "[fallen]" in wide[0] and "forward" in wide[1]
    assert len(narrow) == 3 and narrow[0].startswith(info.name[:20]) and "m/s" in narrow[1]
    assert all(len(line) <= 45 for line in narrow) and all(len(line) <= 24 for line in least) and len(least) == 1
    assert "N next" in format_keys(80, several=True) and "N next" not in format_keys(80, several=False)
    assert len(format_keys(30, several=True)) <= 30
