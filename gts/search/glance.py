"""How far a study in a file is, at a glance: a few numbers in milliseconds, for lists, without Optuna."""

from __future__ import annotations

import json
import sqlite3
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gts.errors import GtsError
from gts.search import attributes as names
from gts.search.places import place_of
from gts.search.settings import Settings
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
    """How far the study of a folder is; None where it is on a server, or cannot be read."""
    path, name = _where(folder)
    if path is None or not path.is_file():
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
    from gts.search.axes import points

    return min(settings.trials, points(space_of(parse_json(about[names.SPACE], "the space"))))


def _where(folder: StudyFolder) -> tuple[Path | None, str]:
    facts: Any = {}
    with suppress(OSError, ValueError):
        facts = json.loads(folder.facts.read_bytes())
    with suppress(GtsError, KeyError, TypeError):
        path = place_of(facts["storage"]).path if facts["storage"] else folder.database
        return path, str(facts["name"])
    return None, ""
