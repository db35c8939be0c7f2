"""Starts a job in a process of its own, which outlives its starter."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import gts
from gts.errors import WorkError, reason
from gts.jobs.job_lock import STARTING, JobLock, read_lock
from gts.jobs.job_store import Job, write_job
from gts.search.storage_url import parse_storage_url
from gts.store.workspace import JobFolder, Workspace
from gts.system import identify_process, this_system

_PASSWORD_VARIABLE = "PGPASSWORD"  # read by libpq
_MANAGER_SECONDS = 5.0
_LOCK_SECONDS = 0.3
_STARTED: list[subprocess.Popen[bytes]] = []
"""Processes started by this one that had not ended when the latest of them was started."""


def launch(job: Job, lock: JobLock) -> None:
    """Start the worker process of a job and pass the job's lock to it.

    If the user has a service manager that survives logouts, it becomes the parent; otherwise the worker leads a session and
    process group of its own. Raises WorkError if no process can be started.
    """
    lock.set_activity("queued", STARTING)
    command = [sys.executable, "-m", "gts.jobs.process", str(job.folder.absolute())]
    secrets = (_PASSWORD_VARIABLE,) if _storage_password(job) else ()
    managed = this_system().detached_command(f"gts-{job.id}", command, job.folder.absolute(), secrets=secrets)
    try:
        if managed is None or not _start_by_service_manager(managed, job, lock):
            _start_worker(command, job, lock)
    finally:
        lock.release()


def _start_worker(command: list[str], job: Job, lock: JobLock) -> None:
    with JobFolder(job.folder).log.open("ab") as log:
        try:
            # An flock belongs to the open file, which the worker inherits: the lock is never free in between.
            process = subprocess.Popen(
                [*command, "--lock-fd", str(lock.descriptor)],
                cwd=job.folder,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=worker_environment(job),
                pass_fds=(lock.descriptor,),
                start_new_session=True,
            )
        except OSError as error:
            why = f"it could not be started: {reason(error)}"
            write_job(Workspace(job.folder.parents[1]), replace(job, recorded_state="failed", reason=why))
            raise WorkError(f"cannot start a process: {reason(error)}") from error
    worker = identify_process(process.pid)
    if worker is not None:
        lock.transfer_to(worker)
    # Polled so that an ended worker does not stay a zombie of a starter that lives longer.
    _STARTED[:] = [one for one in (*_STARTED, process) if one.poll() is None]


def _start_by_service_manager(command: list[str], job: Job, lock: JobLock) -> bool:
    """Have the service manager start the worker, which then takes the lock itself; False if it refuses."""
    try:
        done = subprocess.run(command, capture_output=True, timeout=_MANAGER_SECONDS, env=worker_environment(job), check=False)
    except (OSError, subprocess.TimeoutExpired):
        return False
    if done.returncode != 0:
        return False
    lock.release()
    deadline = time.monotonic() + _LOCK_SECONDS
    while not read_lock(job.lock_path)[0] and time.monotonic() < deadline:
        time.sleep(0.01)
    return True


def worker_environment(job: Job | None = None) -> dict[str, str]:
    """Environment of a worker process: this one, with this program importable from any folder.

    `PGPASSWORD` holds the password of the job's own storage, if this process was given one.
    """
    environment = dict(os.environ)
    home = Path(gts.__file__).parents[1]
    if home.name != "site-packages":
        paths = [str(home), *filter(None, os.environ.get("PYTHONPATH", "").split(os.pathsep))]
        environment["PYTHONPATH"] = os.pathsep.join(dict.fromkeys(paths))
    if job is not None and (password := _storage_password(job)):
        environment[_PASSWORD_VARIABLE] = password
    return environment


def _storage_password(job: Job) -> str:
    storage = job.request.get("storage")
    return parse_storage_url(storage).password if isinstance(storage, str) else ""
