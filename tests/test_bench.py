"""The bench: how it compares, and that it measures what it says."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from gts.errors import MissingError, UsageError, WorkError
from gts.params.spec import make_spec
from gts.training import bench, contenders
from gts.training.bench import Bench, rate, run_bench, spread


@pytest.fixture
def quick() -> Bench:
    return Bench(Path(), ("hopper",), peers=True, repetitions=2, quick=True, threads=1)


def test_spread_is_the_middle_and_the_ends() -> None:
    assert spread([4.0, 1.0, 9.0]) == {"median": 4.0, "min": 1.0, "max": 9.0}


def test_rate_counts_whole_pieces_of_work(monkeypatch) -> None:
    # A clock that moves 0.3 s with every reading: begin, then before each piece of work and after the last.
    readings = iter([0.0, 0.3, 0.6, 0.9, 1.2])
    monkeypatch.setattr(bench, "perf_counter", lambda: next(readings))

    assert rate(lambda: 30, 1.0) == pytest.approx(3 * 30 / 1.2)


def test_contenders_take_turns(quick, monkeypatch) -> None:
    order = []

    def contender(name: str) -> contenders.Contender:
        def work() -> int:
            order.append(name)
            return 1

        return work

    monkeypatch.setattr(bench, "rate", lambda work, seconds: float(10 * work() + len(order)))
    result = quick._compare("nothing", {"a": contender("a"), "b": contender("b")}, [("b", "a"), ("b", "absent")])

    assert order == ["a", "b"] * 3
    assert list(result["ratios"]) == ["b ÷ a"]
    assert result["ratios"]["b ÷ a"]["max"] == pytest.approx(14 / 13)


def test_stepping_has_every_contender(quick, monkeypatch) -> None:
    monkeypatch.setattr(bench, "WORLDS", (4, 8))
    monkeypatch.setitem(sys.modules, "envpool", None)
    result = quick.stepping("hopper")

    own = {f"{kind} {physics}" for physics in ("exact", "fast") for kind in ("limit", "worlds 4", "worlds 8")}
    assert set(result["rates"]) == own | {"gymnasium 4"}
    assert "envpool" in quick.missing["envpool 4"]
    assert all(0 < spread["min"] <= spread["median"] <= spread["max"] for spread in result["rates"].values())
    assert {"worlds 8 fast ÷ limit fast", "worlds 4 exact ÷ gymnasium 4"} <= set(result["ratios"])


def test_learning_profile_adds_up() -> None:
    spec = make_spec("invertedPendulum", "ppo", {"nEnvironments": 4, "nSteps": 4000, "nEpochs": 100})
    learning = contenders.Learning(spec, 2, "fast", threads=1)

    assert [learning() for _ in range(3)] == [2 * 40] * 3
    profile = learning.profile()
    assert set(profile) == {"physics", "acting", "learning", "other"}
    assert sum(profile.values()) == pytest.approx(1.0)
    assert profile["other"] < 0.5


def test_missing_library_is_said() -> None:
    with pytest.raises(MissingError, match="no_such_library"):
        contenders._library("no_such_library", "no-such-library")


def test_unknown_figure() -> None:
    with pytest.raises(UsageError, match="hopper"):
        run_bench(Path(), figures=["hoper"])


def test_failing_program_is_said() -> None:
    with pytest.raises(WorkError, match="no-such-command"):
        bench._run(["no-such-command"])


def test_machine_and_versions_are_plain_data() -> None:
    facts = json.loads(json.dumps({**bench.machine(), **bench.versions(peers=True)}))
    assert facts["usable"] >= 1
    assert facts["processor"]
    assert {"python", "torch", "mujoco"} <= set(facts)


@pytest.mark.slow
def test_everything_once(repository, monkeypatch) -> None:
    heard = []
    monkeypatch.setattr(bench, "WORLDS", (4,))
    report = run_bench(
        repository / "workspace", figures=["invertedPendulum"], repetitions=1, quick=True, threads=1, listener=heard.append
    )

    assert report["command"] == "gts bench --figure invertedPendulum --quick"
    assert list(report["stepping"]) == ["invertedPendulum"]
    assert set(report["learning"]["profile"]) == {f"cohort of {n}, {p}" for n in (1, 8) for p in ("exact", "fast")}
    assert report["program"]["pendulum"]["median"] > report["program"]["help"]["median"] > 0
    assert report["program"]["pendulum"]["score"] > 0
    assert report["missing"] == {}
    assert any("gts train" in line for line in heard)
    json.dumps(report, allow_nan=False)
