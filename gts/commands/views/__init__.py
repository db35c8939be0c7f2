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
    "copy.Copied": "files.copied",
    "rename.Renamed": "files.renamed",
    "delete.Deleted": "files.deleted",
    "restore.Restored": "files.restored",
    "restore.TrashShown": "files.trash",
    "import_legacy.Imported": "files.imported",
    "export.Exported": "files.exported",
    "export_figure.ExportedPolicy": "files.exported_policy",
    "export_figure.ExportedMotion": "files.exported_motion",
    "attending.Trained": "scores.trained",
    "train.Detached": "jobs.detached",
    "searches.Searched": "searches.searched",
    "searches.SearchDetached": "jobs.search_detached",
    "jobs.Jobs": "jobs.jobs",
    "tail.Followed": "jobs.followed",
    "stop.Stopped": "jobs.stopped",
    "resume.Resumed": "jobs.resumed",
    "workers.WorkersSet": "jobs.workers_set",
    "play.Played": "played.played",
    "trials.Trials": "studies.trials",
    "study.StudyShown": "studies.study",
    "best.Best": "studies.best",
    "score.Scored": "scores.scored",
    "service.ServiceResult": "service.service",
    "compare.Compared": "scores.compared",
    "info.SpecInfo": "contents.spec",
    "info.SpaceInfo": "contents.space",
    "info.CheckpointInfo": "contents.checkpoint",
    "info.RunInfo": "contents.run",
    "info.StudyInfo": "contents.study",
    "bench.Benchmarked": "machine.benchmarked",
    "doctor.Diagnosis": "machine.diagnosis",
    "themes.Themes": "themes.themes",
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
