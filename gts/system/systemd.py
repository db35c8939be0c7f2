"""systemd's manager of one user: units that outlive a logout, and units that it starts itself."""

from __future__ import annotations

import os
import pwd
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from gts.errors import WorkError
from gts.system import Startup, StartupState
from gts.system.programs import Answer, ask, find

_LINGER = Path("/var/lib/systemd/linger")
_BOOTED = Path("/run/systemd/system")
_PLAIN = re.compile(r"[\w@+=:,./-]+", re.ASCII)
_CARRIED = ("PATH", "HOME", "PYTHONPATH", "LD_LIBRARY_PATH", "TMPDIR", "XDG_STATE_HOME", "XDG_CONFIG_HOME")
_CARRIED_FAMILIES = ("GTS_", "OMP_", "KMP_", "GOMP_", "MKL_", "CUDA_", "MUJOCO_")


def run_as_unit(unit: str, command: Sequence[str], folder: Path) -> list[str] | None:
    """The command line that makes a command a unit of its own; None where no manager of this user outlives a logout.

    The manager knows nothing of this terminal's environment, so the variables that matter are named one by one. Only files are
    looked at: this takes microseconds.
    """
    program, user = find("systemd-run"), _user()
    runtime = os.environ.get("XDG_RUNTIME_DIR")
    if program is None or user is None or not runtime or not (_LINGER / user).exists():
        return None
    if not any((Path(runtime) / socket).exists() for socket in ("systemd/private", "bus")):
        return None
    carried = [name for name in os.environ if name in _CARRIED or name.startswith(_CARRIED_FAMILIES)]
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


class Systemd:
    """A unit of this user that its manager starts with itself; lingering has the manager start with the machine."""

    kind = "systemd"

    def fitness(self) -> Literal["full", "partial", "none"]:
        """Partial where systemd runs the machine and this user's manager cannot be reached from here."""
        if find("systemctl") is None:
            return "none"
        if self._reachable():
            return "full"
        return "partial" if _BOOTED.is_dir() else "none"

    def install(self, startup: Startup) -> None:
        """Write the unit, enable it, and ask for lingering; where a part of it is refused, `state` says so."""
        path = self._path(startup)
        path.parent.mkdir(parents=True, exist_ok=True)
        beside = path.with_name(f".{path.name}.part")
        beside.write_text(unit_text(startup), encoding="utf-8", errors="surrogateescape")
        os.replace(beside, path)
        self._control("daemon-reload")
        enabled = self._control("enable", path.name)
        if enabled.code != 0 and self._reachable():
            raise WorkError(
                f"{path} is written, and systemd does not enable it: {enabled.complaint}",
                hint=f"try it by hand: systemctl --user enable {path.name}",
            )
        if not self._lingers():
            ask("loginctl", "--no-ask-password", "enable-linger", _user() or "")

    def remove(self, startup: Startup) -> None:
        """Disable the unit and delete its file; lingering stays, since others may need it."""
        path = self._path(startup)
        if path.exists():
            self._control("disable", path.name)
        (path.parent / "default.target.wants" / path.name).unlink(missing_ok=True)
        if path.exists():
            path.unlink()
            self._control("daemon-reload")

    def state(self, startup: Startup) -> StartupState:
        """Whether the unit is there and enabled, and whether the manager starts with the machine."""
        path = self._path(startup)
        if not path.exists():
            return StartupState(self.kind, str(path), installed=False, active=False)
        remarks = []
        enabled = self._control("is-enabled", path.name).code == 0
        if not enabled:
            remarks.append(f"the unit is not enabled; run: systemctl --user enable {path.name}")
        if not self._lingers():
            reach = "" if self._reachable() else "your manager of systemd cannot be reached from here: "
            remarks.append(f"{reach}it runs only when you log in; root has to run: loginctl enable-linger {_user()}")
        return StartupState(
            self.kind,
            str(path),
            installed=True,
            active=enabled and self._lingers(),
            current=path.read_text(encoding="utf-8", errors="surrogateescape") == unit_text(startup),
            remarks=tuple(remarks),
        )

    def _path(self, startup: Startup) -> Path:
        named = os.environ.get("XDG_CONFIG_HOME", "")
        config = Path(named) if os.path.isabs(named) else Path.home() / ".config"
        return config / "systemd" / "user" / f"{startup.label}.service"

    def _control(self, *words: str) -> Answer:
        """`systemctl --user`; where the manager cannot be reached it works on the files alone."""
        reachable = self._reachable()
        if words[0] == "daemon-reload" and not reachable:
            return Answer(0, "", "")
        return ask("systemctl", "--user", *words, environment=None if reachable else {"SYSTEMD_OFFLINE": "1"})

    def _reachable(self) -> bool:
        return ask("systemctl", "--user", "show-environment").code == 0

    def _lingers(self) -> bool:
        user = _user()
        return user is not None and (_LINGER / user).exists()


def unit_text(startup: Startup) -> str:
    """The unit that runs the command once; what the command starts lives on when it ends."""
    return f"""\
[Unit]
Description=GTS: go on with the jobs of {startup.subject.replace("%", "%%")} after a restart

[Service]
Type=oneshot
RemainAfterExit=yes
KillMode=process
ExecStart={" ".join(_quoted(word, place) for place, word in enumerate(startup.command))}

[Install]
WantedBy=default.target
"""


def _quoted(word: str, place: int) -> str:
    """A word of ExecStart. Percent signs begin specifiers; dollars begin variables, but not in the program's path."""
    if _PLAIN.fullmatch(word):
        return word
    word = word.replace("\\", "\\\\").replace('"', '\\"').replace("%", "%%")
    return f'"{word if place == 0 else word.replace("$", "$$")}"'


def _user() -> str | None:
    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        return None
