"""Durable writes: after any failure the old or the new file exists, whole."""

from __future__ import annotations

import errno
import os
import signal
import stat
import subprocess
import sys
import time

import pytest

from gts.errors import FileError
from gts.formats import durable
from gts.formats.durable import check_writable, write_durably


def names(folder):
    return sorted(entry.name for entry in folder.iterdir())


def test_the_bytes_are_there_and_nothing_else(tmp_path):
    write_durably(tmp_path / "a", b"one")
    write_durably(tmp_path / "a", b"two")

    assert (tmp_path / "a").read_bytes() == b"two"
    assert names(tmp_path) == ["a"]


def test_everything_is_on_the_disk_before_the_name_moves(tmp_path, monkeypatch):
    steps = []
    real_fsync, real_replace = os.fsync, os.replace

    def fsync(descriptor):
        steps.append("folder" if stat.S_ISDIR(os.fstat(descriptor).st_mode) else f"file of {os.fstat(descriptor).st_size}")
        real_fsync(descriptor)

    def replace(source, target):
        steps.append("rename")
        real_replace(source, target)

    monkeypatch.setattr(os, "fsync", fsync)
    monkeypatch.setattr(os, "replace", replace)
    monkeypatch.setattr("fcntl.F_FULLFSYNC", None, raising=False)

    write_durably(tmp_path / "a", b"three")

    assert steps == ["file of 5", "rename", "folder"]


@pytest.mark.parametrize("broken", ["fsync", "replace"])
@pytest.mark.parametrize(
    ("number", "words"),
    [(errno.ENOSPC, "disk is full"), (errno.EROFS, "read-only"), (errno.EACCES, "permission denied"), (errno.EIO, "error")],
)
def test_a_failure_leaves_the_old_file_and_no_other(tmp_path, monkeypatch, broken, number, words):
    (tmp_path / "a").write_bytes(b"old")

    def fail(*_):
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(os, broken, fail)
    monkeypatch.setattr("fcntl.F_FULLFSYNC", None, raising=False)

    with pytest.raises(FileError, match=words) as caught:
        write_durably(tmp_path / "a", b"new")

    assert caught.value.hint
    assert (tmp_path / "a").read_bytes() == b"old"
    assert names(tmp_path) == ["a"]


def test_an_interrupt_leaves_the_old_file_and_no_other(tmp_path, monkeypatch):
    (tmp_path / "a").write_bytes(b"old")

    def interrupt(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "replace", interrupt)

    with pytest.raises(KeyboardInterrupt):
        write_durably(tmp_path / "a", b"new")

    assert (tmp_path / "a").read_bytes() == b"old"
    assert names(tmp_path) == ["a"]


@pytest.mark.parametrize("attempt", [lambda path: write_durably(path, b"x"), check_writable])
@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("no/such/folder/a", "folder does not exist"),
        ("file/a", "is a file, not a folder"),
        (".", "is a folder"),
        ("x" * 300, "name is too long"),
        ("a\0b", "not a file name"),
        ("", "not a file name"),
    ],
)
def test_unwritable_paths_have_a_reason(tmp_path, monkeypatch, attempt, name, words):
    (tmp_path / "file").write_bytes(b"")
    monkeypatch.chdir(tmp_path)

    with pytest.raises(FileError, match=words) as caught:
        attempt(name)

    assert caught.value.hint
    assert names(tmp_path) == ["file"]


@pytest.mark.parametrize("attempt", [lambda path: write_durably(path, b"x"), check_writable])
def test_a_device_is_not_written(attempt):
    with pytest.raises(FileError, match="device"):
        attempt("/dev/null")


@pytest.mark.parametrize("attempt", [lambda path: write_durably(path, b"x"), check_writable])
def test_a_write_protected_file_is_not_replaced(tmp_path, monkeypatch, attempt):
    (tmp_path / "a").write_bytes(b"old")
    monkeypatch.setattr(durable.os, "access", lambda path, mode: False)

    with pytest.raises(FileError, match="write-protected"):
        attempt(tmp_path / "a")

    assert (tmp_path / "a").read_bytes() == b"old"


def test_a_check_leaves_nothing_and_touches_nothing(tmp_path):
    (tmp_path / "a").write_bytes(b"old")
    before = (tmp_path / "a").stat().st_mtime_ns

    check_writable(tmp_path / "a")
    check_writable(tmp_path / "b")

    assert names(tmp_path) == ["a"]
    assert (tmp_path / "a").stat().st_mtime_ns == before


def test_permissions_stay_and_links_are_followed(tmp_path):
    (tmp_path / "real").write_bytes(b"old")
    (tmp_path / "real").chmod(0o640)
    (tmp_path / "link").symlink_to("real")

    write_durably(tmp_path / "link", b"new")

    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "real").read_bytes() == b"new"
    assert stat.S_IMODE((tmp_path / "real").stat().st_mode) == 0o640


WRITER = """
import sys
from gts.formats.durable import write_durably
contents = [b"a" * 2_000_000, b"b" * 3_000_000]
print("ready", flush=True)
while True:
    for content in contents:
        write_durably(sys.argv[1], content)
"""


@pytest.mark.process
@pytest.mark.parametrize("delay", [0.02, 0.05, 0.09, 0.15])
def test_a_kill_leaves_one_whole_file(tmp_path, delay):
    path = tmp_path / "a"
    path.write_bytes(b"old")
    writer = subprocess.Popen([sys.executable, "-c", WRITER, str(path)], stdout=subprocess.PIPE)
    writer.stdout.readline()
    time.sleep(delay)

    writer.send_signal(signal.SIGKILL)
    writer.communicate()

    content = path.read_bytes()
    assert content in (b"old", b"a" * 2_000_000, b"b" * 3_000_000)
