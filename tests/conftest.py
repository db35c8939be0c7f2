"""What every test shares."""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path

import pytest

from gts.system.threads import let_waiting_threads_sleep

# Several test processes share the cores, so each computes on one; tests of threads set their own number.
os.environ.setdefault("OMP_NUM_THREADS", "1")
let_waiting_threads_sleep()

# A test run in the background, or under nohup, begins with these signals ignored, and every program it starts would ignore them
# too; the tests that interrupt a training or hang up its terminal need them as a person's shell has them.
signal.signal(signal.SIGINT, signal.default_int_handler)
signal.signal(signal.SIGHUP, signal.SIG_DFL)


@pytest.fixture(autouse=True)
def _same_numbers_every_time() -> None:
    """Tests that draw from torch's own generator draw the same, whichever tests ran before them."""
    torch = sys.modules.get("torch")
    if torch is not None:
        torch.manual_seed(0)


@pytest.fixture(scope="session")
def repository() -> Path:
    """The root of the working tree."""
    return Path(__file__).parents[1]
