"""`gts bench`: options are passed on, rates are shown."""

from __future__ import annotations

from pathlib import Path

import pytest


def test_bench_shows_the_report(gts, workspace: Path, monkeypatch: pytest.MonkeyPatch, examples: Path) -> None:
    from gts.bench import benchmark
    from gts.commands import bench as command

    class Quick:
        def __init__(self, *asked: object) -> None:
            self.asked = asked

        def run(self):
            yield "stepping: hopper"

        def report(self):
            rates = [{"subject": "hopper", "what": "worlds", "median": 1234.5}]
            return {
                "threads": 2,
                "machine": {"cpus": 2},
                "rates": rates,
                "missing": {},
                "asked": list(map(str, self.asked[1:])),
            }

    monkeypatch.setattr(benchmark, "Benchmark", Quick)
    monkeypatch.setattr(command, "example_workspace", lambda: examples)
    outcome = gts("bench", "--quick", "--figure", "hopper", "--repetitions", 2, "--threads", 3, "--json")
    assert outcome.data["asked"] == ["('hopper',)", "False", "2", "True", "3"]
    assert "stepping: hopper" in outcome.err
    shown = gts("bench").out
    assert "1234.5" in shown
    assert "rates" in shown
    assert gts("bench", "--figure", "hoper").code == 2
