"""Asking the programs of the system."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass

from gts.errors import reason

_SECONDS = 20.0
_EXTRA_FOLDERS = ("/usr/sbin", "/sbin")
"""Where programs of the system are that the search path of a cron job leaves out."""


@dataclass(frozen=True)
class ProgramResult:
    """What a program said."""

    exit_code: int
    """Its exit code; 127 where it is not there, 124 where it did not end."""
    stdout: str
    stderr: str

    @property
    def error_line(self) -> str:
        """The last line of what it complained about, for a sentence of ours."""
        lines = [line.strip() for line in (self.stderr or self.stdout).splitlines() if line.strip()]
        return lines[-1].rstrip(".") if lines else f"exit code {self.exit_code}"


def find_program(name: str) -> str | None:
    """Path of a program; None where it is not there."""
    return shutil.which(name, path=os.pathsep.join((os.environ.get("PATH", ""), *_EXTRA_FOLDERS)))


def run_program(*command: str, stdin: str = "", environment: Mapping[str, str] | None = None) -> ProgramResult:
    """Run a program to its end, in English; never raises, and leaves the terminal alone."""
    import subprocess

    path = find_program(command[0])
    if path is None:
        return ProgramResult(127, "", f"{command[0]} is not installed")
    try:
        done = subprocess.run(
            [path, *command[1:]],
            input=stdin,
            capture_output=True,
            encoding="utf-8",
            errors="surrogateescape",
            env={**os.environ, "LC_ALL": "C", **(environment or {})},
            timeout=_SECONDS,
            start_new_session=True,
        )
    except subprocess.TimeoutExpired:
        return ProgramResult(124, "", f"{command[0]} did not answer within {_SECONDS:.0f} seconds")
    except OSError as error:
        return ProgramResult(126, "", f"{command[0]}: {reason(error)}")
    return ProgramResult(done.returncode, done.stdout, done.stderr)
