"""Playback sessions on a simulated clock: real time, commands, loops and files."""

from __future__ import annotations

import numpy as np
import pytest

from gts.errors import UsageError
from gts.playback.playback_source import PlaybackFrame
from gts.playback.session import PlaybackRequest, PlaybackSession


class Counting:
    """Plays loops of ten steps at 50 per second, without falls."""

    fps = 50.0

    def __init__(self, request: PlaybackRequest, file: str) -> None:
        self.name, self.keep_on = file, request.keep_on
        self.loop, self.step = -1, 0
        self.model = self.data = None

    def restart(self) -> PlaybackFrame:
        self.loop, self.step = self.loop + 1, 0
        return self._frame()

    def advance(self) -> PlaybackFrame:
        self.step += 1
        return self._frame()

    def _frame(self) -> PlaybackFrame:
        nothing = np.zeros(0)
        ended = self.step == 10
        return PlaybackFrame(
            self.loop, self.step, self.step / 50, nothing, nothing, 0.0, {}, 0.0, 0.0, False, ended, nothing.reshape(0, 3)
        )


def make_session(**request) -> PlaybackSession:
    files = request.pop("files", ("a",))
    return PlaybackSession(PlaybackRequest(files, **request), 0.0, Counting)


def test_it_plays_in_its_time() -> None:
    one = make_session(loops=0)
    assert not one.tick(0.01) and one.frame.step == 0
    assert one.tick(0.021) and one.frame.step == 1
    for now in np.arange(0.03, 0.15, 0.01):
        one.tick(float(now))
    assert one.frame.step == 7


@pytest.mark.parametrize(("rate", "steps"), [(0.5, 2), (2.0, 9)])
def test_it_plays_faster_and_slower(rate: float, steps: int) -> None:
    one = make_session(loops=0, rate=rate)
    one.tick(0.0999)
    assert one.frame.step == steps


def test_long_delays_are_not_caught_up() -> None:
    one = make_session(loops=0, frames_per_loop=0)
    one.tick(1000.0)
    assert one.frame.loop == 0 and one.frame.step == 10


def test_loops_end_after_a_pause_and_the_session_after_the_last() -> None:
    one = make_session(loops=2)
    now, seen = 0.0, []
    while not one.is_finished and now < 10:
        now += 0.02
        one.tick(now)
        seen.append((one.frame.loop, one.frame.step))
    assert one.is_finished
    assert seen.count((0, 10)) > 20, "the last frame of a loop is held"
    assert {loop for loop, _ in seen} == {0, 1}


def test_files_follow_one_another_and_n_takes_the_next() -> None:
    one = make_session(files=("a", "b", "c"), loops=1)
    one.handle_command("next")
    assert one.playback.name == "b"
    now, names = 0.0, []
    while not one.is_finished and now < 10:
        now += 0.02
        one.tick(now)
        names.append(one.playback.name)
    assert one.is_finished and list(dict.fromkeys(names)) == ["b", "c"]
    endless = make_session(files=("a", "b"), loops=0)
    endless.handle_command("next")
    endless.handle_command("next")
    assert endless.playback.name == "a"
    alone = make_session()
    first = alone.playback
    alone.handle_command("next")
    assert alone.playback is first


def test_pause_stops_the_clock_and_step_makes_one_step() -> None:
    one = make_session(loops=0)
    one.handle_command("pause")
    assert not one.tick(0.1) and one.frame.step == 0
    one.handle_command("step")
    one.handle_command("step")
    assert one.frame.step == 2 and one.paused
    one.handle_command("pause")
    one.tick(0.15)
    assert one.frame.step == 4, "the time of the pause does not count"


def test_steps_go_on_into_the_next_loop() -> None:
    one = make_session(loops=0)
    for _ in range(11):
        one.handle_command("step")
    assert (one.frame.loop, one.frame.step) == (1, 0)


def test_other_keys() -> None:
    one = make_session(loops=0)
    one.tick(0.1)
    one.handle_command("restart")
    assert (one.frame.loop, one.frame.step) == (1, 0)
    one.handle_command("keep")
    assert one.playback.keep_on
    one.handle_command("keep")
    assert not one.playback.keep_on
    rates = []
    for word in ["faster"] * 4 + ["slower"] * 8:
        one.handle_command(word)
        rates.append(one.rate)
    assert rates == [2.0, 4.0, 8.0, 8.0, 4.0, 2.0, 1.0, 0.5, 0.25, 0.1, 0.1, 0.1]
    one.handle_command("dance")
    assert not one.is_finished
    one.handle_command("quit")
    assert one.is_finished and not one.tick(5.0)


def test_requests_survive_json() -> None:
    request = PlaybackRequest(("a b", "ü"), loops=0, seed=None, rate=0.5, follow=True)
    assert PlaybackRequest.from_json(request.as_json()) == request


def test_nothing_to_play() -> None:
    with pytest.raises(UsageError):
        make_session(files=())
