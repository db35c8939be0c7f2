"""What the tests of playback share: a trained hopper, untrained figures, and terminals that are looked at."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from gts.formats.checkpoint import Checkpoint, read_checkpoint
from gts.params.spec import make_spec


@pytest.fixture(scope="session")
def hopper_file(repository: Path) -> Path:
    return repository / "workspace" / "hopper" / "hopperPPO.checkpoint"


@pytest.fixture(scope="session")
def hopper(hopper_file: Path) -> Checkpoint:
    return read_checkpoint(hopper_file)


@pytest.fixture(scope="session")
def untrained() -> Callable[[str], Checkpoint]:
    """A checkpoint of a figure that has learned nothing."""

    def make(figure: str) -> Checkpoint:
        from gts.training.trainer import Trainer

        spec = make_spec(figure, "ppo", {"nSteps": 1000, "nEpochs": 1, "nEnvironments": 1})
        return Trainer([spec], threads=1).cohort.checkpoint(0)

    return make


class Emulator:
    """A terminal of which the letters are seen: it understands what drawings send, and nothing else."""

    _SEQUENCE = re.compile(r"\x1b\[(\??[\d;]*)([A-Za-z])")

    def __init__(self, rows: int, columns: int) -> None:
        self.resize(rows, columns)
        self.hidden_cursor = self.other_screen = False

    def resize(self, rows: int, columns: int) -> None:
        self.letters = [[" "] * columns for _ in range(rows)]
        self.styles = [[""] * columns for _ in range(rows)]
        self.row = self.column = 0
        self.style = {"ink": "", "paper": ""}

    def feed(self, text: str) -> None:
        at = 0
        while at < len(text):
            if text[at] == "\x1b":
                match = self._SEQUENCE.match(text, at)
                assert match, f"an unknown sequence {text[at : at + 12]!r}"
                self._obey(match[1], match[2])
                at = match.end()
                continue
            assert text[at] >= " ", f"a control letter {text[at]!r}"
            assert self.column < len(self.letters[0]), "a letter beyond the last column"
            self.letters[self.row][self.column] = text[at]
            self.styles[self.row][self.column] = f"{self.style['ink']}/{self.style['paper']}"
            self.column, at = self.column + 1, at + 1

    def _obey(self, numbers: str, letter: str) -> None:
        if letter == "H":
            self.row, self.column = (int(number) - 1 for number in numbers.split(";"))
        elif letter == "C":
            self.column += int(numbers or 1)
        elif letter == "J":
            self.resize(len(self.letters), len(self.letters[0]))
        elif letter == "m":
            self._colour(numbers)
        elif letter in "hl":
            on = letter == "h"
            if numbers == "?25":
                self.hidden_cursor = not on
            elif numbers == "?1049":
                self.other_screen = on
        else:
            raise AssertionError(f"an unknown sequence {numbers}{letter}")

    def _colour(self, numbers: str) -> None:
        codes = numbers.split(";")
        while codes:
            code = codes.pop(0)
            if code == "0":
                self.style = {"ink": "", "paper": ""}
                continue
            place = "ink" if code[0] == "3" or code in map(str, range(90, 98)) else "paper"
            wanted = [code]
            if code in ("38", "48"):
                wanted += [codes.pop(0) for _ in range(2 if codes[0] == "5" else 4)]
            self.style[place] = "" if code in ("39", "49") else ";".join(wanted)

    @property
    def text(self) -> str:
        return "\n".join("".join(row).rstrip() for row in self.letters)


@pytest.fixture
def emulator() -> type[Emulator]:
    return Emulator
