"""`gts study`: how a search stands, what matters in it, and what a report of it must say."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from gts.commands.command import Argument, Command, Context, Option, Result
from gts.commands.trials import STUDY_HELP

if TYPE_CHECKING:
    from gts.search.charts import Chart
    from gts.search.checklist import Item
    from gts.search.trial_records import TrialRow, TrialState

PLOTS = ("history", "importance", "parallel", "slice", "intermediate", "timeline", "front")

_BEST = 5


@dataclass(frozen=True)
class StudyShown(Result):
    """How a study stands."""

    name: str
    reference: str
    """How it was named on the command line, without password."""
    storage: str
    figure: str
    technique: str
    objective: Any
    """As the space has it; None where the study does not keep its space."""
    settings: Mapping[str, Any] | None
    counts: Mapping[TrialState, int]
    """Trials by state."""
    seconds: float
    """Of training, all trials together."""
    best: tuple[TrialRow, ...]
    """The best by the value of the search; of the front where there are two objectives."""
    confirmed: tuple[TrialRow, ...]
    """Those that were trained again, best first."""
    importances: Mapping[str, float]
    """Shares by parameter, largest first."""
    failures: tuple[str, ...]
    """Reasons, each once."""
    chart: Chart | None
    checklist: tuple[Item, ...] | None


def run(context: Context, *, study: str, plot: str | None, checklist: bool) -> StudyShown:
    """Read a study and sum it up."""
    from gts.search.charts import KINDS, chart
    from gts.search.checklist import checklist as filled_in
    from gts.search.importances import importances
    from gts.search.study_reader import read_named

    view = read_named(context.workspace, study)
    space = view.space or {}
    spec = next((trial.spec for trial in view.trials if trial.spec), None) or {}
    kind = next((known for known in KINDS if known == plot), None)
    return StudyShown(
        name=view.name,
        reference=f"{view.storage}#{view.name}" if "://" in study else study,
        storage=view.storage,
        figure=str(space.get("physicalModel") or spec.get("physicalModel") or ""),
        technique=str(space.get("technique") or spec.get("technique") or ""),
        objective=space.get("objective", "score") if view.space is not None else None,
        settings=view.settings.as_dict() if view.settings else None,
        counts=view.counts(),
        seconds=sum(trial.seconds or 0.0 for trial in view.trials),
        best=tuple((view.front() if len(view.maximised) > 1 else view.ranked())[:_BEST]),
        confirmed=tuple(view.confirmed()[:_BEST]),
        importances=importances(view),
        failures=tuple(dict.fromkeys(trial.reason.partition("\n")[0] for trial in view.trials if trial.state == "failed")),
        chart=chart(view, kind) if kind else None,
        checklist=filled_in(view) if checklist else None,
    )


COMMAND = Command(
    name="study",
    summary="Show how a search stands, as numbers, charts or a checklist.",
    group="looking",
    run=run,
    looks=True,
    help="Without options a summary. A study can be looked at while it is searched, and so can one of the original program.",
    arguments=(Argument("study", STUDY_HELP, "study"),),
    options=(
        Option(("--plot",), "Draw a chart.", "choice", choices=PLOTS),
        Option(("--checklist",), "What a report of this search must say, filled in.", "flag"),
    ),
    examples=("gts study hopper", "gts study hopper --plot importance", "gts study hopper --checklist"),
)
