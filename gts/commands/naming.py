"""The new name of a file: what `copy` and `rename` make of the words that they get."""

from __future__ import annotations

import os
from pathlib import Path

from gts.commands.command import Context
from gts.commands.resolve import find_study, locate, refer
from gts.errors import FileError, UsageError
from gts.store.workspace import CATALOGUE

ENDINGS = (".spec", ".space", ".checkpoint", ".trajectory")
"""Of the files of GTS."""


def file_named(context: Context, word: str, *, does: str) -> Path:
    """The spec, space or checkpoint that a word names; raises UsageError for a run or a study, FileError for nothing."""
    study = find_study(context, word)
    if study is not None:
        hint = f"take what you want of it: gts best {study.name} --out NAME.spec"
        raise UsageError(f"`{study.name}` is a study, and its trials know it by its name: it cannot be {does}", hint=hint)
    reference = refer(context, word)
    if reference.kind == "run":
        hint = f"take what you want of it: gts copy {reference.path / 'member1' / 'best.checkpoint'} NAME"
        message = f"`{reference.run.id}` is a run, and its numbers know it by its id: it cannot be {does}"
        raise UsageError(message, hint=hint)
    refuse_missing(reference.path)
    return reference.path


def refuse_missing(path: Path) -> None:
    """Raise FileError where there is nothing at a path; a link that leads nowhere is something."""
    if not os.path.lexists(path):
        raise FileError(f"no such file: {path}", hint="`gts info` shows what a word names")


def keeps_its_place(context: Context, path: Path) -> bool:
    """Whether a file belongs to a run, a study, the trash or the catalogue, whose files are not moved one by one."""
    root = context.workspace.root.resolve()
    where = path.parent.resolve() / path.name
    if not where.is_relative_to(root):
        return False
    first = where.relative_to(root).parts[0]
    return first in ("runs", "studies") or first.startswith((".", CATALOGUE))


def new_place(context: Context, old: Path, word: str) -> Path:
    """Where a file with a new name is to be; raises UsageError for an ending that means something else.

    A name without a folder stays beside the old one; a folder keeps the old name; the ending is added where it is left out.
    """
    path = Path(word).expanduser()
    folder = path if path.is_dir() else locate(context, word)
    if word.endswith("/") or folder.is_dir():
        return folder / old.name
    if path.suffix in ENDINGS and path.suffix != old.suffix and old.suffix in ENDINGS:
        raise UsageError(f"`{old.name}` is a {old.suffix[1:]}, and `{path.name}` would be none", hint="leave the ending out")
    if old.suffix in ENDINGS and path.suffix != old.suffix:
        path = path.with_name(path.name + old.suffix)
    return old.parent / path if "/" not in word else path
