"""macOS: `sysctl`, and launchd for commands that run at login."""

from __future__ import annotations

import os
import plistlib
from pathlib import Path
from typing import Literal

from gts.system.interfaces import BootJob, BootService, BootServiceState
from gts.system.portable import Portable
from gts.system.programs import find_program, replace_file, run_program


class MacOS(Portable):
    """macOS. A session of its own outlives a logout there, so `detached_command` stays None."""

    name = "macos"

    def boot_id(self) -> str:
        """Random id that the kernel draws at every boot."""
        return run_program("sysctl", "-n", "kern.bootsessionuuid").stdout.strip() or super().boot_id()

    def boot_service(self) -> BootService | None:
        """Always launchd."""
        return LaunchdService()


class LaunchdService:
    """launchd agents of one user: property lists in `~/Library/LaunchAgents`, started when that user logs in."""

    kind = "launchd"

    def availability(self) -> Literal["full", "partial", "none"]:
        """Whether `launchctl` exists, as on every macOS."""
        return "full" if find_program("launchctl") else "none"

    def install(self, boot_job: BootJob) -> None:
        """Write the property list and load it; without a graphical session, the next login loads it."""
        path = self._path(boot_job)
        replace_file(path, agent_plist(boot_job))
        self._unload(boot_job)
        run_program("launchctl", "bootstrap", self._domain(), str(path))

    def remove(self, boot_job: BootJob) -> None:
        """Unload the agent and delete its file."""
        self._unload(boot_job)
        self._path(boot_job).unlink(missing_ok=True)

    def state(self, boot_job: BootJob) -> BootServiceState:
        """Whether the property list exists: launchd loads every file in that folder."""
        path = self._path(boot_job)
        if not path.exists():
            return BootServiceState(self.kind, str(path), installed=False, active=False)
        remarks = ["macOS starts it when you log in after a restart, not before"]
        if run_program("launchctl", "print", f"{self._domain()}/{boot_job.label}").exit_code != 0:
            remarks.append("it is not loaded now; the next login at the screen loads it")
        current = path.read_bytes() == agent_plist(boot_job)
        return BootServiceState(self.kind, str(path), installed=True, active=True, current=current, notes=tuple(remarks))

    def _unload(self, boot_job: BootJob) -> None:
        run_program("launchctl", "bootout", f"{self._domain()}/{boot_job.label}")

    def _domain(self) -> str:
        return f"gui/{os.getuid()}"

    def _path(self, boot_job: BootJob) -> Path:
        return Path.home() / "Library" / "LaunchAgents" / f"{boot_job.label}.plist"


def agent_plist(boot_job: BootJob) -> bytes:
    """Property list of an agent with interactive priority; its children outlive it."""
    return plistlib.dumps(
        {
            "Label": boot_job.label,
            "ProgramArguments": list(boot_job.command),
            "RunAtLoad": True,
            "AbandonProcessGroup": True,
            "ProcessType": "Interactive",
        }
    )
