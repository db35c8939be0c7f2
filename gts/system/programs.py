"""Asking the programs of the system."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass

_SECONDS = 20.0
_ELSEWHERE = ("/usr/sbin", "/sbin")
"""Where programs of the system are that the search path of a cron job leaves out."""


@dataclass(frozen=True)
class Answer:
    """What a program said."""

    code: int
    """Its exit code; 127 where it is not there, 124 where it did not end."""
    out: str
    err: str

    @property
    def complaint(self) -> str:
        """The last line of what it complained about, for a sentence of ours."""
        lines = [line.strip() for line in (self.err or self.out).splitlines() if line.strip()]
        return lines[-1].rstrip(".") if lines else f"exit code {self.code}"


def find(name: str) -> str | None:
    """Path of a program; None where it is not there."""
    return shutil.which(name, path=os.pathsep.join((os.environ.get("PATH", ""), *_ELSEWHERE)))


def ask(*words: str, feed: str = "", environment: Mapping[str, str] | None = None) -> Answer:
    """Run a program to its end, in English; never raises, and leaves the terminal alone."""
    import subprocess

    path = find(words[0])
    if path is None:
        return Answer(127, "", f"{words[0]} is not installed")
    try:
        done = subprocess.run(
            [path, *words[1:]],
            input=feed,
            capture_output=True,
            encoding="utf-8",
            errors="surrogateescape",
            env={**os.environ, "LC_ALL": "C", **(environment or {})},
            timeout=_SECONDS,
            start_new_session=True,
        )
    except subprocess.TimeoutExpired:
        return Answer(124, "", f"{words[0]} did not answer within {_SECONDS:.0f} seconds")
    except OSError as error:
        return Answer(126, "", f"{words[0]}: {(error.strerror or str(error)).lower()}")
    return Answer(done.returncode, done.stdout, done.stderr)
