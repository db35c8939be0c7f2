"""The commands at the shell: the one place that prints, and one of the two that handle errors.

Data goes to standard output; notes, progress and errors go to standard error. Exit codes: 0 done, 1 the work failed, 2 wrong
use or a bad file, 3 something is missing on this machine, 130 interrupted after saving.
"""

from __future__ import annotations

import difflib
import json
import math
import os
import signal
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from io import TextIOWrapper
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from click.shell_completion import CompletionItem

from gts import __version__
from gts.commands.declare import GROUPS, Argument, Command, Completion, Context, Note, Option, Result, steps_of
from gts.commands.table import COMMANDS
from gts.errors import FormatError, GtsError
from gts.jobs.interruption import Interruption
from gts.store.workspace import find_workspace

if TYPE_CHECKING:
    from rich.console import Console

INTERRUPTED = 130

_WELCOME = "GTS teaches simulated, jointed figures to balance, hop, walk and run."
_FIRST_STEPS = "Start with: gts init w && cd w && gts train inverted/invertedPPO.spec"
_SHARED = (
    Option(("--json",), "Print the result as JSON.", "flag", name="as_json"),
    Option(
        ("--workspace",), "The workspace; otherwise the nearest folder upwards that has a gts.db, or this one.", metavar="DIR"
    ),
)
_THREADS = Option(("--threads",), "CPUs to use; otherwise all that this process may use.", "integer", minimum=1, metavar="N")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command line (without the program's name); the exit code."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            # A terminal that cannot show a letter shows a question mark, rather than ending the program.
            stream.reconfigure(errors="replace")
    try:
        code = _program().main(arguments, prog_name="gts", standalone_mode=False)
        sys.stdout.flush()
        return int(code or 0)
    except click.exceptions.Exit as done:
        return done.exit_code
    except click.UsageError as error:
        command = error.ctx.command_path if error.ctx else "gts"
        _complain(_sentence(error.format_message()))
        _hint(f"`{command} --help` says how it is used")
        return error.exit_code
    except FormatError as error:
        for problem in error.problems:
            _complain(problem.at(error.path))
        _hint(error.hint)
        return error.exit_code
    except GtsError as error:
        for text in error.message.splitlines():
            _complain(text)
        _hint(error.hint)
        return error.exit_code
    except (KeyboardInterrupt, click.Abort):
        _complain("interrupted")
        return INTERRUPTED
    except BrokenPipeError:
        # Whoever read the output has enough of it; the interpreter must not try to write the rest when it ends.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0


class _Group(click.Group):
    """The program: lists its commands under headings, and guesses what a misspelled one was meant to be."""

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        for group, title in GROUPS.items():
            rows = [(command.name, command.summary) for command in COMMANDS.values() if command.group == group]
            with formatter.section(title):
                formatter.write_dl(rows, col_spacing=4)

    def resolve_command(self, ctx: click.Context, args: list[str]) -> tuple[str | None, click.Command | None, list[str]]:
        if args and args[0] not in COMMANDS and not args[0].startswith("-"):
            close = difflib.get_close_matches(args[0], COMMANDS, n=1, cutoff=0.5)
            guess = f"; did you mean `{close[0]}`?" if close else ""
            raise click.UsageError(f"unknown command `{args[0]}`{guess}", ctx)
        return super().resolve_command(ctx, args)


class _Command(click.Command):
    """A command whose help explains its arguments too."""

    declaration: Command

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        if self.declaration.arguments:
            with formatter.section("Arguments"):
                formatter.write_dl([(argument.shown, argument.help) for argument in self.declaration.arguments])
        super().format_options(ctx, formatter)

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        if self.declaration.examples:
            with formatter.section("Examples"):
                for example in self.declaration.examples:
                    formatter.write(f"  {example}\n")


class _Whole(click.ParamType[int]):
    """A whole number within bounds, also as `300k`, `2M` or `1e6`."""

    name = "integer"

    def __init__(self, minimum: int | None, maximum: int | None) -> None:
        self._minimum, self._maximum = minimum, maximum

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        text = str(value).strip()
        factor = {"k": 1e3, "M": 1e6, "G": 1e9}.get(text[-1:], 0)
        try:
            number = (
                int(text) if not factor and "e" not in text.lower() else float(text[:-1] if factor else text) * (factor or 1)
            )
            if number != int(number):
                raise ValueError
        except (ValueError, OverflowError):
            self.fail(f"{text[:40]!r} is not a whole number", param, ctx)
        if (self._minimum is not None and number < self._minimum) or (self._maximum is not None and number > self._maximum):
            bounds = [f"at least {self._minimum}" if self._minimum is not None else ""]
            bounds.append(f"at most {self._maximum}" if self._maximum is not None else "")
            self.fail(f"{text[:40]} must be {' and '.join(filter(None, bounds))}", param, ctx)
        return int(number)


def _program() -> _Group:
    """The table of commands as a click program."""
    group = _Group(
        name="gts",
        help=f"{_WELCOME}\n\n{_FIRST_STEPS}",
        commands={command.name: _command(command) for command in COMMANDS.values()},
        context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110},
        invoke_without_command=True,
        callback=_alone,
    )
    group.params.append(click.Option(["--version"], is_flag=True, help="Print the version.", is_eager=True, callback=_version))
    return group


@click.pass_context
def _alone(context: click.Context, version: bool) -> int:
    if context.invoked_subcommand is None:
        click.echo(context.get_help())
        _hint(_FIRST_STEPS.replace("Start", "start"))
    return 0


def _version(context: click.Context, parameter: click.Parameter, value: bool) -> None:
    if value:
        click.echo(f"gts {__version__}")
        context.exit()


def _command(command: Command) -> _Command:
    options = (*command.options, *((_THREADS,) if command.threads else ()), *_SHARED)

    def invoke(**values: Any) -> int:
        return _run(command, values)

    made = _Command(
        command.name,
        help=f"{command.summary}\n\n{command.help}",
        short_help=command.summary,
        params=[*map(_argument, command.arguments), *map(_option, options)],
        callback=invoke,
    )
    made.declaration = command
    return made


def _argument(argument: Argument) -> click.Argument:
    # A default, even None, would make the word optional.
    default = {} if argument.required else {"default": argument.default}
    return click.Argument(
        [argument.name],
        type=_type(argument),
        required=argument.required,
        **default,
        nargs=-1 if argument.multiple else 1,
        metavar=argument.shown if argument.required else f"[{argument.shown}]",
        shell_complete=_completer(argument.completion),
    )


def _option(option: Option) -> click.Option:
    flag = option.type == "flag"
    return click.Option(
        [*option.flags, option.value_name],
        help=option.help,
        type=None if flag else _type(option),
        is_flag=flag,
        default=False if flag else option.default,
        show_default=not flag and option.default is not None,
        multiple=option.multiple,
        metavar=option.shown or None,
        shell_complete=None if flag else _completer(option.completion),
    )


def _type(declared: Argument | Option) -> click.ParamType[Any] | type:
    if declared.type == "choice":
        return click.Choice(declared.choices)
    if declared.type == "integer" and isinstance(declared, Option):
        return _Whole(declared.minimum, declared.maximum)
    return {"number": float, "path": Path}.get(declared.type, str)


def _completer(completion: Completion) -> Any:
    def complete(context: click.Context, parameter: click.Parameter, beginning: str) -> list[CompletionItem]:
        from gts.commands.completion import candidates

        return [CompletionItem(word) for word in candidates(completion, beginning, Context(find_workspace()))]

    return complete


def _run(command: Command, values: dict[str, Any]) -> int:
    """Run a command and show what it tells and finds."""
    as_json, workspace, threads = values.pop("as_json"), values.pop("workspace"), values.pop("threads", None)
    context = Context(find_workspace(Path(workspace).expanduser() if workspace else None), threads, Interruption())
    result: Result | None = None
    with _interruptions(context.interruption):
        if command.long:
            result = _follow(command, context, values)
        else:
            for step in steps_of(command.run(context, **values)):
                if isinstance(step, Result):
                    result = step
                elif isinstance(step, Note):
                    click.echo(f"note: {step.text}", err=True)
    if result is None:
        raise AssertionError(f"`{command.name}` ended without a result")
    if as_json:
        click.echo(json.dumps(_finite(result.as_dict()), ensure_ascii=False, allow_nan=False, default=str))
    else:
        from gts.commands.views import view

        _console().print(view(result, detail=bool(values.get("verbose"))), crop=False)
    return result.exit_code


def _follow(command: Command, context: Context, values: Mapping[str, Any]) -> Result | None:
    """Run a long command, showing its events; its result."""
    from gts.commands.views.progress import Display

    result: Result | None = None
    with Display(_console(error=True), context.interruption, detail=bool(values.get("verbose"))) as display:
        for step in steps_of(command.run(context, **values)):
            if isinstance(step, Result):
                result = step
            else:
                display.show(step)
    return result


@contextmanager
def _interruptions(interruption: Interruption) -> Iterator[None]:
    """Let Ctrl-C, and the signals that end a session, first ask for an orderly end; the second one is rude."""

    def ask(number: int, frame: Any) -> None:
        if interruption.requested or not interruption.heeded:
            raise KeyboardInterrupt
        interruption.request()
        click.echo("\nstopping after this update and saving; Ctrl-C again stops at once", err=True)

    kept = {}
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        # What is ignored from outside, by nohup or in the background of a shell, stays ignored.
        if signal.getsignal(number) is not signal.SIG_IGN:
            kept[number] = signal.signal(number, ask)
    try:
        yield
    finally:
        for number, handler in kept.items():
            signal.signal(number, handler)


def _console(*, error: bool = False) -> Console:
    from rich.console import Console

    console = Console(stderr=error, highlight=False, markup=False, emoji=False)
    if not console.is_terminal and "COLUMNS" not in os.environ:
        console.width = 120
    return console


def _complain(text: str) -> None:
    click.echo(f"{click.style('error', fg='red', bold=True)}: {text}", err=True, color=_colours())


def _hint(text: str) -> None:
    if text:
        click.echo(f"\n{click.style('hint', fg='cyan', bold=True)}: {text}", err=True, color=_colours())


def _colours() -> bool | None:
    return False if os.environ.get("NO_COLOR") else None


def _sentence(message: str) -> str:
    """A message of click in the form of ours: no capital, no full stop."""
    text = message.strip().rstrip(".")
    return text[:1].lower() + text[1:]


def _finite(value: Any) -> Any:
    """Plain data in which numbers that JSON cannot hold are null."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {str(key): _finite(inner) for key, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [_finite(inner) for inner in value]
    return value
