"""The crontab of one user: a line that runs when the machine starts."""

from __future__ import annotations

import getpass
import shlex
from typing import Literal

from gts.errors import WorkError
from gts.system import BootJob, BootServiceState
from gts.system.programs import find_program, run_program

_EMPTY = ("no crontab for", "no such file")
"""What the various `crontab -l` say where there is none yet."""


class CronService:
    """A line `@reboot …  # gts FOLDER`; every other line stays as it is."""

    kind = "crontab"

    def availability(self) -> Literal["full", "partial", "none"]:
        """Whether there is a crontab; whether the daemon runs that reads it is not asked."""
        return "full" if find_program("crontab") else "none"

    def install(self, boot_job: BootJob) -> None:
        """Put the line in, once."""
        line, old = reboot_line(boot_job), _read_crontab()
        if line not in old:
            _write_crontab([*_without_job(old, boot_job), line])

    def remove(self, boot_job: BootJob) -> None:
        """Take the line out."""
        old = _read_crontab() if find_program("crontab") else []
        kept = _without_job(old, boot_job)
        if kept != old:
            _write_crontab(kept)

    def state(self, boot_job: BootJob) -> BootServiceState:
        """Whether the line is there; whoever may not read a crontab has none that runs."""
        try:
            lines = _read_crontab() if find_program("crontab") else []
        except WorkError:
            lines = []
        there = _without_job(lines, boot_job) != lines
        current = not there or reboot_line(boot_job) in lines
        return BootServiceState(self.kind, f"crontab of {getpass.getuser()}", installed=there, active=there, current=current)


def reboot_line(boot_job: BootJob) -> str:
    """The line as it stands in the table, where an unescaped percent sign would end the command."""
    return f"@reboot {shlex.join(boot_job.command)}  {_line_suffix(boot_job)}".replace("%", "\\%")


def _line_suffix(boot_job: BootJob) -> str:
    return f"# gts {boot_job.subject}"


def _without_job(lines: list[str], boot_job: BootJob) -> list[str]:
    mark = f"  {_line_suffix(boot_job)}".replace("%", "\\%")
    return [line for line in lines if not (line.startswith("@reboot ") and line.endswith(mark))]


def _read_crontab() -> list[str]:
    """The lines of the table; raises WorkError where it cannot be read, since writing it then would lose what it holds."""
    answer = run_program("crontab", "-l")
    if answer.exit_code == 0:
        return answer.stdout.removesuffix("\n").split("\n") if answer.stdout else []
    if any(word in answer.stderr.lower() for word in _EMPTY):
        return []
    raise WorkError(f"the crontab cannot be read: {answer.error_line}", hint="`crontab -l` has to work first")


def _write_crontab(lines: list[str]) -> None:
    answer = run_program("crontab", "-", stdin="".join(f"{line}\n" for line in lines))
    if answer.exit_code != 0:
        raise WorkError(f"the crontab cannot be written: {answer.error_line}", hint="`crontab -e` has to work first")
