"""systemd's manager of one user: units that outlive a logout, and units that it starts itself."""

from __future__ import annotations

import os
import pwd
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from gts.errors import WorkError
from gts.system import BootJob, BootServiceState
from gts.system.programs import ProgramResult, find_program, run_program

_LINGER_FOLDER = Path("/var/lib/systemd/linger")
_SYSTEMD_RUNTIME_FOLDER = Path("/run/systemd/system")
_PLAIN = re.compile(r"[\w@+=:,./-]+", re.ASCII)
_PASSED_VARIABLES = ("PATH", "HOME", "PYTHONPATH", "LD_LIBRARY_PATH", "TMPDIR", "XDG_STATE_HOME", "XDG_CONFIG_HOME")
_PASSED_PREFIXES = ("GTS_", "OMP_", "KMP_", "GOMP_", "MKL_", "CUDA_", "MUJOCO_")


def unit_command(unit: str, command: Sequence[str], folder: Path) -> list[str] | None:
    """The command line that makes a command a unit of its own; None where no manager of this user outlives a logout.

    The manager knows nothing of this terminal's environment, so the variables that matter are named one by one. Only files are
    looked at: this takes microseconds.
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
        "--",
        command[0],
        # The manager would put variables in the place of what looks like their names.
        *(word.replace("$", "$$") for word in command[1:]),
    ]


class SystemdService:
    """A unit of this user that its manager starts with itself; lingering has the manager start with the machine."""

    kind = "systemd"

    def availability(self) -> Literal["full", "partial", "none"]:
        """Partial where systemd runs the machine and this user's manager cannot be reached from here."""
        if find_program("systemctl") is None:
            return "none"
        if self._is_manager_reachable():
            return "full"
        return "partial" if _SYSTEMD_RUNTIME_FOLDER.is_dir() else "none"

    def install(self, boot_job: BootJob) -> None:
        """Write the unit, enable it, and ask for lingering; where a part of it is refused, `state` says so."""
        path = self._path(boot_job)
        path.parent.mkdir(parents=True, exist_ok=True)
        beside = path.with_name(f".{path.name}.part")
        beside.write_text(unit_text(boot_job), encoding="utf-8", errors="surrogateescape")
        os.replace(beside, path)
        self._systemctl("daemon-reload")
        enabled = self._systemctl("enable", path.name)
        if enabled.exit_code != 0 and self._is_manager_reachable():
            raise WorkError(
                f"{path} is written, and systemd does not enable it: {enabled.error_line}",
                hint=f"try it by hand: systemctl --user enable {path.name}",
            )
        if not self._has_linger():
            run_program("loginctl", "--no-ask-password", "enable-linger", _user_name() or "")

    def remove(self, boot_job: BootJob) -> None:
        """Disable the unit and delete its file; lingering stays, since others may need it."""
        path = self._path(boot_job)
        if path.exists():
            self._systemctl("disable", path.name)
        (path.parent / "default.target.wants" / path.name).unlink(missing_ok=True)
        if path.exists():
            path.unlink()
            self._systemctl("daemon-reload")

    def state(self, boot_job: BootJob) -> BootServiceState:
        """Whether the unit is there and enabled, and whether the manager starts with the machine."""
        path = self._path(boot_job)
        if not path.exists():
            return BootServiceState(self.kind, str(path), installed=False, active=False)
        remarks = []
        enabled = self._systemctl("is-enabled", path.name).exit_code == 0
        if not enabled:
            remarks.append(f"the unit is not enabled; run: systemctl --user enable {path.name}")
        if not self._has_linger():
            reach = "" if self._is_manager_reachable() else "your manager of systemd cannot be reached from here: "
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
        named = os.environ.get("XDG_CONFIG_HOME", "")
        config = Path(named) if os.path.isabs(named) else Path.home() / ".config"
        return config / "systemd" / "user" / f"{boot_job.label}.service"

    def _systemctl(self, *words: str) -> ProgramResult:
        """`systemctl --user`; where the manager cannot be reached it works on the files alone."""
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
    """The unit that runs the command once; what the command starts lives on when it ends."""
    return f"""\
[Unit]
Description=GTS: go on with the jobs of {boot_job.subject.replace("%", "%%")} after a restart

[Service]
Type=oneshot
RemainAfterExit=yes
KillMode=process
ExecStart={" ".join(_quote_word(word, place) for place, word in enumerate(boot_job.command))}

[Install]
WantedBy=default.target
"""


def _quote_word(word: str, index: int) -> str:
    """A word of ExecStart. Percent signs begin specifiers; dollars begin variables, but not in the program's path."""
    if _PLAIN.fullmatch(word):
        return word
    word = word.replace("\\", "\\\\").replace('"', '\\"').replace("%", "%%")
    return f'"{word if index == 0 else word.replace("$", "$$")}"'


def _user_name() -> str | None:
    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        return None
