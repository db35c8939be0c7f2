"""Every reader explains why a file cannot be read."""

from __future__ import annotations

import os
import time

import pytest

from gts.errors import FileError
from gts.formats import checkpoint_layout, file_checks
from gts.formats.checkpoint import read_checkpoint, read_checkpoint_header
from gts.formats.legacy import read_legacy_checkpoint
from gts.formats.space_file import read_space
from gts.formats.spec_file import read_spec

READERS = [read_spec, read_space, read_checkpoint, read_checkpoint_header, read_legacy_checkpoint]


@pytest.fixture(params=READERS, ids=lambda read: read.__name__)
def refuse(request):
    def refuse(path):
        with pytest.raises(FileError) as caught:
            request.param(path)
        assert caught.value.exit_code == 2
        assert "\n" not in caught.value.message
        return caught.value

    return refuse


def test_a_missing_file(tmp_path, refuse):
    error = refuse(tmp_path / "none")

    assert "no such file" in error.message and error.hint


def test_a_file_in_a_missing_folder(tmp_path, refuse):
    assert "there is no folder" in refuse(tmp_path / "no" / "none").hint


def test_a_file_in_a_folder_that_is_misspelled(tmp_path, refuse):
    (tmp_path / "hopper").mkdir()
    (tmp_path / "hopper" / "hopperPPO.spec").touch()

    assert refuse(tmp_path / "hoper" / "hopperPPO.spec").hint == f"did you mean {tmp_path / 'hopper' / 'hopperPPO.spec'}?"
    assert "there is no folder" in refuse(tmp_path / "hoper" / "something-else").hint


def test_a_file_that_is_in_a_folder_below(tmp_path, refuse):
    (tmp_path / "hopper").mkdir()
    (tmp_path / "hopper" / "hopperPPO.spec").touch()

    assert refuse(tmp_path / "hopperPPO.spec").hint == f"did you mean {tmp_path / 'hopper' / 'hopperPPO.spec'}?"
    assert "exists" in refuse(tmp_path / "ant.spec").hint


def test_a_folder(tmp_path, refuse):
    error = refuse(tmp_path)

    assert "is a folder" in error.message and error.hint


def test_an_empty_file(tmp_path, refuse):
    (tmp_path / "a").write_bytes(b"")

    error = refuse(tmp_path / "a")

    assert "is empty" in error.message and error.hint


def test_a_pipe_without_a_writer(tmp_path, refuse):
    os.mkfifo(tmp_path / "a")

    assert "device or a pipe" in refuse(tmp_path / "a").message


def test_a_device_that_never_ends(refuse):
    assert "device or a pipe" in refuse("/dev/zero").message


def test_a_file_without_permission(tmp_path, refuse, monkeypatch):
    (tmp_path / "a").write_bytes(b"{}")

    def denied(*_):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(file_checks, "open", denied, raising=False)
    monkeypatch.setattr(checkpoint_layout, "open", denied, raising=False)

    assert "permission denied" in refuse(tmp_path / "a").message.lower()


def test_links_in_a_circle(tmp_path, refuse):
    (tmp_path / "a").symlink_to("b")
    (tmp_path / "b").symlink_to("a")

    assert "cannot read" in refuse(tmp_path / "a").message


@pytest.mark.parametrize("name", ["", "a\0b"])
def test_names_that_are_none(refuse, name):
    assert "not a file name" in refuse(name).message


def test_a_terabyte_is_refused_at_once(tmp_path, refuse):
    with open(tmp_path / "a", "wb") as file:
        file.truncate(10**12)
    start = time.process_time()

    error = refuse(tmp_path / "a")

    assert "1000000.0 MB" in error.message and error.hint
    assert time.process_time() - start < 1


def test_a_file_that_grows_while_it_is_read_is_not_read_to_its_end(tmp_path, monkeypatch):
    (tmp_path / "a.spec").write_bytes(b" " * 2_000_000)
    monkeypatch.setattr(file_checks, "check_file", lambda *_: 10)

    with pytest.raises(FileError, match="at most 1 MB"):
        read_spec(tmp_path / "a.spec")
