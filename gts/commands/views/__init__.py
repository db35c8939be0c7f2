"""How results look: each becomes something that rich can print, in a shell as in a scrollback pane. Nothing here prints."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from rich.console import RenderableType

from gts.commands.attending import Trained
from gts.commands.bench import Benchmarked
from gts.commands.best import Best
from gts.commands.check import Checked
from gts.commands.compare import Compared
from gts.commands.declare import Result
from gts.commands.doctor import Diagnosis
from gts.commands.export import Exported
from gts.commands.export_figure import ExportedMotion, ExportedPolicy
from gts.commands.import_legacy import Imported
from gts.commands.info import CheckpointInfo, RunInfo, SpaceInfo, SpecInfo, StudyInfo
from gts.commands.init import Initialised
from gts.commands.jobs import Jobs
from gts.commands.new import MadeFile
from gts.commands.play import Played
from gts.commands.resume import Resumed
from gts.commands.score import Scored
from gts.commands.searches import SearchDetached, Searched
from gts.commands.service import ServiceResult
from gts.commands.stop import Stopped
from gts.commands.study import StudyShown
from gts.commands.tail import Followed
from gts.commands.train import Detached
from gts.commands.trials import Trials
from gts.commands.views import contents, files, jobs, machine, played, scores, searches, service, studies

_VIEWS: Mapping[type[Result], Callable[[Any, bool], RenderableType]] = {
    Initialised: files.initialised,
    MadeFile: files.made,
    Checked: files.checked,
    Imported: files.imported,
    Exported: files.exported,
    ExportedPolicy: files.exported_policy,
    ExportedMotion: files.exported_motion,
    Trained: scores.trained,
    Detached: jobs.detached,
    Searched: searches.searched,
    SearchDetached: jobs.search_detached,
    Jobs: jobs.jobs,
    Followed: jobs.followed,
    Stopped: jobs.stopped,
    Resumed: jobs.resumed,
    Played: played.played,
    Trials: studies.trials,
    StudyShown: studies.study,
    Best: studies.best,
    Scored: scores.scored,
    ServiceResult: service.service,
    Compared: scores.compared,
    SpecInfo: contents.spec,
    SpaceInfo: contents.space,
    CheckpointInfo: contents.checkpoint,
    RunInfo: contents.run,
    StudyInfo: contents.study,
    Benchmarked: machine.benchmarked,
    Diagnosis: machine.diagnosis,
}


def view(result: Result, *, detail: bool = False) -> RenderableType:
    """What a result looks like; with `detail` everything that there is to see."""
    return _VIEWS[type(result)](result, detail)
