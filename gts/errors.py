"""The errors that GTS raises on purpose.

```
GtsError                 message and hint for the user
├── UsageError           wrong use of a command                       exit 2
├── FileError            a file that cannot be read or written        exit 2
│   ├── FormatError      a file with invalid content                  exit 2
│   ├── DamagedError     a file that was changed or cut by accident   exit 2
│   └── FullDiskError    no room for a file                           exit 2
├── MissingError         something this machine lacks                 exit 3
└── WorkError            a command started properly and failed        exit 1
    └── DivergedError    a number left the finite range
```

Only `gts.cli`, the terminal program and the worker of `gts.jobs` catch them. Any other exception is a bug and shown as one.
"""

from __future__ import annotations

import errno
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar


class GtsError(Exception):
    """A failure with a message for the user; `hint` suggests a remedy."""

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
    """The FileError for a name that the system refused for its length; None for any other error.

    Tests for the existence of such a path raise this error instead of returning False.
    """
    if error.errno != errno.ENAMETOOLONG:
        return None
    name = max(str(error.filename or "").split("/"), key=len)
    return FileError(f"a name is longer than this system allows: `{name[:40]}…`, {len(name)} letters")


def reason(error: Exception) -> str:
    """The system's words for an error in lower case, such as `permission denied`, without its number and path."""
    return (getattr(error, "strerror", None) or str(error)).lower()


@dataclass(frozen=True)
class Problem:
    """One error or warning in a file."""

    message: str
    """One sentence: the error, the allowed values, the nearest known word."""
    key: str = ""
    """The key concerned, as spelled in the file."""
    line: int = 0
    """1-based; 0 if unknown."""
    column: int = 0
    """1-based; 0 if unknown."""

    def format_at(self, path: str) -> str:
        """`path:line:column: message`, without the unknown parts."""
        place = f"{path}:{self.line}:{self.column}" if self.line else path
        return f"{place}: {self.message}"


class FormatError(FileError):
    """A file with invalid content; `problems` lists all of them."""

    def __init__(self, path: str, problems: Sequence[Problem], *, hint: str = "") -> None:
        super().__init__("\n".join(problem.format_at(path) for problem in problems), hint=hint)
        self.path = path
        self.problems = tuple(problems)


class DamagedError(FileError):
    """A file with another content than was written to it."""


class FullDiskError(FileError):
    """The disk, a quota or a file size limit leaves no room; the same call works again once there is room."""


class MissingError(GtsError):
    """This machine lacks something: a library, a display, a GPU."""

    exit_code = 3


class WorkError(GtsError):
    """A command started properly and failed."""


class DivergedError(WorkError):
    """A loss, a parameter or a physics state is not finite."""
