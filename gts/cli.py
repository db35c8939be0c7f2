"""The program `gts`: runs a command line, prints its result and handles its errors.

Results go to standard output; notes, progress and errors go to standard error. Exit codes: 0 success, 1 the work failed,
2 wrong usage or an invalid file, 3 something is missing on this machine, 130 interrupted (after saving).
"""

from __future__ import annotations

import errno
import json
import math
import os
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
    """Run a command line, without the program's name; returns the exit code."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            # A character outside the terminal's encoding becomes a question mark instead of an exception.
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
        _print_hint(f"see `{command} --help`")
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
        too_long = name_too_long_error(error)
        if too_long is not None:
            _print_error(too_long.message)
            return too_long.exit_code
        if error.errno in DISK_FULL_ERRNOS:
            reason, remedy = WRITE_ERRORS[error.errno]
            _print_error(f"the output cannot be written: {reason}")
            _print_hint(remedy)
            return 1
        if error.errno not in _CLOSED_OUTPUT_ERRNOS:
            raise
        # The reader of the output, such as `head`, has closed it.
        return 0


def _discard_unwritable_output() -> None:
    """Redirect closed streams to the null device, since the interpreter flushes them again at exit."""
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except OSError:
            null = os.open(os.devnull, os.O_WRONLY)
            os.dup2(null, stream.fileno())
            os.close(null)


def _print_help(help_text: str) -> None:
    click.echo(help_text)
    _print_hint(FIRST_STEPS[:1].lower() + FIRST_STEPS[1:])


def _open_program(values: dict[str, Any]) -> int | None:
    """Run the terminal program; returns its exit code, or None without a terminal."""
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        return None
    # Imported by name, since no import of `gts` may lead to `gts_tui`.
    opened: int = import_module("gts_tui.start").open_program(
        workspace=values["workspace"],
        readonly=values["readonly"],
        mouse=not values["no_mouse"],
        theme=values["theme"] or "",
        glyphs=values["glyphs"] or "",
    )
    return opened


def _run_command(command: Command, values: dict[str, Any]) -> int:
    """Run a command and print its notes, events and result; returns the exit code."""
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
    """Run a command that yields events, and display them; returns its result."""
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
                    # The terminal was closed: continue without display until the work is saved.
                    watched = False
    return result


def _make_display(context: Context, values: Mapping[str, Any], *, as_json: bool) -> EventDisplay:
    from gts.commands.views.live import EventDisplay

    # Log lines are data for standard output; on a terminal they are printed above the progress bar.
    log = None if as_json or sys.stdout.isatty() else _console()
    return EventDisplay(_console(error=True), context.stop_request, detail=bool(values.get("verbose")), log=log)


@contextmanager
def _handle_signals(stop_request: StopRequest, *, announce: bool) -> Iterator[None]:
    """Turn the first SIGINT, SIGTERM or SIGHUP into a stop request, and the second into KeyboardInterrupt."""

    def ask(number: int, frame: Any) -> None:
        if stop_request.requested or not stop_request.has_listener:
            raise KeyboardInterrupt
        stop_request.request()
        if not announce:
            return
        with suppress(OSError):  # after a hang-up the terminal is closed
            _write_unbuffered("\nstopping after this update and saving; press Ctrl-C again to stop at once\n")

    old_handlers = {}
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        # Signals that nohup or a background shell job ignores stay ignored.
        if signal.getsignal(number) is not signal.SIG_IGN:
            old_handlers[number] = signal.signal(number, ask)
    try:
        yield
    finally:
        for number, handler in old_handlers.items():
            signal.signal(number, handler)


def _write_unbuffered(text: str) -> None:
    """Write to the descriptor of standard error: a signal handler must not re-enter the buffered writer."""
    try:
        descriptor = sys.stderr.fileno()
    except UnsupportedOperation:
        sys.stderr.write(text)
    else:
        os.write(descriptor, text.encode())


def _make_confirm() -> Callable[[str], bool] | None:
    """Make the function that asks the user a yes-or-no question; None without a terminal."""
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
    from gts.commands.views.formatting import replace_controls

    plain = replace_controls(text)
    click.echo(f"{click.style('error', fg='red', bold=True)}: {plain}", err=True, color=_force_colour())


def _print_hint(text: str) -> None:
    if text:
        click.echo(f"\n{click.style('hint', fg='cyan', bold=True)}: {text}", err=True, color=_force_colour())


def _force_colour() -> bool | None:
    return False if os.environ.get("NO_COLOR") else None


def _normalize_message(message: str) -> str:
    """Write a message of click as GTS writes its own: no capital, no full stop."""
    text = message.strip().rstrip(".")
    return text[:1].lower() + text[1:]


def _replace_non_finite(value: Any) -> Any:
    """Replace NaN and infinities, which JSON cannot hold, by null."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {str(key): _replace_non_finite(inner) for key, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [_replace_non_finite(inner) for inner in value]
    return value
