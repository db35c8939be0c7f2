"""Charts at the shell."""

from __future__ import annotations

from gts.commands.views.charts import render_learning_curve


def test_curve_skips_non_finite_points() -> None:
    rows = [{"step": step, "mean": float("nan") if step % 3 else step**0.5} for step in range(3000)]
    drawn = render_learning_curve(
        [*rows, {"step": None, "mean": 1.0}, {"step": 1.0, "mean": float("inf")}], width=60, height=10
    )
    assert drawn is not None
    assert len(drawn.plain.splitlines()) <= 11
    assert all(len(line) <= 60 for line in drawn.plain.splitlines())
    assert render_learning_curve(rows[:2]) is None
    assert render_learning_curve([]) is None
    assert render_learning_curve([{"step": 1, "mean": 5.0}, {"step": 2, "mean": 5.0}]) is not None
