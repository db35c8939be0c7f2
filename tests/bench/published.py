"""Sets what `learning.py` has measured beside what others have published, for the same figures.

    python tests/bench/published.py             writes results/published.md
    python tests/bench/published.py --check     exit code 1 if it is not up to date

Every published number is held against GTS's best median over five seeds by the same technique after no more steps: the median
of the last checkpoints if the number is of a step, that of the best of ten if it is a maximum of any kind.
"""

from __future__ import annotations

import json
import statistics
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from gts.params.figures import FIGURES

RESULTS = Path(__file__).parent / "results" / "learning.json"
PAGE = RESULTS.with_name("published.md")
TECHNIQUES = ("ppo", "a2c", "reinforce")
PREFACE = """\
GTS: seeds 1 to 5 of the recommended specs and their variants, 100 deterministic episodes of the best of ten checkpoints (20
of the last one) on exact physics, which is that of Gymnasium's v5; medians over the seeds. A published number is held against
GTS's best row by the same technique after no more steps: a number of a step against the last checkpoints, a maximum against
the best ones; a technique that GTS does not have, against any row. GTS's pendulum pays a `speedPenalty`, its walker at 3 and
5 million steps costs for asymmetry and imbalance: these can only lower a return. GTS's REINFORCE has a learned baseline,
Tianshou's none, of which `hopperReinforceWhite` is the like. Versions of the figures differ: ant and humanoid of -v3, -v4 and
-v5 are not the same task. A – stands where GTS was not measured after so few steps. Written by `python
tests/bench/published.py`."""
STEPS_SLACK = 1.01
"""A million steps are cut to whole rollouts, by each in another way."""


@dataclass(frozen=True)
class Source:
    """A source of published numbers, with its protocol."""

    name: str
    kind: Literal["at", "best"]
    """Of a step, or the maximum over something."""
    protocol: str
    address: str


@dataclass(frozen=True)
class Number:
    """A mean return in a source."""

    source: Source
    technique: str
    figure: str
    steps: float
    """In millions."""
    value: float
    spread: float | None = None


TIANSHOU = Source(
    "Tianshou",
    "at",
    "mean of 10 seeds at that step, test episodes, ± over seeds; -v3, the pendulum -v2",
    "https://github.com/thu-ml/tianshou/tree/v0.5.0/examples/mujoco/benchmark",
)
TIANSHOU_BEST = Source(
    "Tianshou, its best",
    "best",
    "maximum over the curve of that mean",
    "https://github.com/thu-ml/tianshou/blob/v0.5.0/examples/mujoco/README.md",
)
ZOO = Source(
    "rl-zoo3",
    "at",
    "one run, deterministic, ± over episodes; -v3",
    "https://github.com/DLR-RM/rl-baselines3-zoo/blob/master/benchmark.md",
)
CLEANRL = Source(
    "CleanRL",
    "at",
    "3 seeds, the last 100 episodes of the training, with its noise; -v4",
    "https://github.com/vwxyzjn/cleanrl/tree/master/docs/benchmark",
)
SLM = Source(
    "SLM-Lab",
    "at",
    "4 sessions, moving average at the end; Gymnasium's v5",
    "https://github.com/kengz/SLM-Lab/blob/master/docs/BENCHMARKS.md",
)
SAMPLE_FACTORY = Source(
    "Sample Factory",
    "best",
    "the best model of a sweep, 10 episodes; -v4",
    "https://github.com/alex-petrenko/sample-factory/blob/master/docs/09-environment-integrations/mujoco.md",
)
RL_GAMES = Source(
    "rl_games",
    "best",
    "the best of one seed; Gymnasium's v5 in EnvPool",
    "https://github.com/Denys88/rl_games/blob/master/docs/ENVPOOL.md",
)
SPINNING_UP = Source(
    "Spinning Up",
    "best",
    "vanilla policy gradient, read off a graph by Tianshou's authors",
    "https://github.com/thu-ml/tianshou/blob/v0.5.0/examples/mujoco/README.md",
)
SIMBA = Source(
    "SimbaV2",
    "at",
    "10 seeds, two updates a step, deterministic, ± over seeds; -v4",
    "https://github.com/DAVIAN-Robotics/SimbaV2/tree/master/results",
)


def _row(source: Source, technique: str, steps: float, *cells: tuple[float, float | None] | float | None) -> tuple[Number, ...]:
    """The numbers of a source, in the order of `FIGURES`; None if missing."""
    found = []
    for figure, cell in zip(FIGURES, cells, strict=True):
        if cell is not None:
            value, spread = cell if isinstance(cell, tuple) else (cell, None)
            found.append(Number(source, technique, figure, steps, value, spread))
    return tuple(found)


# fmt: off
PUBLISHED: tuple[Number, ...] = (
    *_row(TIANSHOU, "ppo", 1, (824, 312), (2370, 696), (3494, 1025), (5780, 1268), (3258, 1079), (787, 194)),
    *_row(TIANSHOU, "ppo", 3, (935, 152), (2535, 647), (4564, 615), (7242, 1467), (3877, 878), (1347, 454)),
    *_row(TIANSHOU_BEST, "ppo", 1, 1000, (2609, 701), (3589, 757), (5784, 1244), (3258, 1079), (787, 194)),
    *_row(TIANSHOU_BEST, "ppo", 3, 1000, (3128, 413), (4896, 704), (7337, 1508), (4079, 880), (1360, 573)),
    *_row(ZOO, "ppo", 1, None, (2410, 10), (3479, 822), (5819, 664), (1327, 452), None),
    *_row(CLEANRL, "ppo", 1, (963, 22), (2383, 272), (2288, 572), (1443, 46), None, (716, 49)),
    *_row(SLM, "ppo", 10, None, None, 4379, 6241, 2138, 2661),
    *_row(SLM, "ppo", 4, None, 1654, None, None, None, None),
    *_row(SAMPLE_FACTORY, "ppo", 10, (1000, 0), (2793, 643), (5488, 49), (6263, 67), (5876, 167), (5439, 1314)),
    *_row(RL_GAMES, "ppo", 4.1, None, 3485, None, None, None, None),
    *_row(RL_GAMES, "ppo", 8.2, None, None, 5186, None, 4429, None),
    *_row(RL_GAMES, "ppo", 16.4, None, None, None, 1688, None, None),
    *_row(TIANSHOU, "a2c", 1, (997, 9), (1224, 340), (1219, 715), (1936, 1160), (3532, 355), (1766, 1235)),
    *_row(TIANSHOU, "a2c", 3, (980, 28), (1291, 337), (1658, 1154), (2360, 1377), (5064, 285), (5138, 459)),
    *_row(TIANSHOU_BEST, "a2c", 3, 1000, (1609, 530), (1805, 1056), (2377, 1364), (5237, 237), (5317, 555)),
    *_row(ZOO, "a2c", 1, None, (733, 377), (582, 128), (3041, 157), (-44, 63), None),
    *_row(ZOO, "a2c", 2, None, None, None, None, None, (388, 93)),
    *_row(TIANSHOU, "reinforce", 1, (932, 76), (390, 84), (354, 63), (512, 209), (173, 36), (393, 54)),
    *_row(TIANSHOU, "reinforce", 3, (999, 2), (367, 46), (377, 34), (883, 52), (383, 79), (399, 53)),
    *_row(TIANSHOU_BEST, "reinforce", 3, (999, 2), (396, 65), (412, 52), (884, 41), (475, 134), (438, 48)),
    *_row(SPINNING_UP, "reinforce", 3, None, 800, 460, 600, 5, None),
    *_row(TIANSHOU, "trpo", 3, (802, 397), (2461, 947), (4674, 1017), (5761, 680), (4773, 368), (4713, 616)),
    *_row(ZOO, "trpo", 1, None, (3618, 357), (4933, 1453), (1785, 69), (4982, 664), None),
    *_row(TIANSHOU, "td3", 1, (1000, 0), (3133, 772), (3842, 543), (10127, 692), (4911, 918), (5043, 286)),
    *_row(TIANSHOU, "sac", 1, (1000, 0), (3532, 43), (4961, 327), (12122, 1006), (5714, 369), (5416, 214)),
    *_row(SIMBA, "simba", 1, None, (4054, 192), (6938, 378), (12022, 584), (7429, 337), (10546, 537)),
)
# fmt: on
NAMES = {"ppo": "PPO", "a2c": "A2C", "reinforce": "REINFORCE", "trpo": "TRPO", "td3": "TD3", "sac": "SAC", "simba": "SimbaV2"}


@dataclass(frozen=True)
class Standing:
    """A published number and the row of GTS that it is held against."""

    number: Number
    label: str | None
    """None where GTS has no row by this technique after so few steps."""
    value: float = 0.0

    @property
    def behind(self) -> bool:
        return self.label is not None and round(self.value) < self.number.value


def standing(number: Number, results: Mapping[str, Mapping[str, Any]]) -> Standing:
    """GTS's best by the same technique, or by any where GTS has not this one, after no more steps."""
    which = "last" if number.source.kind == "at" else "best"
    found = [
        (statistics.median(score["mean"] for score in result[which]), label)
        for label, result in results.items()
        if result["figure"] == number.figure
        and (number.technique not in TECHNIQUES or result["technique"] == number.technique)
        and result["steps"] <= number.steps * 1e6 * STEPS_SLACK
    ]
    if not found:
        return Standing(number, None)
    value, label = max(found)
    return Standing(number, label, value)


def page(results: Mapping[str, Mapping[str, Any]]) -> str:
    """The whole page."""
    standings = [standing(number, results) for number in PUBLISHED]
    parts = ["# Beside published numbers", PREFACE, "## Where GTS is behind", _behind(standings)]
    for figure in FIGURES:
        parts += [f"## {figure}", _figure(figure, standings)]
    return "\n\n".join([*parts, "## Who, and by which protocol", _sources()]) + "\n"


def _behind(standings: Sequence[Standing]) -> str:
    behind = [each for each in standings if each.behind]
    same = [each for each in behind if each.number.technique in TECHNIQUES]
    others = [each for each in behind if each.number.technique not in TECHNIQUES]
    parts = []
    for title, found in (("By the same technique", same), ("Against techniques that GTS does not have", others)):
        parts += [f"{title}:", "\n".join(f"- {_told(each)}" for each in found) or "- nowhere"]
    return "\n\n".join(parts)


def _told(each: Standing) -> str:
    number = each.number
    who = f"{number.source.name} {number.value:g} at {number.steps:g} M"
    return f"{number.figure}, {NAMES[number.technique]}: {who}, GTS {each.value:.0f}"


def _figure(figure: str, standings: Sequence[Standing]) -> str:
    lines = ["| technique | who | steps | return | GTS after no more steps | row |", "|---|---|---|---|---|---|"]
    for each in standings:
        number = each.number
        if number.figure == figure:
            spread = "" if number.spread is None else f" ± {number.spread:g}"
            ours = "–" if each.label is None else f"{each.value:.0f}" + (", behind" if each.behind else "")
            cells = (NAMES[number.technique], number.source.name, f"{number.steps:g} M", f"{number.value:g}{spread}", ours)
            lines.append("| " + " | ".join((*cells, each.label or "–")) + " |")
    return "\n".join(lines)


def _sources() -> str:
    sources = dict.fromkeys(number.source for number in PUBLISHED)
    return "\n".join(f"- [{source.name}]({source.address}): {source.protocol}." for source in sources)


def main() -> int:
    text = page(json.loads(RESULTS.read_text(encoding="utf-8")))
    if "--check" in sys.argv[1:]:
        return int(not PAGE.is_file() or PAGE.read_text(encoding="utf-8") != text)
    PAGE.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
