"""Short version of `tests/bench/chaos_search.py`: a search with killed processes loses no trial."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from tests.bench import chaos_search as chaos

pytestmark = pytest.mark.process


@pytest.mark.slow
def test_a_search_outlives_its_processes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GTS_STATE", str(tmp_path / "state"))
    seed = int(time.time())
    print(f"seed {seed}")
    found = chaos.search(tmp_path / "w", trials=4, kills=4, seed=seed)
    assert found["problems"] == [], f"seed {seed}"
    assert found["orphans"] == 0, f"seed {seed}"
