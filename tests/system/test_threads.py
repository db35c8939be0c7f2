"""How many CPUs a process may use, from the files that a system would show."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from gts.system import linux, threads
from gts.system.portable import Portable

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="control groups")


def _write(root: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


@pytest.fixture
def system(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A system with eight CPUs and control groups in the returned folder."""
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(8)), raising=False)
    monkeypatch.setattr(linux, "_CGROUPS", tmp_path / "groups")
    monkeypatch.setattr(linux, "_OWN_CGROUPS", tmp_path / "listing")
    return tmp_path


def test_affinity_counts_where_nothing_else_does(system: Path) -> None:
    """No control groups at all."""
    assert threads.available_cpus() == 8


def test_a_quota_of_version_two_counts(system: Path) -> None:
    """Two and a half CPUs keep three threads busy; `max` is no quota."""
    _write(system, {"listing": "0::/a/b\n", "groups/a/b/cpu.max": "250000 100000\n"})
    assert threads.available_cpus() == 3
    _write(system, {"groups/a/b/cpu.max": "max 100000\n"})
    assert threads.available_cpus() == 8


def test_the_tightest_quota_on_the_way_counts(system: Path) -> None:
    """A group is bound by those above it, and in a container the root is its own group."""
    _write(system, {"listing": "0::/a/b\n", "groups/a/b/cpu.max": "600000 100000\n", "groups/a/cpu.max": "400000 100000\n"})
    assert threads.available_cpus() == 4
    _write(system, {"listing": "0::/not/here\n", "groups/cpu.max": "200000 100000\n"})
    assert threads.available_cpus() == 2


def test_a_quota_of_version_one_counts(system: Path) -> None:
    """With the two controllers in one hierarchy, and -1 for none."""
    _write(system, {"listing": "4:cpu,cpuacct:/x\n0::/\n", "groups/cpu/x/cpu.cfs_quota_us": "150000\n"})
    _write(system, {"groups/cpu/x/cpu.cfs_period_us": "100000\n"})
    assert threads.available_cpus() == 2
    _write(system, {"groups/cpu/x/cpu.cfs_quota_us": "-1\n"})
    assert threads.available_cpus() == 8


def test_a_part_of_a_cpu_is_still_one_thread(system: Path) -> None:
    """Never less than one."""
    _write(system, {"listing": "0::/\n", "groups/cpu.max": "5000 100000\n"})
    assert threads.available_cpus() == 1


def test_systems_without_affinity_have_all_their_cpus(monkeypatch: pytest.MonkeyPatch) -> None:
    """As macOS, which has no control groups either."""
    monkeypatch.delattr(os, "sched_getaffinity")
    monkeypatch.setattr(os, "cpu_count", lambda: 6)
    assert Portable().available_cpus() == 6


@pytest.mark.process
def test_asking_is_cheap() -> None:
    """The shell asks it: nothing heavy is loaded."""
    heavy = "{'numpy', 'mujoco', 'torch', 'psutil', 'subprocess'}"
    program = f"import sys, gts.system.threads; print(gts.system.threads.available_cpus() > 0, {heavy} & set(sys.modules))"
    result = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "True set()"
