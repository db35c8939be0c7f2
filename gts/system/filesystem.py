"""The file system of a folder: kind, free space, access."""

from __future__ import annotations

import os
import tempfile
from dataclasses import dataclass
from pathlib import Path

_NETWORK = frozenset(
    {"nfs", "nfs3", "nfs4", "cifs", "smb", "smb2", "smb3", "smbfs", "afpfs", "webdav", "davfs", "sshfs", "fuse.sshfs", "9p"}
    | {
        "glusterfs",
        "fuse.glusterfs",
        "lustre",
        "gpfs",
        "beegfs",
        "ceph",
        "fuse.ceph",
        "afs",
        "ncpfs",
        "orangefs",
        "fuse.rclone",
    }
)


@dataclass(frozen=True)
class FileSystem:
    """The file system that contains a folder."""

    kind: str
    """Type as the system reports it, `ext4`; empty if unknown."""
    is_network: bool
    """Whether other machines can write to it too, which rules out SQLite's WAL."""
    free_bytes: int
    """Bytes that this user may still write."""


def file_system(folder: Path) -> FileSystem:
    """The file system of an existing folder."""
    import psutil

    place = os.path.realpath(folder)
    kind, longest = "", -1
    for partition in psutil.disk_partitions(all=True):
        mount = partition.mountpoint
        inside = place == mount or place.startswith(mount.rstrip("/") + "/")
        if inside and len(mount) >= longest:
            kind, longest = partition.fstype, len(mount)
    space = os.statvfs(place)
    return FileSystem(kind, kind.lower() in _NETWORK, space.f_bavail * space.f_frsize)


def is_writable(folder: Path) -> bool:
    """Whether a file can be created in a folder; tries it, since access rights alone are not reliable."""
    try:
        handle, name = tempfile.mkstemp(prefix=".gts-", dir=folder)
    except OSError:
        return False
    os.close(handle)
    os.unlink(name)
    return True
