"""The benchmark: comparisons and measurements."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from gts.bench import benchmark, cases
from gts.bench.benchmark import Benchmark, median_and_range, rate
from gts.errors import MissingError, UsageError, WorkError
from gts.formats.spec_file import write_spec
from gts.params.spec import make_spec
from gts.system import versions


@pytest.fixture
def quick() -> Benchmark:
    return Benchmark(Path(), ("hopper",), peers=True, repetitions=2, quick=True, threads=1)


def test_spread_is_the_middle_and_the_ends() -> None:
    assert median_and_range([4.0, 1.0, 9.0]) == {"median": 4.0, "min": 1.0, "max": 9.0}


def test_rate_counts_whole_pieces_of_work(monkeypatch) -> None:
    # A clock that moves 0.3 s with every reading: begin, then before each piece of work and after the last.
    readings = iter([0.0, 0.3, 0.6, 0.9, 1.2])
    monkeypatch.setattr(benchmark, "perf_counter", lambda: next(readings))

    assert rate(lambda: 30, 1.0) == pytest.approx(3 * 30 / 1.2)


def test_workloads_take_turns(quick, monkeypatch) -> None:
    order = []

    def make_workload(name: str) -> cases.Workload:
        def work() -> int:
            order.append(name)
            return 1

        return work

    monkeypatch.setattr(benchmark, "rate", lambda work, seconds: float(10 * work() + len(order)))
    measured = quick._measure_rates({"a": make_workload("a"), "b": make_workload("b")})

    assert order == ["a", "b"] * 3
    assert measured == {"a": [13.0, 15.0], "b": [14.0, 16.0]}


def test_ratios_are_taken_within_a_repetition(quick) -> None:
    # The machine was twice as slow in the second repetition, which both contenders felt.
    quick._record("hopper", {"a": [10.0, 5.0, 12.0], "b": [20.0, 10.0, 18.0]}, [("b", "a"), ("b", "absent")])

    assert quick.ratios == [{"subject": "hopper", "what": "b ÷ a", "median": 2.0, "min": 1.5, "max": 2.0, "goal": None}]
    assert [row["what"] for row in quick.rates] == ["a", "b"]


def test_goal_against_gymnasium_is_of_the_hopper(quick) -> None:
    rates, pair = {"worlds 64 exact": [3.0], "gymnasium 64": [1.0]}, [("worlds 64 exact", "gymnasium 64")]
    quick._record("hopper", rates, pair)
    quick._record("ant", rates, pair)

    assert [row["goal"] for row in quick.ratios] == [2.5, None]


@pytest.mark.slow
@pytest.mark.process
def test_stepping_measures_every_workload(quick, monkeypatch) -> None:
    monkeypatch.setattr(benchmark, "WORLD_COUNTS", (4, 8))
    monkeypatch.setitem(sys.modules, "envpool", None)
    quick.measure_stepping("hopper")

    own = {f"{kind} {physics}" for physics in ("exact", "fast") for kind in ("limit", "worlds 4", "worlds 8")}
    assert {row["what"] for row in quick.rates} == own | {"gymnasium 4", "gymnasium async 4"}
    assert "envpool" in quick.missing["envpool 4"]
    assert all(0 < row["min"] <= row["median"] <= row["max"] for row in quick.rates)
    assert {"worlds 8 fast ÷ limit fast", "worlds 4 exact ÷ gymnasium 4"} <= {row["what"] for row in quick.ratios}


@pytest.mark.parametrize("worlds", [0, 8, 16])
def test_stable_baselines_trains_in_its_own_and_in_our_worlds(worlds: int, monkeypatch) -> None:
    monkeypatch.setattr(cases, "_SB3_ROLLOUT", 512)
    work = cases.sb3_workload("invertedPendulum", worlds)

    assert [work(), work()] == [512, 512]


@pytest.mark.slow
def test_stable_baselines_trains_with_the_parameters_of_rl_zoo3() -> None:
    work = cases.sb3_zoo_workload("hopper")

    assert [work(), work()] == [4 * 512] * 2


def test_learning_profile_adds_up() -> None:
    spec = make_spec("invertedPendulum", "ppo", {"nEnvironments": 4, "nSteps": 4000, "nEpochs": 100})
    learning = cases.TrainingWorkload(spec, 2, "fast", threads=1)

    assert [learning() for _ in range(3)] == [2 * 40] * 3
    profile = learning.profile()
    assert set(profile) == {"physics", "acting", "learning", "other"}
    assert sum(profile.values()) == pytest.approx(1.0)
    assert profile["other"] < 0.5


def test_missing_library_is_reported() -> None:
    with pytest.raises(MissingError, match="no_such_library"):
        cases._import_library("no_such_library", "no-such-library")


def test_unknown_figure() -> None:
    with pytest.raises(UsageError, match="hopper"):
        Benchmark(Path(), ("hoper",))


@pytest.mark.process
def test_failing_program_is_reported() -> None:
    with pytest.raises(WorkError, match="no-such-command"):
        benchmark._run_gts(["no-such-command"])


def test_machine_and_versions_are_plain_data() -> None:
    facts = json.loads(json.dumps({**versions.machine_info(), **versions.package_versions(peers=True)}))
    assert facts["usable"] >= 1
    assert facts["processor"]
    assert {"python", "torch", "mujoco"} <= set(facts)


@pytest.mark.process
@pytest.mark.slow
def test_everything_once(tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(benchmark, "WORLD_COUNTS", (4,))
    for place, figure, epochs in ((benchmark.HOPPER_SPEC, "hopper", 500), (benchmark.PENDULUM_SPEC, "invertedPendulum", 10)):
        small = {"nEnvironments": 4, "nSteps": 20_000, "nEpochs": epochs, "nEvaluations": 1}
        (tmp_path / place).parent.mkdir()
        write_spec(tmp_path / place, make_spec(figure, "ppo", small))
    whole = Benchmark(tmp_path, ("invertedPendulum",), repetitions=1, quick=True, threads=1)
    heard = list(whole.run())
    report = whole.report()

    assert report["command"] == "gts bench --quick --repetitions 1 --figure invertedPendulum"
    assert {row["subject"] for row in report["ratios"]} == {"invertedPendulum", "hopper ppo"}
    assert [row["training"] for row in report["profile"]] == ["1 exact", "1 fast", "8 exact", "8 fast"]
    help_page, training = report["times"]
    assert training["median"] > help_page["median"] > 0
    assert training["score"] > 0
    assert report["missing"] == {}
    assert any("gts train" in line for line in heard)
    json.dumps(report, allow_nan=False)
