"""`gts service` on a machine with a crontab only."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

_CRONTAB = """#!/bin/sh
if [ "$1" != -l ]; then exec /bin/cat > "{table}"; fi
[ -e "{table}" ] || {{ echo "no crontab for me" >&2; exit 1; }}
exec /bin/cat "{table}"
"""


@pytest.fixture
def table(workspace: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The crontab, not made yet."""
    (workspace / "bin").mkdir()
    program, table = workspace / "bin/crontab", workspace / "table"
    program.write_text(_CRONTAB.format(table=table))
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(workspace / "bin"))
    monkeypatch.setenv("GTS_SYSTEM", "portable")
    monkeypatch.setenv("PYTHONPATH", "")
    monkeypatch.delenv("GTS_STATE", raising=False)
    return table


def test_install_status_and_remove(gts, workspace: Path, table: Path) -> None:
    nothing = gts("service", "status")
    assert (nothing.code, nothing.err) == (0, "")
    assert f"nothing is installed for {workspace}" in nothing.out and "next: gts service install" in nothing.out
    installed = gts("service", "install")
    assert installed.code == 0
    assert "crontab of " in installed.out and "written" in installed.out
    assert f"gts resume --all --workspace {workspace}" in installed.out
    assert f"@reboot {sys.executable} -m gts resume --all --workspace {workspace}" in table.read_text()
    assert "runs after every start" in gts("service", "status").out
    removed = gts("service", "remove")
    assert removed.code == 0 and "removed" in removed.out
    assert table.read_text() == ""
    assert "nothing is installed" in gts("service", "remove").out


def test_service_as_json(gts, workspace: Path, table: Path) -> None:
    told = gts("service", "install", "--json").data
    assert told["where"][0].startswith("crontab of ")
    assert told == {
        "action": "install",
        "workspace": str(workspace),
        "kind": "crontab",
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


def test_remarks_are_notes(gts, table: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    gts("service", "install")
    monkeypatch.setattr(sys, "executable", "/new/bin/python")
    status = gts("service", "status", "--json")
    assert "note: it was written for another Python" in status.err
    assert "gts service install" in status.data["remarks"][0]


def test_machine_without_any_service_is_reported(gts, workspace: Path, table: Path) -> None:
    (workspace / "bin/crontab").unlink()
    outcome = gts("service", "install")
    assert (outcome.code, outcome.out) == (3, "")
    assert "error: nothing here starts commands with the machine" in outcome.err
    assert f"hint: after a restart run by hand: gts resume --all --workspace {workspace}" in outcome.err
    assert gts("service", "status").code == 0


def test_unknown_action_is_wrong_usage(gts, table: Path) -> None:
    outcome = gts("service", "start")
    assert outcome.code == 2 and "not one of" in outcome.err
