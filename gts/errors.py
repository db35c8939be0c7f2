"""The errors that GTS raises on purpose.

```
GtsError                 a message for the user, and a hint
├── UsageError           wrong use of a command                       exit 2
├── FileError            a file that cannot be read or written        exit 2
│   ├── FormatError      a file whose content is wrong                exit 2
│   ├── DamagedError     a file that was changed or cut by accident   exit 2
│   └── FullDiskError    no space left on the disk                    exit 2
├── MissingError         something this machine lacks                 exit 3
└── WorkError            a command started properly and failed        exit 1
    └── DivergedError    a number left the finite range
```

They are caught at two places only: in `gts.cli` and in the worker of `gts.jobs`. Any other exception is a bug and shown as
one.
"""

from __future__ import annotations

import errno
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar


class GtsError(Exception):
    """A failure with a message for the user; `hint` is the remedy."""

    exit_code: ClassVar[int] = 1

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class UsageError(GtsError):
    """Wrong use of a command."""

    exit_code = 2


class FileError(GtsError):
    """A file cannot be found, read or written."""

    exit_code = 2


def name_too_long_error(error: OSError) -> FileError | None:
    """FileError for a name that is too long for the system; None for any other error.

    Even checking whether such a file exists raises this error.
    """
    if error.errno != errno.ENAMETOOLONG:
        return None
    name = max(str(error.filename or "").split("/"), key=len)
    return FileError(f"a name is longer than this system allows: `{name[:40]}…`, {len(name)} letters")


def reason(error: Exception) -> str:
    """Text of a system error in lower case, such as `permission denied`, without its number and path."""
    return (getattr(error, "strerror", None) or str(error)).lower()


@dataclass(frozen=True)
class Problem:
    """An error (or a warning) in a file."""

    message: str
    """One sentence with the mistake, the allowed values and the nearest known word."""
    key: str = ""
    """Its key, as spelled in the file."""
    line: int = 0
    """1-based; 0 if it has no position."""
    column: int = 0
    """1-based; 0 if it has no position."""

    def format_at(self, path: str) -> str:
        """`path:line:column: message`, without the parts that are unknown."""
        position = f"{path}:{self.line}:{self.column}" if self.line else path
        return f"{position}: {self.message}"


class FormatError(FileError):
    """The content of a file is wrong; `problems` holds all errors."""

    def __init__(self, path: str, problems: Sequence[Problem], *, hint: str = "") -> None:
        super().__init__("\n".join(problem.format_at(path) for problem in problems), hint=hint)
        self.path = path
        self.problems = tuple(problems)


class DamagedError(FileError):
    """A file was changed or cut off by accident."""


class FullDiskError(FileError):
    """The disk, a quota or a limit on file sizes leaves no space; the write succeeds once there is some."""


class MissingError(GtsError):
    """This machine lacks something: a library, a display, a GPU."""

    exit_code = 3


class WorkError(GtsError):
    """A command started properly and failed."""


class DivergedError(WorkError):
    """A loss, a parameter or a physics state is not finite."""
