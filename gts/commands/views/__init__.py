"""How results look: each becomes something that rich can print, in a shell as in a scrollback pane. Nothing here prints."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib import import_module
from typing import TYPE_CHECKING

from gts.commands.command import Result

if TYPE_CHECKING:
    from rich.console import RenderableType

VIEWS: Mapping[str, str] = {
    "init.Initialised": "files.initialised",
    "new.MadeFile": "files.made",
    "check.Checked": "files.checked",
    "files.Copied": "files.copied",
    "files.Renamed": "files.renamed",
    "files.Deleted": "files.deleted",
    "files.Restored": "files.restored",
    "files.TrashShown": "files.trash",
    "import_legacy.Imported": "files.imported",
    "export.Exported": "files.exported",
    "export.ExportedPolicy": "files.exported_policy",
    "export.ExportedMotion": "files.exported_motion",
    "train.Trained": "scores.trained",
    "train.Detached": "jobs.detached",
    "search.Searched": "jobs.searched",
    "search.SearchDetached": "jobs.search_detached",
    "jobs.Jobs": "jobs.jobs",
    "tail.Followed": "jobs.followed",
    "jobs.Stopped": "jobs.stopped",
    "jobs.Resumed": "jobs.resumed",
    "worker.WorkersSet": "jobs.workers_set",
    "play.Played": "scores.played",
    "trials.Trials": "studies.trials",
    "study.StudyShown": "studies.study",
    "study.Best": "studies.best",
    "score.Scored": "scores.scored",
    "service.ServiceResult": "jobs.service",
    "compare.Compared": "scores.compared",
    "info.SpecInfo": "files.spec",
    "info.SpaceInfo": "files.space",
    "info.CheckpointInfo": "files.checkpoint",
    "info.RunInfo": "files.run",
    "info.StudyInfo": "files.study",
    "bench.Benchmarked": "machine.benchmarked",
    "doctor.Diagnosis": "machine.diagnosis",
    "themes.Themes": "machine.themes",
}
"""Which function of this room shows a result, by module and name of both; loaded when there is such a result to show."""


def view(result: Result, *, detail: bool = False) -> RenderableType:
    """What a result looks like; with `detail` everything that there is to see."""
    return function_for(type(result))(result, detail)


def function_for(kind: type[Result]) -> Callable[[Result, bool], RenderableType]:
    """The function that shows results of a kind."""
    module, function = VIEWS[f"{kind.__module__.rpartition('.')[2]}.{kind.__name__}"].split(".")
    found: Callable[[Result, bool], RenderableType] = getattr(import_module(f"gts.commands.views.{module}"), function)
    return found
