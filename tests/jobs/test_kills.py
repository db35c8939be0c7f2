"""The short version of `tests/bench/chaos.py`: ten kills at random moments leave no trace."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from tests.bench import chaos

pytestmark = pytest.mark.process


@pytest.mark.slow
def test_ten_kills_leave_no_trace(tmp_path: Path) -> None:
    seed = int(time.time())
    print(f"seed {seed}")
    subjects = [one for one in chaos.SUBJECTS if one.name in ("hopper-ppo", "walker-a2c", "invertedPendulum-reinforce")]
    tally = chaos.run(tmp_path / "w", subjects, 10, seed, rounds=20)
    assert sum(tally.kills.values()) == 10, f"seed {seed}"
    assert not tally.differences, f"seed {seed}"
    assert tally.orphans == 0, f"seed {seed}"
