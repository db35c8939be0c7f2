"""launchd: agents of one user, which macOS starts when that user logs in."""

from __future__ import annotations

import os
import plistlib
from pathlib import Path
from typing import Literal

from gts.system import BootJob, BootServiceState
from gts.system.programs import find_program, run_program


class LaunchdService:
    """A file in `~/Library/LaunchAgents`."""

    kind = "launchd"

    def availability(self) -> Literal["full", "partial", "none"]:
        """Every macOS has it."""
        return "full" if find_program("launchctl") else "none"

    def install(self, boot_job: BootJob) -> None:
        """Write the file and load it; where nobody is logged in at the screen, the next login loads it."""
        path = self._path(boot_job)
        path.parent.mkdir(parents=True, exist_ok=True)
        beside = path.with_name(f".{path.name}.part")
        beside.write_bytes(agent_plist(boot_job))
        os.replace(beside, path)
        self._unload(boot_job)
        run_program("launchctl", "bootstrap", self._domain(), str(path))

    def remove(self, boot_job: BootJob) -> None:
        """Unload it and delete the file."""
        self._unload(boot_job)
        self._path(boot_job).unlink(missing_ok=True)

    def state(self, boot_job: BootJob) -> BootServiceState:
        """Whether the file is there; launchd loads whatever is."""
        path = self._path(boot_job)
        if not path.exists():
            return BootServiceState(self.kind, str(path), installed=False, active=False)
        remarks = ["macOS starts it when you log in after a restart, not before"]
        if run_program("launchctl", "print", f"{self._domain()}/{boot_job.label}").exit_code != 0:
            remarks.append("it is not loaded now, which your next login at the screen will do")
        current = path.read_bytes() == agent_plist(boot_job)
        return BootServiceState(self.kind, str(path), installed=True, active=True, current=current, notes=tuple(remarks))

    def _unload(self, boot_job: BootJob) -> None:
        run_program("launchctl", "bootout", f"{self._domain()}/{boot_job.label}")

    def _domain(self) -> str:
        return f"gui/{os.getuid()}"

    def _path(self, boot_job: BootJob) -> Path:
        return Path.home() / "Library" / "LaunchAgents" / f"{boot_job.label}.plist"


def agent_plist(boot_job: BootJob) -> bytes:
    """The property list. What the command starts lives on when it ends, and is not slowed as work in the background is."""
    return plistlib.dumps(
        {
            "Label": boot_job.label,
            "ProgramArguments": list(boot_job.command),
            "RunAtLoad": True,
            "AbandonProcessGroup": True,
            "ProcessType": "Interactive",
        }
    )
