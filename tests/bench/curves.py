"""Draws the learning curves that `learning.py` has measured: a picture, and the same as text.

    python tests/bench/curves.py                     needs matplotlib for the picture

A point is an evaluation of the deterministic policy on exact physics during the training, of ten episodes unless the spec has
another number: the line is the interquartile mean over the seeds, the band its 95 % bootstrap interval (Agarwal et al. 2021). A
star marks the median of the best checkpoints in a test on other starts.

`results/curves.png` and `results/curves.md` are written.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import plotext
from numpy.typing import NDArray

from gts.params.figures import FIGURES
from gts.training.score import bootstrap_interval, interquartile_mean

RESULTS = Path(__file__).parent / "results" / "learning.json"
COLOURS = {"ppo": "tab:blue", "a2c": "tab:orange", "reinforce": "tab:green"}
MARKS = {"ppo": "●", "a2c": "○", "reinforce": "×"}
VARIANT_MARKS = {"ppo": "◆", "a2c": "◇", "reinforce": "+"}
ROOM = 0.3
"""For the legend, above the curves."""
SIZE = 100, 18
"""Columns and rows of a chart of text."""


def over_seeds(result: Mapping[str, Any]) -> tuple[NDArray[np.float64], ...]:
    """Steps, interquartile means, both ends of their intervals; (T,) each, T the tries that all seeds have made."""
    tries = min(len(curve) for curve in result["curves"])
    steps = np.array([step for step, _ in result["curves"][0][:tries]], dtype=np.float64)
    means = np.array([[mean for _, mean in curve[:tries]] for curve in result["curves"]])
    low, high = np.array([bootstrap_interval(column) for column in means.T]).T
    return steps, interquartile_mean(means.T), low, high


def picture(results: Mapping[str, Mapping[str, Any]], path: Path) -> None:
    """One panel a figure, one line a row."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    figures = _figures(results)
    canvas, panels = pyplot.subplots(-(-len(figures) // 3), 3, figsize=(13, 3.6 * -(-len(figures) // 3)), squeeze=False)
    for panel in panels.flat[len(figures) :]:
        panel.set_visible(False)
    for figure, panel in zip(figures, panels.flat, strict=False):
        for label, result in _of(results, figure):
            steps, middle, low, high = over_seeds(result)
            dashes = "--" if _variant(label, result) else "-"
            (line,) = panel.plot(steps / 1e6, middle, dashes, color=COLOURS[result["technique"]], label=label)
            panel.fill_between(steps / 1e6, low, high, color=line.get_color(), alpha=0.2, linewidth=0)
            best = statistics.median(score["mean"] for score in result["best"])
            panel.plot(result["steps"] / 1e6, best, "*", color=line.get_color())
        panel.set_title(figure)
        panel.set_xlabel("million steps")
        panel.set_ylabel("return")
        bottom, top = panel.get_ylim()
        panel.set_ylim(bottom, top + (top - bottom) * ROOM)
        panel.legend(fontsize=7, loc="upper left", ncols=2)
        panel.grid(alpha=0.3)
    canvas.tight_layout()
    canvas.savefig(path, dpi=90)


def text(results: Mapping[str, Mapping[str, Any]]) -> str:
    """The same as text, for terminals and for searching."""
    parts = ["# Learning curves", (__doc__ or "").split("\n\n")[2].strip(), "![Learning curves](curves.png)"]
    for figure in _figures(results):
        plotext.clear_figure()
        plotext.theme("clear")
        plotext.plotsize(*SIZE)
        for label, result in _of(results, figure):
            steps, middle, low, high = over_seeds(result)
            millions = (steps / 1e6).tolist()
            marks = VARIANT_MARKS if _variant(label, result) else MARKS
            plotext.plot(millions, middle.tolist(), marker=marks[result["technique"]], label=label)
            plotext.scatter(millions * 2, [*low.tolist(), *high.tolist()], marker="-")
        plotext.xlabel("million steps")
        chart = "\n".join(line.rstrip() for line in plotext.uncolorize(plotext.build()).splitlines())
        parts.append(f"## {figure}\n\n```\n{chart}\n```")
    return "\n\n".join(parts) + "\n"


def _variant(label: str, result: Mapping[str, Any]) -> bool:
    """Whether it is another way to do what a row beside it does; its line is dashed."""
    return bool(label != result["name"]) or label.endswith("White")


def _figures(results: Mapping[str, Mapping[str, Any]]) -> list[str]:
    return [figure for figure in FIGURES if any(result["figure"] == figure for result in results.values())]


def _of(results: Mapping[str, Mapping[str, Any]], figure: str) -> list[tuple[str, Mapping[str, Any]]]:
    """The rows of a figure; variants that are longer or shorter than what they vary are in the table alone."""
    return [
        (label, one)
        for label, one in results.items()
        if one["figure"] == figure and one["steps"] == results.get(one["name"], one)["steps"]
    ]


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("file", nargs="?", type=Path, default=RESULTS)
    path = parser.parse_args(arguments).file
    results = {label: row for label, row in json.loads(path.read_text(encoding="utf-8")).items() if row.get("curves")}
    picture(results, path.with_name("curves.png"))
    path.with_name("curves.md").write_text(text(results), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
