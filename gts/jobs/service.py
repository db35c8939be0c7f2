"""What goes on with the interrupted jobs of a workspace after the machine has started: `gts resume --all`, run once."""

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
"""Variables that no shell sets when the machine starts."""


def make_boot_job(workspace: Workspace) -> BootJob:
    """What is to run for a workspace; raises UsageError where its path cannot be written into a service file."""
    root = str(workspace.root.resolve())
    carried = [f"{name}={os.environ[name]}" for name in _PASSED_VARIABLES if os.environ.get(name)]
    variables = ("/usr/bin/env", *carried) if carried else ()
    command = (*variables, sys.executable, "-m", "gts", "resume", "--all", "--workspace", root)
    if any(letter in word for word in command for letter in "\n\r"):
        raise UsageError(f"the path {root!r} holds a line break, which a service file cannot", hint="rename the folder")
    return BootJob(f"gts-{hashlib.sha256(os.fsencode(root)).hexdigest()[:8]}", root, command)


def install_boot_service(workspace: Workspace) -> BootServiceState:
    """Have the jobs of a workspace resumed after every start of the machine; how that stands then.

    Where it was installed in another way before, that is undone. Raises MissingError where this machine has no way, FileError
    where a file cannot be written, WorkError where a program of the system refuses.
    """
    boot_job = make_boot_job(workspace)
    chosen = _best_service(boot_job)
    with _translate_os_errors(chosen):
        chosen.install(boot_job)
    for other in this_system().boot_services():
        with _translate_os_errors(other):
            if other.kind != chosen.kind and other.state(boot_job).installed:
                other.remove(boot_job)
    with _translate_os_errors(chosen):
        return chosen.state(boot_job)


def remove_boot_service(workspace: Workspace) -> tuple[BootServiceState, ...]:
    """Undo `install_boot_service`; every place where something was installed, as it stands now. Raises FileError, WorkError."""
    boot_job = make_boot_job(workspace)
    removed = []
    for starter in this_system().boot_services():
        with _translate_os_errors(starter):
            if starter.state(boot_job).installed:
                starter.remove(boot_job)
                removed.append(starter.state(boot_job))
    return tuple(removed)


def boot_service_status(workspace: Workspace) -> BootServiceState | None:
    """How it stands where something is installed; None where nothing is. Changes nothing. Raises FileError."""
    boot_job = make_boot_job(workspace)
    for starter in this_system().boot_services():
        with _translate_os_errors(starter):
            state = starter.state(boot_job)
        if state.installed:
            return state
    return None


def _best_service(boot_job: BootJob) -> BootService:
    """The first that is wholly here, or else the first that is here in part; raises MissingError."""
    starters = [(starter, starter.availability()) for starter in this_system().boot_services()]
    for wanted in ("full", "partial"):
        for starter, fitness in starters:
            if fitness == wanted:
                return starter
    raise MissingError(
        f"nothing here starts commands with the machine: no {' and no '.join(starter.kind for starter, _ in starters)}",
        hint=f"after a restart run by hand: {shlex.join(['gts', 'resume', '--all', '--workspace', boot_job.subject])}",
    )


@contextmanager
def _translate_os_errors(service: BootService) -> Iterator[None]:
    """Turn what the disk refuses into a sentence."""
    try:
        yield
    except OSError as error:
        raise FileError(
            f"cannot read or write {error.filename or service.kind}: {reason(error)}",
            hint="after a restart, `gts resume --all` can also be run by hand",
        ) from error
