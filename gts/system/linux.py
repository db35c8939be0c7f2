"""Linux: `/proc`, CPU quotas of control groups, systemd if it runs."""

from __future__ import annotations

import errno
import math
import os
import signal
from collections.abc import Sequence
from pathlib import Path

from gts.system.interfaces import BootService, ProcessIdentity
from gts.system.portable import Portable

_PROC = Path("/proc")
_CGROUPS = Path("/sys/fs/cgroup")
_OWN_CGROUPS = Path("/proc/self/cgroup")


class Linux(Portable):
    """Linux, with or without systemd."""

    name = "linux"

    def boot_id(self) -> str:
        """Random id that the kernel draws at every boot."""
        return _read_text(_PROC / "sys/kernel/random/boot_id").strip()

    def process_start(self, pid: int) -> str | None:
        """Clock ticks between boot and process start, which setting the clock does not change."""
        return parse_start_from_stat(_read_text(_PROC / str(pid) / "stat")) if pid > 0 else None

    def signal_process(self, identity: ProcessIdentity, number: int) -> bool:
        """Open a pidfd, check the identity, then signal through the pidfd: the pid cannot be reused in between."""
        opener = getattr(os, "pidfd_open", None)  # missing if Python was built for an old kernel
        if opener is None or not self._matches(identity):
            return super().signal_process(identity, number)
        try:
            held = opener(identity.pid)
        except OSError as error:
            if error.errno in (errno.ENOSYS, errno.EPERM):  # old kernels and sandboxes without this call
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
        """CPUs in the scheduler affinity, or the CPU quota rounded up if it is smaller."""
        cpus, quota = super().available_cpus(), cpu_quota()
        return cpus if quota is None else max(1, min(cpus, math.ceil(quota)))

    def detached_command(
        self, unit: str, command: Sequence[str], folder: Path, *, secrets: Sequence[str] = ()
    ) -> list[str] | None:
        """By `systemd-run`, if this user's service manager outlives a logout."""
        from gts.system.systemd import unit_command

        return unit_command(unit, command, folder, secrets)

    def boot_service(self) -> BootService | None:
        """systemd; `availability` shows whether it runs here."""
        from gts.system.systemd import SystemdService

        return SystemdService()


def parse_start_from_stat(text: str) -> str | None:
    """Start time in clock ticks from `/proc/<pid>/stat`; None for an empty text and for a zombie.

    The second field is the program's name in parentheses, which may contain blanks and parentheses itself.
    """
    fields = text.rpartition(")")[2].split()
    if len(fields) < 20 or fields[0] in "ZXx":
        return None
    return fields[19]


def cpu_quota() -> float | None:
    """The smallest CPU quota of the control groups around this process, versions 1 and 2; None if there is none."""
    groups = _own_groups(_OWN_CGROUPS)
    quotas = [_quota_v2(folder) for folder in _with_parents(_CGROUPS, groups.get(""))]
    quotas += [_quota_v1(folder) for folder in _with_parents(_CGROUPS / "cpu", groups.get("cpu"))]
    return min((quota for quota in quotas if quota is not None), default=None)


def _own_groups(listing: Path) -> dict[str, str]:
    """Path of this process's group by controller; version 2 has the controller ""."""
    groups: dict[str, str] = {}
    for line in _read_lines(listing):
        _, controllers, path = line.split(":", 2)
        for controller in controllers.split(","):
            groups[controller] = path
    return groups


def _with_parents(root: Path, path: str | None) -> list[Path]:
    """The group's folder and its parents up to the root; each of them may have a quota."""
    if path is None:
        return []
    folder = root / path.strip("/")
    # Inside a container the listed path may belong to the host and not exist here: the root is then the container's own group.
    return [folder, *(parent for parent in folder.parents if parent == root or root in parent.parents)]


def _quota_v2(folder: Path) -> float | None:
    words = " ".join(_read_lines(folder / "cpu.max")).split()
    if len(words) != 2 or words[0] == "max":
        return None
    return int(words[0]) / int(words[1])


def _quota_v1(folder: Path) -> float | None:
    quota, period = _read_lines(folder / "cpu.cfs_quota_us"), _read_lines(folder / "cpu.cfs_period_us")
    if not quota or not period or int(quota[0]) <= 0:
        return None
    return int(quota[0]) / int(period[0])


def _read_text(path: Path) -> str:
    """Text of a file of the kernel; empty if it is gone or hidden."""
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError:  # a process that ends while it is read gives ESRCH
        return ""


def _read_lines(path: Path) -> list[str]:
    return _read_text(path).splitlines()
