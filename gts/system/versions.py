"""What numbers were taken on and with: without it a measured speed says little."""

from __future__ import annotations

import platform
from importlib import metadata
from pathlib import Path
from typing import Any

import psutil

from gts.system.threads import available_cpus


def machine_info() -> dict[str, Any]:
    """Processor, cores, memory, system, and how busy it is."""
    return {
        "processor": _processor_name(),
        "cores": psutil.cpu_count(logical=True),
        "usable": available_cpus(),
        "memory_gib": round(psutil.virtual_memory().total / 2**30, 1),
        "system": platform.platform(),
        "load": psutil.getloadavg()[0],
    }


def package_versions(peers: bool) -> dict[str, str]:
    """Versions of everything that decides how fast it goes; `peers`: of other libraries too, where they are installed."""
    packages = ["gts", "torch", "mujoco", "numpy", "gymnasium"] + ["stable-baselines3", "envpool"] * peers
    found = {"python": platform.python_version()}
    for package in packages:
        try:
            found[package] = metadata.version(package)
        except metadata.PackageNotFoundError:
            continue
    return found


def _processor_name() -> str:
    """The processor's name as a person knows it."""
    listing = Path("/proc/cpuinfo")
    if listing.is_file():
        for line in listing.read_text(encoding="utf-8", errors="replace").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()
