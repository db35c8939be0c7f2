"""`gts check`: what is wrong with files."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from gts.commands.command import Argument, Command, Context, Result
from gts.commands.resolve import detect_path_kind, resolve_path
from gts.errors import FormatError, GtsError, Problem


@dataclass(frozen=True)
class CheckedFile:
    """What was found in one file."""

    path: str
    errors: tuple[Problem, ...]
    warnings: tuple[Problem, ...]
    hint: str = ""
    """What to do about the errors."""


@dataclass(frozen=True)
class CheckResult(Result):
    """What was found in all of them."""

    view: ClassVar[str] = "files:render_check"
    files: tuple[CheckedFile, ...]

    @property
    def exit_code(self) -> int:
        """2 where a file has an error."""
        return 2 if any(file.errors for file in self.files) else 0

    def as_dict(self) -> dict[str, Any]:
        """Plain data for JSON."""
        return {"ok": self.exit_code == 0} | super().as_dict()


def run(context: Context, *, files: Sequence[str]) -> CheckResult:
    """Read every file and gather what is wrong with each."""
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
    except FormatError as error:
        return CheckedFile(str(path), error.problems, (), error.hint)
    except GtsError as error:
        return CheckedFile(str(path), (Problem(error.message),), (), error.hint)
    return CheckedFile(str(path), (), warnings)


COMMAND = Command(
    name="check",
    summary="Say everything that is wrong with files.",
    group="workspace",
    run=run,
    read_only=True,
    help="Every error of every file as file:line:column: message. The exit code is 2 where there is one.",
    arguments=(Argument("files", "Specs, spaces, checkpoints.", "document", multiple=True, metavar="FILE"),),
    examples=("gts check hopper/*.spec",),
)
