"""The seven states of a job, each with its own data."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal


@dataclass(frozen=True)
class Queued:
    """The process exists and waits, for a slot or until it has started."""

    reason: str
    name: ClassVar[str] = "queued"
    alive: ClassVar[bool] = True


@dataclass(frozen=True)
class Running:
    """The job is working."""

    name: ClassVar[str] = "running"
    alive: ClassVar[bool] = True
    reason: ClassVar[str] = ""


@dataclass(frozen=True)
class Stopping:
    """The job was asked to stop, and ends after its current update."""

    name: ClassVar[str] = "stopping"
    alive: ClassVar[bool] = True
    reason: ClassVar[str] = ""


@dataclass(frozen=True)
class Paused:
    """The job is not working and can be resumed exactly."""

    reason: str
    """`stopped` if the user stopped it, else what prevents it from continuing, such as a full disk."""
    alive: bool = False
    """Whether its process exists and continues by itself."""
    name: ClassVar[str] = "paused"


@dataclass(frozen=True)
class Done:
    """The job has reached its end."""

    name: ClassVar[str] = "done"
    alive: ClassVar[bool] = False
    reason: ClassVar[str] = ""


@dataclass(frozen=True)
class Failed:
    """The job ended with an error."""

    reason: str
    name: ClassVar[str] = "failed"
    alive: ClassVar[bool] = False


@dataclass(frozen=True)
class Interrupted:
    """The process was killed; the job can be resumed from its newest checkpoint."""

    cause: Literal["reboot", "kill"]
    name: ClassVar[str] = "interrupted"
    alive: ClassVar[bool] = False

    @property
    def reason(self) -> str:
        """The cause."""
        return f"by {self.cause}"


JobState = Queued | Running | Stopping | Paused | Done | Failed | Interrupted

STATE_NAMES = tuple(state.name for state in (Queued, Running, Stopping, Paused, Done, Failed, Interrupted))
"""Names of all states, in the order of a job's life."""
