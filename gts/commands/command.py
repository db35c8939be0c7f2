"""How a command is declared. The shell, completion, forms, key help and the README are read from these declarations."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

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
"""What a word can be completed to: `document` is any file of GTS, `reference` that or a run, `parameter` a `key=value`."""

ValueType = Literal["text", "integer", "number", "flag", "choice", "path"]

CommandGroup = Literal["workspace", "learning", "jobs", "looking", "machine"]

GROUP_TITLES: dict[CommandGroup, str] = {
    "workspace": "Files",
    "learning": "Training",
    "jobs": "Jobs",
    "looking": "Looking at results",
    "machine": "This machine",
}
"""The headings under which commands are listed, in this order."""


@dataclass(frozen=True)
class Argument:
    """A word of a command that is known by its place."""

    name: str
    """Name of the value that `run` receives."""
    help: str
    completion: CompletionKind = "nothing"
    type: ValueType = "text"
    choices: tuple[str, ...] = ()
    required: bool = True
    default: Any = None
    multiple: bool = False
    """Takes one or more words; `run` receives a tuple."""
    metavar: str = ""
    """How help texts spell it; the name in capitals where empty."""

    @property
    def display_metavar(self) -> str:
        """Spelling in help texts, without brackets."""
        return self.metavar or self.name.upper()


@dataclass(frozen=True)
class Option:
    """A word of a command that is known by its name."""

    flags: tuple[str, ...]
    """Every spelling, the long one last: `("-s", "--steps")`."""
    help: str
    type: ValueType = "text"
    completion: CompletionKind = "nothing"
    choices: tuple[str, ...] = ()
    default: Any = None
    """What `run` receives where the option is not given; a flag's is False, a multiple option's ()."""
    minimum: float | None = None
    maximum: float | None = None
    multiple: bool = False
    """May be given several times; `run` receives a tuple."""
    writes: bool = False
    """Whether a command that only looks changes something where this is given."""
    metavar: str = ""
    name: str = ""
    """Name of the value that `run` receives; from the long spelling where empty."""

    @property
    def value_name(self) -> str:
        """Name of the value that `run` receives."""
        return self.name or self.flags[-1].lstrip("-").replace("-", "_")

    @property
    def display_metavar(self) -> str:
        """Spelling of its value in help texts; empty for a flag."""
        if self.type == "flag":
            return ""
        return self.metavar or ("|".join(self.choices) if self.choices else self.value_name.upper())


DETACH_OPTIONS = (
    Option(
        ("--save-every",),
        "Seconds from one complete state on the disk to the next.",
        "number",
        default=30.0,
        minimum=0,
        metavar="SECONDS",
    ),
    Option(("--detach",), "Work in a process of its own, which outlives this terminal.", "flag"),
    Option(("--queue",), "Detach, and wait until there is room beside the jobs at work.", "flag"),
)
"""Of a command whose work may be a job in the background."""


@dataclass(frozen=True)
class Context:
    """What every command gets besides its own values."""

    workspace: Workspace
    threads: int | None = None
    """CPUs to use; None: those that this process may use."""
    stop_request: StopRequest = field(default_factory=StopRequest)
    """How somebody asks long work to end early."""
    confirm: Callable[[str], bool] | None = None
    """Asks a person a question that has yes and no for answers; None where nobody can be asked."""


@dataclass(frozen=True)
class Note:
    """Something worth saying that is no result."""

    text: str


@dataclass(frozen=True)
class Result:
    """What a command has found or done; one subclass a command."""

    @property
    def exit_code(self) -> int:
        """What the shell is told."""
        return 0

    def as_dict(self) -> dict[str, Any]:
        """Plain data for JSON."""
        return asdict(self)


CommandOutcome = Result | Iterator[Any]
"""A command returns its result, or yields events and notes on the way to the result, which comes last."""


@dataclass(frozen=True)
class Command:
    """One command."""

    name: str
    summary: str
    """One line, for lists."""
    group: CommandGroup
    run: Callable[..., CommandOutcome]
    """`run(context, **values)`, a value for each argument and option; raises GtsError."""
    help: str = ""
    """More than the summary: paragraphs, for whoever asks for this command alone."""
    arguments: tuple[Argument, ...] = ()
    options: tuple[Option, ...] = ()
    threads: bool = False
    """Whether it takes `--threads`."""
    needs_torch: bool = False
    """Whether it loads torch or the simulator: a program that has to stay light runs it in a process of its own."""
    read_only: bool = False
    """Whether it only reads, as long as none of its options `writes`."""
    streams_events: bool = False
    """Whether it yields events that are worth showing while it works."""
    follows: bool = False
    """Whether it only waits or looks on: an early end of it leaves the work alone, and it says so itself."""
    examples: tuple[str, ...] = ()
    """Whole command lines, for help texts."""


def iterate_outcome(outcome: CommandOutcome) -> Iterator[Any]:
    """Events, notes and, last, the result, whichever way a command gives them."""
    if isinstance(outcome, Result):
        yield outcome
    else:
        yield from outcome
