"""Scores against calculations by hand."""

import numpy as np
import pytest

from gts.training.score import Score, bootstrap_interval, cov_and_score, interquartile_mean, make_score


@pytest.mark.parametrize(
    ("mean", "deviation", "cov", "score"),
    [
        (100.0, 25.0, 0.25, 75.0),
        (100.0, 0.0, 0.0, 100.0),
        (100.0, 150.0, 1.5, -50.0),
        (-100.0, 25.0, 0.25, -75.0),
        (-100.0, 150.0, 1.5, -50.0),  # −100 × (1 − 1.5) would be +50: a high deviation must not improve a bad score
        (0.0, 3.0, 0.0, 0.0),
    ],
)
def test_the_score_is_the_mean_lowered_by_its_spread(mean, deviation, cov, score):
    assert cov_and_score(mean, deviation) == (cov, score)


def test_the_interquartile_mean_leaves_out_a_quarter_at_each_end():
    returns = np.array([1000.0, 2.0, 3.0, -1000.0, 5.0, 4.0, 77.0, 0.0])  # sorted: −1000 0 | 2 3 4 5 | 77 1000

    assert interquartile_mean(returns) == 3.5


def test_the_interval_covers_the_middle_and_narrows_with_more_episodes():
    draws = np.random.default_rng(3).normal(50.0, 10.0, size=400)
    low, high = bootstrap_interval(draws)
    few_low, few_high = bootstrap_interval(draws[:20])

    assert low < 50.0 < high
    assert few_high - few_low > 2 * (high - low)
    assert bootstrap_interval(draws) == (low, high)


def test_a_score_survives_json():
    score = make_score(
        np.array([1.0, 3.0]), np.array([10, 20]), np.array([True, False]), {"speed": [1.0, 2.0]}, {"forward": [0.5, 1.5]}
    )

    assert (score.mean, score.deviation, score.length, score.falls) == (2.0, 1.0, 15.0, 1)
    assert score.measures == {"speed": 1.5} and score.terms == {"forward": 1.0}
    assert Score.from_dict(score.as_dict()) == score
