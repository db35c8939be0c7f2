"""Copying and moving what a person made, durably and never over something that is there already."""

from __future__ import annotations

import errno
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from gts.errors import FileError, reason
from gts.formats.durable import PARTIAL_SUFFIX, WRITE_ERRORS, write_durably

_NO_LINKS = (errno.EPERM, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK, errno.EXDEV)
_REASONS = WRITE_ERRORS | {
    errno.ENOENT: ("it is not there", "look for it with `gts info`"),
    errno.EXDEV: ("it is on another disk", "copy it there with cp -r, then remove it with rm -r"),
}


def copy_file(source: Path, target: Path) -> None:
    """Copy a file byte for byte; raises FileError, and then there is no new file."""
    refuse_existing(target)
    with _translate_os_errors("copy", source, target):
        data = source.read_bytes()
    temporary = target.with_name(f".{target.name[:200]}.{secrets.token_hex(4)}{PARTIAL_SUFFIX}")
    with _translate_os_errors("copy", source, target):
        if not target.parent.is_dir():
            raise FileError(f"cannot write {target}: the folder does not exist", hint="make it first, or name another place")
        try:
            write_durably(temporary, data)
            _rename_without_overwriting(temporary, target)
        finally:
            temporary.unlink(missing_ok=True)
        _sync(target.parent)


def move_path(source: Path, target: Path) -> None:
    """Move a file or a folder on one disk; raises FileError, and then it is where it was."""
    refuse_existing(target)
    with _translate_os_errors("move", source, target):
        if not target.parent.is_dir():
            raise FileError(f"cannot write {target}: the folder does not exist", hint="make it first, or name another place")
        _rename_without_overwriting(source, target)
        _sync(target.parent)
        _sync(source.parent)


def refuse_existing(target: Path) -> None:
    """Raise FileError where there is something already."""
    with _translate_os_errors("look at", target, target):
        target.lstat()
        raise FileError(f"`{target}` exists already", hint="choose another name; nothing was changed")


def _rename_without_overwriting(source: Path, target: Path) -> None:
    """Give something its name, unless something else has it."""
    if source.is_file() and not source.is_symlink():
        try:
            # A link is made only where there is no file yet; renaming would replace one that came in this very moment.
            os.link(source, target)
        except OSError as error:
            if error.errno not in _NO_LINKS:
                raise
        else:
            source.unlink()
            return
    if os.path.lexists(target):
        raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(target))
    source.rename(target)


def _sync(folder: Path) -> None:
    """Make a new name durable; a file system that cannot sync folders has nothing to offer here."""
    with suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


@contextmanager
def _translate_os_errors(verb: str, source: Path, target: Path) -> Iterator[None]:
    """Errors of the system as FileError; that nothing is there is none for who only looks."""
    try:
        yield
    except FileExistsError as error:
        raise FileError(f"`{target}` exists already", hint="choose another name; nothing was changed") from error
    except OSError as error:
        if verb == "look at" and error.errno == errno.ENOENT:
            return
        cause, hint = _REASONS.get(error.errno or 0, (reason(error), "name another place"))
        where = "" if verb == "look at" else f" to {target}"
        raise FileError(f"cannot {verb} {source}{where}: {cause}", hint=hint) from error
