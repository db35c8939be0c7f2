"""Commands as units of systemd: arguments, environment, and machines without a user manager."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from gts.system import systemd, this_system
from gts.system.linux import Linux

_SYSTEMD_RUN = """#!/bin/sh
for word; do echo "$word" >> "{log}"; done
while [ "$1" != -- ]; do
    case "$1" in
        --setenv=*) export "${{1#--setenv=}}" ;;
        WorkingDirectory=*) cd "${{1#WorkingDirectory=}}" ;;
    esac
    shift
done
shift
exec "$@"
"""


@pytest.fixture
def manager(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine with a user manager that outlives a logout; the folder with all that shows it."""
    user = systemd._user_name()
    assert user is not None
    for folder in ("bin", "runtime/systemd", "linger"):
        (tmp_path / folder).mkdir(parents=True)
    (tmp_path / "linger" / user).touch()
    (tmp_path / "runtime/systemd/private").touch()
    program = tmp_path / "bin/systemd-run"
    program.write_text(_SYSTEMD_RUN.format(log=tmp_path / "log"))
    program.chmod(0o755)
    monkeypatch.setattr(systemd, "_LINGER_FOLDER", tmp_path / "linger")
    monkeypatch.setattr("gts.system.programs._EXTRA_FOLDERS", ())
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path / "runtime"))
    return tmp_path


@pytest.mark.process
def test_the_command_runs_where_and_with_what_it_should(manager: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GTS_STATE", "/a b/state")
    monkeypatch.setenv("OMP_NUM_THREADS", "3")
    monkeypatch.setenv("SECRET_OF_THIS_SHELL", "stays here")
    folder = manager / "a workspace"
    folder.mkdir()
    program = "import os, sys; print(os.getcwd(), sys.argv[1:], *(os.environ.get(name) for name in sys.argv[1].split()))"
    words = [sys.executable, "-c", program, "GTS_STATE OMP_NUM_THREADS SECRET_OF_THIS_SHELL", "--", "it's"]
    command = Linux().detached_command("gts-x", words, folder)
    assert command is not None
    # From a bare environment, as the manager's is.
    done = subprocess.run(command, env={}, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == f"{folder} {words[3:]} /a b/state 3 None"
    told = (manager / "log").read_text().splitlines()
    assert {"--user", "--unit=gts-x", "--collect", "--quiet", "KillMode=control-group", f"WorkingDirectory={folder}"} < set(
        told
    )
    assert not any("SECRET" in word for word in told[: told.index("--")])


def test_the_value_of_a_secret_is_not_on_the_command_line(manager: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PGPASSWORD", "hush")
    command = Linux().detached_command("gts-x", ["true"], manager, secrets=("PGPASSWORD",))
    assert command is not None and "--setenv=PGPASSWORD" in command
    assert not any("hush" in word for word in command)


def test_the_manager_is_kept_from_reading_names_of_variables(manager: Path) -> None:
    command = Linux().detached_command("gts-x", ["/bin/$x", "$HOME", "100%"], manager)
    assert command is not None
    assert command[-3:] == ["/bin/$x", "$$HOME", "100%"]


@pytest.mark.parametrize("lacking", ["bin/systemd-run", "runtime/systemd/private", "linger", "XDG_RUNTIME_DIR"])
def test_without_a_manager_that_stays_there_is_no_such_command(
    manager: Path, monkeypatch: pytest.MonkeyPatch, lacking: str
) -> None:
    if lacking == "linger":
        next((manager / "linger").iterdir()).unlink()
    elif lacking == "XDG_RUNTIME_DIR":
        monkeypatch.delenv(lacking)
    else:
        (manager / lacking).unlink()
    assert Linux().detached_command("gts-x", ["true"], manager) is None


def test_the_bus_will_do_and_nothing_is_started_to_find_out(manager: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (manager / "runtime/systemd/private").unlink()
    (manager / "runtime/bus").touch()
    monkeypatch.setattr(subprocess, "Popen", lambda *_, **__: pytest.fail("started a program"))
    assert Linux().detached_command("gts-x", ["true"], manager) is not None
    assert not (manager / "log").exists()


def test_asked_for_less_there_is_none(manager: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GTS_SYSTEM", "portable")
    assert this_system().detached_command("gts-x", ["true"], manager) is None
