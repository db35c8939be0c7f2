"""Linux: `/proc`, control groups, systemd where it runs."""

from __future__ import annotations

import errno
import math
import os
import signal
from collections.abc import Sequence
from pathlib import Path

from gts.system import BootService, ProcessIdentity
from gts.system.portable import Portable

_PROC = Path("/proc")
_CPU_NAMES = ("model name", "Model", "cpu")
"""Where the kernel writes what the CPU is called: on x86, on many ARM boards, on POWER."""


class Linux(Portable):
    """Linux, with or without systemd."""

    name = "linux"

    def boot_id(self) -> str:
        """A random id that the kernel draws at every start."""
        return _text(_PROC / "sys/kernel/random/boot_id").strip()

    def process_start(self, pid: int) -> str | None:
        """Clock ticks from the boot to the start of the process: setting the clock does not move them."""
        return parse_start_from_stat(_text(_PROC / str(pid) / "stat")) if pid > 0 else None

    def signal_process(self, identity: ProcessIdentity, number: int) -> bool:
        """Take hold of the process, look whether it is the right one, then signal what is held: nothing can come between."""
        opener = getattr(os, "pidfd_open", None)  # missing in a Python that was built for old kernels
        if opener is None or not self._matches(identity):
            return super().signal_process(identity, number)
        try:
            held = opener(identity.pid)
        except OSError as error:
            if error.errno in (errno.ENOSYS, errno.EPERM):  # old kernels, and sandboxes that do not know the call
                return super().signal_process(identity, number)
            return False
        try:
            if not self._matches(identity):
                return False
            signal.pidfd_send_signal(held, number)
        except ProcessLookupError:
            return False
        finally:
            os.close(held)
        return True

    def available_cpus(self) -> int:
        """The smaller of the CPUs it may be scheduled on and the quota of its control group, rounded up."""
        from gts.system.cgroups import cpu_quota

        cpus, quota = super().available_cpus(), cpu_quota()
        return cpus if quota is None else max(1, min(cpus, math.ceil(quota)))

    def cpu_name(self) -> str:
        """As the kernel lists it."""
        return parse_cpu_name(_text(_PROC / "cpuinfo"))

    def detached_command(self, unit: str, command: Sequence[str], folder: Path) -> list[str] | None:
        """By `systemd-run`, where this user's manager lives on after a logout."""
        from gts.system.systemd import unit_command

        return unit_command(unit, command, folder)

    def boot_services(self) -> tuple[BootService, ...]:
        """systemd, then the crontab."""
        from gts.system.systemd import SystemdService

        return (SystemdService(), *super().boot_services())


def parse_start_from_stat(text: str) -> str | None:
    """The start, in clock ticks, from `/proc/<pid>/stat`; None for nothing, and for a process that has ended.

    The second field is the name of the program in parentheses, and may hold blanks and parentheses itself.
    """
    fields = text.rpartition(")")[2].split()
    if len(fields) < 20 or fields[0] in "ZXx":
        return None
    return fields[19]


def parse_cpu_name(text: str) -> str:
    """The name of the CPU from `/proc/cpuinfo`; empty where it has none."""
    found: dict[str, str] = {}
    for line in text.splitlines():
        key, _, value = line.partition(":")
        found.setdefault(key.strip(), " ".join(value.split()))
    return next((found[name] for name in _CPU_NAMES if found.get(name)), "")


def _text(path: Path) -> str:
    """What a file of the kernel says; empty where it is gone or hidden."""
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError:  # a process that ends while it is read gives ESRCH
        return ""
