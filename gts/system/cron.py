"""The crontab of one user: a line that runs when the machine starts."""

from __future__ import annotations

import getpass
import shlex
from typing import Literal

from gts.errors import WorkError
from gts.system import Startup, StartupState
from gts.system.programs import ask, find

_EMPTY = ("no crontab for", "no such file")
"""What the various `crontab -l` say where there is none yet."""


class Cron:
    """A line `@reboot …  # gts FOLDER`; every other line stays as it is."""

    kind = "crontab"

    def fitness(self) -> Literal["full", "partial", "none"]:
        """Whether there is a crontab; whether the daemon runs that reads it is not asked."""
        return "full" if find("crontab") else "none"

    def install(self, startup: Startup) -> None:
        """Put the line in, once."""
        line, old = reboot_line(startup), _read()
        if line not in old:
            _write([*_without(old, startup), line])

    def remove(self, startup: Startup) -> None:
        """Take the line out."""
        old = _read() if find("crontab") else []
        kept = _without(old, startup)
        if kept != old:
            _write(kept)

    def state(self, startup: Startup) -> StartupState:
        """Whether the line is there; whoever may not read a crontab has none that runs."""
        try:
            lines = _read() if find("crontab") else []
        except WorkError:
            lines = []
        there = _without(lines, startup) != lines
        current = not there or reboot_line(startup) in lines
        return StartupState(self.kind, f"crontab of {getpass.getuser()}", installed=there, active=there, current=current)


def reboot_line(startup: Startup) -> str:
    """The line as it stands in the table, where an unescaped percent sign would end the command."""
    return f"@reboot {shlex.join(startup.command)}  {_mark(startup)}".replace("%", "\\%")


def _mark(startup: Startup) -> str:
    return f"# gts {startup.subject}"


def _without(lines: list[str], startup: Startup) -> list[str]:
    mark = f"  {_mark(startup)}".replace("%", "\\%")
    return [line for line in lines if not (line.startswith("@reboot ") and line.endswith(mark))]


def _read() -> list[str]:
    """The lines of the table; raises WorkError where it cannot be read, since writing it then would lose what it holds."""
    answer = ask("crontab", "-l")
    if answer.code == 0:
        return answer.out.removesuffix("\n").split("\n") if answer.out else []
    if any(word in answer.err.lower() for word in _EMPTY):
        return []
    raise WorkError(f"the crontab cannot be read: {answer.complaint}", hint="`crontab -l` has to work first")


def _write(lines: list[str]) -> None:
    answer = ask("crontab", "-", feed="".join(f"{line}\n" for line in lines))
    if answer.code != 0:
        raise WorkError(f"the crontab cannot be written: {answer.complaint}", hint="`crontab -e` has to work first")
