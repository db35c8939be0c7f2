"""Command lines: tokens with positions, quoting, expansion of `@sel` and globs, built-in commands, and modes of references."""

from __future__ import annotations

import difflib
import fnmatch
import glob
import re
import shlex
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from rich.cells import cell_len, set_cell_size

from gts.commands.command import Command, CompletionKind, Context, Option
from gts.commands.registry import COMMANDS
from gts.commands.resolve import find_study, resolve_path, suggest_similar
from gts.errors import FileError, UsageError
from gts.store.workspace import RunFolder, StudyFolder, Workspace

_SHELL_CHARACTERS = set(" \t\r\n\"'\\;|&<>$`*?[](){}!#~")
"""Characters with a meaning for a POSIX shell."""

_WHITESPACE = " \t\r\n"

SEPARATOR = ";"


class CommandLineError(UsageError):
    """Error in the part of a command line from `begin` to `end`."""

    def __init__(self, message: str, begin: int, end: int, *, hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.begin, self.end = begin, end


@dataclass(frozen=True)
class CommandToken:
    """A word of a command line and its position."""

    text: str
    """Text without quotes."""
    begin: int
    end: int
    is_unquoted: bool = True
    """Whether no part of it was quoted, so that `*` and `@sel` have their special meaning."""
    open_quote: str = ""
    """The quote or backslash that is not terminated; empty if there is none."""

    def __str__(self) -> str:
        return self.text


@dataclass(frozen=True)
class ParsedCommand:
    """One command of a line: tokens, or a shell line after `!`."""

    tokens: tuple[CommandToken, ...]
    begin: int
    end: int
    shell_line: str = ""


def tokenize_line(line: str, begin: int = 0) -> list[CommandToken]:
    """The words of a line from `begin` on, also of one that is not finished; a `;` outside quotes is a word of its own."""
    found: list[CommandToken] = []
    letters: list[str] = []
    start, quote, plain, at = -1, "", True, begin
    for at in range(begin, len(line) + 1):
        letter = line[at : at + 1]
        if quote == "\\" or (quote == '"\\' and letter in ('"', "\\")):
            letters.append(letter)
            quote = quote[:-1] if letter else quote
        elif quote == '"\\':
            letters += ["\\", letter]
            quote = '"' if letter else quote
        elif quote and letter:
            if letter == quote:
                quote = ""
            elif quote == '"' and letter == "\\":
                quote = '"\\'
            else:
                letters.append(letter)
        elif letter in "\"'\\" and letter:
            start, quote, plain = at if start < 0 else start, letter, False
        elif not letter or letter in _WHITESPACE or letter == SEPARATOR:
            if start >= 0:
                found.append(CommandToken("".join(letters), start, at, plain, quote))
            if letter == SEPARATOR:
                found.append(CommandToken(SEPARATOR, at, at + 1))
            start, plain, letters = -1, True, []
        else:
            start = at if start < 0 else start
            letters.append(letter)
    if quote and start >= 0:
        found.append(CommandToken("".join(letters), start, len(line), plain, quote))
    return found


def is_separator(line: str, token: CommandToken) -> bool:
    """Return whether a token is an unquoted `;`."""
    return token.text == SEPARATOR and line[token.begin : token.end] == SEPARATOR


def parse_line(line: str) -> list[ParsedCommand]:
    """Split a line into commands;

    a `!` at the beginning of one takes the rest of the line. Raises CommandLineError for an open quote.
    """
    found: list[ParsedCommand] = []
    at = 0
    while at < len(line):
        rest = line[at:].lstrip(_WHITESPACE)
        at = len(line) - len(rest)
        if rest.startswith("!"):
            found.append(ParsedCommand((), at, len(line), rest[1:].strip()))
            break
        words: list[CommandToken] = []
        for word in tokenize_line(line, at):
            at = word.end
            if is_separator(line, word):
                break
            words.append(word)
        else:
            at = len(line)
        if words and words[-1].open_quote:
            raise CommandLineError("a quote is not closed", words[-1].begin, len(line), hint="close it, or write \\ before it")
        if words:
            found.append(ParsedCommand(tuple(words), words[0].begin, words[-1].end))
    return found


def quote_words(words: Sequence[str]) -> str:
    """Join words into a line that tokenizes to the same words."""
    return " ".join(word if word and not set(word) & _SHELL_CHARACTERS else shlex.quote(word) for word in words)


@dataclass(frozen=True)
class LineSpan:
    """Part of a command line, for error messages."""

    line: str
    begin: int
    end: int

    def underline(self, width: int) -> str:
        """Return the line, cut to the width, and a line of carets below the span."""
        first = max(0, min(self.begin, self.end - width // 2) - width // 4) if cell_len(self.line) > width else 0
        shown = "".join(letter if letter.isprintable() else "\N{REPLACEMENT CHARACTER}" for letter in self.line[first:])
        shown = set_cell_size(shown, min(width, cell_len(shown)))
        before, under = shown[: self.begin - first], shown[self.begin - first : self.end - first]
        blanks = cell_len(before) + max(0, self.begin - first - len(shown))
        return f"{shown}\n{' ' * blanks}{'^' * max(1, cell_len(under))}"


WordKind = CompletionKind | Literal["mode", "theme", "command"]

MODES = ("workspace", "editor", "training", "search", "jobs", "compare", "play")
"""Names of the modes in the order of their keys, 1 to 7."""


@dataclass(frozen=True)
class Builtin:
    """Command of the terminal program itself, not available at the shell."""

    name: str
    summary: str
    completion: tuple[WordKind, ...] = ("nothing",)
    """Kind of each argument; the last one applies to all further arguments."""
    usage: str = ""
    """Arguments as shown by help."""

    def completion_at(self, index: int) -> WordKind:
        """Return the kind of the argument at an index."""
        return self.completion[min(index, len(self.completion) - 1)]


BUILTINS = {
    verb.name: verb
    for verb in (
        Builtin("open", "Show a file, a run, a job or a study in the mode that fits it.", ("reference",), "REF…"),
        Builtin("edit", "Open a spec or a space in the editor.", ("document", "nothing"), "FILE"),
        Builtin("mode", "Switch to a mode and open files, runs or studies there.", ("mode", "reference"), "MODE [REF…]"),
        Builtin("theme", "Choose a theme.", ("theme", "nothing"), "NAME"),
        Builtin("help", "Describe a command; without a name, list all commands.", ("command", "nothing"), "[COMMAND]"),
        Builtin("history", "List the newest commands, or those that contain a text.", usage="[TEXT]"),
        Builtin("cancel", "End child processes of this program; jobs keep running.", usage="[NUMBER]"),
        Builtin("clear", "Clear the output."),
        Builtin("mouse", "Take the mouse, or release it so that the terminal can select text.", usage="on|off"),
        Builtin("quit", "Exit the program; jobs keep running."),
    )
}

ALIASES = {"q": "quit", "exit": "quit", "e": "edit", "o": "open", "?": "help", "ls": "info"}

MODE_COMMANDS = {"play": "play", "compare": "compare", "tail": "training"}
"""Commands that open a mode unless an option prevents it."""

MODE_OPTIONS = {"play": ("follow", "place=terminal"), "compare": ("play",), "tail": ("lines",)}
"""Options of these commands, by value name, that the mode supports."""


SELECTED = "@sel"
"""Expands to the marked items of the current mode, or to the item under the cursor."""

_OVERRIDE = re.compile(r"[A-Za-z][\w.]*(/[\w.]+)?=")
_GLOB_CHARACTERS = set("*?[")
_JOB_KINDS = {"run", "job", "study"}
"""Argument kinds that name jobs, not files."""
_LITERAL_KINDS = {"theme", "command"}
"""Argument kinds for which a glob is not expanded."""

_MODE_BY_SUFFIX = {"spec": "editor", "space": "editor", "checkpoint": "workspace", "trajectory": "play"}
_DATABASE_SUFFIXES = (".db", ".sqlite", ".sqlite3")


@dataclass(frozen=True)
class ResolvedTarget:
    """Mode that shows an item, and the item's reference there."""

    mode: str
    reference: str
    """Path relative to the workspace, id of a run, name of a study, or URL of a study's storage."""


def expand_tokens(
    command: ParsedCommand, *, workspace: Workspace, get_selection: Callable[[], Sequence[str]]
) -> list[CommandToken]:
    """Expand `@sel`, globs and `key=value` of a command; expanded tokens keep the position of their source.

    The first token becomes a known command name. Raises CommandLineError if a token expands to nothing.
    """
    first, *rest = command.tokens
    if first.text == "gts" and rest:
        first, *rest = rest
    name = ALIASES.get(first.text, "help" if first.text == "gts" else first.text)
    if name not in COMMANDS and name not in BUILTINS:
        raise CommandLineError(
            f"unknown command `{first.text}`{suggest_nearest(first.text, [*COMMANDS, *BUILTINS])}", first.begin, first.end
        )
    found = [replace(first, text=name)]
    values = mark_option_values(name, [word.text for word in rest])
    changes = name == "train"
    for word, value in zip(rest, values, strict=True):
        if word.text == SELECTED and word.is_unquoted:
            found += [replace(word, text=one) for one in _expand_selection(word, get_selection)]
        elif changes and not value and _is_override(workspace, word):
            found += [replace(word, text="--set"), word]
        elif word.is_unquoted and set(word.text) & _GLOB_CHARACTERS and not value and not word.text.startswith("-"):
            found += [replace(word, text=one) for one in _expand_glob(workspace, name, word)]
        else:
            found.append(word)
    return found


def mark_option_values(name: str, words: Sequence[str]) -> list[bool]:
    """Return, for each word after a command name, whether it is the value of the option before it."""
    options = {flag: option for option in _options_of(name) for flag in option.flags}
    found, pending = [], False
    for word in words:
        found.append(pending)
        option = options.get(word)
        pending = not pending and option is not None and option.type != "flag"
    return found


def _options_of(name: str) -> tuple[Option, ...]:
    return COMMANDS[name].options if name in COMMANDS else ()


def _expand_selection(word: CommandToken, get_selection: Callable[[], Sequence[str]]) -> Sequence[str]:
    selection = get_selection()
    if not selection:
        hint = "put the cursor on a file, a run or a study, or name one"
        raise CommandLineError("no item is selected in this mode", word.begin, word.end, hint=hint)
    return selection


def _is_override(workspace: Workspace, word: CommandToken) -> bool:
    """Return whether an argument of `train` is a `key=value` and not the name of an existing file."""
    return bool(_OVERRIDE.match(word.text)) and not (workspace.root / word.text).exists()


def _expand_glob(workspace: Workspace, name: str, word: CommandToken) -> list[str]:
    """Return the files, runs and studies that match a glob, as far as the command accepts them."""
    if (workspace.root / word.text).exists():
        return [word.text]
    takes = _accepted_kinds(name)
    if takes and takes <= _LITERAL_KINDS:
        return [word.text]
    found: list[str] = []
    if not takes or takes - _JOB_KINDS:
        found += sorted(glob.glob(word.text, root_dir=workspace.root))
    if "/" not in word.text and (takes & _JOB_KINDS or "reference" in takes or name == "play"):
        found += fnmatch.filter([*workspace.run_ids(), *workspace.study_names()], word.text)
    if not found:
        kind = "job" if takes and not takes - _JOB_KINDS else "file"
        raise CommandLineError(f"no {kind} of the workspace matches `{word.text}`", word.begin, word.end)
    return found


def _accepted_kinds(name: str) -> set[str]:
    command: Command | None = COMMANDS.get(name)
    if command is None:
        return {kind for kind in BUILTINS[name].completion if kind != "nothing"}
    return {argument.completion for argument in command.arguments}


def resolve_target(context: Context, reference: str) -> ResolvedTarget:
    """Resolve a reference to the mode that shows it; raises FileError or UsageError."""
    workspace = context.workspace
    if "://" in reference:
        return ResolvedTarget("search", reference)
    path = resolve_path(context, reference)
    file, mark, name = ("", "", "") if path.exists() else reference.partition("#")
    database = resolve_path(context, file) if mark else path
    if database.suffix in _DATABASE_SUFFIXES and database.is_file():
        return ResolvedTarget("search", f"{workspace.display_path(database)}{mark}{name}")
    if path.is_file():
        mode = _MODE_BY_SUFFIX.get(path.suffix[1:])
        if mode is None:
            raise FileError(f"no mode can show {reference}", hint=f"to read it: !less {reference}")
        return ResolvedTarget(mode, workspace.display_path(path))
    study = find_study(context, reference)
    if study is not None:
        own = study.path == workspace.study_folder(study.name).path.absolute()
        return ResolvedTarget("search", study.name if own else workspace.display_path(study.path))
    if RunFolder(path).exists():
        # Runs of a study lie in its folder and have no id in the workspace.
        own = path.resolve().parent == workspace.runs.resolve()
        return ResolvedTarget("training", path.resolve().name if own else workspace.display_path(path))
    jobs = workspace.match_jobs(reference) if reference else []
    if len(jobs) == 1:
        return ResolvedTarget(
            "search" if StudyFolder(jobs[0]).exists() and not RunFolder(jobs[0]).exists() else "training", jobs[0].name
        )
    if len(jobs) > 1:
        names = ", ".join(folder.name for folder in jobs[-3:])
        raise UsageError(
            f"`{reference}` names {len(jobs)} jobs: {names}{', …' if len(jobs) > 3 else ''}", hint="write more of its name"
        )
    raise FileError(f"there is no file, run or study `{reference}`", hint=suggest_similar(path, workspace))


def find_mode(word: str) -> str:
    """Return the mode with this name or unique prefix; raises UsageError."""
    found = [mode for mode in MODES if mode == word] or [mode for mode in MODES if word and mode.startswith(word)]
    if len(found) != 1:
        raise UsageError(f"there is no mode `{word}`{suggest_nearest(word, MODES)}", hint=f"modes: {', '.join(MODES)}")
    return found[0]


def suggest_nearest(word: str, known: Iterable[str]) -> str:
    """Return `; did you mean …?` with the most similar known word, or an empty string."""
    close = difflib.get_close_matches(word, list(known), n=1, cutoff=0.5)
    return f"; did you mean `{close[0]}`?" if close else ""
