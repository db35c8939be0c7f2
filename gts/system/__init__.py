"""What Linux has and macOS lacks, and the other way round, behind one small interface.

Which process is meant beyond doubt, how many CPUs there are, where state is kept, how a command outlives its terminal, and how
one is started when the machine starts. Everything else in GTS asks here and never looks at `sys.platform` for these.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Protocol

_VARIABLE = "GTS_SYSTEM"


@dataclass(frozen=True)
class ProcessIdentity:
    """Which process, beyond doubt: a pid may be given to another process, and again after a reboot."""

    host: str
    """Name of the machine; for people, since it may change while the machine runs."""
    boot: str
    """Id of this start of the machine; empty where the system does not tell."""
    pid: int
    started: str
    """When it started, as the system gives it; compared for equality only."""


@dataclass(frozen=True)
class BootJob:
    """A command that is to run once whenever this machine has started."""

    label: str
    """Short and unlike any other: `gts-1a2b3c4d`."""
    subject: str
    """The folder that it is for; one line."""
    command: tuple[str, ...]
    """Words without line breaks; the first is an absolute path."""


@dataclass(frozen=True)
class BootServiceState:
    """How one starter stands to a startup."""

    kind: str
    """`systemd`, `launchd` or `crontab`."""
    location: str
    """The file that says it to the system; `crontab of NAME` where it is a line there."""
    installed: bool
    active: bool
    """Whether it will run after the next start, as far as can be told from here."""
    current: bool = True
    """Whether what is installed is the command as it would be installed now."""
    notes: tuple[str, ...] = ()
    """What stands in the way or is good to know, a sentence each, with what to do about it."""


class BootService(Protocol):
    """Something that runs commands when the machine starts."""

    kind: str

    def availability(self) -> Literal["full", "partial", "none"]:
        """Whether it is here: wholly, so that its file can be laid down and somebody has to do the rest, or not at all."""
        ...

    def install(self, boot_job: BootJob) -> None:
        """Have the command run after every start; what was installed before is replaced. Raises OSError, WorkError."""
        ...

    def remove(self, boot_job: BootJob) -> None:
        """Undo `install`, whole or half; nothing happens where there is nothing. Raises OSError, WorkError."""
        ...

    def state(self, boot_job: BootJob) -> BootServiceState:
        """How it stands; changes nothing. Raises OSError."""
        ...


class System(Protocol):
    """One kind of operating system."""

    name: str
    """`linux`, `macos` or `portable`."""

    def boot_id(self) -> str:
        """Id of this start of the machine; empty where the system does not tell."""
        ...

    def process_start(self, pid: int) -> str | None:
        """When a process started, for comparison only; None where no such process lives. A zombie does not live."""
        ...

    def signal_process(self, identity: ProcessIdentity, number: int) -> bool:
        """Signal that very process and no other; False where it is gone. Raises PermissionError where it is another user's."""
        ...

    def available_cpus(self) -> int:
        """CPUs that this process may use, at least 1."""
        ...

    def cpu_name(self) -> str:
        """`AMD EPYC 9354`; empty where the system does not tell."""
        ...

    def state_folder(self) -> Path:
        """Where this user's state on this machine is kept, `$GTS_STATE` above all; not made here."""
        ...

    def detached_command(self, unit: str, command: Sequence[str], folder: Path) -> list[str] | None:
        """The command line that hands a command to the user's service manager, which keeps it alive after a logout.

        The command works in `folder` as the unit of that name. None where no manager outlives a logout. Starts nothing.
        """
        ...

    def boot_services(self) -> tuple[BootService, ...]:
        """What could run commands when the machine starts, best first."""
        ...


def this_system() -> System:
    """The system that this process runs on; `$GTS_SYSTEM=portable` takes only what every one has."""
    kind = {"linux": "linux", "darwin": "macos"}.get(sys.platform, "portable")
    if os.environ.get(_VARIABLE) == "portable":
        kind = "portable"
    if kind == "linux":
        from gts.system.linux import Linux

        return Linux()
    if kind == "macos":
        from gts.system.macos import MacOS

        return MacOS()
    from gts.system.portable import Portable

    return Portable()


def own_identity() -> ProcessIdentity:
    """This process."""
    identity = identify_process(os.getpid())
    if identity is None:
        raise AssertionError("the system does not list the process that asks it")
    return identity


def identify_process(pid: int) -> ProcessIdentity | None:
    """The process that has this pid now; None where none lives."""
    system = this_system()
    started = system.process_start(pid)
    return None if started is None else ProcessIdentity(os.uname().nodename, system.boot_id(), pid, started)


def is_running(identity: ProcessIdentity) -> bool:
    """Whether that very process lives, on this machine and since that start of it."""
    system = this_system()
    return system.process_start(identity.pid) == identity.started and system.boot_id() == identity.boot
