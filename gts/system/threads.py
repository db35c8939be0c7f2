"""The number of CPUs that this process may use, and how idle threads wait.

A container or a batch system often grants fewer CPUs than the machine has. More threads than CPUs slow down physics and
learning, so all default thread counts come from here.
"""

from __future__ import annotations

import os

from gts.system import this_system


def available_cpus() -> int:
    """CPUs that this process may use, at least 1: its scheduler affinity, or its CPU quota if that is smaller."""
    return this_system().available_cpus()


def limit_thread_spin() -> None:
    """Limit how long torch's idle threads spin before they sleep; call before torch is imported.

    Physics and learning take turns on the same CPUs. By default OpenMP threads spin for milliseconds while they wait, which
    made learning fourteen times slower on two busy CPUs. Without any spinning, waking them for each small operation made it
    more than twice as slow on idle CPUs. A spin of some ten microseconds avoids both.
    """
    if "OMP_WAIT_POLICY" not in os.environ:
        os.environ.setdefault("GOMP_SPINCOUNT", "10000")  # libgomp, which torch brings along on Linux
        os.environ.setdefault("KMP_BLOCKTIME", "1")  # libomp on macOS; in milliseconds
