"""Command lines at work: each is echoed, done where it disturbs nobody, and what it says goes to the scrollback.

What is light runs in a thread of this program; what loads torch or the simulator runs in a process of its own; trainings and
searches become jobs. Nothing here knows a widget but by the few methods of `Stage`.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import click

from gts.commands.declare import Command, Context, Note, Result, steps_of
from gts.commands.grammar import program
from gts.commands.table import COMMANDS
from gts.errors import FormatError, GtsError, UsageError
from gts.jobs.launch import environment
from gts.store.workspace import Workspace
from gts_tui.lines import Words, commands_in, expanded, joined
from gts_tui.verbs import ALIASES, SHOWN_IN, VERBS


class Stage(Protocol):
    """What a performance needs of the program; every method may be called from any thread."""

    def echo(self, line: str) -> None:
        """Show the command that is done, as the shell would have it."""

    def say(self, shown: Any, *, error: bool = False) -> None:
        """Add a renderable of rich, or a text, to the scrollback."""

    def verb(self, name: str, words: Sequence[str]) -> None:
        """Do one of the program's own words."""

    def ask(self, question: str) -> bool:
        """Ask the person."""

    def selected(self) -> Sequence[str]:
        """What `@sel` means now."""

    def done(self, line: str, code: int, result: Result | None) -> None:
        """A line has ended."""

    @property
    def columns(self) -> int:
        """The width of the scrollback."""


@dataclass
class Task:
    """A process that does what would be too heavy for this one."""

    number: int
    line: str
    process: subprocess.Popen[bytes]


@dataclass
class Performer:
    """Performs command lines, side by side where several were given."""

    stage: Stage
    workspace: Workspace
    readonly: bool = False
    tasks: dict[int, Task] = field(default_factory=dict)
    _numbers: Iterator[int] = field(default_factory=lambda: iter(range(1, sys.maxsize)))

    def perform(self, line: str, *, then: Callable[[int], None] | None = None) -> None:
        """Do a line; returns at once. `then` is called, in some thread, with the exit code."""
        threading.Thread(target=self._perform, args=(line, then), name="command", daemon=True).start()

    def _perform(self, line: str, then: Callable[[int], None] | None) -> None:
        code = 0
        try:
            for one in commands_in(line):
                code = self._one(one, line)
                if code:
                    break
        except GtsError as error:
            code = self._complain(error)
            self.stage.done(line, code, None)
        if then is not None:
            then(code)

    def _one(self, one: Words, line: str) -> int:
        result: Result | None = None
        try:
            if one.shell:
                return self._shell(one.shell)
            words = expanded(one.words, selected=self.stage.selected)
            words[0] = ALIASES.get(words[0], words[0])
            if words[0] == "gts":
                words = words[1:] or ["help"]
            if words[0] in VERBS:
                self.stage.verb(words[0], words[1:])
                return 0
            if words[0] in SHOWN_IN and len(words) > 1 and not any(word.startswith("-") for word in words):
                self.stage.echo(joined(words))
                self.stage.verb("mode", [SHOWN_IN[words[0]], *words[1:]])
                return 0
            code, result = self._command(words)
        except click.exceptions.Exit as done:
            code = done.exit_code
        except click.UsageError as error:
            self.stage.say(_sentence(error.format_message()), error=True)
            code = error.exit_code
        except GtsError as error:
            code = self._complain(error)
        except Exception as error:
            self.stage.say(f"this should not have happened: {type(error).__name__}: {error}", error=True)
            code = 1
        self.stage.done(line, code, result)
        return code

    def _command(self, words: list[str]) -> tuple[int, Result | None]:
        """A command of the table."""
        if any(word in ("-h", "--help") for word in words):
            self.stage.verb("help", [words[0]])
            return 0, None
        taken: dict[str, Any] = {}

        def take(command: Command, values: dict[str, Any]) -> int:
            taken.update(command=command, values=values)
            return 0

        program(take, lambda _: None).main(words, prog_name="gts", standalone_mode=False)
        command, values = taken["command"], taken["values"]
        if self.readonly and not _only_looks(command, values):
            raise UsageError(f"`{command.name}` could change something, and this program was started with --readonly")
        if any(option.value_name == "detach" for option in command.options) and not values["queue"]:
            # What works long answers at once, with the id of a job.
            words, values["detach"] = [*words, *(["--detach"] if not values["detach"] else [])], True
        self.stage.echo(joined(words))
        as_json, _, threads = values.pop("as_json"), values.pop("workspace"), values.pop("threads", None)
        if command.heavy or as_json or values.get("attach"):
            return self._child([sys.executable, "-m", "gts", *words], joined(words)), None
        return self._here(command, Context(self.workspace, threads, ask=self.stage.ask), values)

    def _here(self, command: Command, context: Context, values: dict[str, Any]) -> tuple[int, Result | None]:
        """A command in this process."""
        from gts.commands.views import view

        result: Result | None = None
        for step in steps_of(command.run(context, **values)):
            if isinstance(step, Result):
                result = step
            elif isinstance(step, Note):
                self.stage.say(f"note: {step.text}")
        if result is None:
            return 0, None
        self.stage.say(view(result, detail=bool(values.get("verbose"))))
        return result.exit_code, result

    def _shell(self, line: str) -> int:
        if self.readonly:
            raise UsageError("this program was started with --readonly, and a shell could change anything")
        self.stage.echo(f"!{line}")
        return self._child(["/bin/sh", "-c", line], f"!{line}")

    def _child(self, arguments: Sequence[str], line: str) -> int:
        """A process whose output goes to the scrollback while it comes."""
        settings = environment() | {
            "COLUMNS": str(self.stage.columns),
            "PYTHONUNBUFFERED": "1",
            "GTS_WORKSPACE": str(self.workspace.root),
        }
        process = subprocess.Popen(
            arguments,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            cwd=self.workspace.root,
            env=settings,
        )
        task = Task(next(self._numbers), line, process)
        self.tasks[task.number] = task
        try:
            assert process.stdout is not None
            # A block is what has come since the last one was shown: a screen is not drawn for every line.
            while block := os.read(process.stdout.fileno(), 1 << 16):
                self.stage.say(block.decode(errors="replace").rstrip("\n"))
            return process.wait()
        finally:
            self.tasks.pop(task.number, None)

    def cancel(self, number: int | None = None) -> int:
        """Ask processes of this program, or all of them, to end; how many were asked."""
        chosen = [task for task in self.tasks.values() if number in (None, task.number)]
        for task in chosen:
            with contextlib.suppress(OSError):
                os.killpg(task.process.pid, signal.SIGTERM)
        return len(chosen)

    def _complain(self, error: GtsError) -> int:
        if isinstance(error, FormatError):
            for problem in error.problems:
                self.stage.say(problem.at(error.path), error=True)
        else:
            self.stage.say(error.message, error=True)
        if error.hint:
            self.stage.say(f"hint: {error.hint}")
        return error.exit_code


def _only_looks(command: Command, values: dict[str, Any]) -> bool:
    return command.looks and not any(option.writes and values[option.value_name] for option in command.options)


def knows(word: str) -> bool:
    """Whether a word begins a command."""
    return word in COMMANDS or word in VERBS or word in ALIASES


def _sentence(message: str) -> str:
    text = message.strip().rstrip(".")
    return text[:1].lower() + text[1:]
