"""Declaration of a command, from which shell, completion, key help and reference pages are made."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field
from typing import Any, ClassVar, Literal

from gts.jobs.stop_request import StopRequest
from gts.store.workspace import Workspace

CompletionKind = Literal[
    "nothing",
    "file",
    "folder",
    "spec",
    "space",
    "checkpoint",
    "document",
    "reference",
    "run",
    "job",
    "study",
    "figure",
    "technique",
    "parameter",
]
"""Completion of an argument: `document` is any file of GTS, `reference` a file, run or study, `parameter` a `key=value`."""

ValueType = Literal["text", "integer", "number", "flag", "choice", "path"]

CommandGroup = Literal["workspace", "training", "jobs", "results", "machine"]

GROUP_TITLES: dict[CommandGroup, str] = {
    "workspace": "Files",
    "training": "Training",
    "jobs": "Jobs",
    "results": "Results",
    "machine": "This machine",
}
"""Headings of command lists, in their order."""


@dataclass(frozen=True)
class Argument:
    """A positional argument."""

    name: str
    """Keyword argument of `run`."""
    help: str
    completion: CompletionKind = "nothing"
    type: ValueType = "text"
    choices: tuple[str, ...] = ()
    required: bool = True
    default: Any = None
    multiple: bool = False
    """Accepts several values; `run` receives a tuple."""
    metavar: str = ""
    """Spelling in help texts; the name in capitals if empty."""

    @property
    def display_metavar(self) -> str:
        """Return the spelling in help texts, without brackets."""
        return self.metavar or self.name.upper()


@dataclass(frozen=True)
class Option:
    """An option or a flag."""

    flags: tuple[str, ...]
    """All spellings, the long one last: `("-s", "--steps")`."""
    help: str
    type: ValueType = "text"
    completion: CompletionKind = "nothing"
    choices: tuple[str, ...] = ()
    default: Any = None
    """Value if the option is not given; False for a flag, () for a multiple option."""
    minimum: float | None = None
    maximum: float | None = None
    multiple: bool = False
    """Can be repeated; `run` receives a tuple."""
    writes: bool = False
    """Whether this option makes a read-only command write."""
    metavar: str = ""
    name: str = ""
    """Keyword argument of `run`; derived from the long spelling if empty."""
    hidden_flags: tuple[str, ...] = ()
    """Further spellings that work but are listed nowhere."""

    @property
    def value_name(self) -> str:
        """Return the keyword argument of `run`."""
        return self.name or self.flags[-1].lstrip("-").replace("-", "_")

    @property
    def display_metavar(self) -> str:
        """Return the spelling of the value in help texts; empty for a flag."""
        if self.type == "flag":
            return ""
        return self.metavar or ("|".join(self.choices) if self.choices else self.value_name.upper())


DETACH_OPTIONS = (
    Option(
        ("--save-every",),
        "Seconds between complete checkpoints.",
        "number",
        default=30.0,
        minimum=0,
        metavar="SECONDS",
    ),
    Option(("--detach",), "Run in the background, also after this terminal is closed.", "flag"),
    Option(("--queue",), "Run in the background as soon as the running jobs leave room.", "flag"),
)
"""Options of commands that can run as a job in the background."""


@dataclass(frozen=True)
class Context:
    """Surroundings of a command: workspace, CPUs, and ways to interrupt it and to ask the user."""

    workspace: Workspace
    threads: int | None = None
    """CPUs to use; None for all that this process may use."""
    stop_request: StopRequest = field(default_factory=StopRequest)
    """Request to end long work early."""
    confirm: Callable[[str], bool] | None = None
    """Asks the user a yes-or-no question; None without a terminal."""


@dataclass(frozen=True)
class Note:
    """A message beside the result."""

    text: str


@dataclass(frozen=True)
class Result:
    """Result of a command; each kind of result is a subclass."""

    view: ClassVar[str]
    """`module:function` in `gts.commands.views` that renders it, imported on first use."""

    @property
    def exit_code(self) -> int:
        """Return the exit code of the command."""
        return 0

    def as_dict(self) -> dict[str, Any]:
        """Return plain data for JSON."""
        return asdict(self)


CommandOutcome = Result | Iterator[Any]
"""Either the result, or an iterator of events and notes that ends with the result."""


@dataclass(frozen=True)
class Command:
    """Declaration of one command."""

    name: str
    summary: str
    """One line for lists of commands."""
    group: CommandGroup
    run: Callable[..., CommandOutcome]
    """Called as `run(context, **values)` with a value for each argument and option; raises GtsError."""
    help: str = ""
    """Further paragraphs for the command's own help page."""
    arguments: tuple[Argument, ...] = ()
    options: tuple[Option, ...] = ()
    threads: bool = False
    """Whether it has the option `--threads`."""
    needs_torch: bool = False
    """Whether it loads torch or MuJoCo; the terminal program runs it in a child process then."""
    read_only: bool = False
    """Whether it changes nothing unless an option with `writes` is given."""
    streams_events: bool = False
    """Whether it yields events to display while it runs."""
    follows: bool = False
    """Whether it only watches or waits for jobs: interrupting it leaves them running, and it prints a note itself."""
    examples: tuple[str, ...] = ()
    """Complete command lines for help texts."""


def iterate_outcome(outcome: CommandOutcome) -> Iterator[Any]:
    """Iterate over events, notes and, last, the result."""
    if isinstance(outcome, Result):
        yield outcome
    else:
        yield from outcome
