"""Runs programs of the operating system and writes files for them."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from gts.errors import reason

_SECONDS = 20.0
_EXTRA_FOLDERS = ("/usr/sbin", "/sbin")
"""Folders of system programs that the search path of a service may leave out."""


@dataclass(frozen=True)
class ProgramResult:
    """Exit code and output of a program."""

    exit_code: int
    """127 if the program does not exist, 126 if it cannot be run, 124 if it did not end in time."""
    stdout: str
    stderr: str

    @property
    def error_line(self) -> str:
        """The last line of the error output, for use within a sentence."""
        lines = [line.strip() for line in (self.stderr or self.stdout).splitlines() if line.strip()]
        return lines[-1].rstrip(".") if lines else f"exit code {self.exit_code}"


def find_program(name: str) -> str | None:
    """Path of a program; None if it is not installed."""
    return shutil.which(name, path=os.pathsep.join((os.environ.get("PATH", ""), *_EXTRA_FOLDERS)))


def run_program(*command: str, stdin: str = "", environment: Mapping[str, str] | None = None) -> ProgramResult:
    """Run a program to its end, with English messages and without the terminal; never raises."""
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


def replace_file(path: Path, data: bytes) -> None:
    """Write a file at once, so that a service manager never reads half of it; creates its folder. Raises OSError."""
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(f".{path.name}.part")
    beside.write_bytes(data)
    os.replace(beside, path)
