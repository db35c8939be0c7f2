"""How many CPUs this process may really use, and how its threads wait.

A container or a batch system often grants less than the machine has. More threads than that make physics and learning slower,
so every default thread count is taken from here.
"""

from __future__ import annotations

import os

from gts.system import this_system


def available_cpus() -> int:
    """CPUs that this process may use, at least 1: those it may be scheduled on, or its quota where that is smaller."""
    return this_system().available_cpus()


def limit_thread_spin() -> None:
    """Keep torch's idle threads from burning the CPUs that the physics needs; to be called before torch is imported.

    Physics and learning take turns on the same CPUs. OpenMP's threads spin for milliseconds while they wait, unless told
    otherwise: on two busy CPUs that made learning fourteen times slower. Those that sleep at once have to be woken for every
    small operation, which on idle CPUs made it more than twice as slow. A spin of some ten microseconds avoids both.
    """
    if "OMP_WAIT_POLICY" not in os.environ:
        os.environ.setdefault("GOMP_SPINCOUNT", "10000")  # libgomp, which torch brings along on Linux
        os.environ.setdefault("KMP_BLOCKTIME", "1")  # libomp on macOS; in milliseconds
