"""The program's own words at work, in the program's own thread."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import TYPE_CHECKING, Any

import click
from rich.text import Text

from gts.commands.click_adapter import program
from gts.commands.command import GROUPS, Context
from gts.commands.registry import COMMANDS
from gts.errors import UsageError
from gts_tui.command_syntax import ALIASES, VERBS, Verb, guess, mode_named, place_of
from gts_tui.console.formatting import clean
from gts_tui.console.output import Scrollback, pane_of

if TYPE_CHECKING:
    from gts_tui.app import GtsApp

_NEWEST_LINES = 40


async def act(app: GtsApp, name: str, words: Sequence[str]) -> None:
    """Do one; raises UsageError or FileError where that is impossible."""
    await _ACTS[name](app, words)


async def _open(app: GtsApp, words: Sequence[str]) -> None:
    _some(words, VERBS["open"])
    context = Context(app.workspace)
    for word in words:
        place = await asyncio.to_thread(place_of, context, word)
        await app.show_mode(place.mode, (place.word,))


async def _edit(app: GtsApp, words: Sequence[str]) -> None:
    _some(words, VERBS["edit"])
    place = await asyncio.to_thread(place_of, Context(app.workspace), words[0])
    if place.mode != "editor":
        raise UsageError(
            f"{words[0]} is no spec and no space, so there is nothing to edit", hint=f"look at it: open {words[0]}"
        )
    await app.show_mode("editor", (place.word,))


async def _mode(app: GtsApp, words: Sequence[str]) -> None:
    _some(words, VERBS["mode"])
    mode = mode_named(words[0])
    context = Context(app.workspace)
    places = [await asyncio.to_thread(place_of, context, word) for word in words[1:]]
    await app.show_mode(mode, [place.word for place in places])


async def _theme(app: GtsApp, words: Sequence[str]) -> None:
    _some(words, VERBS["theme"])
    app.choose_theme(words[0])


async def _help(app: GtsApp, words: Sequence[str]) -> None:
    pane = _pane(app)
    if not words:
        _list_words(pane)
    else:
        name = ALIASES.get(words[0], words[0])
        if name in VERBS:
            verb = VERBS[name]
            pane.add(Text.assemble((f"{verb.name} {verb.shown}".rstrip(), "bold"), f"\n  {verb.summary}"))
        elif name in COMMANDS:
            pane.add(_help_of(name, app.columns))
        else:
            raise UsageError(f"unknown command `{words[0]}`{guess(words[0], [*COMMANDS, *VERBS])}")
    pane.show_answer()


def _help_of(name: str, columns: int) -> str:
    group = program(lambda command, values: 0, lambda text: None)
    settings: dict[str, Any] = {"terminal_width": columns, "max_content_width": columns}
    context = click.Context(group, info_name="gts", **settings)
    command = group.get_command(context, name)
    assert command is not None
    return command.get_help(click.Context(command, parent=context, info_name=name, **settings))


def _list_words(pane: Scrollback) -> None:
    for group, title in GROUPS.items():
        pane.add(Text(title, "bold"))
        for command in COMMANDS.values():
            if command.group == group:
                pane.add(Text.assemble("  ", (f"{command.name:<10}", "bold"), command.summary))
    pane.add(Text("This program", "bold"))
    for verb in VERBS.values():
        pane.add(Text.assemble("  ", (f"{verb.name:<10}", "bold"), verb.summary))
    pane.add(
        "? shows the keys of a place; `help COMMAND` says more; ! is a shell, ; the next command; @last @best @sel are names"
    )


async def _history(app: GtsApp, words: Sequence[str]) -> None:
    history = app.performer.history
    await asyncio.to_thread(history.load)
    found = history.holding(" ".join(words))[:_NEWEST_LINES]
    if not found:
        raise UsageError(f"no command has `{' '.join(words)}` in it" if words else "no command was given yet")
    pane = _pane(app)
    for line in reversed(found):
        pane.add(Text(f"  {clean(line)}"))
    pane.show_answer()


async def _cancel(app: GtsApp, words: Sequence[str]) -> None:
    number = None
    if words:
        if not words[0].isdecimal():
            raise UsageError(f"`{words[0]}` is no number of a task", hint="the line above the command line shows them")
        number = int(words[0])
    if not app.performer.cancel(number):
        raise UsageError(f"there is no task {words[0]}" if words else "nothing is at work here", hint="`stop` is for jobs")


async def _clear(app: GtsApp, words: Sequence[str]) -> None:
    pane = _pane(app)
    pane.clear()
    pane.display = False


async def _mouse(app: GtsApp, words: Sequence[str]) -> None:
    if words and words[0] not in ("on", "off"):
        raise UsageError(f"the mouse is on or off, not {words[0]}")
    app.set_mouse(words[0] == "on" if words else not app.has_mouse)


async def _quit(app: GtsApp, words: Sequence[str]) -> None:
    app.action_leave()


def _pane(app: GtsApp) -> Scrollback:
    pane = pane_of(app)
    if pane is None:
        raise UsageError("the program is at its end")
    return pane


def _some(words: Sequence[str], verb: Verb) -> None:
    if not words:
        raise UsageError(f"`{verb.name}` wants a word: {verb.name} {verb.shown}")


_ACTS: dict[str, Callable[[GtsApp, Sequence[str]], Awaitable[None]]] = {
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
