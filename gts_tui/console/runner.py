"""CommandRunner: runs command lines in threads, child processes or jobs and reports results to a `CommandHost`.

Light commands run in a thread; those that load torch or mujoco run in a child process; trainings and searches become jobs.
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

from gts.commands.click_adapter import build_cli
from gts.commands.command import Command, Context, Note, Result, iterate_outcome
from gts.commands.registry import COMMANDS
from gts.errors import FormatError, GtsError, UsageError, name_too_long_error
from gts.store.workspace import Workspace
from gts_tui.command_syntax import (
    BUILTINS,
    MODE_COMMANDS,
    MODE_OPTIONS,
    CommandLineError,
    CommandToken,
    LineSpan,
    ParsedCommand,
    expand_tokens,
    parse_line,
    quote_words,
    resolve_target,
    suggest_nearest,
)
from gts_tui.console.history import History
from gts_tui.console.subprocesses import ChildProcesses, describe_exit


def describe_error(error: GtsError, line: str, words: Sequence[CommandToken]) -> tuple[str, LineSpan | None]:
    """Return the message of an error and the part of the line that it is about, or None."""
    problems = error.problems if isinstance(error, FormatError) else ()
    message = (
        "\n".join(problem.format_at(error.path) for problem in problems) if isinstance(error, FormatError) else error.message
    )
    if isinstance(error, CommandLineError):
        return message, LineSpan(line, error.begin, error.end)
    word = find_token(message, problems[0].key if problems else "", words)
    return message, LineSpan(line, word.begin, word.end) if word is not None else None


def locate_error(error: click.UsageError, words: Sequence[CommandToken]) -> UsageError:
    """Convert an error of click and add the part of the line that it is about."""
    converted = convert_click_error(error)
    named = getattr(error, "option_name", None)
    word: CommandToken | None = None
    if isinstance(named, str):
        word = next((one for one in words[1:] if one.text.partition("=")[0] == named or one.text.startswith(named)), None)
        known = [flag for option in COMMANDS[words[0].text].options for flag in option.flags]
        nearest = suggest_nearest(named, known)
        if nearest and isinstance(error, click.NoSuchOption):
            converted = UsageError(f"no such option `{named}`{nearest}", hint=converted.hint)
    if isinstance(error, click.MissingParameter):
        end = words[-1].end
        return CommandLineError(converted.message, end + 1, end + 2, hint=converted.hint)
    word = word or find_token(converted.message, "", words)
    return CommandLineError(converted.message, word.begin, word.end, hint=converted.hint) if word is not None else converted


def convert_click_error(error: click.UsageError) -> UsageError:
    """Convert an error of click to a UsageError in the style of this program."""
    text = error.format_message().strip().rstrip(".")
    command = error.ctx.info_name if error.ctx and error.ctx.parent else ""
    return UsageError(text[:1].lower() + text[1:], hint=f"`help {command}` describes its arguments" if command else "")


def find_token(message: str, key: str, words: Sequence[CommandToken]) -> CommandToken | None:
    """Return the token that an error message mentions: the longest, values before options; None if it mentions none."""
    about = [word for word in words[1:] if key and word.text.startswith(f"{key}=")]
    named = [word for word in words[1:] if word.text and _mentions(message, word.text)]
    return next(iter(about or sorted(named, key=lambda word: (word.text.startswith("-"), -len(word.text)))), None)


def _mentions(message: str, text: str) -> bool:
    """Return whether a message contains a word, or one side of `name=value`."""
    name, equals, value = text.partition("=")
    return any(
        re.search(rf"(?<![\w.-]){re.escape(one)}(?![\w-])", message) is not None
        for one in ([text, name, value] if equals else [text])
        if one
    )


_NOTIFY_AFTER_SECONDS = 3.0
"""Tasks that ran longer notify at their end."""


class CommandHost(Protocol):
    """Services that the runner needs; every method may be called from any thread."""

    def show_command(self, line: str) -> None:
        """Show the command that runs now, as for the shell."""

    def show_output(self, content: Any, *, error: bool = False, span: LineSpan | None = None) -> None:
        """Show a text or rich renderable; `span`: the part of the line that an error is about."""

    def run_builtin(self, name: str, words: Sequence[str]) -> None:
        """Run a built-in command; raises GtsError."""

    def confirm(self, question: str) -> bool:
        """Ask a yes-no question and wait for the answer."""

    def selection(self) -> Sequence[str]:
        """Return the references that `@sel` expands to."""

    def command_finished(self, line: str, code: int, result: Result | None) -> None:
        """Called when a command has ended."""

    def show_tasks(self, tasks: Sequence[str], ended: str = "") -> None:
        """Show the running child processes; notify about one that has ended successfully."""

    @property
    def output_width(self) -> int:
        """Columns of a line of output."""


@dataclass(frozen=True)
class _Invocation:
    """A command with its parsed values."""

    command: Command
    values: dict[str, Any]
    words: tuple[str, ...]


class CommandRunner:
    """Runs command lines, each in a thread of its own."""

    def __init__(self, host: CommandHost, workspace: Workspace, readonly: bool = False) -> None:
        self.host, self.workspace, self.readonly = host, workspace, readonly
        self.tasks = ChildProcesses(self._show_tasks)
        self._history = History(workspace, persistent=not readonly)

    @property
    def history(self) -> History:
        """History of the open workspace."""
        if self._history.workspace != self.workspace:
            self._history = History(self.workspace, persistent=not self.readonly)
        return self._history

    def run(self, line: str, *, then: Callable[[int], None] | None = None) -> None:
        """Start a line and return; `then` is called in another thread with the exit code."""
        threading.Thread(target=self._run, args=(line, then), name="command", daemon=True).start()

    def close(self) -> None:
        """End all child processes; jobs keep running."""
        self.tasks.close()

    def cancel(self, number: int | None = None) -> int:
        """Ask one child process, or all, to end; returns their number."""
        return self.tasks.cancel(number)

    # -- a line -------------------------------------------------------------------------------------------------------

    def _run(self, line: str, then: Callable[[int], None] | None) -> None:
        code = 1
        try:
            code = self._run_line(line)
        finally:
            self.history.add(line.strip(), code)
            if then is not None:
                then(code)

    def _run_line(self, line: str) -> int:
        """Run the commands of a line until one fails; returns the exit code."""
        try:
            orders = parse_line(line)
        except CommandLineError as error:
            self.host.show_command(line)
            code = self._report_error(error, line, ())
            self.host.command_finished(line, code, None)
            return code
        for at, order in enumerate(orders):
            code = self._run_parsed(order, line)
            if code:
                left = line[orders[at + 1].begin :].strip() if at + 1 < len(orders) else ""
                if left:
                    self.host.show_output(f"not run: {left}")
                return code
        return 0

    def _run_parsed(self, command: ParsedCommand, line: str) -> int:
        """Run one command and report any error; returns the exit code."""
        result: Result | None = None
        words: Sequence[CommandToken] = command.tokens
        try:
            if not command.tokens:
                code = self._run_shell(command.shell_line)
            else:
                words = expand_tokens(command, workspace=self.workspace, get_selection=self.host.selection)
                code, result = self._dispatch(words)
        except click.exceptions.Exit as done:
            code = done.exit_code
        except click.UsageError as error:
            code = self._report_error(convert_click_error(error), line, words)
        except GtsError as error:
            code = self._report_error(error, line, words)
        except UnicodeEncodeError:
            # File names may be any bytes; the files of a run are UTF-8.
            unencodable = UsageError("a file name is not valid UTF-8", hint="rename the file")
            code = self._report_error(unencodable, line, words)
        except Exception as error:
            known = name_too_long_error(error) if isinstance(error, OSError) else None
            if known is not None:
                code = self._report_error(known, line, words)
            else:
                self.host.show_output(f"internal error: {type(error).__name__}: {error}", error=True)
                code = 1
        self.host.command_finished(line[command.begin : command.end], code, result)
        return code

    def _report_error(self, error: GtsError, line: str, words: Sequence[CommandToken]) -> int:
        """Show an error and mark its place on the line; returns the exit code."""
        message, spot = describe_error(error, line, words)
        self.host.show_output(f"{message}\nhint: {error.hint}" if error.hint else message, error=True, span=spot)
        return error.exit_code

    # -- a command ----------------------------------------------------------------------------------------------------

    def _dispatch(self, tokens: Sequence[CommandToken]) -> tuple[int, Result | None]:
        """Run a command of the table or a built-in; returns exit code and result."""
        texts = [word.text for word in tokens]
        name = texts[0]
        if name in BUILTINS:
            self.host.show_command(quote_words(texts))
            self.host.run_builtin(name, texts[1:])
            return 0, None
        if any(text in ("-h", "--help") for text in texts[1:]):
            self.host.show_command(quote_words(texts))
            self.host.run_builtin("help", [name])
            return 0, None
        call = self._parse_invocation(tokens)
        if name in MODE_COMMANDS and self._show_in_mode(call):
            return 0, None
        return self._start_invocation(call)

    def _parse_invocation(self, tokens: Sequence[CommandToken]) -> _Invocation:
        """Parse a command and its values; raises click.UsageError, CommandLineError or UsageError."""
        texts = [word.text for word in tokens]
        taken: list[tuple[Command, dict[str, Any]]] = []

        def take(command: Command, values: dict[str, Any]) -> int:
            taken.append((command, values))
            return 0

        try:
            build_cli(take, lambda _: None).main(texts, prog_name="gts", standalone_mode=False)
        except click.UsageError as error:
            raise locate_error(error, tokens) from error
        command, values = taken[0]
        if values.pop("workspace"):
            hint = "open another program there, or use a shell: !gts --workspace …"
            raise UsageError("`--workspace` does not work here: the program has one workspace open", hint=hint)
        if self.readonly and not _is_read_only(command, values):
            raise UsageError(f"`{command.name}` may change files, and this program was started with --readonly")
        return _Invocation(command, values, tuple(texts))

    def _show_in_mode(self, call: _Invocation) -> bool:
        """Open a mode instead of running the command, if the mode supports all given options; returns whether it did."""
        name, values = call.command.name, call.values
        given = [
            option for option in call.command.options if values[option.value_name] not in (option.default, None, False, ())
        ]
        asked = {(option.value_name, f"{option.value_name}={values[option.value_name]}") for option in given}
        if values["as_json"] or any(not set(one) & set(MODE_OPTIONS[name]) for one in asked):
            return False
        named = [values[argument.name] for argument in call.command.arguments]
        words = [word for one in named for word in ([one] if isinstance(one, str) else one)]
        context = Context(self.workspace)
        places = [resolve_target(context, word) for word in words]
        mode = "search" if name == "tail" and places[0].mode == "search" else MODE_COMMANDS[name]
        self.host.show_command(quote_words(call.words))
        self.host.run_builtin("mode", [mode, *(place.reference for place in places)])
        return True

    def _start_invocation(self, call: _Invocation) -> tuple[int, Result | None]:
        """Run a command in a thread or a child process; long commands detach as jobs."""
        command, values, words = call.command, dict(call.values), list(call.words)
        if any(option.value_name == "detach" for option in command.options) and not values["queue"]:
            # Long commands return at once with the id of a job.
            words, values["detach"] = [*words, *(["--detach"] if not values["detach"] else [])], True
        line = quote_words(words)
        self.host.show_command(line)
        as_json, threads = values.pop("as_json"), values.pop("threads", None)
        endless = command.follows and command.streams_events
        if command.needs_torch or as_json or endless or values.get("attach"):
            return self._run_subprocess([sys.executable, "-m", "gts", *words], line), None
        return self._run_in_thread(command, Context(self.workspace, threads, confirm=self.host.confirm), values)

    def _run_in_thread(self, command: Command, context: Context, values: dict[str, Any]) -> tuple[int, Result | None]:
        """Run a command in this thread."""
        from gts.commands.views import render_result

        result: Result | None = None
        for step in iterate_outcome(command.run(context, **values)):
            if isinstance(step, Result):
                result = step
            elif isinstance(step, Note):
                self.host.show_output(f"note: {step.text}")
        if result is None:
            return 0, None
        self.host.show_output(render_result(result, detail=bool(values.get("verbose"))))
        return result.exit_code, result

    # -- processes ----------------------------------------------------------------------------------------------------

    def _run_shell(self, line: str) -> int:
        if self.readonly:
            raise UsageError("a shell may change files, and this program was started with --readonly")
        if not line:
            raise UsageError("`!` needs a shell command", hint="for example: !ls runs")
        self.host.show_command(f"!{line}")
        return self._run_subprocess(["/bin/sh", "-c", line], f"!{line}")

    def _run_subprocess(self, arguments: Sequence[str], line: str) -> int:
        """Run a child process and show its output as it arrives; returns the exit code."""
        from gts.jobs.launch import worker_environment

        settings = worker_environment() | {
            "COLUMNS": str(self.host.output_width),
            "PYTHONUNBUFFERED": "1",
            "GTS_WORKSPACE": str(self.workspace.root),
            # A shell finds `gts` even if this program was started by its path.
            "PATH": os.pathsep.join([os.environ.get("PATH", os.defpath), sysconfig.get_path("scripts")]),
        }
        task = self.tasks.start(arguments, line, folder=self.workspace.root, environment=settings)
        last = ""

        def say(text: str) -> None:
            nonlocal last
            last = next((one.strip() for one in reversed(text.splitlines()) if one.strip()), last)
            self.host.show_output(text)

        began = time.monotonic()
        code = self.tasks.wait(task, say)
        if self.tasks.is_cancelled(task):
            self.host.show_output(f"cancelled: {line}")
        elif code:
            self.host.show_output(f"`{line}` failed, {describe_exit(code)}{f': {last}' if last else ''}", error=True)
        elif time.monotonic() - began > _NOTIFY_AFTER_SECONDS:
            self._show_tasks(f"done: {line}")
        return code if code >= 0 else 128 - code

    def _show_tasks(self, ended: str = "") -> None:
        self.host.show_tasks([f"task {task.number}: {task.line}" for task in self.tasks.running], ended)


def _is_read_only(command: Command, values: dict[str, Any]) -> bool:
    return command.read_only and not any(option.writes and values[option.value_name] for option in command.options)
