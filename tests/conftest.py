"""Fixtures and settings of all tests."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from gts.system.threads import limit_thread_spin
from tests.support.postgresql import Server, programs
from tests.support.repository import ROOT

# Several test processes share the cores, so each computes on one; tests of threads set their own number.
os.environ.setdefault("OMP_NUM_THREADS", "1")
limit_thread_spin()

# An example may take any time, and a failure prints what repeats it.
settings.register_profile("gts", deadline=None, print_blob=True)
settings.load_profile("gts")

# Programs that tests start import the code of this working tree, whatever is installed and wherever they are started.
os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")]))

# A test run in the background, or under nohup, begins with these signals ignored, and every program it starts would ignore them
# too; the tests that interrupt a training or hang up its terminal need them as a person's shell has them.
signal.signal(signal.SIGINT, signal.default_int_handler)
signal.signal(signal.SIGHUP, signal.SIG_DFL)


@pytest.fixture(scope="session", autouse=True)
def _scratch_folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Libraries write into the current folder (MuJoCo its log), which must not be the working tree."""
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(tmp_path_factory.mktemp("current"))
        yield


@pytest.fixture(autouse=True)
def _same_numbers_every_time() -> None:
    """Tests that draw from torch's own generator draw the same, whichever tests ran before them."""
    torch = sys.modules.get("torch")
    if torch is not None:
        torch.manual_seed(0)


@pytest.fixture(scope="session")
def repository() -> Path:
    """The root of the working tree."""
    return ROOT


@pytest.fixture(scope="module")
def postgresql() -> Iterator[Server]:
    """A PostgreSQL server for one file of tests; a missing installation fails where `CI` is set, and skips elsewhere."""
    found = programs()
    if found is None:
        if os.environ.get("CI"):
            pytest.fail("PostgreSQL must be there: apt-get install postgresql")
        pytest.skip("PostgreSQL is not installed")
    made = Server(found)
    try:
        made.start()
        yield made
    finally:
        made.remove()
