"""Starting a job as a process of its own, which outlives whoever started it."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import gts
from gts.errors import WorkError, reason
from gts.jobs.job_lock import JobLock, read_lock
from gts.jobs.job_store import Job, write_job
from gts.store.workspace import JobFolder, Workspace
from gts.system import identify_process, this_system

_MANAGER_SECONDS = 5.0
_LOCK_SECONDS = 0.3
_STARTED: list[subprocess.Popen[bytes]] = []
"""Workers that this process has started and that had not ended when it started the newest of them."""


def launch(job: Job, lock: JobLock) -> None:
    """Start the worker of a job and leave it alone; `life` is the job's lock and passes to the worker.

    Where the user has a service manager that survives logouts, it becomes the worker's parent; otherwise the worker leads a
    session and process group of its own. Raises WorkError where no process can be started.
    """
    lock.set_activity("waiting", "it starts")
    command = [sys.executable, "-m", "gts.jobs.process", str(job.folder.absolute())]
    managed = this_system().detached_command(f"gts-{job.id}", command, job.folder.absolute())
    try:
        if managed is None or not _start_by_service_manager(managed, job, lock):
            _start_worker(command, job, lock)
    finally:
        lock.release()


def _start_worker(command: list[str], job: Job, lock: JobLock) -> None:
    with JobFolder(job.folder).log.open("ab") as log:
        try:
            # What the lock stands for is the open file, and the worker inherits that: there is no moment without a holder.
            process = subprocess.Popen(
                [*command, "--life", str(lock.descriptor)],
                cwd=job.folder,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=worker_environment(),
                pass_fds=(lock.descriptor,),
                start_new_session=True,
            )
        except OSError as error:
            write_job(
                Workspace(job.folder.parents[1]),
                replace(job, recorded_state="failed", reason=f"it could not be started: {reason(error)}"),
            )
            raise WorkError(f"cannot start a process: {reason(error)}") from error
    worker = identify_process(process.pid)
    if worker is not None:
        lock.transfer_to(worker)
    # Nobody waits for it: it goes on when this process ends. Where this one lives longer, it has to be taken leave of.
    _STARTED[:] = [one for one in (*_STARTED, process) if one.poll() is None]


def _start_by_service_manager(command: list[str], job: Job, lock: JobLock) -> bool:
    """Let the service manager start the worker, which takes the lock itself; False where the manager refuses."""
    try:
        done = subprocess.run(command, capture_output=True, timeout=_MANAGER_SECONDS, env=worker_environment(), check=False)
    except (OSError, subprocess.TimeoutExpired):
        return False
    if done.returncode != 0:
        return False
    lock.release()
    deadline = time.monotonic() + _LOCK_SECONDS
    while not read_lock(job.lock_path)[0] and time.monotonic() < deadline:
        time.sleep(0.01)
    return True


def worker_environment() -> dict[str, str]:
    """This process's environment, in which the same program is found from another folder."""
    home = Path(gts.__file__).parents[1]
    if home.name == "site-packages":
        return dict(os.environ)
    paths = [str(home), *filter(None, os.environ.get("PYTHONPATH", "").split(os.pathsep))]
    return {**os.environ, "PYTHONPATH": os.pathsep.join(dict.fromkeys(paths))}
