"""Drawings in terminals: the figure, the ground that passes by, contacts; and the bytes that it takes."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from gts.playback.cell_buffer import DEFAULT_COLOUR, CellBuffer
from gts.playback.drawing import CELL_GLYPHS, CONTACT_COLOUR, GROUND_COLOUR, draw_state
from gts.playback.frame_protocol import FrameState, SceneInfo
from gts.playback.overlay import head_lines, key_line
from gts.playback.painter import Painter, can_paint, colours_of, glyphs_for
from gts.playback.player import PolicyPlayer
from gts.playback.scene import SceneReader


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
    assert metres[0] < moments[30].focus[0] < metres[-1]


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


def test_a_terminal_that_is_told_only_changes_shows_every_picture(played, emulator) -> None:
    stage, moments = played
    for glyphs in CELL_GLYPHS:
        painter, terminal = Painter(256), emulator(22, 80)
        for moment in moments[:20]:
            cells = sheet(stage, moment, glyphs)
            terminal.feed(painter.paint(cells).decode())
            assert terminal.text == cells.to_text()


@pytest.mark.parametrize("colours", [0, 16, 256, 2**24])
def test_random_changes_arrive_with_their_colours(emulator, colours: int) -> None:
    draws = np.random.default_rng(1)
    painter, terminal = Painter(colours), emulator(6, 30)
    whole = Painter(colours), emulator(6, 30)
    before = CellBuffer.blank(6, 30)
    for _ in range(60):
        cells = CellBuffer(before.chars.copy(), before.fg.copy(), before.bg.copy())
        change = draws.random((6, 30)) < 0.2
        cells.chars[change] = draws.choice([ord(letter) for letter in "  ab⣿▀"], change.sum())
        cells.fg[change] = draws.choice([DEFAULT_COLOUR, 0xFF0000, 0x00FF00], change.sum())
        cells.bg[change] = draws.choice([DEFAULT_COLOUR, DEFAULT_COLOUR, 0x0000FF], change.sum())
        terminal.feed(painter.paint(cells).decode())
        whole[0].forget()
        whole[1].feed(whole[0].paint(cells).decode())
        assert terminal.letters == whole[1].letters
        for row in range(6):
            for column in range(30):
                if terminal.letters[row][column] != " ":
                    assert terminal.styles[row][column] == whole[1].styles[row][column]
        before = cells


def test_a_walk_takes_few_bytes(played) -> None:
    stage, moments = played
    for glyphs in CELL_GLYPHS:
        painter = Painter(256)
        sizes = [len(painter.paint(sheet(stage, moment, glyphs))) for moment in moments]
        assert sum(sizes[1:]) / (len(sizes) - 1) * 15 < 15_000, glyphs
        assert painter.paint(sheet(stage, moments[-1], glyphs)) == b"", "what does not change costs nothing"


@pytest.mark.parametrize(
    ("environment", "colours"),
    [
        ({"TERM": "xterm-256color"}, 256),
        ({"TERM": "xterm-ghostty"}, 256),
        ({"TERM": "xterm"}, 16),
        ({"TERM": "linux"}, 16),
        ({"TERM": "vt100"}, 0),
        ({"TERM": "xterm-256color", "NO_COLOR": "1"}, 0),
        ({"TERM": "xterm", "COLORTERM": "truecolor"}, 2**24),
    ],
)
def test_colours_of_terminals(environment, colours: int) -> None:
    assert colours_of(environment) == colours


def test_letters_of_terminals() -> None:
    assert glyphs_for({"TERM": "xterm"}, "UTF-8") == "braille"
    assert glyphs_for({"TERM": "linux"}, "utf-8") == "half"
    assert glyphs_for({"TERM": "xterm"}, "ISO-8859-1") == "ascii"
    assert "not a terminal" in can_paint({"TERM": "xterm"}, 0)


def test_words_fit_and_the_numbers_stay_longest(played) -> None:
    stage, moment = take(played)
    moment = replace(moment, fallen=True)
    wide, narrow, least = (head_lines(stage, moment, width, most) for width, most in ((120, 3), (45, 3), (24, 1)))
    assert wide[0].startswith(stage.name) and "[fallen]" in wide[0] and "forward" in wide[1]
    assert len(narrow) == 3 and narrow[0].startswith(stage.name[:20]) and "m/s" in narrow[1]
    assert all(len(line) <= 45 for line in narrow) and all(len(line) <= 24 for line in least) and len(least) == 1
    assert "N next" in key_line(80, several=True) and "N next" not in key_line(80, several=False)
    assert len(key_line(30, several=True)) <= 30
