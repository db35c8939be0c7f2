"""The program's own words at work."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from rich.text import Text

from gts.commands.table import COMMANDS
from gts.errors import UsageError
from gts_tui.scrollback import Scrollback
from gts_tui.verbs import MODES, VERBS

if TYPE_CHECKING:
    from gts_tui.app import GtsApp


async def act(app: GtsApp, name: str, words: Sequence[str]) -> None:
    """Do one; what is wrong with it is told like any other error."""
    try:
        await _ACTS[name](app, words)
    except UsageError as error:
        app.notify(error.message, severity="error", markup=False)
        app.query_one(Scrollback).add(error.message, error=True)


async def _mode(app: GtsApp, words: Sequence[str]) -> None:
    if not words or words[0] not in MODES:
        raise UsageError(f"there is no mode `{words[0] if words else ''}`", hint=f"there are {', '.join(MODES)}")
    await app.show_mode(words[0], words[1:])


async def _quit(app: GtsApp, words: Sequence[str]) -> None:
    app.action_leave()


async def _clear(app: GtsApp, words: Sequence[str]) -> None:
    app.query_one(Scrollback).clear()


async def _help(app: GtsApp, words: Sequence[str]) -> None:
    pane = app.query_one(Scrollback)
    pane.display = True
    if words and words[0] in COMMANDS:
        import click

        from gts.commands.grammar import program

        group = program(lambda command, values: 0, lambda text: None)
        context = click.Context(group, info_name="gts")
        command = group.get_command(context, words[0])
        assert command is not None
        pane.add(command.get_help(click.Context(command, parent=context, info_name=words[0])))
    elif words and words[0] in VERBS:
        pane.add(VERBS[words[0]].summary)
    else:
        for command_ in COMMANDS.values():
            pane.add(Text.assemble((f"{command_.name:<10}", "bold"), command_.summary))


async def _theme(app: GtsApp, words: Sequence[str]) -> None:
    if len(words) != 1:
        raise UsageError("`theme` takes the name of one theme", hint=f"there are {', '.join(app.looks.wardrobe.themes)}")
    app.choose_theme(words[0])


async def _mouse(app: GtsApp, words: Sequence[str]) -> None:
    if words and words[0] not in ("on", "off"):
        raise UsageError("`mouse` takes on or off")
    app.set_mouse(words[0] == "on" if words else not app.has_mouse)


async def _not_yet(app: GtsApp, words: Sequence[str]) -> None:
    raise UsageError("not yet")


_ACTS = dict.fromkeys(VERBS, _not_yet) | {
    "mode": _mode,
    "quit": _quit,
    "clear": _clear,
    "help": _help,
    "theme": _theme,
    "mouse": _mouse,
}
