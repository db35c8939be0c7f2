"""Command lines at work: each is echoed, done where it disturbs nobody, and what it says goes to the scrollback.

What is light runs in a thread of this program; what loads torch or the simulator runs in a process of its own; trainings and
searches become jobs. Nothing here knows a widget but by the few methods of `Stage`.

What is wrong with a command line, and which word of it that is about.
"""

from __future__ import annotations

import os
import re
import sys
import sysconfig
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import click

from gts.commands.click_adapter import program
from gts.commands.command import Command, Context, Note, Result, steps_of
from gts.commands.registry import COMMANDS
from gts.errors import FormatError, GtsError, UsageError, name_too_long
from gts.store.workspace import Workspace
from gts_tui.command_syntax import (
    SHOWN_IN,
    SHOWN_WITH,
    VERBS,
    LineError,
    Order,
    Spot,
    Word,
    expanded,
    guess,
    joined,
    orders_in,
    place_of,
)
from gts_tui.console.history import History
from gts_tui.console.subprocesses import Tasks, ending


def explained(error: GtsError, line: str, words: Sequence[Word]) -> tuple[str, Spot | None]:
    """What an error says, and the place on the line that it is about; None where it is about none."""
    problems = error.problems if isinstance(error, FormatError) else ()
    message = "\n".join(problem.at(error.path) for problem in problems) if isinstance(error, FormatError) else error.message
    if isinstance(error, LineError):
        return message, Spot(line, error.begin, error.end)
    word = mentioned(message, problems[0].key if problems else "", words)
    return message, Spot(line, word.begin, word.end) if word is not None else None


def placed(error: click.UsageError, words: Sequence[Word]) -> UsageError:
    """What click says about a line, with the word that it is about."""
    told = plain(error)
    named = getattr(error, "option_name", None)
    word: Word | None = None
    if isinstance(named, str):
        word = next((one for one in words[1:] if one.text.partition("=")[0] == named or one.text.startswith(named)), None)
        known = [flag for option in COMMANDS[words[0].text].options for flag in option.flags]
        nearest = guess(named, known)
        if nearest and isinstance(error, click.NoSuchOption):
            told = UsageError(f"no such option `{named}`{nearest}", hint=told.hint)
    if isinstance(error, click.MissingParameter):
        end = words[-1].end
        return LineError(told.message, end + 1, end + 2, hint=told.hint)
    word = word or mentioned(told.message, "", words)
    return LineError(told.message, word.begin, word.end, hint=told.hint) if word is not None else told


def plain(error: click.UsageError) -> UsageError:
    """What click says, as everything else here is said."""
    text = error.format_message().strip().rstrip(".")
    command = error.ctx.info_name if error.ctx and error.ctx.parent else ""
    return UsageError(text[:1].lower() + text[1:], hint=f"`help {command}` says how it is used" if command else "")


def mentioned(message: str, key: str, words: Sequence[Word]) -> Word | None:
    """The word that an error is about: the longest that it speaks of, rather a value than its option; else None."""
    about = [word for word in words[1:] if key and word.text.startswith(f"{key}=")]
    named = [word for word in words[1:] if word.text and _speaks_of(message, word.text)]
    return next(iter(about or sorted(named, key=lambda word: (word.text.startswith("-"), -len(word.text)))), None)


def _speaks_of(message: str, text: str) -> bool:
    """Whether a message contains a word, or its value or name where it is `name=value`."""
    name, equals, value = text.partition("=")
    return any(
        re.search(rf"(?<![\w.-]){re.escape(one)}(?![\w-])", message) is not None
        for one in ([text, name, value] if equals else [text])
        if one
    )


_WATCHED_SECONDS = 3.0
"""So long a person still looks, and sees the end without being told."""


class Stage(Protocol):
    """What a performance needs of the program; every method may be called from any thread."""

    def echo(self, line: str) -> None:
        """Show the command that is done, as the shell would have it."""

    def say(self, shown: Any, *, error: bool = False, spot: Spot | None = None) -> None:
        """Add a renderable of rich, or a text, to the scrollback; of an error, `spot` is the word that it is about."""

    def verb(self, name: str, words: Sequence[str]) -> None:
        """Do one of the program's own words; raises GtsError where it cannot be done."""

    def ask(self, question: str) -> bool:
        """Ask the person."""

    def selected(self) -> Sequence[str]:
        """What `@sel` means now."""

    def done(self, line: str, code: int, result: Result | None) -> None:
        """A command has ended."""

    def working(self, tasks: Sequence[str], ended: str = "") -> None:
        """Show which processes of the program are at work, and tell which one has ended well."""

    @property
    def columns(self) -> int:
        """The width of the scrollback."""


@dataclass(frozen=True)
class _Call:
    """A command of the table with its values."""

    command: Command
    values: dict[str, Any]
    words: tuple[str, ...]


class Performer:
    """Performs command lines, side by side where several were given."""

    def __init__(self, stage: Stage, workspace: Workspace, readonly: bool = False) -> None:
        self.stage, self.workspace, self.readonly = stage, workspace, readonly
        self.tasks = Tasks(self._tell_tasks)
        self._history = History(workspace, keeps=not readonly)

    @property
    def history(self) -> History:
        """What was given before in the workspace that is open."""
        if self._history.workspace != self.workspace:
            self._history = History(self.workspace, keeps=not self.readonly)
        return self._history

    def perform(self, line: str, *, then: Callable[[int], None] | None = None) -> None:
        """Do a line; returns at once. `then` is called, in some thread, with the exit code."""
        threading.Thread(target=self._perform, args=(line, then), name="command", daemon=True).start()

    def end(self) -> None:
        """End what this program has started for itself; jobs go on."""
        self.tasks.end()

    def cancel(self, number: int | None = None) -> int:
        """Ask processes of this program, or all of them, to end; how many were asked."""
        return self.tasks.cancel(number)

    # -- a line -------------------------------------------------------------------------------------------------------

    def _perform(self, line: str, then: Callable[[int], None] | None) -> None:
        code = 1
        try:
            code = self._all(line)
        finally:
            self.history.add(line.strip(), code)
            if then is not None:
                then(code)

    def _all(self, line: str) -> int:
        """The commands of a line, until one fails; its exit code."""
        try:
            orders = orders_in(line)
        except LineError as error:
            self.stage.echo(line)
            code = self._complain(error, line, ())
            self.stage.done(line, code, None)
            return code
        for at, order in enumerate(orders):
            code = self._one(order, line)
            if code:
                left = line[orders[at + 1].begin :].strip() if at + 1 < len(orders) else ""
                if left:
                    self.stage.say(f"not done: {left}")
                return code
        return 0

    def _one(self, order: Order, line: str) -> int:
        """One command; its exit code. Whatever goes wrong is said."""
        result: Result | None = None
        words: Sequence[Word] = order.words
        try:
            if not order.words:
                code = self._shell(order.shell)
            else:
                words = expanded(order, workspace=self.workspace, selected=self.stage.selected)
                code, result = self._named(words)
        except click.exceptions.Exit as done:
            code = done.exit_code
        except click.UsageError as error:
            code = self._complain(plain(error), line, words)
        except GtsError as error:
            code = self._complain(error, line, words)
        except UnicodeEncodeError:
            # The shell and the disk take any bytes for a name; what is kept of a run is text.
            nameless = UsageError("a name here is no Unicode, and cannot be written down", hint="give the file another name")
            code = self._complain(nameless, line, words)
        except Exception as error:
            told = name_too_long(error) if isinstance(error, OSError) else None
            if told is not None:
                code = self._complain(told, line, words)
            else:
                self.stage.say(f"this should not have happened: {type(error).__name__}: {error}", error=True)
                code = 1
        self.stage.done(line[order.begin : order.end], code, result)
        return code

    def _complain(self, error: GtsError, line: str, words: Sequence[Word]) -> int:
        """Say what is wrong, and where on the line."""
        message, spot = explained(error, line, words)
        self.stage.say(f"{message}\nhint: {error.hint}" if error.hint else message, error=True, spot=spot)
        return error.exit_code

    # -- a command ----------------------------------------------------------------------------------------------------

    def _named(self, words: Sequence[Word]) -> tuple[int, Result | None]:
        """What begins with a word of the table, or one of the program's own."""
        texts = [word.text for word in words]
        name = texts[0]
        if name in VERBS:
            self.stage.echo(joined(texts))
            self.stage.verb(name, texts[1:])
            return 0, None
        if any(text in ("-h", "--help") for text in texts[1:]):
            self.stage.echo(joined(texts))
            self.stage.verb("help", [name])
            return 0, None
        call = self._understood(words)
        if name in SHOWN_IN and self._shows(call):
            return 0, None
        return self._command(call)

    def _understood(self, words: Sequence[Word]) -> _Call:
        """The command and its values; raises click.UsageError, LineError or UsageError."""
        texts = [word.text for word in words]
        taken: list[tuple[Command, dict[str, Any]]] = []

        def take(command: Command, values: dict[str, Any]) -> int:
            taken.append((command, values))
            return 0

        try:
            program(take, lambda _: None).main(texts, prog_name="gts", standalone_mode=False)
        except click.UsageError as error:
            raise placed(error, words) from error
        command, values = taken[0]
        if values.pop("workspace"):
            hint = "open another program there, or use a shell: !gts --workspace …"
            raise UsageError("this program works on one workspace: leave `--workspace` out", hint=hint)
        if self.readonly and not _only_looks(command, values):
            raise UsageError(f"`{command.name}` could change something, and this program was started with --readonly")
        return _Call(command, values, tuple(texts))

    def _shows(self, call: _Call) -> bool:
        """Show in a mode what a command is about, if nothing on the line asks for more than that."""
        name, values = call.command.name, call.values
        given = [
            option for option in call.command.options if values[option.value_name] not in (option.default, None, False, ())
        ]
        asked = {(option.value_name, f"{option.value_name}={values[option.value_name]}") for option in given}
        if values["as_json"] or any(not set(one) & set(SHOWN_WITH[name]) for one in asked):
            return False
        named = [values[argument.name] for argument in call.command.arguments]
        words = [word for one in named for word in ([one] if isinstance(one, str) else one)]
        context = Context(self.workspace)
        places = [place_of(context, word) for word in words]
        mode = "search" if name == "tail" and places[0].mode == "search" else SHOWN_IN[name]
        self.stage.echo(joined(call.words))
        self.stage.verb("mode", [mode, *(place.word for place in places)])
        return True

    def _command(self, call: _Call) -> tuple[int, Result | None]:
        """A command of the table, here or in a process of its own."""
        command, values, words = call.command, dict(call.values), list(call.words)
        if any(option.value_name == "detach" for option in command.options) and not values["queue"]:
            # What works long answers at once, with the id of a job.
            words, values["detach"] = [*words, *(["--detach"] if not values["detach"] else [])], True
        line = joined(words)
        self.stage.echo(line)
        as_json, threads = values.pop("as_json"), values.pop("threads", None)
        endless = command.watches and command.long
        if command.heavy or as_json or endless or values.get("attach"):
            return self._child([sys.executable, "-m", "gts", *words], line), None
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

    # -- processes ----------------------------------------------------------------------------------------------------

    def _shell(self, line: str) -> int:
        if self.readonly:
            raise UsageError("this program was started with --readonly, and a shell could change anything")
        if not line:
            raise UsageError("`!` wants a command for the shell", hint="for example: !ls runs")
        self.stage.echo(f"!{line}")
        return self._child(["/bin/sh", "-c", line], f"!{line}")

    def _child(self, arguments: Sequence[str], line: str) -> int:
        """A process whose output goes to the scrollback while it comes."""
        from gts.jobs.launch import environment

        settings = environment() | {
            "COLUMNS": str(self.stage.columns),
            "PYTHONUNBUFFERED": "1",
            "GTS_WORKSPACE": str(self.workspace.root),
            # So that a shell finds `gts` also where this one was started by its path.
            "PATH": os.pathsep.join([os.environ.get("PATH", os.defpath), sysconfig.get_path("scripts")]),
        }
        task = self.tasks.start(arguments, line, folder=self.workspace.root, environment=settings)
        last = ""

        def say(text: str) -> None:
            nonlocal last
            last = next((one.strip() for one in reversed(text.splitlines()) if one.strip()), last)
            self.stage.say(text)

        began = time.monotonic()
        code = self.tasks.follow(task, say)
        if self.tasks.cancelled(task):
            self.stage.say(f"cancelled: {line}")
        elif code:
            self.stage.say(f"`{line}` failed, {ending(code)}{f': {last}' if last else ''}", error=True)
        elif time.monotonic() - began > _WATCHED_SECONDS:
            self._tell_tasks(f"done: {line}")
        return code if code >= 0 else 128 - code

    def _tell_tasks(self, ended: str = "") -> None:
        self.stage.working([f"task {task.number}: {task.line}" for task in self.tasks.running], ended)


def _only_looks(command: Command, values: dict[str, Any]) -> bool:
    return command.looks and not any(option.writes and values[option.value_name] for option in command.options)
