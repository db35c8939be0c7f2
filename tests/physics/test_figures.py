"""Properties of all figures, and the registration of another one."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from gts.errors import MissingError, UsageError, WorkError
from gts.params.figures import FIGURES, FigureDeclaration, RewardParameter
from gts.physics import measures, rewards
from gts.physics.figure import Figure
from gts.physics.figures import get_figure, register_figure
from gts.physics.frame import PhysicsFrame
from gts.physics.rewards import RewardTerm
from gts.physics.streams import ResetNoise, ResetSampler, make_streams, pack_streams, unpack_streams
from gts.physics.worlds import Worlds

Actions = Callable[..., NDArray[np.float32]]

SLED = """
<mujoco>
  <option timestep="0.01"/>
  <worldbody>
    <body><joint name="slide" type="slide" axis="1 0 0"/><geom type="box" size=".1 .1 .1" mass="2"/></body>
  </worldbody>
  <actuator><motor joint="slide" gear="4" ctrllimited="true" ctrlrange="-1 1"/></actuator>
</mujoco>
"""


def test_observations_vary(figure: str, random_actions: Actions) -> None:
    """Every element of an observation varies, except for constant properties of bodies."""
    worlds = Worlds(figure, 16, autoreset=False)
    seen = [worlds.reset(range(16))]
    assert seen[0].shape == (16, worlds.observation_size)
    assert len(np.unique(seen[0], axis=0)) == 16
    seen += [worlds.step(actions).observations for actions in random_actions(worlds, 20)]
    varying = np.ptp(np.concatenate(seen), axis=0) > 0
    # The humanoid observes masses, and inertias and forces of bodies that touch nothing; the ant forces likewise.
    least = {"humanoid": 0.6, "ant": 0.2}.get(figure, 1.0)
    assert varying.mean() >= least
    assert np.isfinite(np.concatenate(seen)).all()


def test_measures_have_their_definitions(figure: str, random_actions: Actions) -> None:
    """Speed is distance ÷ time, heights are above the ground, fractions lie between 0 and 1."""
    worlds = Worlds(figure, 6, max_episode_length=40, all_measures=True)
    worlds.reset(range(6))
    found = 0
    for actions in random_actions(worlds, 80, reach=0.5):
        episodes = worlds.step(actions).episodes
        if episodes is None:
            continue
        found += len(episodes.ids)
        values = episodes.measures
        assert np.array_equal(values["fall"], episodes.fell.astype(float))
        assert ((values["effort"] > 0) & (values["effort"] <= (0.5 * worlds.action_high.max()) ** 2)).all()
        if figure == "invertedPendulum":
            assert ((values["angle"] > 0) & (values["angle"] < 0.2)).all()
            assert (values["cartSpeed"] > 0).all()
            continue
        assert np.allclose(values["speed"] * episodes.lengths * worlds.dt, values["distance"])
        tallest = {"hopper": 1.35, "walker": 1.35, "halfCheetah": 1.0, "ant": 1.0, "humanoid": 1.5}[figure]
        assert ((values["height"] > 0.3 * tallest) & (values["height"] < tallest)).all()
        if "symmetry" in values:
            assert ((values["symmetry"] >= 0) & (values["symmetry"] <= 1)).all()
            assert ((values["balance"] >= 0) & (values["balance"] <= 1)).all()
        if "alternation" in values:
            assert ((values["alternation"] >= 0) & (values["alternation"] <= 1)).all()
    assert found >= 6
    assert ("symmetry" in worlds.measure_names) == (figure in ("walker", "ant", "humanoid"))
    assert ("alternation" in worlds.measure_names) == (figure in ("walker", "humanoid"))


def test_distance_is_forward_displacement() -> None:
    """A half cheetah with an initial speed of 10 m/s has a positive distance."""
    worlds = Worlds("halfCheetah", 1, max_episode_length=2)
    worlds.reset([0])
    state = worlds.get_state()
    state["rows"][0, 1 + 9] = 10.0
    worlds.set_state(None, state)
    worlds.step(np.zeros((1, 6), np.float32))
    episodes = worlds.step(np.zeros((1, 6), np.float32)).episodes
    assert episodes is not None
    assert episodes.measures["distance"][0] == pytest.approx(1.0, abs=0.2)
    assert episodes.measures["speed"][0] == pytest.approx(10.0, abs=2.0)


def test_mirrored_legs_are_symmetric() -> None:
    """A walker with equal movements of both legs has symmetry 1; with one driven leg it has less."""
    worlds = Worlds("walker", 2, max_episode_length=15)
    worlds.reset([0, 0])
    state = worlds.get_state()
    for first in (1, 10):
        state["rows"][:, first + 6 : first + 9] = state["rows"][:, first + 3 : first + 6]
    worlds.set_state(None, state)
    actions = np.full((2, 6), 0.5, np.float32)
    actions[1, 3:] = 0.0
    transition = [worlds.step(actions) for _ in range(15)][-1]
    assert transition.episodes is not None
    symmetry = transition.episodes.measures["symmetry"]
    assert symmetry[0] == pytest.approx(1.0, abs=1e-6)
    assert symmetry[1] < 0.8


def test_a_figure_on_one_leg_is_out_of_balance() -> None:
    """A walker with one foot lifted has less balance than one on both feet."""
    worlds = Worlds("walker", 2, max_episode_length=5, all_measures=True)
    worlds.reset([0, 0])
    state = worlds.get_state()
    position, velocity = 1, 1 + 9
    state["rows"][:, position : position + 9] = [0.0, 1.205, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0]
    state["rows"][:, velocity : velocity + 9] = 0.0
    state["rows"][1, position + 7] = -1.5
    worlds.set_state(None, state)
    transition = [worlds.step(np.zeros((2, 6), np.float32)) for _ in range(5)][-1]
    assert transition.episodes is not None
    both, one = transition.episodes.measures["balance"]
    assert both == 1.0
    assert one < 0.1


def test_training_does_without_measures_that_read_fields() -> None:
    assert "balance" not in Worlds("walker", 1).measure_names
    assert "balance" in Worlds("walker", 1, all_measures=True).measure_names


def _sled(path: Path) -> Figure:
    def observe(frame: PhysicsFrame) -> NDArray[np.float64]:
        return frame.motion.copy()

    def position(frame: PhysicsFrame) -> NDArray[np.float64]:
        return frame.qpos[:, 0]

    weights = (RewardParameter("forwardRewardWeight", 1.0, "."), RewardParameter("minimumSpeed", 0.0, "."))
    return Figure(
        declaration=FigureDeclaration("sled", "Sled", "", "a box on a rail", weights),
        model_file=str(path),
        frame_skip=5,
        observe=observe,
        position=position,
        reset_noise=ResetNoise(position=0.5, velocity=0.1),
        terms=(RewardTerm("forward", "bonus", rewards.forward_speed, "forwardRewardWeight", ("minimumSpeed",)),),
        measures=(measures.speed(), measures.distance()),
    )


def test_any_model_file_can_be_a_figure(tmp_path: Path) -> None:
    """A model file and a declaration suffice: 4 N on 2 kg for 1 s add 2 m/s."""
    path = tmp_path / "sled.xml"
    path.write_text(SLED)
    sled = register_figure(_sled(path))
    assert get_figure("sled") is sled
    worlds = Worlds("sled", 2, threads=2, max_episode_length=20)
    starts = worlds.reset([1, 2])
    assert (np.abs(starts[:, 0]) <= 0.5).all()
    assert (np.abs(starts[:, 1]) <= 0.1).all()
    transition = [worlds.step(np.ones((2, 1), np.float32)) for _ in range(20)][-1]
    assert np.allclose(transition.final_observations[:, 1] - starts[:, 1], 2.0, atol=0.05)
    assert transition.episodes is not None
    assert np.allclose(transition.episodes.measures["speed"], starts[:, 1] + 1.0, atol=0.05)
    with pytest.raises(UsageError, match="registered already"):
        register_figure(replace(sled))


def test_names_are_taken_once() -> None:
    """A figure cannot replace another one by accident."""
    with pytest.raises(UsageError, match='"hopper" is registered already'):
        register_figure(get_figure("hopper"))
    assert all(get_figure(name).name == name for name in FIGURES)


def test_a_model_that_cannot_be_loaded_is_an_error(tmp_path: Path) -> None:
    """Missing file, invalid model, control of an unknown joint."""
    with pytest.raises(MissingError, match="there is no model file"):
        Worlds(_sled(tmp_path / "none.xml"), 1)
    broken = tmp_path / "broken.xml"
    broken.write_text(SLED.replace('joint="slide"', 'joint="none"'))
    with pytest.raises(WorkError, match="cannot compile"):
        Worlds(_sled(broken), 1)


def test_fast_and_slow_draws_of_starts_are_equal() -> None:
    """Positions first, then velocities, from one stream, for every kind and size of noise."""
    for noise in (ResetNoise(0.3, 0.3), ResetNoise(0.1, 0.4), ResetNoise(0.1, 0.2, "normal")):
        source = ResetSampler(noise, 5, 3)
        (expected,) = make_streams([4])
        positions = expected.uniform(-noise.position, noise.position, 5)
        if noise.velocity_kind == "normal":
            velocities = noise.velocity * expected.standard_normal(3)
        else:
            velocities = expected.uniform(-noise.velocity, noise.velocity, 3)
        assert np.array_equal(source.sample(make_streams([4]))[0], np.concatenate([positions, velocities]))
        source._scales_random = False
        assert np.array_equal(source.sample(make_streams([4]))[0], np.concatenate([positions, velocities]))


def test_streams_are_stored_whole() -> None:
    """Including a buffered half of a 64-bit word."""
    streams = make_streams([1, 2**40])
    for stream in streams:
        stream.integers(0, 100, dtype=np.int32)
    copies = unpack_streams(pack_streams(streams))
    for stream, copy in zip(streams, copies, strict=True):
        assert stream.integers(0, 2**31, 5, dtype=np.int32).tolist() == copy.integers(0, 2**31, 5, dtype=np.int32).tolist()
        assert stream.random() == copy.random()


@pytest.mark.process
def test_worlds_are_silent_and_leave_no_log(tmp_path: Path) -> None:
    """MuJoCo warns of an old attribute in the half cheetah's file, and of divergence: neither file nor console gets it."""
    program = (
        "import numpy as np\n"
        "from gts.physics.worlds import Worlds\n"
        "worlds = Worlds('halfCheetah', 2)\n"
        "worlds.reset([0, 1])\n"
        "assert worlds.step(np.full((2, 6), np.nan, np.float32)).diverged.all()\n"
        "import sys\n"
        "assert 'gymnasium' not in sys.modules and 'torch' not in sys.modules\n"
    )
    result = subprocess.run([sys.executable, "-c", program], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (result.returncode, result.stdout, result.stderr) == (0, "", "")
    assert list(tmp_path.iterdir()) == []
