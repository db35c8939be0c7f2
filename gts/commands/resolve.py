"""Resolves words of a command line to files, runs, studies and jobs, and new names to paths."""

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
"""Reference to the newest run."""

BEST_CHECKPOINT = "@best"
"""Reference to the checkpoint with the best score in the workspace."""


_PAGE = 100


@dataclass(frozen=True)
class Reference:
    """A resolved word: its path and kind."""

    word: str
    """The word on the command line."""
    path: Path
    kind: ReferenceKind

    @property
    def run(self) -> RunFolder:
        """Return the run at the path."""
        return RunFolder(self.path)


def resolve_path(context: Context, word: str) -> Path:
    """Resolve a path against the current folder, else against the workspace; it need not exist.

    Also resolves `@best`; raises UsageError if no checkpoint was scored.
    """
    if word == BEST_CHECKPOINT:
        return find_best_checkpoint(context.workspace)
    path = Path(word).expanduser()
    if not path.exists() and (context.workspace.root / path).exists():
        return context.workspace.root / path
    return path


def resolve(context: Context, word: str) -> Reference:
    """Resolve a file by its path or `@best`, or a run by its folder, its id, an unambiguous part of it, or `@last`.

    Raises FileError if nothing matches, UsageError if several runs match.
    """
    path = resolve_path(context, word)
    if not path.exists():
        run = find_run(context.workspace, word)
        if run is not None:
            return Reference(word, run.path, "run")
    return Reference(word, path, detect_path_kind(path, context.workspace))


def resolve_job(context: Context, word: str) -> JobStatus:
    """Resolve a job by its folder, its id, an unambiguous beginning or end of it, or `@last`.

    Raises UsageError if none or several match, FileError if the job cannot be read.
    """
    from gts.jobs.job_store import find_job

    return find_job(context.workspace, Path(word).name or word)


def find_study(context: Context, word: str) -> StudyFolder | None:
    """Find a study by its path or its name in the workspace; returns None if there is none."""
    for path in (Path(word).expanduser(), context.workspace.root / word, context.workspace.study_folder(word).path):
        if StudyFolder(path).exists() and not RunFolder(path).exists():
            return StudyFolder(path.absolute())
    return None


def find_run(workspace: Workspace, word: str) -> RunFolder | None:
    """Find a run by `@last`, its id or a part of it; returns None if none matches, raises UsageError if several match."""
    if word == LAST_RUN:
        ids = workspace.run_ids()
        if not ids:
            raise UsageError(f"there is no run yet in `{workspace.root}`", hint="start one: gts train FILE.spec")
        return workspace.run_folder(ids[-1])
    found = workspace.match_runs(word)
    if len(found) > 1:
        shown = ", ".join(found[-3:])
        raise UsageError(
            f"`{word}` matches {len(found)} runs: {shown}{', …' if len(found) > 3 else ''}", hint="write more of the id"
        )
    return workspace.run_folder(found[0]) if found else None


def find_best_checkpoint(workspace: Workspace) -> Path:
    """Find the checkpoint with the best score whose file is unchanged since; raises UsageError if there is none."""
    from gts.formats.checkpoint import read_checkpoint_header
    from gts.jobs.job_events import SCORE_EPISODES, SCORE_STEPS
    from gts.store.catalogue import Catalogue

    if workspace.catalogue.is_file():
        with Catalogue(workspace.catalogue, read_only=True) as catalogue:
            for offset in count(0, _PAGE):
                page = catalogue.best_scores(limit=_PAGE, offset=offset)
                # Scores over fewer or shorter episodes are too noisy to compare.
                for record in (one for one in page if one.episodes >= SCORE_EPISODES and one.steps == SCORE_STEPS):
                    path = workspace.root / record.path
                    # The file may have been removed or overwritten since.
                    with suppress(FileError):
                        if read_checkpoint_header(path).checksum == record.checksum:
                            return path
                if len(page) < _PAGE:
                    break
    raise UsageError(f"no checkpoint of `{workspace.root}` was scored yet", hint="score one: gts score FILE.checkpoint")


def detect_path_kind(path: Path, workspace: Workspace) -> ReferenceKind:
    """Detect the kind of an existing path by its suffix, else by its first bytes; raises FileError."""
    if path.is_dir():
        if RunFolder(path).exists():
            return "run"
        raise FileError(f"{path} is a folder, but not of a run", hint="name a file in it, or the folder of a run")
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
    """Return a hint with the most similar file or run."""
    close = find_similar_file(path) or next(iter(difflib.get_close_matches(path.name, workspace.run_ids(), n=1)), None)
    return f"did you mean {close}?" if close else "name a spec, a space, a checkpoint or a run"


DOCUMENT_SUFFIXES = (".spec", ".space", ".checkpoint", ".trajectory")
"""Suffixes of the files of GTS."""


def resolve_file(context: Context, word: str, *, action: str) -> Path:
    """Resolve a spec, space or checkpoint; raises UsageError for a run or a study, FileError if nothing matches.

    `action`: past participle for messages, such as `copied`.
    """
    study = find_study(context, word)
    if study is not None:
        hint = f"write its best trial as a spec: gts best {study.name} --out NAME.spec"
        raise UsageError(f"`{study.name}` is a study, which cannot be {action}", hint=hint)
    reference = resolve(context, word)
    if reference.kind == "run":
        hint = f"copy a checkpoint of it: gts copy {reference.path / 'member1' / 'best.checkpoint'} NAME"
        message = f"`{reference.run.id}` is a run, which cannot be {action}"
        raise UsageError(message, hint=hint)
    require_exists(reference.path)
    return reference.path


def require_exists(path: Path) -> None:
    """Raise FileError if a path does not exist; a broken link exists."""
    if not os.path.lexists(path):
        raise FileError(f"no such file: {path}", hint="name a spec, a space or a checkpoint")


def is_managed(context: Context, path: Path) -> bool:
    """Whether a file belongs to a run, a study, the trash or the catalogue, and must not be moved alone."""
    root = context.workspace.root.resolve()
    where = path.parent.resolve() / path.name
    if not where.is_relative_to(root):
        return False
    first = where.relative_to(root).parts[0]
    return first in ("runs", "studies") or first.startswith((".", CATALOGUE_FILE))


def resolve_new_path(context: Context, old: Path, word: str) -> Path:
    """Resolve the new name of a file; raises UsageError for the suffix of another kind of file.

    A name without a folder stays in the old folder, a folder keeps the old name, and a missing suffix is added.
    """
    path = Path(word).expanduser()
    folder = path if path.is_dir() else resolve_path(context, word)
    if word.endswith("/") or folder.is_dir():
        return folder / old.name
    if path.suffix in DOCUMENT_SUFFIXES and path.suffix != old.suffix and old.suffix in DOCUMENT_SUFFIXES:
        raise UsageError(
            f"`{old.name}` is a {old.suffix[1:]}, but `{path.name}` has the suffix of a {path.suffix[1:]}",
            hint=f"name it {path.stem}{old.suffix}",
        )
    if old.suffix in DOCUMENT_SUFFIXES and path.suffix != old.suffix:
        path = path.with_name(path.name + old.suffix)
    return old.parent / path if "/" not in word else path
