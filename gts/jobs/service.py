"""Resumes the interrupted jobs of a workspace after a reboot: has the system run `gts resume --all` once at boot."""

from __future__ import annotations

import hashlib
import os
import shlex
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from gts.errors import FileError, MissingError, UsageError, reason
from gts.store.workspace import Workspace
from gts.system import BootJob, BootService, BootServiceState, this_system

_PASSED_VARIABLES = ("GTS_STATE", "PYTHONPATH")
"""Variables that are not set at boot."""


def make_boot_job(workspace: Workspace) -> BootJob:
    """The command that resumes a workspace's jobs; raises UsageError if its path cannot be written to a service file."""
    root = str(workspace.root.resolve())
    carried = [f"{name}={os.environ[name]}" for name in _PASSED_VARIABLES if os.environ.get(name)]
    variables = ("/usr/bin/env", *carried) if carried else ()
    command = (*variables, sys.executable, "-m", "gts", "resume", "--all", "--workspace", root)
    if any(letter in word for word in command for letter in "\n\r"):
        raise UsageError(f"the path {root!r} contains a line break, which a service file cannot", hint="rename the folder")
    return BootJob(f"gts-{hashlib.sha256(os.fsencode(root)).hexdigest()[:8]}", root, command)


def install_boot_service(workspace: Workspace) -> BootServiceState:
    """Resume the workspace's jobs after every boot from now on; returns the new state.

    Raises MissingError if this machine has no service manager, FileError if a file cannot be written, WorkError if a program of
    the system refuses.
    """
    boot_job = make_boot_job(workspace)
    service = this_system().boot_service()
    if service is None or service.availability() == "none":
        raise MissingError(
            "this machine has neither systemd nor launchd, which run commands at boot",
            hint=f"after a reboot run: {shlex.join(['gts', 'resume', '--all', '--workspace', boot_job.subject])}",
        )
    with _translate_os_errors(service):
        service.install(boot_job)
        return service.state(boot_job)


def remove_boot_service(workspace: Workspace) -> BootServiceState | None:
    """Undo `install_boot_service`; returns the new state, None if nothing was installed. Raises FileError, WorkError."""
    boot_job = make_boot_job(workspace)
    service = this_system().boot_service()
    if service is None:
        return None
    with _translate_os_errors(service):
        if not service.state(boot_job).installed:
            return None
        service.remove(boot_job)
        return service.state(boot_job)


def boot_service_status(workspace: Workspace) -> BootServiceState | None:
    """State of the service of a workspace; None if none is installed. Raises FileError."""
    boot_job = make_boot_job(workspace)
    service = this_system().boot_service()
    if service is None:
        return None
    with _translate_os_errors(service):
        state = service.state(boot_job)
    return state if state.installed else None


@contextmanager
def _translate_os_errors(service: BootService) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise FileError(
            f"cannot read or write {error.filename or service.kind}: {reason(error)}",
            hint="`gts resume --all` can also be run by hand after a reboot",
        ) from error
