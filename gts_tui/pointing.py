"""What is wrong with a command line, and which word of it that is about."""

from __future__ import annotations

import re
from collections.abc import Sequence

import click

from gts.commands.registry import COMMANDS
from gts.errors import FormatError, GtsError, UsageError
from gts_tui.command_syntax import guess
from gts_tui.lines import LineError, Spot, Word


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
