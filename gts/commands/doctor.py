"""`gts doctor`: check of Python, packages, processors, terminal and workspace."""

from __future__ import annotations

import importlib.metadata
import locale
import os
import platform
import shutil
import sys
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

from gts.commands.command import Command, Context, Result

Verdict = Literal["good", "note", "bad"]

_CORE_PACKAGES = (
    "torch",
    "mujoco",
    "gymnasium",
    "numpy",
    "optuna",
    "sqlalchemy",
    "textual",
    "rich",
    "plotext",
    "sqlite-utils",
    "safetensors",
    "pydantic",
    "click",
    "psutil",
    "platformdirs",
    "imageio-ffmpeg",
    "pillow",
)
_EXTRAS = {
    "scipy": "search",
    "cmaes": "search",
    "optuna-dashboard": "search",
    "psycopg": "postgresql",
    "tensorboard": "tensorboard",
    "onnx": "onnx",
    "usd-core": "motion",
    "stable-baselines3": "peers",
    "envpool": "peers",
}
"""Optional packages, and the extra of `gts` that installs each."""
_MINIMUM_VERSIONS = {"torch": (2, 10), "mujoco": (4, 0), "gymnasium": (1, 4)}
_MIN_FREE_BYTES = 1_000_000_000


@dataclass(frozen=True)
class Finding:
    """One checked property."""

    section: str
    name: str
    value: Any
    verdict: Verdict = "good"
    remedy: str = ""
    """Advice; empty if nothing needs to be done."""


@dataclass(frozen=True)
class DoctorResult(Result):
    """All checked properties."""

    view: ClassVar[str] = "machine:render_doctor"
    findings: tuple[Finding, ...]

    @property
    def exit_code(self) -> int:
        """Return 3 if something that GTS needs is missing."""
        return 3 if any(finding.verdict == "bad" for finding in self.findings) else 0

    def as_dict(self) -> dict[str, Any]:
        """Return plain data for JSON."""
        return {"ok": self.exit_code == 0} | super().as_dict()


def run_doctor(context: Context) -> DoctorResult:
    """Check everything; changes nothing."""
    return DoctorResult((*_python(), *_packages(), *_processors(context), *_screen(), *_workspace(context)))


def _python() -> list[Finding]:
    version = platform.python_version()
    old = sys.version_info < (3, 11)
    return [
        Finding("python", "python", version, "bad" if old else "good", "install Python 3.11 or later" if old else ""),
        Finding("python", "executable", sys.executable),
        Finding("python", "system", platform.platform(terse=True)),
    ]


def _packages() -> list[Finding]:
    """Check core packages, which are bad if missing or too old, and optional ones, which are a note if missing."""
    return [_check_package(name) for name in (*_CORE_PACKAGES, *_EXTRAS)]


def _check_package(name: str) -> Finding:
    try:
        version = importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        if name in _EXTRAS:
            return Finding("packages", name, None, "note", f"optional: pip install 'gts[{_EXTRAS[name]}]'")
        return Finding("packages", name, None, "bad", f"pip install {name}")
    minimum = _MINIMUM_VERSIONS.get(name, ())
    if _numbers(version) >= minimum:
        return Finding("packages", name, version)
    return Finding("packages", name, version, "bad", f"pip install --upgrade '{name}>={'.'.join(map(str, minimum))}'")


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split("+")[0].split(".")[:2] if part.isdigit())


def _processors(context: Context) -> list[Finding]:
    from gts.system.threads import available_cpus
    from gts.system.versions import cpu_name

    cpus, machine = available_cpus(), os.cpu_count() or 1
    findings = [
        Finding("processors", "CPU", cpu_name() or None),
        Finding("processors", "CPUs of the machine", machine),
        Finding("processors", "CPUs for this process", cpus),
        Finding("processors", "threads of a training", context.threads or cpus),
    ]
    limit = os.environ.get("OMP_NUM_THREADS")
    if limit:
        findings.append(Finding("processors", "OMP_NUM_THREADS", limit, "note", "limits torch; GTS sets its own number"))
    try:
        import torch
    except (ImportError, OSError) as error:
        return [*findings, Finding("processors", "torch", f"cannot be loaded: {error}", "bad", "install torch again")]
    gpu = torch.cuda.get_device_name() if torch.cuda.is_available() else "Metal" if torch.backends.mps.is_available() else None
    return [*findings, Finding("processors", "threads of torch", torch.get_num_threads()), Finding("processors", "GPU", gpu)]


def _screen() -> list[Finding]:
    """Check the terminal and the display."""
    terminal = sys.stderr.isatty()
    size = shutil.get_terminal_size()
    encoding = getattr(sys.stdout, "encoding", None) or locale.getpreferredencoding(False)
    unicode = "utf" in encoding.lower()
    display = os.environ.get("WAYLAND_DISPLAY") or os.environ.get("DISPLAY") or ("Quartz" if sys.platform == "darwin" else None)
    return [
        Finding("screen", "terminal", os.environ.get("TERM", "unknown") if terminal else None),
        Finding("screen", "size", f"{size.columns}×{size.lines}"),
        Finding("screen", "colours", _colours() if terminal else 0),
        Finding("screen", "encoding", encoding, "good" if unicode else "note", "" if unicode else "set LANG=C.UTF-8"),
        Finding("screen", "over ssh", bool(os.environ.get("SSH_CONNECTION"))),
        Finding("screen", "display", display),
    ]


def _colours() -> int:
    """Return the number of colours that rich detects."""
    from rich.console import Console

    return {"standard": 16, "256": 256, "truecolor": 2**24}.get(Console(stderr=True).color_system or "", 0)


def _workspace(context: Context) -> list[Finding]:
    from gts.system.filesystem import file_system, is_writable

    root = context.workspace.root
    disk, may_write = file_system(root), is_writable(root)
    where = "a network file system: use it from one machine at a time" if disk.is_network else ""
    remedy = "" if may_write else "not writable; trainings need another one: --workspace DIR"
    return [
        Finding("workspace", "folder", str(root.resolve())),
        Finding("workspace", "can be written", may_write, "good" if may_write else "note", remedy),
        Finding("workspace", "file system", disk.kind or "unknown", "note" if disk.is_network else "good", where),
        Finding(
            "workspace",
            "free bytes",
            disk.free_bytes,
            "good" if disk.free_bytes > _MIN_FREE_BYTES else "note",
            "" if disk.free_bytes > _MIN_FREE_BYTES else "free some disk space",
        ),
        Finding("workspace", "catalogue", context.workspace.catalogue.is_file()),
        Finding("workspace", "runs", len(context.workspace.run_ids())),
    ]


COMMAND = Command(
    name="doctor",
    summary="Check this machine, its packages and this terminal.",
    group="machine",
    run=run_doctor,
    needs_torch=True,
    help="Changes nothing. The exit code is 3 if something that GTS needs is missing.",
    threads=True,
)
