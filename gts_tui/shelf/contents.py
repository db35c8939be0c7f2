"""What is in a workspace, as frozen values."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Kind = Literal["spec", "space", "checkpoint", "run", "study"]

KINDS: tuple[Kind, ...] = ("spec", "space", "checkpoint", "run", "study")
"""In the order in which the tree has them."""

PLURALS = {"spec": "specs", "space": "spaces", "checkpoint": "checkpoints", "run": "runs", "study": "studies"}


@dataclass(frozen=True)
class Thing:
    """A file, a run or a study."""

    kind: Kind
    word: str
    """What names it on a command line: a path relative to the workspace, an id, a name."""
    name: str
    """What the tree calls it."""
    figure: str
    """Empty where it cannot be read."""
    technique: str = ""
    state: str = ""
    """How a run or study stands; one of `gts.jobs.states.WORDS`."""
    alive: bool = False
    share: float | None = None
    """How much of a run or study is done, from 0 to 1; None where that is not known."""
    created: str = ""
    """When a run or study began; UTC."""
    score: float | None = None
    """Of a checkpoint."""

    @property
    def is_file(self) -> bool:
        """Whether it is a file that a person made."""
        return self.kind in ("spec", "space", "checkpoint")


@dataclass(frozen=True)
class Contents:
    """All that a workspace has, files by name, runs and studies newest first."""

    things: tuple[Thing, ...]
    known: bool
    """Whether the folder has been used as a workspace."""
    cut: bool = False
    """Whether it has more folders than anybody looks into."""


@dataclass(frozen=True)
class Pulse:
    """How far something is that is at work."""

    state: str
    share: float | None
