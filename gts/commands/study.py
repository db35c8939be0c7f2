"""`gts study`: summary, charts and checklist of a study. `gts best`: its winner as a spec."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from gts.commands.command import Argument, Command, Context, Note, Option, Result
from gts.commands.trials import STUDY_HELP
from gts.errors import FileError

if TYPE_CHECKING:
    from gts.search.charts import StudyChart
    from gts.search.study_report import ChecklistItem
    from gts.search.trial_records import TrialRecord, TrialStateName


PLOT_KINDS = ("history", "importance", "parallel", "slice", "intermediate", "timeline", "front")

_MAX_BEST = 5


@dataclass(frozen=True)
class StudyResult(Result):
    """Summary of a study."""

    view: ClassVar[str] = "studies:render_study"
    name: str
    reference: str
    """Reference to it for other commands, without password."""
    storage: str
    figure: str
    technique: str
    objective: Any
    """Objective in the space; None if the study has no space."""
    settings: Mapping[str, Any] | None
    counts: Mapping[TrialStateName, int]
    """Trials by state."""
    seconds: float
    """Training time of all trials."""
    best: tuple[TrialRecord, ...]
    """Best trials by the value of the search; for two objectives those of the Pareto front."""
    confirmed: tuple[TrialRecord, ...]
    """Confirmed trials, best first."""
    importances: Mapping[str, float]
    """Importance by parameter, largest first."""
    failures: tuple[str, ...]
    """Distinct reasons of failed trials."""
    chart: StudyChart | None
    checklist: tuple[ChecklistItem, ...] | None


def run_study(context: Context, *, study: str, plot: str | None, checklist: bool) -> StudyResult:
    """Read a study and sum it up."""
    from gts.search.charts import STUDY_CHART_KINDS, compute_importances, make_study_chart
    from gts.search.study_reader import read_study_by_reference
    from gts.search.study_report import build_checklist

    view = read_study_by_reference(context.workspace, study)
    space = view.space or {}
    spec = next((trial.spec for trial in view.trials if trial.spec), None) or {}
    kind = next((known for known in STUDY_CHART_KINDS if known == plot), None)
    return StudyResult(
        name=view.name,
        reference=f"{view.storage}#{view.name}" if "://" in study else study,
        storage=view.storage,
        figure=str(space.get("physicalModel") or spec.get("physicalModel") or ""),
        technique=str(space.get("technique") or spec.get("technique") or ""),
        objective=space.get("objective", "score") if view.space is not None else None,
        settings=view.settings.as_dict() if view.settings else None,
        counts=view.count_states(),
        seconds=sum(trial.seconds or 0.0 for trial in view.trials),
        best=tuple((view.pareto_front() if len(view.maximised) > 1 else view.ranked_trials())[:_MAX_BEST]),
        confirmed=tuple(view.confirmed_trials()[:_MAX_BEST]),
        importances=compute_importances(view),
        failures=tuple(dict.fromkeys(trial.reason.partition("\n")[0] for trial in view.trials if trial.state == "failed")),
        chart=make_study_chart(view, kind) if kind else None,
        checklist=build_checklist(view) if checklist else None,
    )


STUDY = Command(
    name="study",
    summary="Show a search as summary, chart or checklist.",
    group="results",
    run=run_study,
    read_only=True,
    help="Shows a summary without options. Also works during the search, and for studies of the original program.",
    arguments=(Argument("study", STUDY_HELP, "study"),),
    options=(
        Option(("--plot",), "Draw a chart.", "choice", choices=PLOT_KINDS),
        Option(("--checklist",), "Fill in the checklist for reports of hyper-parameter searches.", "flag"),
    ),
    examples=("gts study hopper", "gts study hopper --plot importance", "gts study hopper --checklist"),
)


@dataclass(frozen=True)
class BestResult(Result):
    """A trial of a study and its spec."""

    view: ClassVar[str] = "studies:render_best"
    study: str
    trial: TrialRecord
    comment: str
    """Comment of the spec: study, trial, seeds, scores."""
    spec: Mapping[str, Any]
    """Content of the spec file."""
    text: str
    """Text of the spec file."""
    path: str
    """Path of the written file; empty if none was written."""


def run_best(context: Context, *, study: str, out: Path | None, trial: int | None) -> Iterator[Any]:
    """Show or write the spec of the winner or another trial; raises FileError if the file exists."""
    from gts.formats.spec_file import format_spec, write_spec
    from gts.search.study_reader import read_study_by_reference
    from gts.search.study_report import make_trial_spec, select_trial

    view = read_study_by_reference(context.workspace, study)
    row = select_trial(view, trial)
    spec = make_trial_spec(view, row)
    for warning in spec.warnings:
        yield Note(warning.message)
    if trial is None and len(view.maximised) > 1 and len(view.pareto_front()) > 1:
        others = ", ".join(str(one.number) for one in view.pareto_front() if one.number != row.number)
        yield Note(f"other trials of the Pareto front: --trial {others}")
    if trial is None and row.confirmed is None:
        yield Note("no trial was confirmed on fresh seeds: the value of this one may be luck")
    path = ""
    if out is not None:
        target = out if out.suffix == ".spec" else out.with_name(f"{out.name}.spec")
        if target.exists():
            raise FileError(f"`{target}` exists already", hint="choose another name")
        write_spec(target, spec)
        path = str(target)
    yield BestResult(view.name, row, spec.comment, spec.to_document(), format_spec(spec), path)


BEST = Command(
    name="best",
    summary="Show the winner of a study, or write it as a spec.",
    group="results",
    run=run_best,
    read_only=True,
    help="The winner is the best trial that was confirmed on fresh seeds, else the best by the value of the search; the "
    "comment in the spec names trial, seeds and scores.",
    arguments=(Argument("study", STUDY_HELP, "study"),),
    options=(
        Option(("-o", "--out"), "Write the spec to a file.", "path", completion="spec", writes=True, metavar="FILE.spec"),
        Option(("--trial",), "Use this trial instead of the winner.", "integer", minimum=0, metavar="N"),
    ),
    examples=("gts best hopper", "gts best hopper --out hopperBest.spec"),
)
