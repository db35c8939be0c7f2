"""What the words of a command line stand for: what is selected, patterns, overrides, and where a thing is shown best.

What stands on a command line: commands, words in quotes, and where each of them stands. Nothing here runs anything.

The words of the command line that only the terminal program knows, and the commands that have a mode of their own here.
"""

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
"""Letters that mean something to a shell."""

_WHITESPACE = " \t\r\n"

SEPARATOR = ";"


class CommandLineError(UsageError):
    """A word of a command line is wrong: the one from `begin` to `end`."""

    def __init__(self, message: str, begin: int, end: int, *, hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.begin, self.end = begin, end


@dataclass(frozen=True)
class CommandToken:
    """A word, and where it stands."""

    text: str
    """What it means: without quotes."""
    begin: int
    end: int
    is_unquoted: bool = True
    """Whether nothing in it was quoted, so that a star is a star."""
    open_quote: str = ""
    """The quote, or the backslash, that waits for what ends it."""

    def __str__(self) -> str:
        return self.text


@dataclass(frozen=True)
class ParsedCommand:
    """One command of a line: `!` and a line for the shell, or words."""

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
    """Whether a word is the `;` between two commands, and no quoted one."""
    return token.text == SEPARATOR and line[token.begin : token.end] == SEPARATOR


def parse_line(line: str) -> list[ParsedCommand]:
    """The commands of a line; a `!` at the beginning of one takes the rest of the line. Raises LineError for an open quote."""
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
            raise CommandLineError("a quote is not closed", words[-1].begin, len(line), hint="close it, or put a \\ before it")
        if words:
            found.append(ParsedCommand(tuple(words), words[0].begin, words[-1].end))
    return found


def quote_words(words: Sequence[str]) -> str:
    """Words as a line that means them."""
    return " ".join(word if word and not set(word) & _SHELL_CHARACTERS else shlex.quote(word) for word in words)


@dataclass(frozen=True)
class LineSpan:
    """Where something is wrong on a line."""

    line: str
    begin: int
    end: int

    def underline(self, width: int) -> str:
        """The line, and under it a mark below the spot; of a long line the part around it."""
        first = max(0, min(self.begin, self.end - width // 2) - width // 4) if cell_len(self.line) > width else 0
        shown = "".join(letter if letter.isprintable() else "\N{REPLACEMENT CHARACTER}" for letter in self.line[first:])
        shown = set_cell_size(shown, min(width, cell_len(shown)))
        before, under = shown[: self.begin - first], shown[self.begin - first : self.end - first]
        blanks = cell_len(before) + max(0, self.begin - first - len(shown))
        return f"{shown}\n{' ' * blanks}{'^' * max(1, cell_len(under))}"


WordKind = CompletionKind | Literal["mode", "theme", "command"]

MODES = ("workspace", "editor", "training", "search", "jobs", "compare", "play")
"""In the order of their keys, 1 to 7."""


@dataclass(frozen=True)
class Builtin:
    """A word that acts on the program itself."""

    name: str
    summary: str
    completion: WordKind = "nothing"
    """What its words complete to."""
    usage: str = ""
    """How help spells its words."""


BUILTINS = {
    verb.name: verb
    for verb in (
        Builtin("open", "Show a file, a run, a job or a study where it is shown best.", "reference", "REF"),
        Builtin("edit", "Open a spec or a space in the editor.", "document", "FILE"),
        Builtin("mode", "Go to a mode; what is named after it is shown there.", "mode", "MODE [REF…]"),
        Builtin("theme", "Choose a theme.", "theme", "NAME"),
        Builtin("help", "What a command does; the keys of this place where none is named.", "command", "[COMMAND]"),
        Builtin("history", "The newest commands.", usage="[WORD]"),
        Builtin("cancel", "End what this program has started in the scrollback; jobs go on.", usage="[NUMBER]"),
        Builtin("clear", "Empty the scrollback."),
        Builtin("mouse", "Let the program have the mouse, or the terminal, which can mark text then.", usage="on|off"),
        Builtin("quit", "End the program; jobs go on."),
    )
}

ALIASES = {"q": "quit", "exit": "quit", "e": "edit", "o": "open", "?": "help", "ls": "info"}

MODE_COMMANDS = {"play": "play", "compare": "compare", "tail": "training"}
"""Commands that have a mode here, as long as no option asks for something else."""

MODE_OPTIONS = {"play": ("follow", "place=terminal"), "compare": ("play",), "tail": ("lines",)}
"""Options of those, by the names of their values, that ask for nothing that the mode does not do."""


SELECTED = "@sel"
"""Names what is marked on the screen, or else what the cursor is on."""

_OVERRIDE = re.compile(r"[A-Za-z][\w.]*(/[\w.]+)?=")
_GLOB_CHARACTERS = set("*?[")
_JOB_KINDS = {"run", "job", "study"}
"""What a command takes that means jobs, and no files."""
_LITERAL_KINDS = {"theme", "command"}
"""What a word takes that is neither; a pattern stands for itself there."""

_MODE_BY_SUFFIX = {"spec": "editor", "space": "editor", "checkpoint": "workspace", "trajectory": "play"}
_DATABASE_SUFFIXES = (".db", ".sqlite", ".sqlite3")


@dataclass(frozen=True)
class ResolvedTarget:
    """Where something is shown, and what it is called there."""

    mode: str
    reference: str
    """A path relative to the workspace, the id of a run, the name of a study, or the address of one on a server."""


def expand_tokens(
    command: ParsedCommand, *, workspace: Workspace, get_selection: Callable[[], Sequence[str]]
) -> list[CommandToken]:
    """The words of a command with selections, patterns and overrides written out; each keeps the place of what it came from.

    The first one is a known word. Raises LineError where a word stands for nothing.
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
    """Which of the words after a command are the value of the option before them."""
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
    meant = get_selection()
    if not meant:
        hint = "put the cursor on a file, a run or a study, or name one"
        raise CommandLineError("nothing is selected here", word.begin, word.end, hint=hint)
    return meant


def _is_override(workspace: Workspace, word: CommandToken) -> bool:
    """Whether a word of `train` is a `key=value`, and no file that happens to be called so."""
    return bool(_OVERRIDE.match(word.text)) and not (workspace.root / word.text).exists()


def _expand_glob(workspace: Workspace, name: str, word: CommandToken) -> list[str]:
    """The files, runs and studies that a pattern means for a command."""
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
        what = "job" if takes and not takes - _JOB_KINDS else "file"
        raise CommandLineError(f"no {what} of the workspace matches `{word.text}`", word.begin, word.end)
    return found


def _accepted_kinds(name: str) -> set[str]:
    command: Command | None = COMMANDS.get(name)
    if command is None:
        return {BUILTINS[name].completion}
    return {argument.completion for argument in command.arguments}


def resolve_target(context: Context, reference: str) -> ResolvedTarget:
    """Where the thing is shown best that a word names; raises FileError or UsageError where it names none."""
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
            raise FileError(f"there is no place to show {reference}", hint=f"look at it with: !less {reference}")
        return ResolvedTarget(mode, workspace.display_path(path))
    study = find_study(context, reference)
    if study is not None:
        own = study.path == workspace.study_folder(study.name).path.absolute()
        return ResolvedTarget("search", study.name if own else workspace.display_path(study.path))
    if RunFolder(path).exists():
        # A training of a search has no id of its own.
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
            f"`{reference}` names {len(jobs)} jobs: {names}{', …' if len(jobs) > 3 else ''}", hint="write more of it"
        )
    raise FileError(f"nothing is called {reference}", hint=suggest_similar(path, workspace))


def find_mode(word: str) -> str:
    """The mode of this name, or of the only one that begins so; raises UsageError."""
    found = [mode for mode in MODES if mode == word] or [mode for mode in MODES if word and mode.startswith(word)]
    if len(found) != 1:
        raise UsageError(f"there is no mode `{word}`{suggest_nearest(word, MODES)}", hint=f"there are {', '.join(MODES)}")
    return found[0]


def suggest_nearest(word: str, known: Iterable[str]) -> str:
    """`; did you mean …?` with the nearest known word; empty where none is near."""
    close = difflib.get_close_matches(word, list(known), n=1, cutoff=0.5)
    return f"; did you mean `{close[0]}`?" if close else ""
