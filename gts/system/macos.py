"""macOS: `sysctl` for what it is, launchd for what it starts."""

from __future__ import annotations

from pathlib import Path

from gts.system import Starter
from gts.system.portable import Portable
from gts.system.programs import ask


class MacOS(Portable):
    """macOS. A session of its own outlives a logout there, so `detached` has nothing to add."""

    name = "macos"

    def boot_id(self) -> str:
        """An id that the kernel draws at every start."""
        return _line(ask("sysctl", "-n", "kern.bootsessionuuid").out) or super().boot_id()

    def cpu_name(self) -> str:
        """`Apple M2 Pro`."""
        return _line(ask("sysctl", "-n", "machdep.cpu.brand_string").out)

    def starters(self) -> tuple[Starter, ...]:
        """launchd; its cron may not run anything without a person's consent in the settings."""
        from gts.system.launchd import Launchd

        return (Launchd(),)

    def _usual_state_folder(self) -> Path:
        return Path.home() / "Library" / "Application Support" / "gts"


def _line(text: str) -> str:
    """What `sysctl -n` says, in one line without doubled blanks."""
    return " ".join(text.split())
