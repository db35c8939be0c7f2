"""macOS: `sysctl` for what it is, launchd for what it starts."""

from __future__ import annotations

from pathlib import Path

from gts.system import BootService
from gts.system.portable import Portable
from gts.system.programs import run_program


class MacOS(Portable):
    """macOS. A session of its own outlives a logout there, so `detached` has nothing to add."""

    name = "macos"

    def boot_id(self) -> str:
        """An id that the kernel draws at every start."""
        return _line(run_program("sysctl", "-n", "kern.bootsessionuuid").stdout) or super().boot_id()

    def cpu_name(self) -> str:
        """`Apple M2 Pro`."""
        return _line(run_program("sysctl", "-n", "machdep.cpu.brand_string").stdout)

    def boot_services(self) -> tuple[BootService, ...]:
        """launchd; its cron may not run anything without a person's consent in the settings."""
        from gts.system.launchd import LaunchdService

        return (LaunchdService(),)

    def _usual_state_folder(self) -> Path:
        return Path.home() / "Library" / "Application Support" / "gts"


def _line(text: str) -> str:
    """What `sysctl -n` says, in one line without doubled blanks."""
    return " ".join(text.split())
