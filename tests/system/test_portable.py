"""System information read from files and programs of Linux and macOS, and the folders for state and settings."""

from __future__ import annotations

import sys
from pathlib import Path

import psutil
import pytest

from gts.system import folders, versions
from gts.system.linux import Linux, parse_start_from_stat
from gts.system.macos import MacOS
from gts.system.portable import Portable
from gts.system.versions import parse_cpu_name

STAT = (
    "4242 (python3) S 1 4242 4242 0 -1 4194304 10377 0 0 0 612 37 0 0 20 0 9 0 1195678 812613632 51293 18446744073709551615 "
    "4198400 4201213 140727590240784 0 0 0 0 16781312 134235906 0 0 0 17 1 0 0 0 0 0 4210064 4210760 29089792 0 0 0 0 0\n"
)


def programs(folder: Path, monkeypatch: pytest.MonkeyPatch, **said: str) -> None:
    """Stub programs with fixed answers; they fail for any other arguments."""
    monkeypatch.setenv("PATH", str(folder))
    monkeypatch.setattr("gts.system.programs._EXTRA_FOLDERS", ())
    for name, cases in said.items():
        program = folder / name
        program.write_text(f'#!/bin/sh\ncase "$*" in\n{cases}\n*) echo "{name}: unknown: $*" >&2; exit 1;;\nesac\n')
        program.chmod(0o755)


@pytest.mark.parametrize("name", ["python3", "a b", ") S 1 (", "(Z)", ") Z 9 9 9"])
def test_the_start_stands_after_whatever_name(name: str) -> None:
    assert parse_start_from_stat(STAT.replace("python3", name)) == "1195678"


@pytest.mark.parametrize("state", ["Z", "X", "x"])
def test_what_has_ended_has_no_start(state: str) -> None:
    assert parse_start_from_stat(STAT.replace(" S ", f" {state} ")) is None


@pytest.mark.parametrize("text", ["", "\n", "4242 (python3", "4242 (x) S 1 2"])
def test_half_a_line_is_no_process(text: str) -> None:
    assert parse_start_from_stat(text) is None


class FakeProcess:
    """A process of another system, as psutil shows it: pid 78 is a zombie, pid 79 does not exist, pid 80 is hidden."""

    def __init__(self, pid: int) -> None:
        if pid == 79:
            raise psutil.NoSuchProcess(pid)
        self._pid = pid

    def status(self) -> str:
        return psutil.STATUS_ZOMBIE if self._pid == 78 else psutil.STATUS_RUNNING

    def create_time(self) -> float:
        if self._pid == 80:
            raise psutil.AccessDenied(self._pid)
        return 1793700113.256


def test_start_times_of_any_unix(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(psutil, "Process", FakeProcess)
    starts = [Portable().process_start(pid) for pid in (77, 78, 79, 80, 0, -1)]
    assert starts == ["1793700113.26", None, None, None, None, None]


@pytest.mark.process
def test_macos_boot_id_and_cpu_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    programs(
        tmp_path,
        monkeypatch,
        sysctl='"-n kern.bootsessionuuid") echo 5C2A7B3E-9B1D-4E0B-8D0B-3F6B6B0C2F11;;\n'
        '"-n machdep.cpu.brand_string") echo "Intel(R) Core(TM) i9-9880H  CPU @ 2.30GHz";;',
    )
    monkeypatch.setattr(versions.sys, "platform", "darwin")
    assert MacOS().boot_id() == "5C2A7B3E-9B1D-4E0B-8D0B-3F6B6B0C2F11"
    assert versions.cpu_name() == "Intel(R) Core(TM) i9-9880H CPU @ 2.30GHz"
    assert MacOS().detached_command("gts-x", ["true"], tmp_path) is None


@pytest.mark.process
def test_macos_without_a_boot_id_uses_the_start_of_launchd(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    programs(tmp_path, monkeypatch, sysctl="")
    monkeypatch.setattr(psutil, "Process", FakeProcess)
    assert MacOS().boot_id() == "1793700113.26"


@pytest.mark.parametrize(
    ("text", "name"),
    [
        (
            "processor\t: 0\nmodel name\t: AMD EPYC 9354 32-Core  Processor\nprocessor\t: 1\nmodel name\t: other\n",
            "AMD EPYC 9354",
        ),
        ("processor\t: 0\nBogoMIPS\t: 108.00\n\nModel\t\t: Raspberry Pi 4 Model B Rev 1.4\n", "Raspberry Pi 4 Model B"),
        ("processor\t: 0\ncpu\t\t: POWER9, altivec supported\n", "POWER9"),
        ("processor\t: 0\nCPU implementer\t: 0x41\n", ""),
        ("", ""),
    ],
)
def test_the_name_of_the_processor(text: str, name: str) -> None:
    found = parse_cpu_name(text)
    assert found.startswith(name) and "  " not in found
    assert bool(found) == bool(name)


def test_the_cpu_name_is_the_architecture_if_nothing_else_is_known(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(versions, "_CPU_INFO", tmp_path / "missing")
    monkeypatch.setattr(versions.platform, "processor", lambda: "")
    monkeypatch.setattr(versions.platform, "machine", lambda: "riscv64")
    assert versions.cpu_name() == "riscv64"


def test_versions_of_missing_packages_are_left_out() -> None:
    found = versions.installed_versions(["numpy", "no-such-package"])
    assert list(found) == ["gts", "python", "numpy"]
    assert versions.installed_version("no-such-package") is None


@pytest.mark.skipif(sys.platform != "linux", reason="paths of Linux")
def test_state_and_config_folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    for name in ("GTS_STATE", "XDG_STATE_HOME", "GTS_CONFIG", "XDG_CONFIG_HOME"):
        monkeypatch.delenv(name, raising=False)
    assert Linux().state_folder() == Portable().state_folder() == tmp_path / ".local/state/gts"
    assert folders.config_folder() == tmp_path / ".config/gts"
    for name in ("XDG_STATE_HOME", "XDG_CONFIG_HOME"):
        monkeypatch.setenv(name, "relative/is/ignored")
    assert Linux().state_folder() == tmp_path / ".local/state/gts"
    assert folders.config_folder() == tmp_path / ".config/gts"
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    assert Linux().state_folder() == tmp_path / "state/gts"
    assert folders.config_folder() == tmp_path / "config/gts"
    monkeypatch.setenv("GTS_STATE", "~/mine")
    monkeypatch.setenv("GTS_CONFIG", "~/settings")
    assert {system.state_folder() for system in (Linux(), MacOS(), Portable())} == {tmp_path / "mine"}
    assert folders.config_folder() == tmp_path / "settings"
    assert list(tmp_path.iterdir()) == []
