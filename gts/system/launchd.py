"""launchd: agents of one user, which macOS starts when that user logs in."""

from __future__ import annotations

import os
import plistlib
from pathlib import Path
from typing import Literal

from gts.system import Startup, StartupState
from gts.system.programs import ask, find


class Launchd:
    """A file in `~/Library/LaunchAgents`."""

    kind = "launchd"

    def fitness(self) -> Literal["full", "partial", "none"]:
        """Every macOS has it."""
        return "full" if find("launchctl") else "none"

    def install(self, startup: Startup) -> None:
        """Write the file and load it; where nobody is logged in at the screen, the next login loads it."""
        path = self._path(startup)
        path.parent.mkdir(parents=True, exist_ok=True)
        beside = path.with_name(f".{path.name}.part")
        beside.write_bytes(agent(startup))
        os.replace(beside, path)
        self._unload(startup)
        ask("launchctl", "bootstrap", self._domain(), str(path))

    def remove(self, startup: Startup) -> None:
        """Unload it and delete the file."""
        self._unload(startup)
        self._path(startup).unlink(missing_ok=True)

    def state(self, startup: Startup) -> StartupState:
        """Whether the file is there; launchd loads whatever is."""
        path = self._path(startup)
        if not path.exists():
            return StartupState(self.kind, str(path), installed=False, active=False)
        remarks = ["macOS starts it when you log in after a restart, not before"]
        if ask("launchctl", "print", f"{self._domain()}/{startup.label}").code != 0:
            remarks.append("it is not loaded now, which your next login at the screen will do")
        current = path.read_bytes() == agent(startup)
        return StartupState(self.kind, str(path), installed=True, active=True, current=current, remarks=tuple(remarks))

    def _unload(self, startup: Startup) -> None:
        ask("launchctl", "bootout", f"{self._domain()}/{startup.label}")

    def _domain(self) -> str:
        return f"gui/{os.getuid()}"

    def _path(self, startup: Startup) -> Path:
        return Path.home() / "Library" / "LaunchAgents" / f"{startup.label}.plist"


def agent(startup: Startup) -> bytes:
    """The property list. What the command starts lives on when it ends, and is not slowed as work in the background is."""
    return plistlib.dumps(
        {
            "Label": startup.label,
            "ProgramArguments": list(startup.command),
            "RunAtLoad": True,
            "AbandonProcessGroup": True,
            "ProcessType": "Interactive",
        }
    )
