"""Drawings in terminals: the figure, the ground that passes by, contacts; and the bytes that it takes."""

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
    """The hopper on its way, a moment a picture at 15 a second."""
    player = PolicyPlayer(hopper, seed=0, frames_per_loop=0)
    frame = player.restart()
    scene = SceneReader(player)
    moments = [scene.read_state(frame)]
    for _ in range(60):
        for _ in range(8):
            frame = player.advance()
        moments.append(scene.read_state(frame))
    return scene.info, moments


def sheet(stage: SceneInfo, moment: FrameState, glyphs: str, rows: int = 22, columns: int = 80) -> CellBuffer:
    cells = CellBuffer.blank(rows, columns)
    draw_state(cells, stage, moment, glyphs)
    return cells


@pytest.mark.parametrize("glyphs", CELL_GLYPHS)
def test_the_figure_stands_in_the_middle_on_the_ground(played, glyphs: str) -> None:
    stage, moments = played
    for moment in moments[::15]:
        cells = sheet(stage, moment, glyphs)
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
def test_letters_are_those_that_were_asked_for(played, glyphs: str, allowed) -> None:
    letters = set(np.unique(sheet(*take(played), glyphs).chars).tolist())
    assert letters <= {*allowed, *map(ord, " -0123456789")}
    assert len(letters) > 4


def take(played) -> tuple[SceneInfo, FrameState]:
    return played[0], played[1][20]


def test_the_ground_passes_by_while_the_figure_stays(played) -> None:
    stage, moments = played
    numbers = ["".join(map(chr, row)) for row in sheet(stage, moments[10], "ascii").chars.tolist()]
    later = ["".join(map(chr, row)) for row in sheet(stage, moments[30], "ascii").chars.tolist()]
    line = next(row for row, text in enumerate(numbers) if text.count("-") > 40)
    assert numbers[line] != later[line]
    metres = [int(word) for word in later[line + 1].split()]
    assert metres == list(range(metres[0], metres[0] + len(metres)))
    assert metres[0] < moments[30].centre_of_mass[0] < metres[-1]


def test_contacts_are_marked(played) -> None:
    stage, moments = played
    touching = next(moment for moment in moments if len(moment.contacts))
    flying = next(moment for moment in moments if not len(moment.contacts))
    for glyphs in CELL_GLYPHS:
        assert (sheet(stage, touching, glyphs).fg == CONTACT_COLOUR).any()
        assert not (sheet(stage, flying, glyphs).fg == CONTACT_COLOUR).any()


@pytest.mark.parametrize("size", [(1, 1), (2, 3), (5, 20), (12, 40), (60, 200), (300, 20), (3, 300)])
@pytest.mark.parametrize("glyphs", CELL_GLYPHS)
def test_every_size_can_be_drawn(played, glyphs: str, size: tuple[int, int]) -> None:
    cells = sheet(*take(played), glyphs, *size)
    if size[0] >= 12:
        assert (cells.chars != ord(" ")).sum() > 20


def test_a_figure_that_is_free_stands_on_a_grid(untrained) -> None:
    player = PolicyPlayer(untrained("ant"), seed=0)
    moment = SceneReader(player).read_state(player.restart())
    stage = SceneReader(player).info
    assert not stage.is_planar and stage.is_travelling and stage.has_ground
    cells = sheet(stage, moment, "braille")
    assert (cells.fg == GROUND_COLOUR).sum() > 30


def test_a_cart_on_a_rail_is_not_followed(untrained) -> None:
    player = PolicyPlayer(untrained("invertedPendulum"), seed=0)
    scene = SceneReader(player)
    moment = scene.read_state(player.restart())
    assert not scene.info.is_travelling
    aside = replace(moment, centre_of_mass=(moment.centre_of_mass[0] + 0.5, *moment.centre_of_mass[1:]))
    assert sheet(scene.info, moment, "ascii").to_text() == sheet(scene.info, aside, "ascii").to_text()


def test_words_fit_and_the_numbers_stay_longest(played) -> None:
    stage, moment = take(played)
    moment = replace(moment, fallen=True)
    wide, narrow, least = (format_panel_text(stage, moment, width, most) for width, most in ((120, 3), (45, 3), (24, 1)))
    assert wide[0].startswith(stage.name) and "[fallen]" in wide[0] and "forward" in wide[1]
    assert len(narrow) == 3 and narrow[0].startswith(stage.name[:20]) and "m/s" in narrow[1]
    assert all(len(line) <= 45 for line in narrow) and all(len(line) <= 24 for line in least) and len(least) == 1
    assert "N next" in format_keys(80, several=True) and "N next" not in format_keys(80, several=False)
    assert len(format_keys(30, several=True)) <= 30
