"""A short evening by chance, at every run of the tests; `python -m tests.support.app_fuzzer` is the long one."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.process


@pytest.mark.slow
@pytest.mark.parametrize("seed", [11, 12])
def test_nothing_that_happens_by_chance_breaks_it(seed: int, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "tests.support.app_fuzzer", "--events", "300", "--seed", str(seed)]
    # The process is its own: what it hears of threads and of the loop is of this program alone.
    done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, timeout=600)
    assert done.returncode == 0, f"python -m tests.support.app_fuzzer --events 300 --seed {seed}\n{done.stderr[-12_000:]}"
