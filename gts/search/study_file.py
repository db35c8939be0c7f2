"""How GTS stores a study beside Optuna's tables: the file `study.json` and the names of user attributes.

`optuna-dashboard` shows the attributes under these names.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, fields
from typing import Any

from gts.errors import GtsError
from gts.formats.durable import write_durably
from gts.search.storage_url import StorageLocation, parse_storage_url
from gts.store.workspace import StudyFolder

STUDY_FILE_FORMAT = 1

SPACE_ATTRIBUTE = "space"
"""Of a study: content of its space file."""
SETTINGS_ATTRIBUTE = "settings"
"""Of a study: `SearchSettings.as_dict()`."""
MACHINE_INFO_ATTRIBUTE = "machineInfo"
"""Of a study: library versions and machine of its first owner."""

SPEC_ATTRIBUTE = "GTS_SPEC"
"""Of a trial: its spec as the text of a file. The original program used the same name; its studies are read too."""
PARAMS_ATTRIBUTE = "GTS_PARAMS"
"""Of a trial: all parameters that the spec gives, as in studies of the original program."""
OWNER_ATTRIBUTE = "owner"
"""Of a trial: token of the study folder that works on it, if several share a storage."""
SEED_VALUES_ATTRIBUTE = "seedValues"
"""Of a trial: its value of the first objective, one per seed."""
STEPS_ATTRIBUTE = "steps"
"""Of a trial: trained environment steps, summed over its seeds."""
SECONDS_ATTRIBUTE = "seconds"
"""Of a trial: wall-clock time of its training."""
REASON_ATTRIBUTE = "reason"
"""Of a trial: reason of its failure."""


def confirmation_attribute(number: int) -> str:
    """Of a study: confirmation of one of its trials. A trial that has ended cannot be changed."""
    return f"confirmed:{number}"


@dataclass(frozen=True)
class StudyFile:
    """Content of `study.json` in a study's folder."""

    name: str
    """Name of the study in its storage."""
    storage: str
    """Storage URL or path without its password; empty for the database in the folder."""
    owner: str
    """Token of the folder: marks its own trials in a shared study."""
    created: str
    """UTC, ISO 8601."""
    space: Mapping[str, Any]
    """Content of the space file."""

    def location(self, folder: StudyFolder) -> StorageLocation:
        """Storage of the trials. Raises UsageError for an invalid URL."""
        return parse_storage_url(self.storage) if self.storage else StorageLocation(folder.database)


def read_study_file(folder: StudyFolder) -> StudyFile | None:
    """Read `study.json`; None if it is missing or invalid."""
    with suppress(OSError, ValueError, KeyError, TypeError, AttributeError, GtsError):
        content = json.loads(folder.study_file.read_bytes())
        optional = {field.name: content.get(field.name) or "" for field in fields(StudyFile)}
        stored = StudyFile(**{**optional, "name": str(content["name"]), "storage": content["storage"]})
        stored.location(folder)
        return stored
    return None


def write_study_file(folder: StudyFolder, content: StudyFile) -> None:
    """Write `study.json` durably. Raises FileError."""
    text = json.dumps({"format": STUDY_FILE_FORMAT, **asdict(content)}, indent=2, ensure_ascii=False)
    write_durably(folder.study_file, (text + "\n").encode())
