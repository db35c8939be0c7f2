"""How many CPUs this process may really use, and how its threads wait.

A container or a batch system often grants less than the machine has. More threads than that make physics and learning slower,
so every default thread count is taken from here.
"""

from __future__ import annotations

import math
import os
from pathlib import Path

_CGROUPS = Path("/sys/fs/cgroup")
_LISTING = Path("/proc/self/cgroup")


def available_cpus() -> int:
    """CPUs that this process may use, at least 1.

    The smaller of the CPUs it may be scheduled on (its affinity, where the system has one; otherwise all of them) and the quota
    of its control group (Linux, version 2 and 1), rounded up.
    """
    affinity = getattr(os, "sched_getaffinity", None)
    cpus = len(affinity(0)) if affinity is not None else os.cpu_count() or 1
    quota = _quota(_CGROUPS, _own_groups(_LISTING))
    if quota is not None:
        cpus = min(cpus, math.ceil(quota))
    return max(cpus, 1)


def let_waiting_threads_sleep() -> None:
    """Keep torch's idle threads from burning the CPUs that the physics needs; to be called before torch is imported.

    Physics and learning take turns on the same CPUs. OpenMP's threads spin for milliseconds while they wait, unless told
    otherwise: on two busy CPUs that made learning fourteen times slower. Those that sleep at once have to be woken for every
    small operation, which on idle CPUs made it more than twice as slow. A spin of some ten microseconds avoids both.
    """
    if "OMP_WAIT_POLICY" not in os.environ:
        os.environ.setdefault("GOMP_SPINCOUNT", "10000")  # libgomp, which torch brings along on Linux
        os.environ.setdefault("KMP_BLOCKTIME", "1")  # libomp on macOS; in milliseconds


def _own_groups(listing: Path) -> dict[str, str]:
    """Controller → path of this process's group; version 2 has the controller ""."""
    groups: dict[str, str] = {}
    for line in _lines(listing):
        _, controllers, path = line.split(":", 2)
        for controller in controllers.split(","):
            groups[controller] = path
    return groups


def _quota(root: Path, groups: dict[str, str]) -> float | None:
    """The tightest CPU quota that stands above this process, in CPUs; None where there is none."""
    quotas = [_quota_v2(folder) for folder in _with_parents(root, groups.get(""))]
    quotas += [_quota_v1(folder) for folder in _with_parents(root / "cpu", groups.get("cpu"))]
    return min((quota for quota in quotas if quota is not None), default=None)


def _with_parents(root: Path, path: str | None) -> list[Path]:
    """The group's folder and those above it, up to the root; a quota anywhere on this way counts."""
    if path is None:
        return []
    folder = root / path.strip("/")
    # Inside a container the listed path may belong to the host and not exist here: the root is then the container's own group.
    return [folder, *(parent for parent in folder.parents if parent == root or root in parent.parents)]


def _quota_v2(folder: Path) -> float | None:
    words = " ".join(_lines(folder / "cpu.max")).split()
    if len(words) != 2 or words[0] == "max":
        return None
    return int(words[0]) / int(words[1])


def _quota_v1(folder: Path) -> float | None:
    quota, period = _lines(folder / "cpu.cfs_quota_us"), _lines(folder / "cpu.cfs_period_us")
    if not quota or not period or int(quota[0]) <= 0:
        return None
    return int(quota[0]) / int(period[0])


def _lines(path: Path) -> list[str]:
    try:
        return path.read_text(encoding="ascii").splitlines()
    except OSError:
        return []
