"""Completion of words on a command line."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from gts.commands.command import CompletionKind, Context
from gts.commands.resolve import BEST_CHECKPOINT, LAST_RUN

COMPLETED_SUFFIXES: dict[CompletionKind, tuple[str, ...]] = {
    "spec": (".spec",),
    "space": (".space",),
    "checkpoint": (".checkpoint",),
    "document": (".spec", ".space", ".checkpoint"),
    "reference": (".spec", ".space", ".checkpoint"),
    "study": (".db",),
    "file": ("",),
    "folder": (),
}
"""File suffixes offered for each kind; folders are always offered."""


def complete_word(completion: CompletionKind, prefix: str, context: Context) -> list[str]:
    """List the words with a prefix, in display order; folders end in a slash."""
    found = [word for word in _known_words(completion, context) if word.startswith(prefix)]
    if completion in COMPLETED_SUFFIXES:
        found += complete_path(prefix, COMPLETED_SUFFIXES[completion])
    return found


def _known_words(completion: CompletionKind, context: Context) -> Iterator[str]:
    if completion == "figure":
        from gts.params.figures import FIGURES

        yield from FIGURES
    elif completion == "technique":
        from gts.params.techniques import TECHNIQUES

        yield from TECHNIQUES
    elif completion == "parameter":
        yield from sorted({f"{key}=" for key in _parameter_keys()})
    elif completion == "study":
        yield from context.workspace.study_names()
    elif completion in ("run", "job", "reference"):
        runs = context.workspace.run_ids()
        yield from [LAST_RUN, *reversed(runs)] if runs else []
        yield from _best(context) if completion == "reference" else ()
        if completion != "run":
            yield from context.workspace.study_names()
    elif completion in ("checkpoint", "document"):
        yield from _best(context)


def _best(context: Context) -> Iterator[str]:
    # Scores exist in the catalogue only.
    if context.workspace.catalogue.is_file():
        yield BEST_CHECKPOINT


def _parameter_keys() -> Iterator[str]:
    from gts.params.figures import FIGURES
    from gts.params.spec import spec_parameters
    from gts.params.techniques import TECHNIQUES

    for figure in FIGURES:
        for technique in TECHNIQUES:
            yield from (parameter.key for parameter in spec_parameters(figure, technique))


def complete_path(prefix: str, suffixes: tuple[str, ...], here: Path = Path()) -> list[str]:
    """List files and folders, relative to `here`, whose paths begin with a prefix."""
    folder = Path(prefix).parent if prefix and not prefix.endswith("/") else Path(prefix)
    try:
        entries = sorted((here / folder.expanduser()).iterdir())
    except OSError:
        return []
    found = []
    for entry in entries:
        name = str(folder / entry.name) if str(folder) != "." or prefix.startswith("./") else entry.name
        if prefix.startswith("./") and not name.startswith("./"):
            name = f"./{name}"
        if not name.startswith(prefix) or (entry.name.startswith(".") and not Path(prefix).name.startswith(".")):
            continue
        if entry.is_dir():
            found.append(f"{name}/")
        elif entry.name.endswith(suffixes):
            found.append(name)
    return found
