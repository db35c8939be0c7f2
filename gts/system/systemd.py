"""systemd user units: commands that outlive a logout, and commands that run at boot."""

from __future__ import annotations

import os
import pwd
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from gts.errors import WorkError
from gts.system.folders import user_config_home
from gts.system.interfaces import BootJob, BootServiceState
from gts.system.programs import ProgramResult, find_program, replace_file, run_program

_LINGER_FOLDER = Path("/var/lib/systemd/linger")
_SYSTEMD_RUNTIME_FOLDER = Path("/run/systemd/system")
_PLAIN = re.compile(r"[\w@+=:,./-]+", re.ASCII)
_PASSED_VARIABLES = ("PATH", "HOME", "PYTHONPATH", "LD_LIBRARY_PATH", "TMPDIR", "XDG_STATE_HOME", "XDG_CONFIG_HOME")
_PASSED_PREFIXES = ("GTS_", "OMP_", "KMP_", "GOMP_", "MKL_", "CUDA_", "MUJOCO_")


def unit_command(unit: str, command: Sequence[str], folder: Path, secrets: Sequence[str] = ()) -> list[str] | None:
    """Command line that runs a command as a transient unit; None if no user manager outlives a logout.

    A unit does not inherit this process's environment: the variables that matter are passed one by one. Only files are read
    here, which takes microseconds.
    """
    program, user = find_program("systemd-run"), _user_name()
    runtime = os.environ.get("XDG_RUNTIME_DIR")
    if program is None or user is None or not runtime or not (_LINGER_FOLDER / user).exists():
        return None
    if not any((Path(runtime) / socket).exists() for socket in ("systemd/private", "bus")):
        return None
    carried = [name for name in os.environ if name in _PASSED_VARIABLES or name.startswith(_PASSED_PREFIXES)]
    return [
        program,
        "--user",
        f"--unit={unit}",
        "--collect",
        "--quiet",
        *("-p", "KillMode=control-group"),
        *("-p", f"WorkingDirectory={folder.absolute()}"),
        *(f"--setenv={name}={os.environ[name]}" for name in sorted(carried)),
        # systemd-run takes the value from its own environment: a command line is visible to every user.
        *(f"--setenv={name}" for name in secrets),
        "--",
        command[0],
        # systemd expands $NAME in all arguments but the first.
        *(word.replace("$", "$$") for word in command[1:]),
    ]


class SystemdService:
    """Units in `~/.config/systemd/user`; lingering makes the user's manager start at boot."""

    kind = "systemd"

    def availability(self) -> Literal["full", "partial", "none"]:
        """Partial if systemd runs this machine but the user's manager cannot be reached from this session."""
        if find_program("systemctl") is None:
            return "none"
        if self._is_manager_reachable():
            return "full"
        return "partial" if _SYSTEMD_RUNTIME_FOLDER.is_dir() else "none"

    def install(self, boot_job: BootJob) -> None:
        """Write the unit, enable it and request lingering; `state` reports the part that was refused."""
        path = self._path(boot_job)
        replace_file(path, unit_text(boot_job).encode("utf-8", "surrogateescape"))
        self._systemctl("daemon-reload")
        enabled = self._systemctl("enable", path.name)
        if enabled.exit_code != 0 and self._is_manager_reachable():
            raise WorkError(
                f"{path} is written, but systemd does not enable it: {enabled.error_line}",
                hint=f"try it by hand: systemctl --user enable {path.name}",
            )
        if not self._has_linger():
            run_program("loginctl", "--no-ask-password", "enable-linger", _user_name() or "")

    def remove(self, boot_job: BootJob) -> None:
        """Disable the unit and delete its file. Lingering stays on: other units may need it."""
        path = self._path(boot_job)
        if path.exists():
            self._systemctl("disable", path.name)
        (path.parent / "default.target.wants" / path.name).unlink(missing_ok=True)
        if path.exists():
            path.unlink()
            self._systemctl("daemon-reload")

    def state(self, boot_job: BootJob) -> BootServiceState:
        """Whether the unit exists and is enabled, and whether the user's manager starts at boot."""
        path = self._path(boot_job)
        if not path.exists():
            return BootServiceState(self.kind, str(path), installed=False, active=False)
        remarks = []
        enabled = self._systemctl("is-enabled", path.name).exit_code == 0
        if not enabled:
            remarks.append(f"the unit is not enabled; run: systemctl --user enable {path.name}")
        if not self._has_linger():
            reach = "" if self._is_manager_reachable() else "your systemd user manager cannot be reached from here: "
            remarks.append(f"{reach}it runs only when you log in; root has to run: loginctl enable-linger {_user_name()}")
        return BootServiceState(
            self.kind,
            str(path),
            installed=True,
            active=enabled and self._has_linger(),
            current=path.read_text(encoding="utf-8", errors="surrogateescape") == unit_text(boot_job),
            notes=tuple(remarks),
        )

    def _path(self, boot_job: BootJob) -> Path:
        return user_config_home() / "systemd" / "user" / f"{boot_job.label}.service"

    def _systemctl(self, *words: str) -> ProgramResult:
        """Run `systemctl --user`; offline, on the files alone, if the manager cannot be reached."""
        reachable = self._is_manager_reachable()
        if words[0] == "daemon-reload" and not reachable:
            return ProgramResult(0, "", "")
        return run_program("systemctl", "--user", *words, environment=None if reachable else {"SYSTEMD_OFFLINE": "1"})

    def _is_manager_reachable(self) -> bool:
        return run_program("systemctl", "--user", "show-environment").exit_code == 0

    def _has_linger(self) -> bool:
        user = _user_name()
        return user is not None and (_LINGER_FOLDER / user).exists()


def unit_text(boot_job: BootJob) -> str:
    """Text of a unit that runs a command once; processes that the command starts outlive it."""
    return f"""\
[Unit]
Description=GTS: resume the jobs of {boot_job.subject.replace("%", "%%")} after a restart

[Service]
Type=oneshot
RemainAfterExit=yes
KillMode=process
ExecStart={" ".join(_quote_word(word, place) for place, word in enumerate(boot_job.command))}

[Install]
WantedBy=default.target
"""


def _quote_word(word: str, index: int) -> str:
    """Quote a word of ExecStart: `%` begins a specifier, `$` a variable except in the program's path."""
    if _PLAIN.fullmatch(word):
        return word
    word = word.replace("\\", "\\\\").replace('"', '\\"').replace("%", "%%")
    return f'"{word if index == 0 else word.replace("$", "$$")}"'


def _user_name() -> str | None:
    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        return None
