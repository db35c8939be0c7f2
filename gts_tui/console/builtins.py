"""The program's own words at work, in the program's own thread."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import TYPE_CHECKING, Any

import click
from rich.text import Text

from gts.commands.click_adapter import build_cli
from gts.commands.command import GROUP_TITLES, Context
from gts.commands.registry import COMMANDS
from gts.errors import UsageError
from gts_tui.command_syntax import ALIASES, BUILTINS, Builtin, find_mode, resolve_target, suggest_nearest
from gts_tui.console.formatting import replace_control_characters
from gts_tui.console.output import OutputPane, find_output_pane

if TYPE_CHECKING:
    from gts_tui.app import GtsApp

_HISTORY_LINES = 40


async def run_builtin(app: GtsApp, name: str, words: Sequence[str]) -> None:
    """Do one; raises UsageError or FileError where that is impossible."""
    await _HANDLERS[name](app, words)


async def _open(app: GtsApp, words: Sequence[str]) -> None:
    _require_words(words, BUILTINS["open"])
    context = Context(app.workspace)
    for word in words:
        place = await asyncio.to_thread(resolve_target, context, word)
        await app.show_mode(place.mode, (place.reference,))


async def _edit(app: GtsApp, words: Sequence[str]) -> None:
    _require_words(words, BUILTINS["edit"])
    place = await asyncio.to_thread(resolve_target, Context(app.workspace), words[0])
    if place.mode != "editor":
        raise UsageError(
            f"{words[0]} is no spec and no space, so there is nothing to edit", hint=f"look at it: open {words[0]}"
        )
    await app.show_mode("editor", (place.reference,))


async def _mode(app: GtsApp, words: Sequence[str]) -> None:
    _require_words(words, BUILTINS["mode"])
    mode = find_mode(words[0])
    context = Context(app.workspace)
    places = [await asyncio.to_thread(resolve_target, context, word) for word in words[1:]]
    await app.show_mode(mode, [place.reference for place in places])


async def _theme(app: GtsApp, words: Sequence[str]) -> None:
    _require_words(words, BUILTINS["theme"])
    app.choose_theme(words[0])


async def _help(app: GtsApp, words: Sequence[str]) -> None:
    pane = _require_output_pane(app)
    if not words:
        _list_commands(pane)
    else:
        name = ALIASES.get(words[0], words[0])
        if name in BUILTINS:
            verb = BUILTINS[name]
            pane.add(Text.assemble((f"{verb.name} {verb.usage}".rstrip(), "bold"), f"\n  {verb.summary}"))
        elif name in COMMANDS:
            pane.add(_render_help(name, app.output_width))
        else:
            raise UsageError(f"unknown command `{words[0]}`{suggest_nearest(words[0], [*COMMANDS, *BUILTINS])}")
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
    for verb in BUILTINS.values():
        pane.add(Text.assemble("  ", (f"{verb.name:<10}", "bold"), verb.summary))
    pane.add(
        "? shows the keys of a place; `help COMMAND` says more; ! is a shell, ; the next command; @last @best @sel are names"
    )


async def _history(app: GtsApp, words: Sequence[str]) -> None:
    history = app.command_runner.history
    await asyncio.to_thread(history.load)
    found = history.containing(" ".join(words))[:_HISTORY_LINES]
    if not found:
        raise UsageError(f"no command has `{' '.join(words)}` in it" if words else "no command was given yet")
    pane = _require_output_pane(app)
    for line in reversed(found):
        pane.add(Text(f"  {replace_control_characters(line)}"))
    pane.show_result()


async def _cancel(app: GtsApp, words: Sequence[str]) -> None:
    number = None
    if words:
        if not words[0].isdecimal():
            raise UsageError(f"`{words[0]}` is no number of a task", hint="the line above the command line shows them")
        number = int(words[0])
    if not app.command_runner.cancel(number):
        raise UsageError(f"there is no task {words[0]}" if words else "nothing is at work here", hint="`stop` is for jobs")


async def _clear(app: GtsApp, words: Sequence[str]) -> None:
    pane = _require_output_pane(app)
    pane.clear()
    pane.display = False


async def _mouse(app: GtsApp, words: Sequence[str]) -> None:
    if words and words[0] not in ("on", "off"):
        raise UsageError(f"the mouse is on or off, not {words[0]}")
    app.set_mouse(words[0] == "on" if words else not app.has_mouse)


async def _quit(app: GtsApp, words: Sequence[str]) -> None:
    app.action_leave()


def _require_output_pane(app: GtsApp) -> OutputPane:
    pane = find_output_pane(app)
    if pane is None:
        raise UsageError("the program is at its end")
    return pane


def _require_words(words: Sequence[str], builtin: Builtin) -> None:
    if not words:
        raise UsageError(f"`{builtin.name}` wants a word: {builtin.name} {builtin.usage}")


_HANDLERS: dict[str, Callable[[GtsApp, Sequence[str]], Awaitable[None]]] = {
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
