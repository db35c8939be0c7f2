"""The terminal program in a pseudo-terminal."""

from __future__ import annotations

import fcntl
import os
import pty
import select
import signal
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Callable
from pathlib import Path

import psutil

from tests.support.waiting import DEADLINE_SECONDS, wait_until


class Terminal:
    """The process and the master end of its pseudo-terminal."""

    def __init__(
        self,
        folder: Path,
        *words: str,
        size: tuple[int, int] = (80, 24),
        hangups: Callable[[int], object] | None = None,
        **environment: str,
    ) -> None:
        self.hand, other = pty.openpty()
        fcntl.ioctl(other, termios.TIOCSWINSZ, struct.pack("HHHH", size[1], size[0], 0, 0))
        self.before = termios.tcgetattr(other)
        self.said = b""
        self.began = time.monotonic()
        ignored = hangups is signal.SIG_IGN

        def own_terminal() -> None:
            os.setsid()
            fcntl.ioctl(0, termios.TIOCSCTTY, 0)
            if ignored:
                signal.signal(signal.SIGHUP, signal.SIG_IGN)

        self.process = subprocess.Popen(
            [sys.executable, "-m", "gts", *words],
            cwd=folder,
            stdin=other,
            stdout=other,
            stderr=other,
            env={**os.environ, **environment},
            preexec_fn=own_terminal,
        )
        self._other = other

    def read(self, until: Callable[[bytes], bool], seconds: float = DEADLINE_SECONDS) -> bytes:
        """Return all output once a condition on it holds."""

        def seen() -> bool:
            if until(self.said):
                return True
            assert self.process.poll() is None or self._more(), f"ended with {self.process.returncode}: {self.said[-3000:]!r}"
            self._more()
            return False

        wait_until(seen, what=lambda: f"written so far: {self.said[-3000:]!r}", deadline=seconds, interval=0.0)
        return self.said

    def settle(self, seconds: float = 1.0) -> int:
        """Read until nothing has been written for some time; returns how much has been written so far."""
        length, since = len(self.said), time.monotonic()

        def still(said: bytes) -> bool:
            nonlocal length, since
            if len(said) != length:
                length, since = len(said), time.monotonic()
            return time.monotonic() - since > seconds

        if self.process.poll() is None:
            self.read(still)
        return len(self.said)

    def _more(self) -> bool:
        if not select.select([self.hand], [], [], 0.05)[0]:
            return False
        try:
            block = os.read(self.hand, 1 << 16)
        except OSError:
            return False
        self.said += block
        return bool(block)

    def write(self, keys: str) -> None:
        """Press keys."""
        os.write(self.hand, keys.encode())

    def hang_up(self) -> None:
        """Cut the connection, as a closed window or a lost network does."""
        os.close(self._other)
        os.close(self.hand)
        self.hand = -1

    def settings(self) -> list[object]:
        """How the terminal is set now."""
        return termios.tcgetattr(self._other)

    def wait(self, seconds: float = DEADLINE_SECONDS) -> int:
        """Return the exit code once the process has ended; reads what it still writes."""

        def has_ended() -> bool:
            if self.process.poll() is None and self.hand >= 0:
                self._more()
            return self.process.poll() is not None

        wait_until(has_ended, what="the program still runs", deadline=seconds)
        while self.hand >= 0 and self._more():
            pass
        return self.process.returncode

    def cpu_seconds(self) -> float:
        """Processor time that it has taken."""
        times = psutil.Process(self.process.pid).cpu_times()
        return float(times.user + times.system)

    def close(self) -> None:
        """End it, whatever it does."""
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        for descriptor in (self.hand, self._other):
            try:
                os.close(descriptor)
            except OSError:
                continue
