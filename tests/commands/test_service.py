"""`gts service` at the shell, with stub programs of systemd."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from gts.system import systemd
from gts.system.linux import Linux

_SYSTEMCTL = """#!/bin/sh
shift
wants="$XDG_CONFIG_HOME/systemd/user/default.target.wants"
case "$1" in
    enable) /bin/mkdir -p "$wants" && : > "$wants/$2" ;;
    disable) /bin/rm -f "$wants/$2" ;;
    is-enabled) [ -e "$wants/$2" ] ;;
esac
"""


@pytest.fixture
def units(workspace: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of systemd's user units, not created yet, on a machine where lingering is on."""
    for name in ("bin", "linger"):
        (workspace / name).mkdir()
    program = workspace / "bin/systemctl"
    program.write_text(_SYSTEMCTL)
    program.chmod(0o755)
    (workspace / "linger" / str(systemd._user_name())).touch()
    monkeypatch.setattr(systemd, "_LINGER_FOLDER", workspace / "linger")
    monkeypatch.setattr(systemd, "_SYSTEMD_RUNTIME_FOLDER", workspace / "missing")
    monkeypatch.setattr("gts.jobs.service.this_system", Linux)
    monkeypatch.setattr("gts.system.programs._EXTRA_FOLDERS", ())
    monkeypatch.setenv("PATH", str(workspace / "bin"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(workspace / "config"))
    monkeypatch.setenv("PYTHONPATH", "")
    monkeypatch.delenv("GTS_STATE", raising=False)
    return workspace / "config/systemd/user"


@pytest.mark.process
def test_install_status_and_remove(gts, workspace: Path, units: Path) -> None:
    nothing = gts("service", "status")
    assert (nothing.code, nothing.err) == (0, "")
    assert f"nothing is installed for {workspace}" in nothing.out and "next: gts service install" in nothing.out
    installed = gts("service", "install")
    assert installed.code == 0
    assert str(units) in installed.out and "written" in installed.out
    assert f"gts resume --all --workspace {workspace}" in installed.out
    (unit,) = units.glob("gts-*.service")
    assert f"ExecStart={sys.executable} -m gts resume --all --workspace {workspace}" in unit.read_text()
    assert "runs after every start" in gts("service", "status").out
    removed = gts("service", "remove")
    assert removed.code == 0 and "removed" in removed.out
    assert not unit.exists()
    assert "nothing is installed" in gts("service", "remove").out


@pytest.mark.process
def test_service_as_json(gts, workspace: Path, units: Path) -> None:
    told = gts("service", "install", "--json").data
    assert told["where"] == [str(next(units.glob("gts-*.service")))]
    assert told == {
        "action": "install",
        "workspace": str(workspace),
        "kind": "systemd",
        "installed": True,
        "active": True,
        "where": told["where"],
        "command": [sys.executable, "-m", "gts", "resume", "--all", "--workspace", str(workspace)],
        "remarks": [],
    }
    assert gts("service", "status", "--json").data == told | {"action": "status"}
    removed = gts("service", "remove", "--json").data
    assert removed == told | {"action": "remove", "installed": False, "active": False}
    assert gts("service", "status", "--json").data["installed"] is False


@pytest.mark.process
def test_remarks_are_notes(gts, units: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    gts("service", "install")
    monkeypatch.setattr(sys, "executable", "/new/bin/python")
    status = gts("service", "status", "--json")
    assert "note: it was written for another Python" in status.err
    assert "gts service install" in status.data["remarks"][0]


def test_machine_without_any_service_is_reported(gts, workspace: Path, units: Path) -> None:
    (workspace / "bin/systemctl").unlink()
    outcome = gts("service", "install")
    assert (outcome.code, outcome.out) == (3, "")
    assert "error: this machine has neither systemd nor launchd" in outcome.err
    assert f"hint: after a reboot run: gts resume --all --workspace {workspace}" in outcome.err
    assert gts("service", "status").code == 0


def test_unknown_action_is_wrong_usage(gts, units: Path) -> None:
    outcome = gts("service", "start")
    assert outcome.code == 2 and "not one of" in outcome.err
