"""The physical limit: MuJoCo alone, in C, on the same number of threads.

Worlds also compute observations, rewards, ends of episodes and resets. The cost of these is measured against a loop of
`mj_step` through the same states: short segments of episodes with random actions, none with the end of an episode, are recorded
once, and every run steps all segments from their first states. `mujoco.rollout` steps them in C on a thread pool, with one
MjData per thread and without returning to Python.
"""

from __future__ import annotations

from dataclasses import dataclass

import mujoco
import mujoco.rollout
import numpy as np
from numpy.typing import NDArray

from gts.params.techniques import Physics
from gts.physics.worlds import Worlds

_FULL = int(mujoco.mjtState.mjSTATE_FULLPHYSICS)
_INTEGRATION = int(mujoco.mjtState.mjSTATE_INTEGRATION)
_WARMSTART = int(mujoco.mjtState.mjSTATE_WARMSTART)


@dataclass(frozen=True)
class ActionTrace:
    """Segments of episodes: S first states, each with the actions of the next L control steps."""

    states: NDArray[np.float64]
    """(S, integration state)"""
    controls: NDArray[np.float64]
    """(S, L × frame skip, A): the action of each control step, repeated over its substeps."""
    n_steps: int
    """Control steps of all segments, S × L."""


def record_trace(worlds: Worlds, *, n_segments: int = 512, length: int = 8, seed: int = 0) -> ActionTrace:
    """Step worlds with random actions and record at least `n_segments` segments without the end of an episode."""
    generator = np.random.default_rng(seed)
    worlds.reset(range(worlds.n_worlds))
    ids = np.arange(worlds.n_worlds)
    states: list[NDArray[np.float64]] = []
    controls: list[NDArray[np.float64]] = []
    while sum(map(len, states)) < n_segments:
        before = worlds.get_state(ids)["rows"]
        is_unbroken = np.ones(worlds.n_worlds, dtype=np.bool_)
        shape = (length, worlds.n_worlds, worlds.action_size)
        actions = generator.uniform(worlds.action_low, worlds.action_high, shape).astype(np.float32)
        for action in actions:
            transition = worlds.step(action)
            is_unbroken &= ~(transition.terminated | transition.truncated)
        repeated = np.repeat(actions.swapaxes(0, 1), worlds.figure.frame_skip, axis=1)
        states.append(before[is_unbroken])
        controls.append(repeated[is_unbroken].astype(np.float64))
    all_states = np.concatenate(states)
    return ActionTrace(all_states, np.concatenate(controls), len(all_states) * length)


class MujocoLoop:
    """`mj_step` over a trace, and nothing else."""

    def __init__(self, model: mujoco.MjModel, trace: ActionTrace, *, threads: int) -> None:
        self._trace = trace
        self._models = [model] * len(trace.states)
        self._data = [mujoco.MjData(model) for _ in range(threads)]
        # nthread does not count the calling thread: with 0 it does the work itself.
        self._rollout = mujoco.rollout.Rollout(nthread=threads if threads > 1 else 0)
        self._start_states = _extract_states(model, trace.states, _FULL)
        self._warmstart = _extract_states(model, trace.states, _WARMSTART)
        n, substeps = trace.controls.shape[:2]
        self._states = np.empty((n, substeps, self._start_states.shape[1]))
        self._sensors = np.empty((n, substeps, model.nsensordata))

    def run(self) -> int:
        """Step every segment once; returns the number of control steps."""
        self._rollout.rollout(
            self._models,
            self._data,
            self._start_states,
            self._trace.controls,
            skip_checks=True,
            nstep=self._trace.controls.shape[1],
            initial_warmstart=self._warmstart,
            state=self._states,
            sensordata=self._sensors,
        )
        return self._trace.n_steps

    @property
    def final_states(self) -> NDArray[np.float64]:
        """Full physics states (S, ·) after the last substep of the latest run."""
        return self._states[:, -1]


def make_mujoco_loop(figure: str, *, physics: Physics, threads: int, worlds: int = 64) -> MujocoLoop:
    """Make the loop over a trace of a figure."""
    recording = Worlds(figure, worlds, threads=threads, physics=physics)
    return MujocoLoop(recording.frame.model, record_trace(recording), threads=threads)


def _extract_states(model: mujoco.MjModel, states: NDArray[np.float64], part: int) -> NDArray[np.float64]:
    """A part of integration states: (S, integration state) → (S, part)."""
    result = np.empty((len(states), mujoco.mj_stateSize(model, part)))
    for row, state in zip(result, states, strict=True):
        mujoco.mj_extractState(model, state, _INTEGRATION, row, part)
    return result
