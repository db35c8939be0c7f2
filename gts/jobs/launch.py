"""Starting a job as a process of its own, which outlives whoever started it."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import gts
from gts.errors import WorkError
from gts.jobs.job_lock import Life, look
from gts.jobs.job_store import Job, write_job
from gts.store.workspace import JobFolder, Workspace
from gts.system import identity_of, this_system

_MANAGER_SECONDS = 5.0
_LOCK_SECONDS = 0.3
_STARTED: list[subprocess.Popen[bytes]] = []
"""Workers that this process has started and that had not ended when it started the newest of them."""


def launch(job: Job, life: Life) -> None:
    """Start the worker of a job and leave it alone; `life` is the job's lock and passes to the worker.

    Where the user has a service manager that survives logouts, it becomes the worker's parent; otherwise the worker leads a
    session and process group of its own. Raises WorkError where no process can be started.
    """
    life.say("waiting", "it starts")
    command = [sys.executable, "-m", "gts.jobs.process", str(job.folder.absolute())]
    managed = this_system().detached(f"gts-{job.id}", command, job.folder.absolute())
    try:
        if managed is None or not _handed_over(managed, job, life):
            _start(command, job, life)
    finally:
        life.release()


def _start(command: list[str], job: Job, life: Life) -> None:
    with JobFolder(job.folder).log.open("ab") as log:
        try:
            # What the lock stands for is the open file, and the worker inherits that: there is no moment without a holder.
            process = subprocess.Popen(
                [*command, "--life", str(life.descriptor)],
                cwd=job.folder,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=environment(),
                pass_fds=(life.descriptor,),
                start_new_session=True,
            )
        except OSError as error:
            reason = f"it could not be started: {(error.strerror or str(error)).lower()}"
            write_job(Workspace(job.folder.parents[1]), replace(job, claim="failed", reason=reason))
            raise WorkError(f"cannot start a process: {(error.strerror or str(error)).lower()}") from error
    worker = identity_of(process.pid)
    if worker is not None:
        life.pass_to(worker)
    # Nobody waits for it: it goes on when this process ends. Where this one lives longer, it has to be taken leave of.
    _STARTED[:] = [one for one in (*_STARTED, process) if one.poll() is None]


def _handed_over(managed: list[str], job: Job, life: Life) -> bool:
    """Let the service manager start the worker, which takes the lock itself; False where the manager refuses."""
    try:
        done = subprocess.run(managed, capture_output=True, timeout=_MANAGER_SECONDS, env=environment(), check=False)
    except (OSError, subprocess.TimeoutExpired):
        return False
    if done.returncode != 0:
        return False
    life.release()
    until = time.monotonic() + _LOCK_SECONDS
    while not look(job.lock)[0] and time.monotonic() < until:
        time.sleep(0.01)
    return True


def environment() -> dict[str, str]:
    """This process's environment, in which the same program is found from another folder."""
    home = Path(gts.__file__).parents[1]
    if home.name == "site-packages":
        return dict(os.environ)
    paths = [str(home), *filter(None, os.environ.get("PYTHONPATH", "").split(os.pathsep))]
    return {**os.environ, "PYTHONPATH": os.pathsep.join(dict.fromkeys(paths))}
