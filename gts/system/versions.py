"""The machine and the library versions behind a result, for benchmarks, checkpoints and studies."""

from __future__ import annotations

import importlib.metadata
import platform
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from gts import __version__
from gts.system.programs import run_program
from gts.system.threads import available_cpus

_CPU_INFO = Path("/proc/cpuinfo")
_CPU_NAME_KEYS = ("model name", "Model", "cpu")
"""Keys of `/proc/cpuinfo` on x86, on many ARM boards, on POWER."""


def machine_info() -> dict[str, Any]:
    """Processor, CPU counts, memory, system and load average."""
    import psutil

    return {
        "processor": cpu_name(),
        "cores": psutil.cpu_count(logical=True),
        "usable": available_cpus(),
        "memory_gib": round(psutil.virtual_memory().total / 2**30, 1),
        "system": platform.platform(),
        "load": psutil.getloadavg()[0],
    }


def cpu_name() -> str:
    """Marketing name of the processor, `AMD EPYC 9354`, or its architecture; empty if neither is known."""
    if sys.platform == "darwin":
        name = " ".join(run_program("sysctl", "-n", "machdep.cpu.brand_string").stdout.split())
    else:
        name = parse_cpu_name(_read_text(_CPU_INFO))
    return name or platform.processor() or platform.machine()


def parse_cpu_name(text: str) -> str:
    """The processor's name in the text of `/proc/cpuinfo`; empty if it has none."""
    found: dict[str, str] = {}
    for line in text.splitlines():
        key, _, value = line.partition(":")
        found.setdefault(key.strip(), " ".join(value.split()))
    return next((found[key] for key in _CPU_NAME_KEYS if found.get(key)), "")


def installed_version(package: str) -> str | None:
    """Version of an installed package, without importing it; None if it is not installed."""
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return None


def installed_versions(packages: Iterable[str]) -> dict[str, str]:
    """Versions of GTS, Python and those of `packages` that are installed."""
    found = {package: installed_version(package) for package in packages}
    return {"gts": __version__, "python": platform.python_version()} | {name: value for name, value in found.items() if value}


def package_versions(peers: bool) -> dict[str, str]:
    """Versions of everything that affects speed; `peers`: also of the libraries that benchmarks compare with."""
    packages = ["torch", "mujoco", "numpy", "gymnasium"] + ["stable-baselines3", "envpool"] * peers
    return installed_versions(packages)


def _read_text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
