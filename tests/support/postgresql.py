"""A PostgreSQL server of one test run, on a port of its own, which can be stopped as by a power cut."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import tempfile
from pathlib import Path


def programs() -> Path | None:
    """The folder with `initdb` and `pg_ctl`; Debian keeps it off the path."""
    found = shutil.which("initdb")
    folders = [Path(found).resolve().parent] if found else []
    folders += sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    return next((folder for folder in folders if (folder / "pg_ctl").exists()), None)


class Server:
    """A server with an empty database; root may not run one, so the user `postgres` does."""

    def __init__(self, programs: Path) -> None:
        self._programs = programs
        self._user = "postgres" if os.geteuid() == 0 else None
        self.folder = Path(tempfile.mkdtemp(prefix="gts-postgresql-"))
        if self._user:
            shutil.chown(self.folder, self._user, self._user)
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self._run("initdb", "-D", str(self.folder / "data"), "-A", "trust", "-U", "gts", "-N", "-E", "UTF8", "--no-locale")

    @property
    def url(self) -> str:
        """Its address, with a password that must not be shown."""
        return f"postgresql+psycopg://gts:secret@127.0.0.1:{self.port}/postgres"

    def start(self) -> None:
        """Start it and wait until it answers."""
        options = f"-p {self.port} -k {self.folder} -c listen_addresses=127.0.0.1 -c max_connections=30"
        self._control("start", "-o", options, "-l", str(self.folder / "log"))

    def stop(self, mode: str = "fast") -> None:
        """Stop it; `immediate` is what a power cut does."""
        self._control("stop", "-m", mode)

    def remove(self) -> None:
        """Stop it and remove everything."""
        self._control("stop", "-m", "immediate", check=False)
        shutil.rmtree(self.folder, ignore_errors=True)

    def _control(self, *words: str, check: bool = True) -> None:
        self._run("pg_ctl", "-D", str(self.folder / "data"), "-w", "-s", *words, check=check)

    def _run(self, program: str, *words: str, check: bool = True) -> None:
        subprocess.run(
            [str(self._programs / program), *words],
            check=check,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            user=self._user,
            cwd=self.folder,
        )
