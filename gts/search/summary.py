"""How far a study in a file is, at a glance: a few numbers in milliseconds, for lists, without Optuna."""

from __future__ import annotations

import json
import sqlite3
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from gts.errors import FileError, GtsError
from gts.formats.durable import write_durably
from gts.search import study_attributes as names
from gts.search.settings import SearchSettings
from gts.search.storage_url import parse_storage_url
from gts.search.trial_records import ENDED_STATES, StudyView
from gts.store.database import open_reader, translate_sqlite_errors
from gts.store.workspace import StudyFolder

_ENDED_SQL = "('COMPLETE', 'PRUNED', 'FAIL')"


@dataclass(frozen=True)
class StudySummary:
    """A study at one moment."""

    ended: int
    """Trials that have ended, failed and pruned ones too."""
    wanted: int
    best: float | None
    """Best value of the first objective; None where no trial is complete."""
    steps: int
    """Environment steps of the trials that have ended, all seeds together."""


def read_study_summary(folder: StudyFolder) -> StudySummary | None:
    """How far the study of a folder is; of one on a server as this machine's search last wrote it down; None: not known."""
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
    # The names of tables and columns are Optuna's, which changes them only with a migration of the file.
    found = connection.execute("SELECT study_id FROM studies WHERE study_name = ?", (name,)).fetchone()
    if found is None:
        return None
    about = dict(connection.execute("SELECT key, value_json FROM study_user_attributes WHERE study_id = ?", found))
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
    ((steps,),) = connection.execute(query, (*found, names.STEPS))
    return StudySummary(ended, _count_target_trials(about), best, steps or 0)


def _count_target_trials(user_attrs: dict[str, str]) -> int:
    settings = SearchSettings.from_dict(json.loads(user_attrs.get(names.SETTINGS, "{}")))
    if settings.sampler != "grid":
        return settings.trials
    # Only here: counting the points of a grid loads Optuna.
    from gts.formats.space_file import parse_space
    from gts.formats.strict_json import parse_json
    from gts.search.search_space import count_grid_points

    return min(settings.trials, count_grid_points(parse_space(parse_json(user_attrs[names.SPACE], "the space"))))


def get_progress_file(folder: StudyFolder) -> Path:
    """Where a search whose trials are on a server writes down how far they are: nobody asks a server for a list of jobs."""
    return folder.path / "progress.json"


def summarize_study(view: StudyView, wanted: int) -> StudySummary:
    """What a glance would show of a study that was read whole."""
    ended, ranked = [trial for trial in view.trials if trial.state in ENDED_STATES], view.ranked_trials()
    return StudySummary(len(ended), wanted, ranked[0].value if ranked else None, sum(trial.steps or 0 for trial in ended))


def write_study_summary(folder: StudyFolder, summary: StudySummary) -> None:
    """Keep a glance for those who look at the folder only; a disk that cannot take it is passed over."""
    with suppress(FileError):
        write_durably(get_progress_file(folder), (json.dumps(asdict(summary)) + "\n").encode())


def _read_progress_file(folder: StudyFolder) -> StudySummary | None:
    with suppress(OSError, ValueError, TypeError):
        return StudySummary(**json.loads(get_progress_file(folder).read_bytes()))
    return None


def locate_study_database(folder: StudyFolder) -> tuple[Path | None, str]:
    """The file that the trials of a folder are in, None where that is on a server or not known; the study's name there."""
    facts: Any = {}
    with suppress(OSError, ValueError):
        facts = json.loads(folder.study_file.read_bytes())
    with suppress(GtsError, KeyError, TypeError):
        path = parse_storage_url(facts["storage"]).path if facts["storage"] else folder.database
        return path, str(facts["name"])
    return None, ""
