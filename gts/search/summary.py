"""Progress of a study for lists: a few numbers, read within milliseconds and without Optuna."""

from __future__ import annotations

import json
import sqlite3
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path

from gts.errors import FileError, GtsError
from gts.formats.durable import write_durably
from gts.search.settings import SearchSettings
from gts.search.study_file import SETTINGS_ATTRIBUTE, SPACE_ATTRIBUTE, STEPS_ATTRIBUTE, read_study_file
from gts.search.trial_records import ENDED_STATES, OPTUNA_STATE_NAMES, StudyView
from gts.store.database import open_reader, translate_sqlite_errors
from gts.store.workspace import StudyFolder

_ENDED_SQL = "(" + ", ".join(f"'{OPTUNA_STATE_NAMES[state]}'" for state in ENDED_STATES) + ")"


@dataclass(frozen=True)
class StudySummary:
    """Progress of a study at one moment."""

    ended: int
    """Trials that have ended, including failed and pruned ones."""
    wanted: int
    """Trials that the search will start."""
    best: float | None
    """Best value of the first objective; None if no trial is complete."""
    steps: int
    """Environment steps of the ended trials, summed over their seeds."""


def read_study_summary(folder: StudyFolder) -> StudySummary | None:
    """Progress of a folder's study; for a study on a server as this machine last recorded it. None if unknown."""
    path, name = locate_study_database(folder)
    if path is None:
        return _read_progress_file(folder)
    if not path.is_file():
        return None
    with suppress(GtsError, ValueError, KeyError, TypeError), translate_sqlite_errors(path):
        connection = open_reader(path)
        try:
            return _query_summary(connection, name)
        finally:
            connection.close()
    return None


def _query_summary(connection: sqlite3.Connection, name: str) -> StudySummary | None:
    # Optuna changes these tables only with a migration of the file.
    found = connection.execute("SELECT study_id FROM studies WHERE study_name = ?", (name,)).fetchone()
    if found is None:
        return None
    user_attrs = dict(connection.execute("SELECT key, value_json FROM study_user_attributes WHERE study_id = ?", found))
    ((ended,),) = connection.execute(f"SELECT COUNT(*) FROM trials WHERE study_id = ? AND state IN {_ENDED_SQL}", found)
    query = (
        "SELECT MAX(value) FROM trial_values JOIN trials USING (trial_id) "
        "WHERE study_id = ? AND state = 'COMPLETE' AND objective = 0"
    )
    ((best,),) = connection.execute(query, found)
    query = (
        "SELECT SUM(CAST(value_json AS INTEGER)) FROM trial_user_attributes JOIN trials USING (trial_id) "
        f"WHERE study_id = ? AND state IN {_ENDED_SQL} AND key = ?"
    )
    ((steps,),) = connection.execute(query, (*found, STEPS_ATTRIBUTE))
    return StudySummary(ended, _count_target_trials(user_attrs), best, steps or 0)


def _count_target_trials(user_attrs: dict[str, str]) -> int:
    settings = SearchSettings.from_dict(json.loads(user_attrs.get(SETTINGS_ATTRIBUTE, "{}")))
    if settings.sampler != "grid":
        return settings.trials
    # Imported here: counting the points of a grid loads Optuna.
    from gts.formats.space_file import parse_space
    from gts.formats.strict_json import parse_json
    from gts.search.search_space import count_grid_points

    return min(settings.trials, count_grid_points(parse_space(parse_json(user_attrs[SPACE_ATTRIBUTE], "the space"))))


def get_progress_file(folder: StudyFolder) -> Path:
    """File with the progress of a study on a server, so that a list of studies needs no server."""
    return folder.path / "progress.json"


def summarize_study(view: StudyView, wanted: int) -> StudySummary:
    """Summary of a study that has been read."""
    ended, ranked = [trial for trial in view.trials if trial.state in ENDED_STATES], view.ranked_trials()
    return StudySummary(len(ended), wanted, ranked[0].value if ranked else None, sum(trial.steps or 0 for trial in ended))


def write_study_summary(folder: StudyFolder, summary: StudySummary) -> None:
    """Write a summary into the study's folder; a failure to write is ignored."""
    with suppress(FileError):
        write_durably(get_progress_file(folder), (json.dumps(asdict(summary)) + "\n").encode())


def _read_progress_file(folder: StudyFolder) -> StudySummary | None:
    with suppress(OSError, ValueError, TypeError):
        return StudySummary(**json.loads(get_progress_file(folder).read_bytes()))
    return None


def locate_study_database(folder: StudyFolder) -> tuple[Path | None, str]:
    """Database file of a folder's study and the study's name in it; the file is None for a server or if unknown."""
    stored = read_study_file(folder)
    return (stored.location(folder).path, stored.name) if stored else (None, "")
