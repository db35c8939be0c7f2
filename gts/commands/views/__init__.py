"""How results look: each becomes something that rich can print, in a shell as in a scrollback pane. Nothing here prints."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib import import_module
from typing import TYPE_CHECKING

from gts.commands.command import Result

if TYPE_CHECKING:
    from rich.console import RenderableType

RENDERERS: Mapping[str, str] = {
    "init.InitResult": "files.render_init",
    "new.NewFileResult": "files.render_new",
    "check.CheckResult": "files.render_check",
    "files.CopyResult": "files.render_copy",
    "files.RenameResult": "files.render_rename",
    "files.DeleteResult": "files.render_delete",
    "files.RestoreResult": "files.render_restore",
    "files.TrashResult": "files.render_trash",
    "import_legacy.ImportResult": "files.render_import",
    "export.ExportedTable": "files.render_export",
    "export.ExportedPolicy": "files.render_policy_export",
    "export.ExportedMotion": "files.render_motion_export",
    "train.TrainResult": "scores.render_train",
    "train.DetachedTraining": "jobs.render_detached_training",
    "search.SearchResult": "jobs.render_search",
    "search.DetachedSearch": "jobs.render_detached_search",
    "jobs.JobsResult": "jobs.render_jobs",
    "tail.TailResult": "jobs.render_tail",
    "jobs.StopResult": "jobs.render_stop",
    "jobs.ResumeResult": "jobs.render_resume",
    "worker.WorkersResult": "jobs.render_workers",
    "play.PlayResult": "scores.render_play",
    "trials.TrialsResult": "studies.render_trials",
    "study.StudyResult": "studies.render_study",
    "study.BestResult": "studies.render_best",
    "score.ScoreResult": "scores.render_score",
    "service.ServiceResult": "jobs.render_service",
    "compare.CompareResult": "scores.render_compare",
    "info.SpecInfo": "files.render_spec_info",
    "info.SpaceInfo": "files.render_space_info",
    "info.CheckpointInfo": "files.render_checkpoint_info",
    "info.RunInfo": "files.render_run_info",
    "info.StudyInfo": "files.render_study_info",
    "bench.BenchResult": "machine.render_bench",
    "doctor.DoctorResult": "machine.render_doctor",
    "themes.ThemesResult": "machine.render_themes",
}
"""Which function of this room shows a result, by module and name of both; loaded when there is such a result to show."""


def render_result(result: Result, *, detail: bool = False) -> RenderableType:
    """What a result looks like; with `detail` everything that there is to see."""
    return find_renderer(type(result))(result, detail)


def find_renderer(kind: type[Result]) -> Callable[[Result, bool], RenderableType]:
    """The function that shows results of a kind."""
    module, function = RENDERERS[f"{kind.__module__.rpartition('.')[2]}.{kind.__name__}"].split(".")
    found: Callable[[Result, bool], RenderableType] = getattr(import_module(f"gts.commands.views.{module}"), function)
    return found
