"""What every Unix has: `ps`, `kill`, a home folder, perhaps `crontab`."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from gts.system import BootService, ProcessIdentity
from gts.system.programs import run_program


class Portable:
    """Any Unix; what a system does better stands in its own file.

    The start of a process is what `ps` says, to the second, in UTC. macOS and the BSDs keep it as their clock stood when the
    process started, so it does not move when the clock is set. Linux reckons it from the clock of today; there, where this
    class works only if it is asked for, setting the clock makes a living process look like another one. Nobody signals a wrong
    process by that, and a lock on a file says what really lives.

    The id of a boot is the start of the first process, for the same reason: the time of the boot itself is reckoned back from
    the present time and moves with it. Where other users' processes are hidden it is empty, and the start alone has to tell.
    """

    name = "portable"

    def boot_id(self) -> str:
        """When the first process started; empty where that is hidden."""
        return self.process_start(1) or ""

    def process_start(self, pid: int) -> str | None:
        """Time of the start in UTC, to the second; None where no such process lives."""
        if pid <= 0:
            return None
        # Two options: in `-o stat=,lstart=` the BSDs take what follows the first sign for a title.
        answer = run_program("ps", "-o", "stat=", "-o", "lstart=", "-p", str(pid), environment={"TZ": "UTC"})
        return parse_start_from_ps(answer.stdout)

    def signal_process(self, identity: ProcessIdentity, number: int) -> bool:
        """Look whether it is that process, then signal it; a pid is not given away again within so short a time."""
        if not self._matches(identity):
            return False
        try:
            os.kill(identity.pid, number)
        except ProcessLookupError:
            return False
        return True

    def available_cpus(self) -> int:
        """The CPUs it may be scheduled on, where the system has such a thing; otherwise all of them."""
        affinity = getattr(os, "sched_getaffinity", None)
        return max(1, len(affinity(0)) if affinity is not None else os.cpu_count() or 1)

    def cpu_name(self) -> str:
        """No common way to ask."""
        return ""

    def state_folder(self) -> Path:
        """`$GTS_STATE`, or the folder that this system has for it."""
        named = os.environ.get("GTS_STATE")
        return Path(named).expanduser() if named else self._usual_state_folder()

    def detached_command(self, unit: str, command: Sequence[str], folder: Path) -> list[str] | None:
        """No service manager: a session of its own has to do."""
        return None

    def boot_services(self) -> tuple[BootService, ...]:
        """The crontab."""
        from gts.system.cron import CronService

        return (CronService(),)

    def _matches(self, identity: ProcessIdentity) -> bool:
        return self.process_start(identity.pid) == identity.started and self.boot_id() == identity.boot

    def _usual_state_folder(self) -> Path:
        named = os.environ.get("XDG_STATE_HOME", "")
        # The specification says that a relative path there is to be ignored.
        state = Path(named) if os.path.isabs(named) else Path.home() / ".local" / "state"
        return state / "gts"


def parse_start_from_ps(text: str) -> str | None:
    """The start from `ps -o stat= -o lstart=`; None for no process and for one that has ended."""
    state, _, start = text.strip().partition(" ")
    return None if not start or state[0] in "ZX" else " ".join(start.split())
