"""What programs and files of both systems say, read on either, and where state is kept."""

from __future__ import annotations

from pathlib import Path

import pytest

from gts.system.linux import Linux, parse_cpu_name, parse_start_from_stat
from gts.system.macos import MacOS
from gts.system.portable import Portable, parse_start_from_ps

STAT = (
    "4242 (python3) S 1 4242 4242 0 -1 4194304 10377 0 0 0 612 37 0 0 20 0 9 0 1195678 812613632 51293 18446744073709551615 "
    "4198400 4201213 140727590240784 0 0 0 0 16781312 134235906 0 0 0 17 1 0 0 0 0 0 4210064 4210760 29089792 0 0 0 0 0\n"
)


def programs(folder: Path, monkeypatch: pytest.MonkeyPatch, **said: str) -> None:
    """Programs of macOS that say what they would say there, and complain about every other question."""
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
    assert parse_start_from_ps(f"{state.upper()}+   Mon Nov  2 08:01:53 2026\n") is None


@pytest.mark.parametrize("text", ["", "\n", "4242 (python3", "4242 (x) S 1 2"])
def test_half_a_line_is_no_process(text: str) -> None:
    assert parse_start_from_stat(text) is None
    assert parse_start_from_ps("") is None
    assert parse_start_from_ps("Ss\n") is None


def test_ps_of_macos_and_of_linux() -> None:
    assert parse_start_from_ps("Ss   Mon Nov  2 08:01:53 2026    \n") == "Mon Nov 2 08:01:53 2026"
    assert parse_start_from_ps("R+   Sun Nov 22 11:10:00 2026\n") == "Sun Nov 22 11:10:00 2026"


def test_macos_knows_its_start_its_processor_and_its_processes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    programs(
        tmp_path,
        monkeypatch,
        sysctl='"-n kern.bootsessionuuid") echo 5C2A7B3E-9B1D-4E0B-8D0B-3F6B6B0C2F11;;\n'
        '"-n machdep.cpu.brand_string") echo "Intel(R) Core(TM) i9-9880H  CPU @ 2.30GHz";;',
        ps='"-o stat= -o lstart= -p 77") echo "S    Mon Nov  2 08:01:53 2026    ";;\n'
        '"-o stat= -o lstart= -p 78") echo "Z    Mon Nov  2 08:01:53 2026    ";;',
    )
    system = MacOS()
    assert system.boot_id() == "5C2A7B3E-9B1D-4E0B-8D0B-3F6B6B0C2F11"
    assert system.cpu_name() == "Intel(R) Core(TM) i9-9880H CPU @ 2.30GHz"
    assert [system.process_start(pid) for pid in (77, 78, 79)] == ["Mon Nov 2 08:01:53 2026", None, None]
    assert system.detached_command("gts-x", ["true"], tmp_path) is None


def test_macos_without_such_an_id_takes_the_start_of_launchd(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    programs(tmp_path, monkeypatch, sysctl="", ps='"-o stat= -o lstart= -p 1") echo "Ss   Fri Nov 20 23:00:01 2026    ";;')
    assert MacOS().boot_id() == "Fri Nov 20 23:00:01 2026"
    assert MacOS().cpu_name() == ""


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


def test_where_state_is_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    for name in ("GTS_STATE", "XDG_STATE_HOME"):
        monkeypatch.delenv(name, raising=False)
    assert Linux().state_folder() == Portable().state_folder() == tmp_path / ".local/state/gts"
    assert MacOS().state_folder() == tmp_path / "Library/Application Support/gts"
    monkeypatch.setenv("XDG_STATE_HOME", "relative/is/ignored")
    assert Linux().state_folder() == tmp_path / ".local/state/gts"
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    assert Linux().state_folder() == tmp_path / "state/gts"
    assert MacOS().state_folder() == tmp_path / "Library/Application Support/gts"
    monkeypatch.setenv("GTS_STATE", "~/mine")
    assert {system.state_folder() for system in (Linux(), MacOS(), Portable())} == {tmp_path / "mine"}
    assert list(tmp_path.iterdir()) == []
