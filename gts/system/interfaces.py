"""What every operating system offers, in one interface: process identity, CPUs, folders, detached and boot-time commands."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Protocol


@dataclass(frozen=True)
class ProcessIdentity:
    """Identifies one process unambiguously: a pid alone may be reused, also after a reboot."""

    host: str
    """Host name, for display only: it may change while the machine runs."""
    boot: str
    """Id of this boot; empty if the system has none."""
    pid: int
    started: str
    """Start time in a system-specific form, for equality tests only."""


@dataclass(frozen=True)
class BootJob:
    """A command to run once after every start of this machine."""

    label: str
    """Short unique name, `gts-1a2b3c4d`."""
    subject: str
    """The workspace folder that it serves; one line."""
    command: tuple[str, ...]
    """Words without line breaks; the first is an absolute path."""


@dataclass(frozen=True)
class BootServiceState:
    """State of a boot job in a service manager."""

    kind: str
    """`systemd` or `launchd`."""
    location: str
    """The file that declares the job to the service manager."""
    installed: bool
    active: bool
    """Whether the job will run after the next boot, as far as this can be determined."""
    current: bool = True
    """Whether the installed command equals the one that would be installed now."""
    notes: tuple[str, ...] = ()
    """Obstacles and hints, one sentence each."""


class BootService(Protocol):
    """A service manager that runs commands when the machine starts."""

    kind: str

    def availability(self) -> Literal["full", "partial", "none"]:
        """`partial`: the file can be written, but the user has to finish the installation."""
        ...

    def install(self, boot_job: BootJob) -> None:
        """Run the job after every boot, replacing an earlier version of it. Raises OSError, WorkError."""
        ...

    def remove(self, boot_job: BootJob) -> None:
        """Undo `install`, also a partial one; no effect if nothing is installed. Raises OSError, WorkError."""
        ...

    def state(self, boot_job: BootJob) -> BootServiceState:
        """Read the state of a job without changing anything. Raises OSError."""
        ...


class System(Protocol):
    """One kind of operating system."""

    name: str
    """`linux`, `macos` or `portable`."""

    def boot_id(self) -> str:
        """Id of this boot; empty if the system has none."""
        ...

    def process_start(self, pid: int) -> str | None:
        """Start time of a process, for comparison only; None if it does not exist or is a zombie."""
        ...

    def signal_process(self, identity: ProcessIdentity, number: int) -> bool:
        """Send a signal to exactly this process; False if it is gone. Raises PermissionError for another user's process."""
        ...

    def available_cpus(self) -> int:
        """CPUs that this process may use, at least 1."""
        ...

    def state_folder(self) -> Path:
        """This user's state on this machine, `$GTS_STATE` if set; the folder may not exist."""
        ...

    def detached_command(
        self, unit: str, command: Sequence[str], folder: Path, *, secrets: Sequence[str] = ()
    ) -> list[str] | None:
        """Command line that hands `command` to a service manager that keeps it alive after a logout.

        The command runs in `folder` as the unit of that name. `secrets` names variables of the caller's environment that are
        passed on without showing their values. None if no such manager is running. Starts nothing.
        """
        ...

    def boot_service(self) -> BootService | None:
        """The service manager that can run commands at boot; None if this system has none."""
        ...
