"""Built-in commands of the terminal program; they run in the app's thread."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import click
from rich.text import Text

from gts.commands.click_adapter import build_cli
from gts.commands.command import GROUP_TITLES, Context
from gts.commands.registry import COMMANDS
from gts.errors import UsageError
from gts_tui.app_base import BaseApp
from gts_tui.command_syntax import ALIASES, BUILTINS, Builtin, find_mode, resolve_target, suggest_nearest
from gts_tui.console.formatting import replace_control_characters
from gts_tui.console.output import OutputPane, find_output_pane

if TYPE_CHECKING:
    from gts_tui.console.runner import CommandRunner

_HISTORY_LINES = 40


@dataclass(frozen=True)
class _Call:
    """Arguments of a built-in command."""

    app: BaseApp
    runner: CommandRunner
    words: Sequence[str]


async def run_builtin(app: BaseApp, runner: CommandRunner, name: str, words: Sequence[str]) -> None:
    """Run a built-in command in the app's thread; raises UsageError or FileError."""
    await _HANDLERS[name](_Call(app, runner, words))


async def _open(call: _Call) -> None:
    _require_words(call.words, BUILTINS["open"])
    context = Context(call.app.workspace)
    for word in call.words:
        place = await asyncio.to_thread(resolve_target, context, word)
        await call.app.show_mode(place.mode, (place.reference,))


async def _edit(call: _Call) -> None:
    _require_words(call.words, BUILTINS["edit"])
    place = await asyncio.to_thread(resolve_target, Context(call.app.workspace), call.words[0])
    if place.mode != "editor":
        raise UsageError(f"{call.words[0]} is neither a spec nor a space", hint=f"to look at it: open {call.words[0]}")
    await call.app.show_mode("editor", (place.reference,))


async def _mode(call: _Call) -> None:
    _require_words(call.words, BUILTINS["mode"])
    mode = find_mode(call.words[0])
    context = Context(call.app.workspace)
    places = [await asyncio.to_thread(resolve_target, context, word) for word in call.words[1:]]
    await call.app.show_mode(mode, [place.reference for place in places])


async def _theme(call: _Call) -> None:
    _require_words(call.words, BUILTINS["theme"])
    call.app.themes.choose(call.words[0])


async def _help(call: _Call) -> None:
    pane = _require_output_pane(call.app)
    if not call.words:
        _list_commands(pane)
    else:
        name = ALIASES.get(call.words[0], call.words[0])
        if name in BUILTINS:
            builtin = BUILTINS[name]
            pane.add(Text.assemble((f"{builtin.name} {builtin.usage}".rstrip(), "bold"), f"\n  {builtin.summary}"))
        elif name in COMMANDS:
            pane.add(_render_help(name, call.app.output_width))
        else:
            raise UsageError(f"unknown command `{call.words[0]}`{suggest_nearest(call.words[0], [*COMMANDS, *BUILTINS])}")
    pane.show_result()


def _render_help(name: str, columns: int) -> str:
    group = build_cli(lambda command, values: 0, lambda text: None)
    settings: dict[str, Any] = {"terminal_width": columns, "max_content_width": columns}
    context = click.Context(group, info_name="gts", **settings)
    command = group.get_command(context, name)
    assert command is not None
    return command.get_help(click.Context(command, parent=context, info_name=name, **settings))


def _list_commands(pane: OutputPane) -> None:
    for group, title in GROUP_TITLES.items():
        pane.add(Text(title, "bold"))
        for command in COMMANDS.values():
            if command.group == group:
                pane.add(Text.assemble("  ", (f"{command.name:<10}", "bold"), command.summary))
    pane.add(Text("This program", "bold"))
    for builtin in BUILTINS.values():
        pane.add(Text.assemble("  ", (f"{builtin.name:<10}", "bold"), builtin.summary))
    pane.add(
        "`help COMMAND` describes a command; ? lists the keys; !COMMAND runs a shell; ; separates commands; "
        "@last, @best and @sel are references"
    )


async def _history(call: _Call) -> None:
    history = call.runner.history
    await asyncio.to_thread(history.load)
    found = history.containing(" ".join(call.words))[:_HISTORY_LINES]
    if not found:
        raise UsageError(
            f"no command of the history contains `{' '.join(call.words)}`" if call.words else "the history is empty"
        )
    pane = _require_output_pane(call.app)
    for line in reversed(found):
        pane.add(Text(f"  {replace_control_characters(line)}"))
    pane.show_result()


async def _cancel(call: _Call) -> None:
    number = None
    if call.words:
        if not call.words[0].isdecimal():
            raise UsageError(
                f"`{call.words[0]}` is not the number of a task", hint="the line above the command line shows them"
            )
        number = int(call.words[0])
    if not call.runner.cancel(number):
        raise UsageError(f"there is no task {call.words[0]}" if call.words else "no task is running", hint="`stop` is for jobs")


async def _clear(call: _Call) -> None:
    pane = _require_output_pane(call.app)
    pane.clear()
    pane.display = False


async def _mouse(call: _Call) -> None:
    if call.words and call.words[0] not in ("on", "off"):
        raise UsageError(f"`mouse` takes on or off, not {call.words[0]}")
    call.app.set_mouse(call.words[0] == "on" if call.words else not call.app.has_mouse)


async def _quit(call: _Call) -> None:
    await call.app.action_quit()


def _require_output_pane(app: BaseApp) -> OutputPane:
    pane = find_output_pane(app)
    if pane is None:
        raise UsageError("the program is closing")
    return pane


def _require_words(words: Sequence[str], builtin: Builtin) -> None:
    if not words:
        raise UsageError(f"`{builtin.name}` needs an argument: {builtin.name} {builtin.usage}")


_HANDLERS: dict[str, Callable[[_Call], Awaitable[None]]] = {
    "open": _open,
    "edit": _edit,
    "mode": _mode,
    "theme": _theme,
    "help": _help,
    "history": _history,
    "cancel": _cancel,
    "clear": _clear,
    "mouse": _mouse,
    "quit": _quit,
}
