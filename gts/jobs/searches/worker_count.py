"""How many workers a search shall have: a person's wish, in a file of the study's folder that the owner looks at as it works.

What the job is asked to do is written by the holder of its lock alone, the owner itself; so a wish has a file of its own.
"""

from __future__ import annotations

import json
from contextlib import suppress
from pathlib import Path

from gts.formats.durable import write_durably
from gts.store.workspace import StudyFolder


def set_worker_count(folder: StudyFolder, count: int) -> None:
    """Wish for so many from now on, also when the search goes on after a stop; raises FileError."""
    write_durably(_worker_count_file(folder), (json.dumps({"workers": count}) + "\n").encode())


def read_worker_count(folder: StudyFolder, default: int) -> int:
    """How many are wished for; `otherwise` where nobody has wished, or what is there cannot be read."""
    with suppress(OSError, ValueError, KeyError, TypeError):
        return max(1, int(json.loads(_worker_count_file(folder).read_bytes())["workers"]))
    return default


def clear_worker_count(folder: StudyFolder) -> None:
    """Somebody has begun the search anew, with a number of its own."""
    with suppress(OSError):
        _worker_count_file(folder).unlink(missing_ok=True)


def _worker_count_file(folder: StudyFolder) -> Path:
    return folder.path / "workers.json"
