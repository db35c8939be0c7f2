"""The CPU quota of this process's control group: a container or a batch system often grants less than the machine has."""

from __future__ import annotations

from pathlib import Path

_CGROUPS = Path("/sys/fs/cgroup")
_OWN_CGROUPS = Path("/proc/self/cgroup")


def cpu_quota() -> float | None:
    """The tightest quota that stands above this process, in CPUs, version 2 and 1; None where there is none."""
    groups = _own_groups(_OWN_CGROUPS)
    quotas = [_quota_v2(folder) for folder in _with_parents(_CGROUPS, groups.get(""))]
    quotas += [_quota_v1(folder) for folder in _with_parents(_CGROUPS / "cpu", groups.get("cpu"))]
    return min((quota for quota in quotas if quota is not None), default=None)


def _own_groups(listing: Path) -> dict[str, str]:
    """Controller → path of this process's group; version 2 has the controller ""."""
    groups: dict[str, str] = {}
    for line in _lines(listing):
        _, controllers, path = line.split(":", 2)
        for controller in controllers.split(","):
            groups[controller] = path
    return groups


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
