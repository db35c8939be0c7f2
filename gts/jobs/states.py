"""How a job stands; each state carries what belongs to it alone."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal


@dataclass(frozen=True)
class Queued:
    """Its process is there and has not begun: for a slot, say."""

    reason: str
    name: ClassVar[str] = "queued"
    alive: ClassVar[bool] = True


@dataclass(frozen=True)
class Running:
    """It works."""

    name: ClassVar[str] = "running"
    alive: ClassVar[bool] = True
    reason: ClassVar[str] = ""


@dataclass(frozen=True)
class Stopping:
    """It was asked to end, and does so after the present update."""

    name: ClassVar[str] = "stopping"
    alive: ClassVar[bool] = True
    reason: ClassVar[str] = ""


@dataclass(frozen=True)
class Paused:
    """It stands still and can go on exactly."""

    reason: str
    """`stopped` where a person wanted it; else what has to change before it goes on, a full disk say."""
    alive: bool = False
    """Whether its process is there and goes on by itself."""
    name: ClassVar[str] = "paused"


@dataclass(frozen=True)
class Done:
    """It came to its end."""

    name: ClassVar[str] = "done"
    alive: ClassVar[bool] = False
    reason: ClassVar[str] = ""


@dataclass(frozen=True)
class Failed:
    """It ended without doing what it should."""

    reason: str
    name: ClassVar[str] = "failed"
    alive: ClassVar[bool] = False


@dataclass(frozen=True)
class Interrupted:
    """Its process ended without a word; it can go on from its newest checkpoint."""

    cause: Literal["reboot", "kill"]
    name: ClassVar[str] = "interrupted"
    alive: ClassVar[bool] = False

    @property
    def reason(self) -> str:
        """What ended it."""
        return f"by {self.cause}"


JobState = Queued | Running | Stopping | Paused | Done | Failed | Interrupted

STATE_NAMES = tuple(state.name for state in (Queued, Running, Stopping, Paused, Done, Failed, Interrupted))
"""Every state's word, in the order of a job's life."""
