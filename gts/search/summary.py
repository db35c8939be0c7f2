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
from gts.search.settings import Settings
from gts.search.storage_url import place_of
from gts.search.trial_records import ENDED, StudyView
from gts.store.database import explained, open_reader
from gts.store.workspace import StudyFolder

_ENDED = "('COMPLETE', 'PRUNED', 'FAIL')"


@dataclass(frozen=True)
class Glance:
    """A study at one moment."""

    ended: int
    """Trials that have ended, failed and pruned ones too."""
    wanted: int
    best: float | None
    """Best value of the first objective; None where no trial is complete."""
    steps: int
    """Environment steps of the trials that have ended, all seeds together."""


def glance(folder: StudyFolder) -> Glance | None:
    """How far the study of a folder is; of one on a server as this machine's search last wrote it down; None: not known."""
    path, name = where_of(folder)
    if path is None:
        return _written(folder)
    if not path.is_file():
        return None
    with suppress(GtsError, ValueError, KeyError, TypeError), explained(path):
        connection = open_reader(path)
        try:
            return _look(connection, name)
        finally:
            connection.close()
    return None


def _look(connection: sqlite3.Connection, name: str) -> Glance | None:
    # The names of tables and columns are Optuna's, which changes them only with a migration of the file.
    found = connection.execute("SELECT study_id FROM studies WHERE study_name = ?", (name,)).fetchone()
    if found is None:
        return None
    about = dict(connection.execute("SELECT key, value_json FROM study_user_attributes WHERE study_id = ?", found))
    ((ended,),) = connection.execute(f"SELECT COUNT(*) FROM trials WHERE study_id = ? AND state IN {_ENDED}", found)
    query = (
        "SELECT MAX(value) FROM trial_values JOIN trials USING (trial_id) "
        "WHERE study_id = ? AND state = 'COMPLETE' AND objective = 0"
    )
    ((best,),) = connection.execute(query, found)
    query = (
        "SELECT SUM(CAST(value_json AS INTEGER)) FROM trial_user_attributes JOIN trials USING (trial_id) "
        f"WHERE study_id = ? AND state IN {_ENDED} AND key = ?"
    )
    ((steps,),) = connection.execute(query, (*found, names.STEPS))
    return Glance(ended, _wanted(about), best, steps or 0)


def _wanted(about: dict[str, str]) -> int:
    settings = Settings.from_dict(json.loads(about.get(names.SETTINGS, "{}")))
    if settings.sampler != "grid":
        return settings.trials
    # Only here: counting the points of a grid loads Optuna.
    from gts.formats.space_file import space_of
    from gts.formats.strict_json import parse_json
    from gts.search.search_space import points

    return min(settings.trials, points(space_of(parse_json(about[names.SPACE], "the space"))))


def progress(folder: StudyFolder) -> Path:
    """Where a search whose trials are on a server writes down how far they are: nobody asks a server for a list of jobs."""
    return folder.path / "progress.json"


def glance_of(view: StudyView, wanted: int) -> Glance:
    """What a glance would show of a study that was read whole."""
    ended, ranked = [trial for trial in view.trials if trial.state in ENDED], view.ranked()
    return Glance(len(ended), wanted, ranked[0].value if ranked else None, sum(trial.steps or 0 for trial in ended))


def write_down(folder: StudyFolder, seen: Glance) -> None:
    """Keep a glance for those who look at the folder only; a disk that cannot take it is passed over."""
    with suppress(FileError):
        write_durably(progress(folder), (json.dumps(asdict(seen)) + "\n").encode())


def _written(folder: StudyFolder) -> Glance | None:
    with suppress(OSError, ValueError, TypeError):
        return Glance(**json.loads(progress(folder).read_bytes()))
    return None


def where_of(folder: StudyFolder) -> tuple[Path | None, str]:
    """The file that the trials of a folder are in, None where that is on a server or not known; the study's name there."""
    facts: Any = {}
    with suppress(OSError, ValueError):
        facts = json.loads(folder.facts.read_bytes())
    with suppress(GtsError, KeyError, TypeError):
        path = place_of(facts["storage"]).path if facts["storage"] else folder.database
        return path, str(facts["name"])
    return None, ""
