"""`gts best`: the winner of a study as a spec."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gts.commands.command import Argument, Command, Context, Note, Option, Result
from gts.commands.trials import STUDY_HELP
from gts.errors import FileError

if TYPE_CHECKING:
    from gts.search.trial_records import TrialRow


@dataclass(frozen=True)
class Best(Result):
    """A trial of a study and its spec."""

    study: str
    trial: TrialRow
    comment: str
    """Study, trial, seeds, scores."""
    spec: Mapping[str, Any]
    """The content of its file."""
    text: str
    """The same as a file has it."""
    path: str
    """Where it was written; empty where it was not."""


def run(context: Context, *, study: str, out: Path | None, trial: int | None) -> Iterator[Any]:
    """Find the winner, and write its spec; never over a file."""
    from gts.formats.spec_file import spec_text, write_spec
    from gts.search.study_reader import read_named
    from gts.search.winner import chosen, spec_of_trial

    view = read_named(context.workspace, study)
    row = chosen(view, trial)
    spec = spec_of_trial(view, row)
    for warning in spec.warnings:
        yield Note(warning.message)
    if trial is None and len(view.maximised) > 1 and len(view.front()) > 1:
        others = ", ".join(str(one.number) for one in view.front() if one.number != row.number)
        yield Note(f"the front has others that are no worse: --trial {others}")
    if trial is None and row.confirmed is None:
        yield Note("no trial is confirmed on fresh seeds: this one may have been lucky")
    path = ""
    if out is not None:
        target = out if out.suffix == ".spec" else out.with_name(f"{out.name}.spec")
        if target.exists():
            raise FileError(f"`{target}` exists already", hint="choose another name; nothing was changed")
        write_spec(target, spec)
        path = str(target)
    yield Best(view.name, row, spec.comment, spec.document(), spec_text(spec), path)


COMMAND = Command(
    name="best",
    summary="Show the winner of a study, or write it as a spec.",
    group="looking",
    run=run,
    looks=True,
    help="The winner is the best of the trials that were confirmed on fresh seeds, else the best by the value of the search; "
    "the spec's comment says which, with seeds and scores.",
    arguments=(Argument("study", STUDY_HELP, "study"),),
    options=(
        Option(("-o", "--out"), "Write the spec there.", "path", completion="spec", writes=True, metavar="FILE.spec"),
        Option(("--trial",), "Another trial than the winner.", "integer", minimum=0, metavar="N"),
    ),
    examples=("gts best hopper", "gts best hopper --out hopperBest.spec"),
)
