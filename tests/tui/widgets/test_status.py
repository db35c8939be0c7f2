"""Symbols of states: the same in every mode and at the shell."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest

from gts.commands.views.formatting import JOB_STATE_SIGNS, TRIAL_STATE_SIGNS, job_state_text
from gts.jobs.states import STATE_NAMES
from gts.search.trial_records import TRIAL_STATES
from gts_tui.terminal import BRAILLE
from gts_tui.widgets import status

ASCII = replace(BRAILLE, level="ascii")


@pytest.fixture
def program(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setattr(status, "theme_style", lambda program, name: name)
    return SimpleNamespace(glyphs=ASCII)


def test_every_state_has_a_sign() -> None:
    assert set(JOB_STATE_SIGNS) == set(STATE_NAMES)
    assert set(TRIAL_STATE_SIGNS) == set(TRIAL_STATES)
    assert all(sign.ascii.isascii() and len(sign.symbol) == len(sign.ascii) == 1 for sign in JOB_STATE_SIGNS.values())


@pytest.mark.parametrize("state", STATE_NAMES)
def test_state_has_one_ascii_symbol_everywhere(state: str, program: Any) -> None:
    symbol = status.StatusStyles(ASCII).symbol(state)
    assert symbol == JOB_STATE_SIGNS[state].ascii
    assert status.state_sign(program, state).plain == symbol
    assert status.adapt_symbols(status.format_state(state), ASCII) == f"{symbol} {state}"


def test_stopping_is_a_hash_in_ascii(program: Any) -> None:
    assert status.state_text(program, "stopping").plain == "# stopping"
    assert job_state_text("stopping").plain == "■ stopping"


def test_unknown_state_is_a_space() -> None:
    assert status.StatusStyles().symbol("unheard of") == " "
    assert status.format_state("unheard of") == "unheard of"
