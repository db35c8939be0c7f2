"""`gts check`: errors and warnings of files."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

from gts.commands.command import Argument, Command, Context, Result
from gts.commands.resolve import detect_path_kind, resolve_path
from gts.errors import FormatError, GtsError, Problem


@dataclass(frozen=True)
class CheckedFile:
    """Errors and warnings of one file."""

    path: str
    errors: tuple[Problem, ...]
    warnings: tuple[Problem, ...]
    hint: str = ""
    """Advice on the errors."""


@dataclass(frozen=True)
class CheckResult(Result):
    """Errors and warnings of all files."""

    view: ClassVar[str] = "files:render_check"
    files: tuple[CheckedFile, ...]

    @property
    def exit_code(self) -> int:
        """Return 2 if a file has an error."""
        return 2 if any(file.errors for file in self.files) else 0

    def as_dict(self) -> dict[str, Any]:
        """Return plain data for JSON."""
        return {"ok": self.exit_code == 0} | super().as_dict()


def run_check(context: Context, *, files: Sequence[str]) -> CheckResult:
    """Read every file and collect its errors and warnings."""
    return CheckResult(tuple(_check(context, word) for word in files))


def _check(context: Context, word: str) -> CheckedFile:
    path = resolve_path(context, word)
    try:
        kind = detect_path_kind(path, context.workspace)
        warnings: tuple[Problem, ...] = ()
        if kind == "spec":
            from gts.formats.spec_file import read_spec

            warnings = read_spec(path).warnings
        elif kind == "space":
            from gts.formats.space_file import read_space

            warnings = read_space(path).warnings
        elif kind == "checkpoint":
            from gts.formats.checkpoint import read_checkpoint

            warnings = read_checkpoint(path).spec.warnings
        else:
            return CheckedFile(str(path), (Problem("this is a run; name the files in it"),), ())
    except GtsError as error:
        return file_with_errors(path, error)
    return CheckedFile(str(path), (), warnings)


def file_with_errors(path: Path, error: GtsError) -> CheckedFile:
    """Make the entry of a file that could not be read."""
    problems = error.problems if isinstance(error, FormatError) else (Problem(error.message),)
    return CheckedFile(str(path), problems, (), error.hint)


COMMAND = Command(
    name="check",
    summary="List all errors of files.",
    group="workspace",
    run=run_check,
    read_only=True,
    help="Prints every error of every file as file:line:column: message. The exit code is 2 if there is any.",
    arguments=(Argument("files", "Specs, spaces or checkpoints.", "document", multiple=True, metavar="FILE"),),
    examples=("gts check hopper/*.spec",),
)
