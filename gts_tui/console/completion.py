"""Completion of command lines from the table of commands: names, options, values, files, runs, studies and parameters.

It uses no widgets. Listing a large workspace is slow, so call it outside the app's thread.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from gts.commands.command import Argument, CompletionKind, Option
from gts.commands.registry import COMMANDS
from gts.commands.resolve import BEST_CHECKPOINT, LAST_RUN
from gts.commands.shell_completion import COMPLETED_SUFFIXES, complete_path
from gts.errors import GtsError
from gts.store.workspace import Workspace
from gts_tui.command_syntax import (
    ALIASES,
    BUILTINS,
    MODES,
    SELECTED,
    CommandToken,
    WordKind,
    is_separator,
    mark_option_values,
    quote_words,
    tokenize_line,
)
from gts_tui.polling import StampCache, stat_stamp

if TYPE_CHECKING:
    from gts.params.declaration import Parameter


_MAX_RUNS = 300
_MAX_SCORES = 1000


class CompletionData:
    """Names that can be completed, with descriptions; the catalogue is read again only after it has changed."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self._descriptions = StampCache[list[tuple[str, str]]]()
        self._scores = StampCache[Mapping[str, float]]()
        self._parameters = StampCache[Mapping[str, "Parameter"]]()

    def runs(self) -> list[tuple[str, str]]:
        """Return the newest runs and their descriptions, newest first."""
        stamp = stat_stamp(self._workspace.runs, self._workspace.catalogue)
        return self._descriptions.get("runs", stamp, self._read_runs)

    def _read_runs(self) -> list[tuple[str, str]]:
        from gts.commands.views.formatting import format_integer
        from gts.store.catalogue import Catalogue

        known: dict[str, str] = {}
        with suppress(GtsError), Catalogue(self._workspace.catalogue, read_only=True) as catalogue:
            for run in catalogue.runs(limit=_MAX_RUNS):
                members = f", {run.members} seeds" if run.members > 1 else ""
                known[run.id] = (
                    f"{run.figure} {run.technique}{members}, {format_integer(run.step)} of "
                    f"{format_integer(run.total_steps)} steps"
                )
        newest = sorted(self._workspace.run_ids(), reverse=True)[:_MAX_RUNS]
        return [(run, known.get(run, "")) for run in newest]

    def studies(self) -> list[tuple[str, str]]:
        """Return the studies and their descriptions."""
        stamp = stat_stamp(self._workspace.studies, self._workspace.catalogue)
        return self._descriptions.get("studies", stamp, self._read_studies)

    def _read_studies(self) -> list[tuple[str, str]]:
        from gts.store.catalogue import Catalogue

        known: dict[str, str] = {}
        with suppress(GtsError), Catalogue(self._workspace.catalogue, read_only=True) as catalogue:
            known = {study.name: f"{study.figure} {study.technique}, {study.trials} trials" for study in catalogue.studies()}
        return [(name, known.get(name, "")) for name in self._workspace.study_names()]

    def checkpoint_score(self, path: str) -> str:
        """Return the newest score of a checkpoint as text; empty if the catalogue has none for this path."""
        if not path.endswith(".checkpoint"):
            return ""
        scores = self._scores.get("scores", stat_stamp(self._workspace.catalogue), self._read_scores)
        return f"score {scores[path]:.0f}" if path in scores else ""

    def _read_scores(self) -> dict[str, float]:
        from gts.store.catalogue import Catalogue

        with suppress(GtsError), Catalogue(self._workspace.catalogue, read_only=True) as catalogue:
            return {one.path: one.score for one in reversed(catalogue.best_scores(limit=_MAX_SCORES)) if one.score is not None}
        return {}

    def parameters(self, source: str) -> Mapping[str, Parameter]:
        """Return the parameters of a spec or checkpoint by key; all parameters if it cannot be read."""
        stamp = stat_stamp(self._workspace.root / source)
        return self._parameters.get(source, stamp, lambda: self._read_parameters(source))

    def _read_parameters(self, source: str) -> Mapping[str, Parameter]:
        from gts.commands.command import Context
        from gts.commands.resolve import resolve_path
        from gts.formats.checkpoint import read_checkpoint_header
        from gts.formats.spec_file import read_spec

        with suppress(GtsError, OSError, ValueError):
            path = resolve_path(Context(self._workspace), source)
            if path.is_file():
                spec = read_checkpoint_header(path).spec if path.suffix == ".checkpoint" else read_spec(path)
                return _parameters_of(spec.figure, spec.technique)
        return _all_parameters()


@lru_cache(maxsize=64)
def _parameters_of(figure: str, technique: str) -> Mapping[str, Parameter]:
    from gts.params.spec import spec_parameters

    return {one.key: one for one in spec_parameters(figure, technique)}


@lru_cache(maxsize=1)
def _all_parameters() -> Mapping[str, Parameter]:
    from gts.params.figures import FIGURES
    from gts.params.techniques import TECHNIQUES

    found: dict[str, Parameter] = {}
    for figure in FIGURES:
        for technique in TECHNIQUES:
            found = {**_parameters_of(figure, technique), **found}
    return found


MAX_CANDIDATES = 200
"""Maximum number of candidates returned."""

_REFERENCE_HELP = {
    LAST_RUN: "the newest run",
    BEST_CHECKPOINT: "the checkpoint with the best score",
    SELECTED: "the marked items, or the one under the cursor",
}


@dataclass(frozen=True)
class Candidate:
    """Possible completion of a word."""

    text: str
    help: str = ""
    is_complete: bool = True
    """Whether the word ends with it; a folder name does not."""


@dataclass(frozen=True)
class Completions:
    """Candidates for the part of a line from `begin` to `end`."""

    begin: int
    end: int
    candidates: tuple[Candidate, ...] = ()
    prefix: str = ""
    """Typed part of the word."""
    description: str = ""
    """Description of the expected argument."""

    def apply(self, line: str, candidate: Candidate) -> tuple[str, int]:
        """Return the line with a candidate inserted, and the cursor position after it."""
        word = quote_words([candidate.text])
        if candidate.is_complete and not line[self.end :].startswith(" "):
            word += " "
        return line[: self.begin] + word + line[self.end :], self.begin + len(word) + (
            candidate.is_complete and not word.endswith(" ")
        )


class Completer:
    """Completes lines in a workspace; `themes` returns the names of the themes."""

    def __init__(self, workspace: Workspace, themes: Callable[[], Iterable[str]] = tuple) -> None:
        self.workspace, self._themes = workspace, themes
        self._data = CompletionData(workspace)

    def complete(self, line: str, cursor: int) -> Completions:
        """Complete the word at the cursor, or one that begins there."""
        before, word = _split_at_cursor(line, cursor)
        begin, end, typed = (word.begin, word.end, _prefix_at_cursor(line, word, cursor)) if word else (cursor, cursor, "")
        if before is None:
            return Completions(begin, end)
        words = [one.text for one in before]
        if words[:1] == ["gts"]:
            words = words[1:]
        if words:
            words[0] = ALIASES.get(words[0], words[0])
        found, wanted = self._candidates_after(words, typed)
        return Completions(begin, end, tuple(_filter_candidates(found, typed)[:MAX_CANDIDATES]), typed, wanted)

    def suggestion(self, line: str) -> str:
        """Return the line with its last word completed by the first candidate; empty if there is none."""
        made = self.complete(line, len(line))
        first = next((one for one in made.candidates if one.text.startswith(made.prefix)), None)
        if not made.prefix or first is None or first.text == made.prefix:
            return ""
        whole = line[: made.begin] + quote_words([first.text])
        return whole if whole.startswith(line) else ""

    def _candidates_after(self, words: Sequence[str], typed: str) -> tuple[Iterable[Candidate], str]:
        """Return the candidates after these words, and a description of the expected argument."""
        if not words:
            return _command_candidates(), "" if typed else "a command, or ! and a shell command"
        name = words[0]
        if name in BUILTINS:
            return self._complete_kind(BUILTINS[name].completion_at(len(words) - 1), typed), ""
        if name not in COMMANDS:
            return (), ""
        options = {flag: option for option in COMMANDS[name].options for flag in option.flags}
        before = options.get(words[-1])
        if mark_option_values(name, [*words[1:], ""])[-1] and before is not None:
            return self._complete_option(before, words, typed), f"{before.display_metavar}: {before.help}"
        if typed.startswith("-"):
            flag, equals, value = typed.partition("=")
            if equals and flag in options:
                inner = self._complete_option(options[flag], words, value)
                return (Candidate(f"{flag}={one.text}", one.help, one.is_complete) for one in inner), options[flag].help
            return _option_candidates(COMMANDS[name].options), "an option"
        return self._complete_argument(name, words, typed)

    def _complete_argument(self, name: str, words: Sequence[str], typed: str) -> tuple[Iterable[Candidate], str]:
        arguments = COMMANDS[name].arguments
        values = mark_option_values(name, words[1:])
        placed = [word for word, value in zip(words[1:], values, strict=True) if not value and not word.startswith("-")]
        if name == "train":
            changes = list(self._complete_parameters(placed[0], typed)) if placed else []
            placed = [word for word in placed if "=" not in word]
            if changes and (len(placed) > 1 or typed):
                return [
                    *changes,
                    *(self._complete_kind("file", typed) if len(placed) == 1 else ()),
                ], "key=value changes the spec"
            if changes:
                return changes, f"{arguments[1].display_metavar}, or key=value to change the spec"
        last = arguments[-1] if arguments else None
        argument = arguments[len(placed)] if len(placed) < len(arguments) else last if last and last.multiple else None
        if argument is None:
            return (), ""
        return self._complete_declared(argument, typed), f"{argument.display_metavar}: {argument.help}"

    def _complete_declared(self, declared: Argument | Option, typed: str) -> Iterable[Candidate]:
        if declared.choices:
            return [Candidate(choice) for choice in declared.choices]
        return self._complete_kind(declared.completion, typed)

    def _complete_option(self, option: Option, words: Sequence[str], typed: str) -> Iterable[Candidate]:
        if option.completion == "parameter":
            return self._complete_parameters(words[1] if len(words) > 1 else "", typed)
        return self._complete_declared(option, typed)

    def _complete_kind(self, kind: WordKind, typed: str) -> Iterator[Candidate]:
        """Yield the candidates of a kind of argument."""
        if kind in ("run", "job", "reference"):
            yield Candidate(LAST_RUN, _REFERENCE_HELP[LAST_RUN])
        if kind in ("checkpoint", "document", "reference"):
            yield Candidate(BEST_CHECKPOINT, _REFERENCE_HELP[BEST_CHECKPOINT])
        if kind in ("run", "job", "study", "checkpoint", "document", "reference", "spec", "space"):
            yield Candidate(SELECTED, _REFERENCE_HELP[SELECTED])
        if kind in COMPLETED_SUFFIXES:
            yield from self._complete_files(kind, typed)
        if kind in ("run", "job", "reference", "checkpoint"):
            yield from (Candidate(name, help) for name, help in self._data.runs())
        if kind in ("job", "study", "reference"):
            yield from (Candidate(name, help) for name, help in self._data.studies())
        if kind == "mode":
            yield from (Candidate(mode, f"key {at}") for at, mode in enumerate(MODES, start=1))
        elif kind == "theme":
            yield from map(Candidate, self._themes())
        elif kind == "command":
            yield from _command_candidates()
        elif kind == "figure":
            from gts.params.figures import FIGURES

            yield from map(Candidate, FIGURES)
        elif kind == "technique":
            from gts.params.techniques import TECHNIQUES

            yield from map(Candidate, TECHNIQUES)
        elif kind == "parameter":
            yield from self._complete_parameters("", typed)

    def _complete_files(self, kind: CompletionKind, typed: str) -> Iterator[Candidate]:
        for name in complete_path(typed, COMPLETED_SUFFIXES[kind], self.workspace.root):
            yield Candidate(name, "" if name.endswith("/") else self._data.checkpoint_score(name), not name.endswith("/"))

    def _complete_parameters(self, source: str, typed: str) -> Iterator[Candidate]:
        """Yield `key=` for the parameters of a spec; after the `=`, yield possible values."""
        known = self._data.parameters(source)
        key, equals, _ = typed.partition("=")
        if not equals:
            yield from (Candidate(f"{one.key}=", _describe_parameter(one), is_complete=False) for one in known.values())
        elif key in known:
            one = known[key]
            values = (
                one.choices if one.kind == "choice" else ("true", "false") if one.kind == "boolean" else (str(one.default),)
            )
            default = str(one.default).lower() if one.kind == "boolean" else str(one.default)
            yield from (Candidate(f"{key}={value}", "default" if value == default else "") for value in values)


def _split_at_cursor(line: str, cursor: int) -> tuple[list[CommandToken] | None, CommandToken | None]:
    """Return the tokens of the command before the one at the cursor, and that token; (None, None) in a shell line."""
    before: list[CommandToken] = []
    for word in tokenize_line(line):
        if word.begin >= cursor and not (word.begin == cursor and not is_separator(line, word)):
            break
        if is_separator(line, word):
            before = []
        elif not before and word.text.startswith("!"):
            return None, None
        elif word.end >= cursor:
            return before, word
        else:
            before.append(word)
    return before, None


def _prefix_at_cursor(line: str, word: CommandToken, cursor: int) -> str:
    """Return the part of a token before the cursor, without quotes."""
    found = tokenize_line(line[:cursor], word.begin)
    return found[0].text if found else ""


def _filter_candidates(candidates: Iterable[Candidate], typed: str) -> list[Candidate]:
    """Return candidates with this prefix, then, for two characters or more, those that contain the text."""
    found = list(dict.fromkeys(candidates))
    begin = [one for one in found if one.text.startswith(typed)]
    if len(typed) < 2:
        return begin
    small = typed.lower()
    return begin + [one for one in found if small in one.text.lower() and not one.text.startswith(typed)]


@lru_cache(maxsize=1)
def _command_candidates() -> tuple[Candidate, ...]:
    """Return all commands and built-ins."""
    commands = [Candidate(command.name, command.summary) for command in COMMANDS.values()]
    return (*commands, *(Candidate(verb.name, verb.summary) for verb in BUILTINS.values()))


def _option_candidates(options: Sequence[Option]) -> Iterator[Candidate]:
    for option in options:
        others = f"{', '.join(option.flags[:-1])}  " if len(option.flags) > 1 else ""
        yield Candidate(
            option.flags[-1], f"{others}{option.display_metavar + '  ' if option.display_metavar else ''}{option.help}"
        )


def _describe_parameter(parameter: Parameter) -> str:
    unit = f" {parameter.unit}" if parameter.unit else ""
    return f"{parameter.default}{unit}  {parameter.description}"
