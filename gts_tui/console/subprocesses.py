"""Child processes for heavy commands; they end with the program."""

from __future__ import annotations

import codecs
import contextlib
import os
import select
import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import count
from pathlib import Path

from gts.errors import WorkError, reason
from gts_tui.terminal import strip_overwritten

_BLOCK = 1 << 16
_MAX_BUFFERED = 1 << 18
"""Bytes of output after which an unfinished line is shown."""
_FLUSH_SECONDS = 0.4
"""Minimum interval between blocks of output."""
_POLL_SECONDS = 0.2
_GRACE_SECONDS = 1.0
_GUARD_SCRIPT = "read _; kill -s TERM -- -{0}; sleep 2; kill -s KILL -- -{0}"
"""Shell script that waits for its stdin to close, which happens however this program ends, and then ends a session."""


@dataclass(frozen=True)
class ChildProcess:
    """A running child process."""

    number: int
    line: str
    process: subprocess.Popen[bytes]
    guard: subprocess.Popen[bytes]
    """Shell that ends the process if this program is killed and cannot do so itself."""


class ChildProcesses:
    """The running child processes; `on_change` is called when one starts or ends, in the thread that waits for it."""

    def __init__(self, on_change: Callable[[], None]) -> None:
        self._on_change = on_change
        self._numbers = count(1)
        self._running: dict[int, ChildProcess] = {}
        self._cancelled: set[int] = set()
        self._is_closed = False

    @property
    def running(self) -> tuple[ChildProcess, ...]:
        """In order of their start."""
        return tuple(self._running.values())

    def start(self, arguments: Sequence[str], line: str, *, folder: Path, environment: Mapping[str, str]) -> ChildProcess:
        """Start a process; raises WorkError."""
        try:
            process = subprocess.Popen(
                arguments,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                cwd=folder,
                env=dict(environment),
            )
        except (OSError, ValueError) as error:
            raise WorkError(f"cannot start a process for `{line}`: {reason(error)}") from error
        task = ChildProcess(next(self._numbers), line, process, _start_guard(process.pid))
        self._running[task.number] = task
        self._on_change()
        if self._is_closed:
            _signal_session(task, signal.SIGTERM)
        return task

    def wait(self, task: ChildProcess, on_output: Callable[[str], None]) -> int:
        """Wait for a process and pass on its output in blocks of whole lines; returns the exit code, -n for signal n."""
        try:
            for text in _read_blocks(task.process):
                on_output(text)
            return task.process.wait()
        except BaseException:
            _signal_session(task, signal.SIGTERM)
            raise
        finally:
            _stop_guard(task.guard)
            if task.process.stdout is not None:
                task.process.stdout.close()
            self._running.pop(task.number, None)
            self._on_change()

    def cancel(self, number: int | None = None) -> int:
        """Send SIGTERM, or SIGKILL the second time, to one process or all; returns their number."""
        chosen = [task for task in self.running if number in (None, task.number)]
        for task in chosen:
            _signal_session(task, signal.SIGKILL if task.number in self._cancelled else signal.SIGTERM)
            self._cancelled.add(task.number)
        return len(chosen)

    def is_cancelled(self, task: ChildProcess) -> bool:
        """Return whether `cancel` was called for a process."""
        return task.number in self._cancelled

    def close(self) -> None:
        """End all processes."""
        self._is_closed = True
        self.cancel()
        end = time.monotonic() + _GRACE_SECONDS
        for task in self.running:
            with contextlib.suppress(subprocess.TimeoutExpired):
                task.process.wait(max(0.0, end - time.monotonic()))
        for task in self.running:
            _signal_session(task, signal.SIGKILL)


def _start_guard(session: int) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        ["/bin/sh", "-c", _GUARD_SCRIPT.format(session)],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )


def _stop_guard(guard: subprocess.Popen[bytes]) -> None:
    # Kill it before closing its stdin: the guarded process id may be reused soon.
    guard.kill()
    guard.wait()
    if guard.stdin is not None:
        guard.stdin.close()


def _signal_session(task: ChildProcess, number: signal.Signals) -> None:
    # The whole session, so that grandchildren end too.
    with contextlib.suppress(OSError):
        os.killpg(task.process.pid, number)


def _read_blocks(process: subprocess.Popen[bytes]) -> Iterator[str]:
    """Yield the output of a process in whole lines, at most every _FLUSH_SECONDS."""
    assert process.stdout is not None
    descriptor = process.stdout.fileno()
    decoder = codecs.getincrementaldecoder("utf-8")(errors="replace")
    held, shown = "", 0.0
    while True:
        readable, _, _ = select.select([descriptor], [], [], _POLL_SECONDS)
        block = os.read(descriptor, _BLOCK) if readable else b""
        held += decoder.decode(block)
        # A grandchild may keep the pipe open after the process has ended.
        over = not block and (bool(readable) or process.poll() is not None)
        if over:
            held += decoder.decode(b"", final=True)
        whole = len(held) if over or len(held) > _MAX_BUFFERED else held.rfind("\n") + 1
        if whole and (over or len(held) > _MAX_BUFFERED or time.monotonic() - shown >= _FLUSH_SECONDS):
            yield "\n".join(strip_overwritten(line) for line in held[:whole].removesuffix("\n").split("\n"))
            held, shown = held[whole:], time.monotonic()
        if over:
            return


def describe_exit(code: int) -> str:
    """Describe the exit code of a process."""
    if code >= 0:
        return f"exit code {code}"
    try:
        return f"ended by {signal.Signals(-code).name}"
    except ValueError:
        return f"ended by signal {-code}"
