"""`gts doctor`: what this machine and this terminal can do."""

from __future__ import annotations

import importlib.metadata
import locale
import os
import platform
import shutil
import sys
from dataclasses import dataclass
from typing import Any, Literal

from gts.commands.command import Command, Context, Result

Verdict = Literal["good", "note", "bad"]

_PACKAGES = (
    "torch",
    "mujoco",
    "gymnasium",
    "numpy",
    "safetensors",
    "pydantic",
    "click",
    "rich",
    "plotext",
    "sqlite-utils",
    "psutil",
)
_OPTIONAL = ("optuna", "textual", "imageio", "stable-baselines3", "envpool")
_MINIMUM_VERSIONS = {"torch": (2, 10), "mujoco": (4, 0), "gymnasium": (1, 4)}
_MIN_FREE_BYTES = 1_000_000_000


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at."""

    section: str
    name: str
    value: Any
    verdict: Verdict = "good"
    remedy: str = ""
    """What to do about it; empty where nothing needs to be done."""


@dataclass(frozen=True)
class DoctorResult(Result):
    """Everything that was looked at."""

    findings: tuple[Finding, ...]

    @property
    def exit_code(self) -> int:
        """3 where something is missing without which trainings fail."""
        return 3 if any(finding.verdict == "bad" for finding in self.findings) else 0

    def as_dict(self) -> dict[str, Any]:
        """Plain data for JSON."""
        return {"ok": self.exit_code == 0} | super().as_dict()


def run(context: Context) -> DoctorResult:
    """Look at everything; changes nothing."""
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
    findings = []
    for name in _PACKAGES + _OPTIONAL:
        try:
            version = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            needed = name in _PACKAGES
            remedy = f"pip install {name}" if needed else ""
            findings.append(Finding("packages", name, None, "bad" if needed else "good", remedy))
            continue
        old = name in _MINIMUM_VERSIONS and _numbers(version) < _MINIMUM_VERSIONS[name]
        wanted = ".".join(map(str, _MINIMUM_VERSIONS.get(name, ())))
        remedy = f"pip install --upgrade '{name}>={wanted}'" if old else ""
        findings.append(Finding("packages", name, version, "bad" if old else "good", remedy))
    return findings


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
    """The terminal, and whether a window could be opened."""
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
    """Colours of the terminal, as far as it says."""
    from rich.console import Console

    return {"standard": 16, "256": 256, "truecolor": 2**24}.get(Console(stderr=True).color_system or "", 0)


def _workspace(context: Context) -> list[Finding]:
    from gts.system.filesystem import file_system, is_writable

    root = context.workspace.root
    disk, may_write = file_system(root), is_writable(root)
    where = "a network file system: keep one machine at a time in it" if disk.is_network else ""
    remedy = "" if may_write else "trainings need another one: --workspace DIR"
    return [
        Finding("workspace", "folder", str(root.resolve())),
        Finding("workspace", "can be written", may_write, "good" if may_write else "note", remedy),
        Finding("workspace", "file system", disk.kind or "unknown", "note" if disk.is_network else "good", where),
        Finding(
            "workspace",
            "free bytes",
            disk.free_bytes,
            "good" if disk.free_bytes > _MIN_FREE_BYTES else "note",
            "" if disk.free_bytes > _MIN_FREE_BYTES else "make room",
        ),
        Finding("workspace", "catalogue", context.workspace.catalogue.is_file()),
        Finding("workspace", "runs", len(context.workspace.run_ids())),
    ]


COMMAND = Command(
    name="doctor",
    summary="Say what this machine and this terminal can do.",
    group="machine",
    run=run,
    needs_torch=True,
    help="Changes nothing. The exit code is 3 where something is missing that GTS needs.",
    threads=True,
)
