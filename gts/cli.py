"""The commands at the shell: the one place that prints, and one of the two that handle errors.

Data goes to standard output; notes, progress and errors go to standard error. Exit codes: 0 done, 1 the work failed, 2 wrong
use or a bad file, 3 something is missing on this machine, 130 interrupted after saving.
"""

from __future__ import annotations

import errno
import json
import math
import os
import re
import signal
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from importlib import import_module
from io import TextIOWrapper, UnsupportedOperation
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from gts.commands.click_adapter import FIRST_STEPS, build_cli
from gts.commands.command import Command, Context, Note, Result, iterate_outcome
from gts.errors import FormatError, GtsError, name_too_long_error
from gts.formats.durable import DISK_FULL_ERRNOS, WRITE_ERRORS
from gts.jobs.stop_request import StopRequest
from gts.store.workspace import find_workspace

if TYPE_CHECKING:
    from rich.console import Console

    from gts.commands.views.live import EventDisplay

INTERRUPTED = 130

_CLOSED_OUTPUT_ERRNOS = (errno.EPIPE, errno.EIO)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command line (without the program's name); the exit code."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            # A terminal that cannot show a letter shows a question mark, rather than ending the program.
            stream.reconfigure(errors="replace")
    try:
        return _exit_code(arguments)
    finally:
        _discard_unwritable_output()


def _exit_code(arguments: Sequence[str] | None) -> int:
    try:
        code = build_cli(_run_command, _print_help, _open_program).main(arguments, prog_name="gts", standalone_mode=False)
        sys.stdout.flush()
        return int(code or 0)
    except click.exceptions.Exit as done:
        return done.exit_code
    except click.UsageError as error:
        command = error.ctx.command_path if error.ctx else "gts"
        _print_error(_normalize_message(error.format_message()))
        _print_hint(f"`{command} --help` says how it is used")
        return error.exit_code
    except FormatError as error:
        for problem in error.problems:
            _print_error(problem.format_at(error.path))
        _print_hint(error.hint)
        return error.exit_code
    except GtsError as error:
        for text in error.message.splitlines():
            _print_error(text)
        _print_hint(error.hint)
        return error.exit_code
    except (KeyboardInterrupt, click.Abort):
        _print_error("interrupted")
        return INTERRUPTED
    except OSError as error:
        told = name_too_long_error(error)
        if told is not None:
            _print_error(told.message)
            return told.exit_code
        if error.errno in DISK_FULL_ERRNOS:
            reason, remedy = WRITE_ERRORS[error.errno]
            _print_error(f"the output cannot be written: {reason}")
            _print_hint(remedy)
            return 1
        if error.errno not in _CLOSED_OUTPUT_ERRNOS:
            raise
        # Whoever read the output has enough of it, or is gone.
        return 0


def _discard_unwritable_output() -> None:
    """What the output does not take any more, the interpreter must not try to write again when it ends."""
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except OSError:
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, stream.fileno())
            os.close(nowhere)


def _print_help(help_text: str) -> None:
    click.echo(help_text)
    _print_hint(FIRST_STEPS[:1].lower() + FIRST_STEPS[1:])


def _open_program(values: dict[str, Any]) -> int | None:
    """Open the terminal program; None where there is no terminal to open it on."""
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        return None
    # By its name: nothing below the screen knows the screen.
    opened: int = import_module("gts_tui.start").open_program(
        workspace=values["workspace"],
        readonly=values["readonly"],
        mouse=not values["no_mouse"],
        theme=values["theme"] or "",
        glyphs=values["glyphs"] or "",
    )
    return opened


def _run_command(command: Command, values: dict[str, Any]) -> int:
    """Run a command and show what it tells and finds."""
    as_json, workspace, threads = values.pop("as_json"), values.pop("workspace"), values.pop("threads", None)
    place = find_workspace(Path(workspace).expanduser() if workspace else None)
    context = Context(place, threads, StopRequest(), _make_confirm())
    result: Result | None = None
    with _handle_signals(context.stop_request, announce=not command.follows):
        if command.streams_events:
            result = _run_with_events(command, context, values, as_json=as_json)
        else:
            for step in iterate_outcome(command.run(context, **values)):
                if isinstance(step, Result):
                    result = step
                elif isinstance(step, Note):
                    click.echo(f"note: {step.text}", err=True)
    if result is None:
        raise AssertionError(f"`{command.name}` ended without a result")
    if as_json:
        click.echo(json.dumps(_replace_non_finite(result.as_dict()), ensure_ascii=False, allow_nan=False, default=str))
    else:
        from gts.commands.views import render_result

        _console().print(render_result(result, detail=bool(values.get("verbose"))), crop=False)
    return result.exit_code


def _run_with_events(command: Command, context: Context, values: Mapping[str, Any], *, as_json: bool) -> Result | None:
    """Run a long command, showing its events; its result."""
    result: Result | None = None
    display: EventDisplay | None = None
    watched = True
    with ExitStack() as stack:
        for step in iterate_outcome(command.run(context, **values)):
            if isinstance(step, Result):
                result = step
            elif watched:
                display = display or stack.enter_context(_make_display(context, values, as_json=as_json))
                try:
                    display.show(step)
                except OSError:
                    if command.follows:
                        raise
                    # The terminal is gone; the work is not, and goes on to where it can be saved.
                    watched = False
    return result


def _make_display(context: Context, values: Mapping[str, Any], *, as_json: bool) -> EventDisplay:
    from gts.commands.views.live import EventDisplay

    # What a job says is data for whoever reads standard output; on one terminal it belongs above the bar.
    log = None if as_json or sys.stdout.isatty() else _console()
    return EventDisplay(_console(error=True), context.stop_request, detail=bool(values.get("verbose")), log=log)


@contextmanager
def _handle_signals(stop_request: StopRequest, *, announce: bool) -> Iterator[None]:
    """Let Ctrl-C, and the signals that end a session, first ask for an orderly end; the second one is rude."""

    def ask(number: int, frame: Any) -> None:
        if stop_request.requested or not stop_request.has_listener:
            raise KeyboardInterrupt
        stop_request.request()
        if not announce:
            return
        with suppress(OSError):  # after a hang-up there is nobody to tell
            _write_unbuffered("\nstopping after this update and saving; Ctrl-C again stops at once\n")

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


def _write_unbuffered(text: str) -> None:
    """Write to standard error past its buffer, which a signal may have interrupted in a writing of its own."""
    try:
        descriptor = sys.stderr.fileno()
    except UnsupportedOperation:
        sys.stderr.write(text)
    else:
        os.write(descriptor, text.encode())


def _make_confirm() -> Callable[[str], bool] | None:
    """How the person at this terminal is asked; None where there is no terminal to ask at."""
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        return None
    return lambda question: click.confirm(question, err=True)


def _console(*, error: bool = False) -> Console:
    from rich.console import Console

    console = Console(stderr=error, highlight=False, markup=False, emoji=False)
    if not console.is_terminal and "COLUMNS" not in os.environ:
        console.width = 120
    return console


def _print_error(text: str) -> None:
    # What came out of a file must not steer the terminal.
    plain = re.sub(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]", "\N{REPLACEMENT CHARACTER}", text)
    click.echo(f"{click.style('error', fg='red', bold=True)}: {plain}", err=True, color=_force_colour())


def _print_hint(text: str) -> None:
    if text:
        click.echo(f"\n{click.style('hint', fg='cyan', bold=True)}: {text}", err=True, color=_force_colour())


def _force_colour() -> bool | None:
    return False if os.environ.get("NO_COLOR") else None


def _normalize_message(message: str) -> str:
    """A message of click in the form of ours: no capital, no full stop."""
    text = message.strip().rstrip(".")
    return text[:1].lower() + text[1:]


def _replace_non_finite(value: Any) -> Any:
    """Plain data in which numbers that JSON cannot hold are null."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {str(key): _replace_non_finite(inner) for key, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [_replace_non_finite(inner) for inner in value]
    return value
