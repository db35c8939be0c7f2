"""The loop makes the same physics steps as worlds."""

from __future__ import annotations

import mujoco
import numpy as np
import pytest

from gts.bench.mujoco_loop import MujocoLoop, record_trace
from gts.params.figures import FIGURES
from gts.physics.worlds import Worlds


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("physics", ["exact", "fast"])
@pytest.mark.parametrize("figure", FIGURES)
def test_ends_where_the_worlds_end(figure, physics, threads) -> None:
    worlds = Worlds(figure, 8, threads=threads, physics=physics)
    trace = record_trace(worlds, n_segments=12, length=4)
    loop = MujocoLoop(worlds.frame.model, trace, threads=threads)
    assert loop.run() == trace.n_steps == 4 * len(trace.states) >= 48

    again = Worlds(figure, len(trace.states), threads=threads, physics=physics)
    again.reset(range(again.n_worlds))
    again.set_state(None, again.get_state() | {"rows": trace.states})
    for action in trace.controls.swapaxes(0, 1)[:: worlds.figure.frame_skip]:
        transition = again.step(action.astype(np.float32))
        assert not (transition.terminated | transition.truncated).any()

    size = mujoco.mj_stateSize(worlds.frame.model, mujoco.mjtState.mjSTATE_FULLPHYSICS)
    # Time, positions and velocities are the first part of both kinds of state rows.
    motion = 1 + worlds.frame.model.nq + worlds.frame.model.nv
    assert motion <= size
    assert np.array_equal(loop.final_states[:, 1:motion], again.get_state()["rows"][:, 1:motion])


def test_segments_have_their_own_actions() -> None:
    trace = record_trace(Worlds("hopper", 4), n_segments=8, length=3, seed=5)
    other = record_trace(Worlds("hopper", 4), n_segments=8, length=3, seed=6)
    assert trace.controls.shape[1:] == (3 * 4, 3)
    assert np.abs(trace.controls).max() <= 1
    assert not np.array_equal(trace.controls[:8], other.controls[:8])
    held = trace.controls.reshape(len(trace.controls), 3, 4, 3)
    assert np.array_equal(held, np.repeat(held[:, :, :1], 4, axis=2))
