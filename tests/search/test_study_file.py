"""The file `study.json`: lossless writing, and invalid files."""

from __future__ import annotations

import json

import pytest

from gts.search.storage_url import StorageLocation
from gts.search.study_file import StudyFile, read_study_file, write_study_file
from gts.search.study_reader import locate_study_storage
from gts.search.summary import locate_study_database
from gts.store.workspace import StudyFolder

CONTENT = StudyFile("small", "", "0123abcd", "2026-11-30T10:00:00Z", {"physicalModel": "hopper", "comment": "é"})


@pytest.mark.parametrize(
    ("storage", "path", "url"),
    [("", "study.db", ""), ("/tmp/a b.db", "/tmp/a b.db", ""), ("postgresql+psycopg://me@host/db", None, "host")],
)
def test_a_written_file_is_read_again(folder: StudyFolder, storage: str, path: str | None, url: str) -> None:
    folder.path.mkdir(parents=True)
    written = StudyFile("small", storage, CONTENT.owner, CONTENT.created, CONTENT.space)
    write_study_file(folder, written)
    assert read_study_file(folder) == written
    location, name = locate_study_storage(folder)
    expected = None if path is None else folder.database if storage == "" else path
    assert name == "small" and url in location.url
    assert str(location.path) == str(expected) and locate_study_database(folder) == (location.path, "small")


@pytest.mark.parametrize(
    "text",
    [None, "", "[]", "{}", '{"name": "a"}', '{"name": "a", "storage": 3}', '{"name": "a", "storage": "mysql://host/db"}'],
)
def test_a_missing_or_invalid_file_means_the_database_in_the_folder(folder: StudyFolder, text: str | None) -> None:
    folder.path.mkdir(parents=True)
    if text is not None:
        folder.study_file.write_text(text, encoding="utf-8")
    assert read_study_file(folder) is None
    assert locate_study_storage(folder) == (StorageLocation(folder.database), "")
    assert locate_study_database(folder) == (None, "")


def test_a_file_with_name_and_storage_alone_is_enough(folder: StudyFolder) -> None:
    folder.path.mkdir(parents=True)
    folder.study_file.write_text(json.dumps({"name": "a", "storage": ""}), encoding="utf-8")
    assert locate_study_database(folder) == (folder.database, "a")
