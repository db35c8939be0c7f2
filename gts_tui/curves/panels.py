"""Which charts there are of trainings, in groups, and which of them stand on a page."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

EVALUATED = "evaluated"
"""The mean return of test episodes, which is no metric of a round."""

_GROUPS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("learning", ("return", EVALUATED, "length", "speed", "falls", "episodes")),
    ("rewards", ("reward/",)),
    ("losses", ("value_loss", "policy_loss", "explained_variance")),
    ("policy", ("kl", "entropy", "clip_fraction", "learning_rate", "actor_gradient", "critic_gradient")),
    ("pace", ("steps_per_second", "seconds/")),
    ("other", ("",)),
)
_TOGETHER = {"reward/": "reward terms", "seconds/": "seconds a round"}
"""Metrics that are shown in one chart where there is one training; else each has its own."""

_TITLES = {
    EVALUATED: "evaluated return",
    "length": "length, steps",
    "speed": "speed, m/s",
    "entropy": "entropy, nats",
    "steps_per_second": "steps/s",
}


@dataclass(frozen=True)
class Panel:
    """One chart."""

    key: str
    """What it is remembered by."""
    title: str
    group: str
    names: tuple[str, ...]
    """The metrics in it; several only of one training."""


@dataclass(frozen=True)
class Page:
    """What is on the screen together."""

    group: str
    number: int
    """Of the pages of its group, from 1."""
    pages: int
    panels: tuple[Panel, ...]


def panels_of(names: Collection[str], runs: int) -> tuple[Panel, ...]:
    """The charts of metrics, in the order of their groups."""
    left, found = dict.fromkeys(sorted(names)), []
    for group, beginnings in _GROUPS:
        for beginning in beginnings:
            family = beginning.endswith("/") or not beginning
            mine = [name for name in left if (name.startswith(beginning) if family else name == beginning)]
            for name in mine:
                del left[name]
            if runs == 1 and len(mine) > 1 and beginning in _TOGETHER:
                found.append(Panel(beginning, _TOGETHER[beginning], group, tuple(mine)))
            if runs > 1 or beginning != "seconds/" or len(mine) == 1:
                found += [Panel(name, title_of(name), group, (name,)) for name in mine]
    return tuple(found)


def pages_of(panels: Sequence[Panel], pinned: Collection[str], places: int) -> tuple[Page, ...]:
    """Panels as pages of a number of places each; those that are pinned come first on every page."""
    kept = [panel for panel in panels if panel.key in pinned][: max(0, places - 1)]
    held = {panel.key for panel in kept}
    rest = max(1, places - len(kept))
    pages = []
    for group in dict.fromkeys(panel.group for panel in panels):
        mine = [panel for panel in panels if panel.group == group and panel.key not in held]
        cuts = [mine[at : at + rest] for at in range(0, len(mine), rest)]
        pages += [Page(group, number, len(cuts), (*kept, *cut)) for number, cut in enumerate(cuts, start=1)]
    return tuple(pages) or ((Page(kept[0].group, 1, 1, tuple(kept)),) if kept else ())


def title_of(name: str) -> str:
    """A metric in words."""
    for beginning in _TOGETHER:
        if name.startswith(beginning):
            return f"{name.removeprefix(beginning)} {beginning.removesuffix('/')}"
    return _TITLES.get(name, name.replace("_", " "))
