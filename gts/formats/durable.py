"""Writing files so that a crash, a full disk or a power cut leaves either the old file or the new one, whole."""

from __future__ import annotations

import contextlib
import errno
import os
import secrets
from pathlib import Path

from gts.errors import FileError, FullDiskError, reason

WRITE_ERRORS = {
    errno.ENOENT: ("the folder does not exist", "make it first, or name another place"),
    errno.ENOTDIR: ("a part of its path is a file, not a folder", "name another place"),
    errno.EISDIR: ("it is a folder", "name a file inside it"),
    errno.EACCES: ("permission denied", "name a place that you may write to"),
    errno.EPERM: ("permission denied", "name a place that you may write to"),
    errno.EROFS: ("the file system is read-only", "name another place"),
    errno.ENOSPC: ("the disk is full", "free some space and try again"),
    errno.EDQUOT: ("your quota on this disk is used up", "free some space and try again"),
    errno.EFBIG: ("the file is larger than this system allows", "name a place on another disk"),
    errno.ENAMETOOLONG: ("the name is too long", "choose a shorter name"),
}
"""Why something cannot be written, and what helps."""
DISK_FULL_ERRNOS = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
"""Those of them that say that there is no room."""

PARTIAL_SUFFIX = ".part"
"""Ending of a file that is not whole yet."""


def write_durably(path: str | os.PathLike[str], data: bytes) -> None:
    """Write a file by way of a temporary one in the same folder; when this returns, the bytes are on the disk.

    A link is followed, the permissions of a file that is replaced are kept. Raises FileError, FullDiskError where there is no
    room; then the old file, if there was one, stands as it was, and nothing new lies beside it.
    """
    target = _resolve_target(path)
    try:
        temporary, descriptor = _create_temporary(target)
        try:
            with open(descriptor, "wb") as file:
                file.write(data)
                file.flush()
                _fsync_file(file.fileno())
            os.replace(temporary, target)
        except BaseException:
            with contextlib.suppress(OSError):
                os.unlink(temporary)
            raise
        _fsync_folder(target.parent)
    except OSError as error:
        raise _make_write_error(path, error) from error


def check_writable(path: str | os.PathLike[str]) -> None:
    """Make sure that `path` can be written later, before long work starts; leaves nothing behind. Raises FileError."""
    target = _resolve_target(path)
    try:
        temporary, descriptor = _create_temporary(target)
        os.close(descriptor)
        os.unlink(temporary)
    except OSError as error:
        raise _make_write_error(path, error) from error


def remove_partial_files(path: str | os.PathLike[str]) -> None:
    """Remove what writes of this file have left that were killed half-way; for one who knows that no other writes it now."""
    target = Path(os.path.realpath(path))
    with contextlib.suppress(OSError):
        for name in os.listdir(target.parent):
            if name.startswith(f".{target.name[:200]}.") and name.endswith(PARTIAL_SUFFIX):
                os.unlink(target.parent / name)


def _resolve_target(path: str | os.PathLike[str]) -> Path:
    """The real file behind a path. Raises FileError where it is no file that may be replaced."""
    if "\0" in os.fspath(path) or not os.fspath(path):
        raise FileError(f"{os.fspath(path)!r} is not the name of a file", hint="name a file")
    target = Path(os.path.realpath(path))
    try:
        if target.is_dir() or os.fspath(path).endswith(os.sep):
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
        if target.exists() and not target.is_file():
            raise FileError(f"cannot write {path}: it is a device or a pipe, not a file", hint="name another place")
        if target.exists() and not os.access(target, os.W_OK):
            raise FileError(
                f"cannot write {path}: the file is write-protected", hint="allow writing to it, or name another file"
            )
    except OSError as error:
        raise _make_write_error(path, error) from error
    return target


def _create_temporary(target: Path) -> tuple[Path, int]:
    """A new empty file in the folder of `target`, with the permissions that `target` has or a new file gets."""
    temporary = target.with_name(f".{target.name[:200]}.{secrets.token_hex(4)}{PARTIAL_SUFFIX}")
    descriptor = os.open(temporary, os.O_CREAT | os.O_EXCL | os.O_WRONLY | getattr(os, "O_CLOEXEC", 0), 0o666)
    with contextlib.suppress(OSError):
        os.fchmod(descriptor, target.stat().st_mode & 0o777)
    return temporary, descriptor


def _fsync_file(descriptor: int) -> None:
    """fsync; on macOS that leaves the bytes in the drive's cache, and F_FULLFSYNC does not."""
    import fcntl

    full = getattr(fcntl, "F_FULLFSYNC", None)
    if full is not None:
        with contextlib.suppress(OSError):
            fcntl.fcntl(descriptor, full)
            return
    os.fsync(descriptor)


def _fsync_folder(folder: Path) -> None:
    """Make the rename itself durable; a file system that cannot sync folders has nothing to offer here."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        with contextlib.suppress(OSError):
            os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _make_write_error(path: str | os.PathLike[str], error: OSError) -> FileError:
    cause, hint = WRITE_ERRORS.get(error.errno or 0, (reason(error), "name another place"))
    kind = FullDiskError if error.errno in DISK_FULL_ERRNOS else FileError
    return kind(f"cannot write {os.fspath(path)}: {cause}", hint=hint)
