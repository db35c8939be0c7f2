"""Formatting of numbers and durations."""

import pytest

from gts.commands.views.formatting import format_duration, format_integer, format_number, format_short


@pytest.mark.parametrize(
    ("value", "words"),
    [(0, "0"), (12.34, "12.3"), (999.4, "999"), (999.96, "1k"), (1_250_000, "1.25M"), (999_936, "1M"), (-999_936, "-1M")],
)
def test_short_numbers_use_the_suffix_after_rounding(value: float, words: str) -> None:
    assert format_short(value) == words


def test_integers_group_thousands() -> None:
    assert format_integer(1_000_000) == "1 000 000"


@pytest.mark.parametrize(
    ("value", "words"),
    [(None, "–"), (True, "true"), (12345, "12345"), (0.0, "0"), (0.5, "0.5"), (1234.56, "1234.6"), (1.234e-7, "1.23e-07")],
)
def test_values_have_four_significant_digits(value: object, words: str) -> None:
    assert format_number(value) == words


@pytest.mark.parametrize(
    ("seconds", "words"), [(3.14, "3.1 s"), (59.4, "59 s"), (59.9, "1 min 0 s"), (192, "3 min 12 s"), (7260, "2 h 1 min")]
)
def test_durations(seconds: float, words: str) -> None:
    assert format_duration(seconds) == words
