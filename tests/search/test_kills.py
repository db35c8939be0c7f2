"""Short version of `tests/bench/chaos_search.py`: a search with killed processes loses no trial."""

from __future__ import annotations

import importlib.util
import sys
import time
from pathlib import Path

import pytest


@pytest.mark.slow
def test_a_search_outlives_its_processes(repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GTS_STATE", str(tmp_path / "state"))
    where = importlib.util.spec_from_file_location("chaos_search", repository / "tests" / "bench" / "chaos_search.py")
    chaos = sys.modules["chaos_search"] = importlib.util.module_from_spec(where)
    where.loader.exec_module(chaos)
    seed = int(time.time())
    found = chaos.search(tmp_path / "w", trials=4, kills=4, seed=seed)
    assert found["problems"] == [], f"seed {seed}"
    assert found["orphans"] == 0, f"seed {seed}"
