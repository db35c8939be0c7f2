"""What the word under the cursor can become: commands, options, values and names, from the same table as the shell's.

Nothing here touches a widget, and only the listing of a large workspace is slow: call it beside the program's own thread.

What the command line knows of the things it can name: what a run trains, what a checkpoint scored, how a spec changes.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from gts.commands.command import Argument, Completion, Option
from gts.commands.registry import COMMANDS
from gts.commands.resolve import BEST, NEWEST
from gts.commands.shell_completion import ENDINGS, files
from gts.errors import GtsError
from gts.store.workspace import Workspace
from gts_tui.command_syntax import ALIASES, MODES, SELECTED, VERBS, Takes, Word, is_separator, joined, option_values, scan
from gts_tui.polling import changed

if TYPE_CHECKING:
    from gts.params.declaration import Parameter


_MOST_RUNS = 300
_MOST_SCORES = 1000


class Names:
    """Reads the catalogue again only where it has changed."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self._read: dict[str, tuple[Hashable, object]] = {}

    def runs(self) -> list[tuple[str, str]]:
        """The newest runs with what they train, newest first."""
        stamp = changed(self._workspace.runs, self._workspace.catalogue)
        kept = self._read.get("runs")
        if kept is None or kept[0] != stamp:
            kept = self._read["runs"] = (stamp, self._runs())
        return kept[1]  # type: ignore[return-value]

    def _runs(self) -> list[tuple[str, str]]:
        from gts.commands.views.formatting import whole
        from gts.store.catalogue import Catalogue

        known: dict[str, str] = {}
        with suppress(GtsError), Catalogue(self._workspace.catalogue, read_only=True) as catalogue:
            for run in catalogue.runs(limit=_MOST_RUNS):
                members = f", {run.members} seeds" if run.members > 1 else ""
                known[run.id] = f"{run.figure} {run.technique}{members}, {whole(run.step)} of {whole(run.total_steps)} steps"
        newest = sorted(self._workspace.run_ids(), reverse=True)[:_MOST_RUNS]
        return [(run, known.get(run, "")) for run in newest]

    def studies(self) -> list[tuple[str, str]]:
        """The studies with what they search."""
        stamp = changed(self._workspace.studies, self._workspace.catalogue)
        kept = self._read.get("studies")
        if kept is None or kept[0] != stamp:
            kept = self._read["studies"] = (stamp, self._studies())
        return kept[1]  # type: ignore[return-value]

    def _studies(self) -> list[tuple[str, str]]:
        from gts.store.catalogue import Catalogue

        known: dict[str, str] = {}
        with suppress(GtsError), Catalogue(self._workspace.catalogue, read_only=True) as catalogue:
            known = {study.name: f"{study.figure} {study.technique}, {study.trials} trials" for study in catalogue.studies()}
        return [(name, known.get(name, "")) for name in self._workspace.study_names()]

    def checkpoint(self, path: str) -> str:
        """The newest score of a checkpoint that the catalogue knows by its path; else empty."""
        if not path.endswith(".checkpoint"):
            return ""
        stamp = changed(self._workspace.catalogue)
        kept = self._read.get("scores")
        if kept is None or kept[0] != stamp:
            kept = self._read["scores"] = (stamp, self._scores())
        scores: Mapping[str, float] = kept[1]  # type: ignore[assignment]
        return f"score {scores[path]:.0f}" if path in scores else ""

    def _scores(self) -> dict[str, float]:
        from gts.store.catalogue import Catalogue

        with suppress(GtsError), Catalogue(self._workspace.catalogue, read_only=True) as catalogue:
            return {one.path: one.score for one in reversed(catalogue.best_scores(limit=_MOST_SCORES)) if one.score is not None}
        return {}

    def parameters(self, source: str) -> Mapping[str, Parameter]:
        """The parameters of a spec or checkpoint by key; those of everything where it cannot be read."""
        path = self._workspace.root / source
        kept = self._read.get(source)
        stamp = changed(path)
        if kept is None or kept[0] != stamp:
            kept = self._read[source] = (stamp, self._parameters(source))
        return kept[1]  # type: ignore[return-value]

    def _parameters(self, source: str) -> Mapping[str, Parameter]:
        from gts.commands.command import Context
        from gts.commands.resolve import locate
        from gts.formats.checkpoint import read_header
        from gts.formats.spec_file import read_spec

        with suppress(GtsError, OSError, ValueError):
            path = locate(Context(self._workspace), source)
            if path.is_file():
                spec = read_header(path).spec if path.suffix == ".checkpoint" else read_spec(path)
                return _of(spec.figure, spec.technique)
        return _all()


@lru_cache(maxsize=64)
def _of(figure: str, technique: str) -> Mapping[str, Parameter]:
    from gts.params.spec import parameters

    return {one.key: one for one in parameters(figure, technique)}


@lru_cache(maxsize=1)
def _all() -> Mapping[str, Parameter]:
    from gts.params.figures import FIGURES
    from gts.params.techniques import TECHNIQUES

    found: dict[str, Parameter] = {}
    for figure in FIGURES:
        for technique in TECHNIQUES:
            found = {**_of(figure, technique), **found}
    return found


MOST = 200
"""Candidates that are shown."""

_TYPED = {
    NEWEST: "the newest run",
    BEST: "the checkpoint with the best score",
    SELECTED: "what is marked here, or under the cursor",
}


@dataclass(frozen=True)
class Candidate:
    """What a word can become."""

    text: str
    help: str = ""
    whole: bool = True
    """Whether the word is complete with it; the name of a folder goes on."""


@dataclass(frozen=True)
class Completions:
    """What the word from `begin` to `end` can become."""

    begin: int
    end: int
    candidates: tuple[Candidate, ...] = ()
    typed: str = ""
    """What there is of the word so far."""
    wanted: str = ""
    """What belongs here, in words."""

    def taken(self, line: str, candidate: Candidate) -> tuple[str, int]:
        """The line with a candidate in it, and where the cursor stands then."""
        word = joined([candidate.text])
        if candidate.whole and not line[self.end :].startswith(" "):
            word += " "
        return line[: self.begin] + word + line[self.end :], self.begin + len(word) + (
            candidate.whole and not word.endswith(" ")
        )


class Completer:
    """Completes lines in a workspace; `themes` names the themes there are."""

    def __init__(self, workspace: Workspace, themes: Callable[[], Iterable[str]] = tuple) -> None:
        self.workspace, self._themes = workspace, themes
        self._names = Names(workspace)

    def completions(self, line: str, cursor: int) -> Completions:
        """For the word under the cursor, or for one that could begin there."""
        before, word = _at(line, cursor)
        begin, end, typed = (word.begin, word.end, _typed(line, word, cursor)) if word else (cursor, cursor, "")
        if before is None:
            return Completions(begin, end)
        words = [one.text for one in before]
        if words[:1] == ["gts"]:
            words = words[1:]
        if words:
            words[0] = ALIASES.get(words[0], words[0])
        found, wanted = self._offered(words, typed)
        return Completions(begin, end, tuple(_fitting(found, typed)[:MOST]), typed, wanted)

    def ghost(self, line: str) -> str:
        """The line with its likeliest end, where the word at its end has one; else empty."""
        made = self.completions(line, len(line))
        first = next((one for one in made.candidates if one.text.startswith(made.typed)), None)
        if not made.typed or first is None or first.text == made.typed:
            return ""
        whole = line[: made.begin] + joined([first.text])
        return whole if whole.startswith(line) else ""

    def _offered(self, words: Sequence[str], typed: str) -> tuple[Iterable[Candidate], str]:
        """What can stand after these words, and what belongs there."""
        if not words:
            return _first_words(), "" if typed else "a command; ! a shell"
        name = words[0]
        if name in VERBS:
            return self._values(
                VERBS[name].takes if name in ("mode", "open", "compare") or len(words) == 1 else "nothing", typed
            ), ""
        if name not in COMMANDS:
            return (), ""
        options = {flag: option for option in COMMANDS[name].options for flag in option.flags}
        before = options.get(words[-1])
        if option_values(name, [*words[1:], ""])[-1] and before is not None:
            return self._of_option(before, words, typed), f"{before.shown}: {before.help}"
        if typed.startswith("-"):
            flag, equals, value = typed.partition("=")
            if equals and flag in options:
                inner = self._of_option(options[flag], words, value)
                return (Candidate(f"{flag}={one.text}", one.help, one.whole) for one in inner), options[flag].help
            return _options(COMMANDS[name].options), "an option"
        return self._of_argument(name, words, typed)

    def _of_argument(self, name: str, words: Sequence[str], typed: str) -> tuple[Iterable[Candidate], str]:
        arguments = COMMANDS[name].arguments
        values = option_values(name, words[1:])
        placed = [word for word, value in zip(words[1:], values, strict=True) if not value and not word.startswith("-")]
        if name == "train":
            changes = list(self._parameters(placed[0], typed)) if placed else []
            placed = [word for word in placed if "=" not in word]
            if changes and (len(placed) > 1 or typed):
                return [*changes, *(self._values("file", typed) if len(placed) == 1 else ())], "key=value changes the spec"
            if changes:
                return changes, f"{arguments[1].shown}, or key=value to change the spec"
        last = arguments[-1] if arguments else None
        argument = arguments[len(placed)] if len(placed) < len(arguments) else last if last and last.multiple else None
        if argument is None:
            return (), ""
        return self._of(argument, typed), f"{argument.shown}: {argument.help}"

    def _of(self, declared: Argument | Option, typed: str) -> Iterable[Candidate]:
        if declared.choices:
            return [Candidate(choice) for choice in declared.choices]
        return self._values(declared.completion, typed)

    def _of_option(self, option: Option, words: Sequence[str], typed: str) -> Iterable[Candidate]:
        if option.completion == "parameter":
            return self._parameters(words[1] if len(words) > 1 else "", typed)
        return self._of(option, typed)

    def _values(self, takes: Takes, typed: str) -> Iterator[Candidate]:
        """What a word can be that means something of this kind."""
        if takes in ("run", "job", "reference"):
            yield Candidate(NEWEST, _TYPED[NEWEST])
        if takes in ("checkpoint", "document", "reference"):
            yield Candidate(BEST, _TYPED[BEST])
        if takes in ("run", "job", "study", "checkpoint", "document", "reference", "spec", "space"):
            yield Candidate(SELECTED, _TYPED[SELECTED])
        if takes in ENDINGS:
            yield from self._files(takes, typed)
        if takes in ("run", "job", "reference", "checkpoint"):
            yield from (Candidate(name, help) for name, help in self._names.runs())
        if takes in ("job", "study", "reference"):
            yield from (Candidate(name, help) for name, help in self._names.studies())
        if takes == "mode":
            yield from (Candidate(mode, f"key {at}") for at, mode in enumerate(MODES, start=1))
        elif takes == "theme":
            yield from map(Candidate, self._themes())
        elif takes == "command":
            yield from _first_words()
        elif takes == "figure":
            from gts.params.figures import FIGURES

            yield from map(Candidate, FIGURES)
        elif takes == "technique":
            from gts.params.techniques import TECHNIQUES

            yield from map(Candidate, TECHNIQUES)
        elif takes == "parameter":
            yield from self._parameters("", typed)

    def _files(self, takes: Completion, typed: str) -> Iterator[Candidate]:
        for name in files(typed, ENDINGS[takes], self.workspace.root):
            yield Candidate(name, "" if name.endswith("/") else self._names.checkpoint(name), not name.endswith("/"))

    def _parameters(self, source: str, typed: str) -> Iterator[Candidate]:
        """`key=` for the parameters of a spec, else for all of them; after it, what the value can be."""
        known = self._names.parameters(source)
        key, equals, _ = typed.partition("=")
        if not equals:
            yield from (Candidate(f"{one.key}=", _explained(one), whole=False) for one in known.values())
        elif key in known:
            one = known[key]
            values = (
                one.choices if one.kind == "choice" else ("true", "false") if one.kind == "boolean" else (str(one.default),)
            )
            default = str(one.default).lower() if one.kind == "boolean" else str(one.default)
            yield from (Candidate(f"{key}={value}", "default" if value == default else "") for value in values)


def _at(line: str, cursor: int) -> tuple[list[Word] | None, Word | None]:
    """The words of a command before the one under the cursor, and that one; None for those where a shell has the line."""
    before: list[Word] = []
    for word in scan(line):
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


def _typed(line: str, word: Word, cursor: int) -> str:
    """What there is of a word before the cursor, without quotes."""
    found = scan(line[:cursor], word.begin)
    return found[0].text if found else ""


def _fitting(candidates: Iterable[Candidate], typed: str) -> list[Candidate]:
    """Those that begin with what was typed, then those that have it somewhere; of two letters and more."""
    found = list(dict.fromkeys(candidates))
    begin = [one for one in found if one.text.startswith(typed)]
    if len(typed) < 2:
        return begin
    small = typed.lower()
    return begin + [one for one in found if small in one.text.lower() and not one.text.startswith(typed)]


@lru_cache(maxsize=1)
def _first_words() -> tuple[Candidate, ...]:
    """Every command, and the program's own words."""
    commands = [Candidate(command.name, command.summary) for command in COMMANDS.values()]
    return (*commands, *(Candidate(verb.name, verb.summary) for verb in VERBS.values()))


def _options(options: Sequence[Option]) -> Iterator[Candidate]:
    for option in options:
        others = f"{', '.join(option.flags[:-1])}  " if len(option.flags) > 1 else ""
        yield Candidate(option.flags[-1], f"{others}{option.shown + '  ' if option.shown else ''}{option.help}")


def _explained(parameter: Parameter) -> str:
    unit = f" {parameter.unit}" if parameter.unit else ""
    return f"{parameter.default}{unit}  {parameter.meaning}"
