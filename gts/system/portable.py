"""The base implementation, for any Unix: psutil, `kill`, the user's folders."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from gts.system.folders import user_state_folder
from gts.system.interfaces import BootService, ProcessIdentity


class Portable:
    """Any Unix; subclasses override what their system does better.

    macOS and the BSDs store the start time of a process by the clock at that moment, so setting the clock does not change it.
    Linux derives it from the present clock: there, with `GTS_SYSTEM=portable`, setting the clock makes a running process look
    like another one. No wrong process is signalled by that, and job locks stay correct.

    The boot id is the start time of process 1 and not the time of the boot, which is derived from the clock as well. It is
    empty if other users' processes are hidden.
    """

    name = "portable"

    def boot_id(self) -> str:
        """Start time of process 1; empty if it is hidden."""
        return self.process_start(1) or ""

    def process_start(self, pid: int) -> str | None:
        """Seconds since 1970, to a hundredth, as text; None if there is no such process or it is a zombie."""
        # Imported late: psutil takes 20 ms to load, and Linux does not need it here.
        import psutil

        if pid <= 0:
            return None
        try:
            process = psutil.Process(pid)
            if process.status() in (psutil.STATUS_ZOMBIE, psutil.STATUS_DEAD):
                return None
            return f"{process.create_time():.2f}"
        except (psutil.Error, OverflowError):
            return None

    def signal_process(self, identity: ProcessIdentity, number: int) -> bool:
        """Check the identity, then signal: pids are not reused within so short a time."""
        if not self._matches(identity):
            return False
        try:
            os.kill(identity.pid, number)
        except ProcessLookupError:
            return False
        return True

    def available_cpus(self) -> int:
        """CPUs in the scheduler affinity of this process if the system has such a thing, else all."""
        affinity = getattr(os, "sched_getaffinity", None)
        return max(1, len(affinity(0)) if affinity is not None else os.cpu_count() or 1)

    def state_folder(self) -> Path:
        """`$GTS_STATE`, else the platform's folder for state."""
        return user_state_folder()

    def detached_command(
        self, unit: str, command: Sequence[str], folder: Path, *, secrets: Sequence[str] = ()
    ) -> list[str] | None:
        """None: a session of its own has to be enough."""
        return None

    def boot_service(self) -> BootService | None:
        """None: there is no common service manager."""
        return None

    def _matches(self, identity: ProcessIdentity) -> bool:
        return self.process_start(identity.pid) == identity.started and self.boot_id() == identity.boot
