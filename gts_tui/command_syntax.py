"""What the words of a command line stand for: what is selected, patterns, overrides, and where a thing is shown best."""

from __future__ import annotations

import difflib
import fnmatch
import glob
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

from gts.commands.command import Command, Context, Option
from gts.commands.registry import COMMANDS
from gts.commands.resolve import find_study, locate, nearest
from gts.errors import FileError, UsageError
from gts.store.workspace import RunFolder, StudyFolder, Workspace
from gts_tui.lines import LineError, Order, Word
from gts_tui.verbs import ALIASES, MODES, VERBS

SELECTED = "@sel"
"""Names what is marked on the screen, or else what the cursor is on."""

_OVERRIDE = re.compile(r"[A-Za-z][\w.]*(/[\w.]+)?=")
_STARS = set("*?[")
_JOBS = {"run", "job", "study"}
"""What a command takes that means jobs, and no files."""
_NAMES = {"theme", "command"}
"""What a word takes that is neither; a pattern stands for itself there."""

_MODES = {"spec": "editor", "space": "editor", "checkpoint": "workspace", "trajectory": "play"}
_DATABASES = (".db", ".sqlite", ".sqlite3")


@dataclass(frozen=True)
class Place:
    """Where something is shown, and what it is called there."""

    mode: str
    word: str
    """A path relative to the workspace, the id of a run, the name of a study, or the address of one on a server."""


def expanded(order: Order, *, workspace: Workspace, selected: Callable[[], Sequence[str]]) -> list[Word]:
    """The words of a command with selections, patterns and overrides written out; each keeps the place of what it came from.

    The first one is a known word. Raises LineError where a word stands for nothing.
    """
    first, *rest = order.words
    if first.text == "gts" and rest:
        first, *rest = rest
    name = ALIASES.get(first.text, "help" if first.text == "gts" else first.text)
    if name not in COMMANDS and name not in VERBS:
        raise LineError(f"unknown command `{first.text}`{guess(first.text, [*COMMANDS, *VERBS])}", first.begin, first.end)
    found = [replace(first, text=name)]
    values = option_values(name, [word.text for word in rest])
    changes = name == "train"
    for word, value in zip(rest, values, strict=True):
        if word.text == SELECTED and word.plain:
            found += [replace(word, text=one) for one in _selection(word, selected)]
        elif changes and not value and _is_override(workspace, word):
            found += [replace(word, text="--set"), word]
        elif word.plain and set(word.text) & _STARS and not value and not word.text.startswith("-"):
            found += [replace(word, text=one) for one in _matches(workspace, name, word)]
        else:
            found.append(word)
    return found


def option_values(name: str, words: Sequence[str]) -> list[bool]:
    """Which of the words after a command are the value of the option before them."""
    options = {flag: option for option in _options(name) for flag in option.flags}
    found, pending = [], False
    for word in words:
        found.append(pending)
        option = options.get(word)
        pending = not pending and option is not None and option.type != "flag"
    return found


def _options(name: str) -> tuple[Option, ...]:
    return COMMANDS[name].options if name in COMMANDS else ()


def _selection(word: Word, selected: Callable[[], Sequence[str]]) -> Sequence[str]:
    meant = selected()
    if not meant:
        hint = "put the cursor on a file, a run or a study, or name one"
        raise LineError("nothing is selected here", word.begin, word.end, hint=hint)
    return meant


def _is_override(workspace: Workspace, word: Word) -> bool:
    """Whether a word of `train` is a `key=value`, and no file that happens to be called so."""
    return bool(_OVERRIDE.match(word.text)) and not (workspace.root / word.text).exists()


def _matches(workspace: Workspace, name: str, word: Word) -> list[str]:
    """The files, runs and studies that a pattern means for a command."""
    if (workspace.root / word.text).exists():
        return [word.text]
    takes = _takes(name)
    if takes and takes <= _NAMES:
        return [word.text]
    found: list[str] = []
    if not takes or takes - _JOBS:
        found += sorted(glob.glob(word.text, root_dir=workspace.root))
    if "/" not in word.text and (takes & _JOBS or "reference" in takes or name == "play"):
        found += fnmatch.filter([*workspace.run_ids(), *workspace.study_names()], word.text)
    if not found:
        what = "job" if takes and not takes - _JOBS else "file"
        raise LineError(f"no {what} of the workspace matches `{word.text}`", word.begin, word.end)
    return found


def _takes(name: str) -> set[str]:
    command: Command | None = COMMANDS.get(name)
    if command is None:
        return {VERBS[name].takes}
    return {argument.completion for argument in command.arguments}


def place_of(context: Context, word: str) -> Place:
    """Where the thing is shown best that a word names; raises FileError or UsageError where it names none."""
    workspace = context.workspace
    if "://" in word:
        return Place("search", word)
    path = locate(context, word)
    file, mark, name = ("", "", "") if path.exists() else word.partition("#")
    database = locate(context, file) if mark else path
    if database.suffix in _DATABASES and database.is_file():
        return Place("search", f"{workspace.word_for(database)}{mark}{name}")
    if path.is_file():
        mode = _MODES.get(path.suffix[1:])
        if mode is None:
            raise FileError(f"there is no place to show {word}", hint=f"look at it with: !less {word}")
        return Place(mode, workspace.word_for(path))
    study = find_study(context, word)
    if study is not None:
        own = study.path == workspace.study(study.name).path.absolute()
        return Place("search", study.name if own else workspace.word_for(study.path))
    if RunFolder(path).exists():
        # A training of a search has no id of its own.
        own = path.resolve().parent == workspace.runs.resolve()
        return Place("training", path.resolve().name if own else workspace.word_for(path))
    jobs = workspace.jobs_like(word) if word else []
    if len(jobs) == 1:
        return Place(
            "search" if StudyFolder(jobs[0]).exists() and not RunFolder(jobs[0]).exists() else "training", jobs[0].name
        )
    if len(jobs) > 1:
        names = ", ".join(folder.name for folder in jobs[-3:])
        raise UsageError(f"`{word}` names {len(jobs)} jobs: {names}{', …' if len(jobs) > 3 else ''}", hint="write more of it")
    raise FileError(f"nothing is called {word}", hint=nearest(path, workspace))


def mode_named(word: str) -> str:
    """The mode of this name, or of the only one that begins so; raises UsageError."""
    found = [mode for mode in MODES if mode == word] or [mode for mode in MODES if word and mode.startswith(word)]
    if len(found) != 1:
        raise UsageError(f"there is no mode `{word}`{guess(word, MODES)}", hint=f"there are {', '.join(MODES)}")
    return found[0]


def guess(word: str, known: Iterable[str]) -> str:
    """`; did you mean …?` with the nearest known word; empty where none is near."""
    close = difflib.get_close_matches(word, list(known), n=1, cutoff=0.5)
    return f"; did you mean `{close[0]}`?" if close else ""
