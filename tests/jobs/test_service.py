"""Jobs that are resumed after a reboot: the files written for systemd and launchd, and their removal."""

from __future__ import annotations

import configparser
import hashlib
import os
import plistlib
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from gts.errors import FileError, MissingError, UsageError
from gts.jobs import service
from gts.store.workspace import Workspace
from gts.system import BootServiceState, systemd
from gts.system.linux import Linux
from gts.system.macos import MacOS

_SYSTEMCTL = """
shift
if [ "$1" = show-environment ]; then [ -e "{machine}/manager" ]; exit; fi
wants="$XDG_CONFIG_HOME/systemd/user/default.target.wants"
case "$1" in
    enable) /bin/mkdir -p "$wants" && : > "$wants/$2" ;;
    disable) /bin/rm -f "$wants/$2" ;;
    is-enabled) [ -e "$wants/$2" ] ;;
esac
"""
_LOGINCTL = """
[ -e "{machine}/may-linger" ] || { echo "Could not enable linger: Access denied" >&2; exit 1; }
: > "{machine}/linger/$3"
"""
_LAUNCHCTL = """
case "$1" in
    bootstrap) [ -e "{machine}/screen" ] && : > "{machine}/loaded" ;;
    bootout) /bin/rm "{machine}/loaded" ;;
    print) [ -e "{machine}/loaded" ] ;;
esac
"""
_PROGRAMS = {"systemctl": _SYSTEMCTL, "loginctl": _LOGINCTL, "launchctl": _LAUNCHCTL}


class Machine:
    """A stub machine: its programs log their arguments, and act as the files in its folder allow."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.config = folder / "config" / "systemd" / "user"
        for name in ("bin", "linger", "booted", "config"):
            (folder / name).mkdir(parents=True)

    def has(self, *names: str) -> None:
        """Programs (`systemctl`) and facts (`manager`, `may-linger`, `screen`)."""
        for name in names:
            if name not in _PROGRAMS:
                (self.folder / name).touch()
                continue
            text = _PROGRAMS[name].replace("{machine}", str(self.folder))
            said = f'#!/bin/sh\necho "{name} $* ${{SYSTEMD_OFFLINE:+offline}}" >> "{self.folder}/asked"\n{text}'
            (self.folder / "bin" / name).write_text(said)
            (self.folder / "bin" / name).chmod(0o755)

    def asked(self) -> list[str]:
        """The changes that were requested since the last call, in order."""
        path = self.folder / "asked"
        lines = [line.strip() for line in path.read_text().splitlines()] if path.exists() else []
        path.unlink(missing_ok=True)
        looks = ("show-environment", "is-enabled", "launchctl print")
        return [line for line in lines if not any(look in line for look in looks)]


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Machine:
    """A Linux machine with nothing on it."""
    made = Machine(tmp_path / "machine")
    monkeypatch.setenv("PATH", str(made.folder / "bin"))
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(made.folder / "config"))
    for name in ("PYTHONPATH", "GTS_STATE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr("gts.system.programs._EXTRA_FOLDERS", ())
    monkeypatch.setattr(systemd, "_LINGER_FOLDER", made.folder / "linger")
    monkeypatch.setattr(systemd, "_SYSTEMD_RUNTIME_FOLDER", made.folder / "booted")
    monkeypatch.setattr(service, "this_system", Linux)
    return made


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    """A workspace with a path that is hard to quote in service files."""
    root = tmp_path / 'my "films" 100% $HOME'
    root.mkdir()
    return Workspace(root)


def unit_of(machine: Machine, workspace: Workspace) -> Path:
    return machine.config / f"gts-{hashlib.sha256(str(workspace.root).encode()).hexdigest()[:8]}.service"


@pytest.mark.process
def test_a_unit_of_systemd(machine: Machine, workspace: Workspace) -> None:
    machine.has("systemctl", "loginctl", "manager", "may-linger")
    unit = unit_of(machine, workspace)
    assert service.install_boot_service(workspace) == BootServiceState("systemd", str(unit), installed=True, active=True)
    user = systemd._user_name()
    assert machine.asked() == [
        "systemctl --user daemon-reload",
        f"systemctl --user enable {unit.name}",
        f"loginctl --no-ask-password enable-linger {user}",
    ]
    parser = configparser.ConfigParser(interpolation=None)
    parser.optionxform = str  # type: ignore[assignment, method-assign]
    parser.read_string(unit.read_text())
    path = str(workspace.root).replace("%", "%%")
    assert path in parser["Unit"]["Description"]
    quoted = path.replace('"', '\\"').replace("$", "$$")
    assert dict(parser["Service"]) == {
        "Type": "oneshot",
        "RemainAfterExit": "yes",
        "KillMode": "process",
        "ExecStart": f'{sys.executable} -m gts resume --all --workspace "{quoted}"',
    }
    assert dict(parser["Install"]) == {"WantedBy": "default.target"}


@pytest.mark.process
def test_a_unit_is_installed_once_and_removed_with_nothing_left(machine: Machine, workspace: Workspace) -> None:
    machine.has("systemctl", "loginctl", "manager", "may-linger")
    assert service.boot_service_status(workspace) is None
    first = service.install_boot_service(workspace)
    assert service.install_boot_service(workspace) == first == service.boot_service_status(workspace)
    machine.asked()
    unit = unit_of(machine, workspace)
    assert service.remove_boot_service(workspace) == BootServiceState("systemd", str(unit), installed=False, active=False)
    assert machine.asked() == [f"systemctl --user disable {unit.name}", "systemctl --user daemon-reload"]
    assert [path for path in machine.config.rglob("*") if not path.is_dir()] == []
    assert service.boot_service_status(workspace) is None
    assert service.remove_boot_service(workspace) is None


@pytest.mark.process
def test_refused_lingering_is_said_with_the_words_for_root(machine: Machine, workspace: Workspace) -> None:
    machine.has("systemctl", "loginctl", "manager")
    state = service.install_boot_service(workspace)
    assert state.installed and not state.active
    assert state.notes == (f"it runs only when you log in; root has to run: loginctl enable-linger {systemd._user_name()}",)
    (machine.folder / "linger" / str(systemd._user_name())).touch()
    assert service.boot_service_status(workspace) == BootServiceState("systemd", state.location, installed=True, active=True)


@pytest.mark.process
def test_a_manager_out_of_reach_still_gets_its_file(machine: Machine, workspace: Workspace) -> None:
    machine.has("systemctl", "loginctl")
    state = service.install_boot_service(workspace)
    assert unit_of(machine, workspace).is_file()
    assert not state.active
    assert f"root has to run: loginctl enable-linger {systemd._user_name()}" in state.notes[0]
    assert "cannot be reached" in state.notes[0]
    assert machine.asked()[0] == f"systemctl --user enable {unit_of(machine, workspace).name} offline"


@pytest.mark.process
@pytest.mark.parametrize("programs", [(), ("systemctl",)])
def test_where_there_is_nothing_it_can_be_done_by_hand(
    machine: Machine, workspace: Workspace, programs: tuple[str, ...], tmp_path: Path
) -> None:
    """A container may have systemd's programs and not run it."""
    machine.has(*programs)
    (machine.folder / "booted").rmdir()
    with pytest.raises(MissingError) as raised:
        service.install_boot_service(workspace)
    assert raised.value.exit_code == 3
    assert f"gts resume --all --workspace '{workspace.root}'" in raised.value.hint
    assert not machine.config.exists()
    assert service.boot_service_status(workspace) is None


@pytest.mark.process
def test_an_agent_of_launchd(machine: Machine, workspace: Workspace, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(service, "this_system", MacOS)
    machine.has("launchctl", "screen")
    label = unit_of(machine, workspace).stem
    plist = tmp_path / "home/Library/LaunchAgents" / f"{label}.plist"
    state = service.install_boot_service(workspace)
    assert (state.kind, state.location, state.installed, state.active) == ("launchd", str(plist), True, True)
    assert state.notes == ("macOS starts it when you log in after a restart, not before",)
    domain = f"gui/{os.getuid()}"
    assert machine.asked() == [f"launchctl bootout {domain}/{label}", f"launchctl bootstrap {domain} {plist}"]
    told = plistlib.loads(plist.read_bytes())
    assert told["Label"] == label
    assert told["ProgramArguments"] == [sys.executable, "-m", "gts", "resume", "--all", "--workspace", str(workspace.root)]
    assert told["RunAtLoad"] is True and told["AbandonProcessGroup"] is True
    assert service.install_boot_service(workspace) == state
    machine.asked()
    assert service.remove_boot_service(workspace).installed is False
    assert machine.asked() == [f"launchctl bootout {domain}/{label}"]
    assert list(plist.parent.iterdir()) == []


@pytest.mark.process
def test_over_ssh_launchd_loads_it_later(machine: Machine, workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(service, "this_system", MacOS)
    machine.has("launchctl")
    state = service.install_boot_service(workspace)
    assert state.active and "not loaded now" in state.notes[1]


def _to_systemd(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    machine.has("systemctl", "loginctl", "manager", "may-linger")


def _to_launchd(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(service, "this_system", MacOS)
    machine.has("launchctl", "screen")


@pytest.mark.process
@pytest.mark.parametrize("prepare", [_to_systemd, _to_launchd])
def test_another_python_is_noticed_and_put_right(
    machine: Machine,
    workspace: Workspace,
    monkeypatch: pytest.MonkeyPatch,
    prepare: Callable[[Machine, pytest.MonkeyPatch], None],
) -> None:
    prepare(machine, monkeypatch)
    assert service.install_boot_service(workspace).current
    monkeypatch.setattr(sys, "executable", "/new/bin/python")
    state = service.boot_service_status(workspace)
    assert state is not None and state.installed and not state.current
    assert service.install_boot_service(workspace).current
    assert service.remove_boot_service(workspace) is not None
    assert service.boot_service_status(workspace) is None


@pytest.mark.process
def test_a_folder_that_cannot_be_made_is_said(machine: Machine, workspace: Workspace) -> None:
    machine.has("systemctl", "loginctl", "manager")
    (machine.folder / "config" / "systemd").touch()
    with pytest.raises(FileError, match="not a directory"):
        service.install_boot_service(workspace)


def test_a_line_break_in_a_path_is_refused(machine: Machine, tmp_path: Path) -> None:
    machine.has("systemctl", "loginctl", "manager")
    root = tmp_path / "a\nExecStart=evil"
    root.mkdir()
    with pytest.raises(UsageError, match="line break"):
        service.install_boot_service(Workspace(root))
    assert not machine.config.exists()
