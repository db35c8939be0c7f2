"""Every error that GTS raises on purpose.

```
GtsError                 one sentence for a person, and a hint
├── UsageError           wrong use of a command                       exit 2
├── FileError            a file that cannot be read or written        exit 2
│   ├── FormatError      a file whose content is wrong                exit 2
│   ├── DamagedError     a file that was changed or cut by accident   exit 2
│   └── FullDiskError    no room for what is to be written            exit 2
├── MissingError         something this machine lacks                 exit 3
└── WorkError            the work itself failed                       exit 1
    └── DivergedError    a number left the finite range
```

Handlers stand at the two edges only: `gts.cli` and the worker of `gts.jobs`. Anything else that is raised is a bug and is
shown as one.
"""

from __future__ import annotations

import errno
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar


class GtsError(Exception):
    """A failure with a sentence for a person; `hint` says what to do about it."""

    exit_code: ClassVar[int] = 1

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class UsageError(GtsError):
    """A command was used in a way that cannot work."""

    exit_code = 2


class FileError(GtsError):
    """A file cannot be found, read or written."""

    exit_code = 2


def name_too_long_error(error: OSError) -> FileError | None:
    """What a person is told where the system refused a name for its length; None where it refused something else.

    Looking whether something is there fails so too: to the system that is no answer of no.
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
    """One thing that is wrong (or suspicious) in a file."""

    message: str
    """One sentence: what is wrong, what is allowed, the nearest known word."""
    key: str = ""
    """The key it concerns, as spelled in the file."""
    line: int = 0
    """1-based; 0 where the problem has no place."""
    column: int = 0
    """1-based; 0 where the problem has no place."""

    def format_at(self, path: str) -> str:
        """`path:line:column: message`, without the parts that are unknown."""
        place = f"{path}:{self.line}:{self.column}" if self.line else path
        return f"{place}: {self.message}"


class FormatError(FileError):
    """A file was read and its content is wrong; `problems` holds all of them."""

    def __init__(self, path: str, problems: Sequence[Problem], *, hint: str = "") -> None:
        super().__init__("\n".join(problem.format_at(path) for problem in problems), hint=hint)
        self.path = path
        self.problems = tuple(problems)


class DamagedError(FileError):
    """A file does not hold what was written to it."""


class FullDiskError(FileError):
    """The disk, a quota or a limit on the size of files leaves no room; what failed works again once there is some."""


class MissingError(GtsError):
    """This machine lacks something: a library, a display, a GPU."""

    exit_code = 3


class WorkError(GtsError):
    """The work was started properly and failed."""


class DivergedError(WorkError):
    """A loss, a parameter or a physics state left the finite range."""
