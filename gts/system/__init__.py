"""The differences between Linux, macOS and other Unix systems: processes, CPUs, folders, services.

Imports nothing of GTS but `errors`; other rooms never test `sys.platform` for these.
"""

from __future__ import annotations

import os
import sys

from gts.system.interfaces import BootJob, BootService, BootServiceState, ProcessIdentity, System

__all__ = [
    "BootJob",
    "BootService",
    "BootServiceState",
    "ProcessIdentity",
    "System",
    "identify_process",
    "is_running",
    "own_identity",
    "this_system",
]

_VARIABLE = "GTS_SYSTEM"


def this_system() -> System:
    """The system that this process runs on; `$GTS_SYSTEM=portable` restricts it to what every Unix has."""
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
    """Identity of this process."""
    identity = identify_process(os.getpid())
    if identity is None:
        raise AssertionError("the system does not list the process that asks it")
    return identity


def identify_process(pid: int) -> ProcessIdentity | None:
    """Identity of the process that has this pid now; None if there is none."""
    system = this_system()
    started = system.process_start(pid)
    return None if started is None else ProcessIdentity(os.uname().nodename, system.boot_id(), pid, started)


def is_running(identity: ProcessIdentity) -> bool:
    """Whether exactly this process is running, on this machine and since this boot."""
    system = this_system()
    return system.process_start(identity.pid) == identity.started and system.boot_id() == identity.boot
