"""What a word on a command line names: a spec, a space, a checkpoint, a run.

The new name of a file: what `copy` and `rename` make of the words that they get.
"""

from __future__ import annotations

import difflib
import os
from contextlib import suppress
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from gts.commands.command import Context
from gts.errors import FileError, UsageError, reason
from gts.formats.file_checks import find_similar_file
from gts.store.workspace import CATALOGUE_FILE, RunFolder, StudyFolder, Workspace

if TYPE_CHECKING:
    from gts.jobs.job_store import JobStatus


ReferenceKind = Literal["spec", "space", "checkpoint", "run"]

LAST_RUN = "@last"
"""Names the newest run."""

BEST_CHECKPOINT = "@best"
"""Names the checkpoint with the best score of the workspace."""


_PAGE = 100


@dataclass(frozen=True)
class Reference:
    """Something that was named, and what it is."""

    word: str
    """As it was named."""
    path: Path
    kind: ReferenceKind

    @property
    def run(self) -> RunFolder:
        """The folder of a run."""
        return RunFolder(self.path)


def resolve_path(context: Context, word: str) -> Path:
    """The path that a word names: from the current folder, else from the workspace; it need not exist.

    `@best` names one too; raises UsageError where nothing was scored.
    """
    if word == BEST_CHECKPOINT:
        return find_best_checkpoint(context.workspace)
    path = Path(word).expanduser()
    if not path.exists() and (context.workspace.root / path).exists():
        return context.workspace.root / path
    return path


def resolve(context: Context, word: str) -> Reference:
    """What a word names: a file by its path or `@best`, a run by its folder, its id, an unambiguous part of it, or `@last`.

    Raises FileError where it names nothing, UsageError where it names several runs.
    """
    path = resolve_path(context, word)
    if not path.exists():
        run = find_run(context.workspace, word)
        if run is not None:
            return Reference(word, run.path, "run")
    return Reference(word, path, detect_path_kind(path, context.workspace))


def resolve_job(context: Context, word: str) -> JobStatus:
    """The job that a word names: its folder, its id, an unambiguous beginning or end of it, or `@last`.

    Raises UsageError where it names none or several, FileError where the job cannot be read.
    """
    from gts.jobs.job_store import find_job

    return find_job(context.workspace, Path(word).name or word)


def find_study(context: Context, word: str) -> StudyFolder | None:
    """The folder of the study that a word names: its name in the workspace, or its path; None where it names none."""
    for path in (Path(word).expanduser(), context.workspace.root / word, context.workspace.study_folder(word).path):
        if StudyFolder(path).exists() and not RunFolder(path).exists():
            return StudyFolder(path.absolute())
    return None


def find_run(workspace: Workspace, word: str) -> RunFolder | None:
    """The run that a word names, None where there is none; raises UsageError where there are several."""
    if word == LAST_RUN:
        ids = workspace.run_ids()
        if not ids:
            raise UsageError(f"there is no run yet in `{workspace.root}`", hint="train something: gts train FILE.spec")
        return workspace.run_folder(ids[-1])
    found = workspace.match_runs(word)
    if len(found) > 1:
        shown = ", ".join(found[-3:])
        raise UsageError(f"`{word}` names {len(found)} runs: {shown}{', …' if len(found) > 3 else ''}", hint="write more of it")
    return workspace.run_folder(found[0]) if found else None


def find_best_checkpoint(workspace: Workspace) -> Path:
    """The checkpoint with the best score among those that are still what was scored; raises UsageError where there is none."""
    from gts.formats.checkpoint import read_checkpoint_header
    from gts.jobs.trainings.request import SCORE_EPISODES, SCORE_STEPS
    from gts.store.catalogue import Catalogue

    if workspace.catalogue.is_file():
        with Catalogue(workspace.catalogue, read_only=True) as catalogue:
            for offset in count(0, _PAGE):
                page = catalogue.best_scores(limit=_PAGE, offset=offset)
                # A few short episodes prove little.
                for record in (one for one in page if one.episodes >= SCORE_EPISODES and one.steps == SCORE_STEPS):
                    path = workspace.root / record.path
                    # A file may be gone, or another training may have written over it.
                    with suppress(FileError):
                        if read_checkpoint_header(path).checksum == record.checksum:
                            return path
                if len(page) < _PAGE:
                    break
    raise UsageError(
        f"no checkpoint of `{workspace.root}` was scored yet", hint="a training scores what it made; `gts score FILE` does too"
    )


def detect_path_kind(path: Path, workspace: Workspace) -> ReferenceKind:
    """What an existing path is, by its name and else by its first bytes; raises FileError."""
    if path.is_dir():
        if RunFolder(path).exists():
            return "run"
        raise FileError(f"{path} is a folder, not a file of GTS", hint="name a file in it, or the folder of a run")
    if path.suffix in (".spec", ".space", ".checkpoint"):
        return path.suffix[1:]  # type: ignore[return-value]
    try:
        with path.open("rb") as file:
            head = file.read(4096)
    except FileNotFoundError as error:
        raise FileError(f"no such file: {path}", hint=suggest_similar(path, workspace)) from error
    except OSError as error:
        raise FileError(f"cannot read {path}: {reason(error)}") from error
    if not head.lstrip().startswith(b"{"):
        return "checkpoint"
    return "space" if b'"paramSpace"' in head else "spec"


def suggest_similar(path: Path, workspace: Workspace) -> str:
    """A hint with the file or run that looks most like what was named."""
    close = find_similar_file(path) or next(iter(difflib.get_close_matches(path.name, workspace.run_ids(), n=1)), None)
    return f"did you mean {close}?" if close else "name a spec, a space, a checkpoint or a run"


DOCUMENT_SUFFIXES = (".spec", ".space", ".checkpoint", ".trajectory")
"""Of the files of GTS."""


def resolve_file(context: Context, word: str, *, action: str) -> Path:
    """The spec, space or checkpoint that a word names; raises UsageError for a run or a study, FileError for nothing."""
    study = find_study(context, word)
    if study is not None:
        hint = f"take what you want of it: gts best {study.name} --out NAME.spec"
        raise UsageError(f"`{study.name}` is a study, and its trials know it by its name: it cannot be {action}", hint=hint)
    reference = resolve(context, word)
    if reference.kind == "run":
        hint = f"take what you want of it: gts copy {reference.path / 'member1' / 'best.checkpoint'} NAME"
        message = f"`{reference.run.id}` is a run, and its numbers know it by its id: it cannot be {action}"
        raise UsageError(message, hint=hint)
    require_exists(reference.path)
    return reference.path


def require_exists(path: Path) -> None:
    """Raise FileError where there is nothing at a path; a link that leads nowhere is something."""
    if not os.path.lexists(path):
        raise FileError(f"no such file: {path}", hint="`gts info` shows what a word names")


def is_managed(context: Context, path: Path) -> bool:
    """Whether a file belongs to a run, a study, the trash or the catalogue, whose files are not moved one by one."""
    root = context.workspace.root.resolve()
    where = path.parent.resolve() / path.name
    if not where.is_relative_to(root):
        return False
    first = where.relative_to(root).parts[0]
    return first in ("runs", "studies") or first.startswith((".", CATALOGUE_FILE))


def resolve_new_path(context: Context, old: Path, word: str) -> Path:
    """Where a file with a new name is to be; raises UsageError for an ending that means something else.

    A name without a folder stays beside the old one; a folder keeps the old name; the ending is added where it is left out.
    """
    path = Path(word).expanduser()
    folder = path if path.is_dir() else resolve_path(context, word)
    if word.endswith("/") or folder.is_dir():
        return folder / old.name
    if path.suffix in DOCUMENT_SUFFIXES and path.suffix != old.suffix and old.suffix in DOCUMENT_SUFFIXES:
        raise UsageError(f"`{old.name}` is a {old.suffix[1:]}, and `{path.name}` would be none", hint="leave the ending out")
    if old.suffix in DOCUMENT_SUFFIXES and path.suffix != old.suffix:
        path = path.with_name(path.name + old.suffix)
    return old.parent / path if "/" not in word else path
