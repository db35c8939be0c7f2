"""Builds the click program from the declarations of the commands."""

from __future__ import annotations

import difflib
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
from click.shell_completion import CompletionItem

from gts import __version__
from gts.commands.command import GROUP_TITLES, Argument, Command, CompletionKind, Context, Option
from gts.commands.registry import COMMANDS
from gts.store.workspace import find_workspace

RunCommand = Callable[[Command, dict[str, Any]], int]

FIRST_STEPS = "Start with: gts init w && cd w && gts train inverted/invertedPPO.spec"

_WELCOME = "GTS teaches simulated, jointed figures to balance, hop, walk and run."
_COMMON_OPTIONS = (
    Option(("--json",), "Print the result as JSON.", "flag", name="as_json"),
    Option(
        ("--workspace",), "Workspace folder; default: the nearest parent folder with a gts.db, else this folder.", metavar="DIR"
    ),
)
PROGRAM_OPTIONS = (
    _COMMON_OPTIONS[-1],
    Option(("--readonly",), "Disable every command of the terminal program that could change something.", "flag"),
    Option(("--no-mouse",), "Leave the mouse to the terminal, for selecting text; `%` toggles this.", "flag"),
    Option(("--theme",), "Colour theme, one of `gts themes`; default: the last one used.", metavar="NAME"),
    Option(
        ("--glyphs",),
        "Characters that the terminal can show; detected by default.",
        "choice",
        choices=("braille", "block", "ascii"),
    ),
)
"""Options of the terminal program."""
_THREADS = Option(("--threads",), "CPUs to use; default: all that this process may use.", "integer", minimum=1, metavar="N")


def build_cli(
    run_command: RunCommand,
    print_help: Callable[[str], None],
    open_program: Callable[[dict[str, Any]], int | None] | None = None,
) -> click.Group:
    """Build the click program of all commands.

    `run_command(command, values)` returns an exit code. Without a command, `open_program(values)` opens the terminal program
    and returns its exit code; if it returns or is None, `print_help(text)` is called instead.
    """

    @click.pass_context
    def without_command(context: click.Context, /, version: bool, **values: Any) -> int:
        if context.invoked_subcommand is None:
            code = open_program(values) if open_program is not None else None
            if code is None:
                print_help(context.get_help())
            return code or 0
        _pass_workspace(context, values)
        return 0

    group = _Group(
        name="gts",
        help=f"{_WELCOME}\n\n{FIRST_STEPS}",
        run_command=run_command,
        context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110},
        invoke_without_command=True,
        callback=without_command,
    )
    group.params.extend(map(_option, PROGRAM_OPTIONS))
    group.params.append(
        click.Option(["--version"], is_flag=True, help="Print the version.", is_eager=True, callback=_print_version)
    )
    return group


def _pass_workspace(context: click.Context, values: dict[str, Any]) -> None:
    """Hand `--workspace` given before a command on to it; raises UsageError for options of the terminal program."""
    for option in PROGRAM_OPTIONS[1:]:
        if values[option.value_name] != (False if option.type == "flag" else option.default):
            raise click.UsageError(f"{option.flags[-1]} is an option of the terminal program, not of a command", context)
    command = context.invoked_subcommand
    if command is not None and values["workspace"] is not None:
        context.default_map = {command: {"workspace": values["workspace"]}}


class _Group(click.Group):
    """The program, which lists its commands under headings and suggests one for an unknown name."""

    def __init__(self, *, run_command: RunCommand, **more: Any) -> None:
        super().__init__(**more)
        self._run_command = run_command

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        return _command(COMMANDS[cmd_name], self._run_command) if cmd_name in COMMANDS else None

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        for group, title in GROUP_TITLES.items():
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
    """A command whose help also lists arguments and examples."""

    declaration: Command

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        if self.declaration.arguments:
            with formatter.section("Arguments"):
                formatter.write_dl([(argument.display_metavar, argument.help) for argument in self.declaration.arguments])
        super().format_options(ctx, formatter)

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        if self.declaration.examples:
            with formatter.section("Examples"):
                for example in self.declaration.examples:
                    formatter.write(f"  {example}\n")


class _Number(click.ParamType[float]):
    """Parameter type: a finite number within bounds."""

    name = "number"

    def __init__(self, minimum: float | None = None, maximum: float | None = None) -> None:
        self._minimum, self._maximum = minimum, maximum

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        text = str(value).strip()
        try:
            number = float(text)
        except ValueError:
            number = math.nan
        if not math.isfinite(number):
            self.fail(f"{text[:40]!r} is not a number", param, ctx)
        return self._check_bounds(number, text, param, ctx)

    def _check_bounds(self, number: float, text: str, param: click.Parameter | None, ctx: click.Context | None) -> float:
        if (self._minimum is not None and number < self._minimum) or (self._maximum is not None and number > self._maximum):
            bounds = [f"at least {self._minimum}" if self._minimum is not None else ""]
            bounds.append(f"at most {self._maximum}" if self._maximum is not None else "")
            self.fail(f"{text[:40]} must be {' and '.join(filter(None, bounds))}", param, ctx)
        return number


class _Integer(_Number):
    """Parameter type: a whole number within bounds, also written as `300k`, `2M` or `1e6`."""

    name = "integer"

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
        return int(self._check_bounds(number, text, param, ctx))


def _print_version(context: click.Context, parameter: click.Parameter, value: bool) -> None:
    if value:
        click.echo(f"gts {__version__}")
        context.exit()


def _command(command: Command, run_command: RunCommand) -> _Command:
    options = (*command.options, *((_THREADS,) if command.threads else ()), *_COMMON_OPTIONS)

    def invoke(**values: Any) -> int:
        return run_command(command, values)

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
    # click makes an argument with any default, even None, optional.
    default = {} if argument.required else {"default": argument.default}
    return click.Argument(
        [argument.name],
        type=_type(argument),
        required=argument.required,
        **default,
        nargs=-1 if argument.multiple else 1,
        metavar=argument.display_metavar if argument.required else f"[{argument.display_metavar}]",
        shell_complete=_completer(argument.completion),
    )


class _Option(click.Option):
    """An option whose help leaves out its hidden spellings."""

    hidden_flags: tuple[str, ...] = ()

    def get_help_record(self, ctx: click.Context) -> tuple[str, str] | None:
        all_flags, self.opts = self.opts, [flag for flag in self.opts if flag not in self.hidden_flags]
        try:
            return super().get_help_record(ctx)
        finally:
            self.opts = all_flags


def _option(option: Option) -> click.Option:
    flag = option.type == "flag"
    made = _Option(
        [*option.hidden_flags, *option.flags, option.value_name],
        help=option.help,
        type=None if flag else _type(option),
        is_flag=flag,
        default=False if flag else option.default,
        show_default=not flag and option.default is not None,
        multiple=option.multiple,
        metavar=option.display_metavar or None,
        shell_complete=None if flag else _completer(option.completion),
    )
    made.hidden_flags = option.hidden_flags
    return made


def _type(declared: Argument | Option) -> click.ParamType[Any] | type:
    if declared.type == "choice":
        return click.Choice(declared.choices)
    if declared.type in ("integer", "number") and isinstance(declared, Option):
        return {"integer": _Integer, "number": _Number}[declared.type](declared.minimum, declared.maximum)
    return {"path": Path}.get(declared.type, str)


def _completer(completion: CompletionKind) -> Any:
    def complete(context: click.Context, parameter: click.Parameter, beginning: str) -> list[CompletionItem]:
        from gts.commands.shell_completion import complete_word

        return [CompletionItem(word) for word in complete_word(completion, beginning, Context(find_workspace()))]

    return complete
