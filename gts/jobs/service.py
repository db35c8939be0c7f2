"""What goes on with the interrupted jobs of a workspace after the machine has started: `gts resume --all`, run once."""

from __future__ import annotations

import hashlib
import os
import shlex
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from gts.errors import FileError, MissingError, UsageError
from gts.store.workspace import Workspace
from gts.system import Starter, Startup, StartupState, this_system

_CARRIED = ("GTS_STATE", "PYTHONPATH")
"""Variables that no shell sets when the machine starts."""


def startup_of(workspace: Workspace) -> Startup:
    """What is to run for a workspace; raises UsageError where its path cannot be written into a service file."""
    root = str(workspace.root.resolve())
    carried = [f"{name}={os.environ[name]}" for name in _CARRIED if os.environ.get(name)]
    variables = ("/usr/bin/env", *carried) if carried else ()
    command = (*variables, sys.executable, "-m", "gts", "resume", "--all", "--workspace", root)
    if any(letter in word for word in command for letter in "\n\r"):
        raise UsageError(f"the path {root!r} holds a line break, which a service file cannot", hint="rename the folder")
    return Startup(f"gts-{hashlib.sha256(os.fsencode(root)).hexdigest()[:8]}", root, command)


def install(workspace: Workspace) -> StartupState:
    """Have the jobs of a workspace resumed after every start of the machine; how that stands then.

    Where it was installed in another way before, that is undone. Raises MissingError where this machine has no way, FileError
    where a file cannot be written, WorkError where a program of the system refuses.
    """
    startup = startup_of(workspace)
    chosen = _fittest(startup)
    with _explained(chosen):
        chosen.install(startup)
    for other in this_system().starters():
        with _explained(other):
            if other.kind != chosen.kind and other.state(startup).installed:
                other.remove(startup)
    with _explained(chosen):
        return chosen.state(startup)


def remove(workspace: Workspace) -> tuple[StartupState, ...]:
    """Undo `install`; every place where something was installed, as it stands now. Raises FileError, WorkError."""
    startup = startup_of(workspace)
    removed = []
    for starter in this_system().starters():
        with _explained(starter):
            if starter.state(startup).installed:
                starter.remove(startup)
                removed.append(starter.state(startup))
    return tuple(removed)


def status(workspace: Workspace) -> StartupState | None:
    """How it stands where something is installed; None where nothing is. Changes nothing. Raises FileError."""
    startup = startup_of(workspace)
    for starter in this_system().starters():
        with _explained(starter):
            state = starter.state(startup)
        if state.installed:
            return state
    return None


def _fittest(startup: Startup) -> Starter:
    """The first that is wholly here, or else the first that is here in part; raises MissingError."""
    starters = [(starter, starter.fitness()) for starter in this_system().starters()]
    for wanted in ("full", "partial"):
        for starter, fitness in starters:
            if fitness == wanted:
                return starter
    raise MissingError(
        f"nothing here starts commands with the machine: no {' and no '.join(starter.kind for starter, _ in starters)}",
        hint=f"after a restart run by hand: {shlex.join(['gts', 'resume', '--all', '--workspace', startup.subject])}",
    )


@contextmanager
def _explained(starter: Starter) -> Iterator[None]:
    """Turn what the disk refuses into a sentence."""
    try:
        yield
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise FileError(
            f"cannot read or write {error.filename or starter.kind}: {reason}",
            hint="after a restart, `gts resume --all` can also be run by hand",
        ) from error
