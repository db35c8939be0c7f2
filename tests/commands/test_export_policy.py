"""`gts export` of policies: an ONNX runtime gives the same actions as GTS."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import onnxruntime
import pytest
import torch

from gts.agents.agent import make_agent
from gts.agents.onnx_policy import export_onnx_policy
from gts.agents.state import ActionScaler, AgentState, load_checkpoint
from gts.formats.checkpoint import read_checkpoint
from gts.params.techniques import TECHNIQUES
from gts.physics.worlds import Worlds

OBSERVATIONS = 1000
SIZE = 17
POLICIES = {"reinforce": "policy", "a2c": "actor", "ppo": "actor"}
ACTIVATIONS = ("tanh", "sigmoid", "ReLU", "leakyReLU", "ELU", "SiLU")


def make_state(technique: str, sizes: tuple[int, int], **params: object) -> AgentState:
    """Two members with actions beyond the range, and with different biases and statistics."""
    given = {"nEnvironments": 4, **params}
    seeds = [TECHNIQUES[technique].model_validate(given | {"seed": seed}) for seed in (1, 2)]
    state = make_agent(technique, seeds, *sizes).state
    generator = torch.Generator().manual_seed(5)
    stack = state.policy.net.stack
    stack.block += torch.randn(stack.block.shape, generator=generator) * 0.02
    with torch.no_grad():
        stack["output.weight"].mul_(25)
    state.observation_normaliser.update(torch.randn(2, 50, sizes[0], generator=generator) * 3 + 1)
    return state


def seen(size: int, far: int = 1) -> np.ndarray:
    """Random observations, a third of them scaled by `far`."""
    generator = np.random.default_rng(7)
    return generator.normal(0.3, 1, (OBSERVATIONS, size)) * generator.choice([1, 1, far], (OBSERVATIONS, 1))


def run(data: bytes, observations: np.ndarray) -> np.ndarray:
    session = onnxruntime.InferenceSession(data, providers=["CPUExecutionProvider"])
    assert [one.name for one in session.get_inputs()] == ["observation"]
    return session.run(["action"], {"observation": observations.astype(np.float32)})[0]


@pytest.mark.parametrize("technique", POLICIES)
@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize("normalised", [True, False])
def test_onnx_actions_equal_those_of_the_agent(technique: str, activation: str, normalised: bool) -> None:
    low, high = np.float32([-1, -0.4, 0]), np.float32([1, 0.4, 0.2])
    clip = activation != "ELU"
    params = {
        f"{POLICIES[technique]}.hiddenActivation": activation,
        f"{POLICIES[technique]}.deviation": "stateDependent" if technique == "ppo" else "learned",
        "normaliseObservations": normalised,
        "clipActions": clip,
    }
    state = make_state(technique, (SIZE, 3), **params)
    observations = seen(SIZE, far=15 if normalised else 1)
    unit = state.act(torch.from_numpy(np.stack([observations] * 2)))
    wanted = ActionScaler(low, high, clip=clip)(unit).reshape(2, OBSERVATIONS, -1)
    for member in range(2):
        found = run(export_onnx_policy(state, member, (low, high), {}), observations)
        assert found.dtype == np.float32
        assert np.abs(found - wanted[member]).max() < 1e-5
    furthest = np.abs(wanted).max()
    assert furthest == pytest.approx(1.0, abs=1e-6) if clip else furthest > 1.5
    assert np.abs(wanted[0] - wanted[1]).max() > 0.1


def test_networks_without_hidden_layers_are_exported() -> None:
    worlds = Worlds("hopper", 1)
    state = make_state("ppo", (11, 3), **{"actor.nHidden": 0})
    wanted = ActionScaler(worlds.action_low, worlds.action_high, clip=True)(
        state.act(torch.from_numpy(np.stack([seen(11)] * 2)))
    )
    found = run(export_onnx_policy(state, 1, (worlds.action_low, worlds.action_high), {}), seen(11))
    assert np.abs(found - wanted[OBSERVATIONS:]).max() < 1e-5


def test_exported_policy_has_metadata(gts, trained: Path, workspace: Path) -> None:
    checkpoint = trained / "out-seed1.checkpoint"
    data = gts("export", checkpoint, "policy.onnx", "--json").data
    assert (data["figure"], data["observations"], data["actions"]) == ("invertedPendulum", 4, 1)
    session = onnxruntime.InferenceSession("policy.onnx")
    facts = session.get_modelmeta().custom_metadata_map
    read = read_checkpoint(checkpoint)
    assert (facts["figure"], facts["technique"], facts["checksum"]) == ("invertedPendulum", "ppo", read.checksum)
    assert float(facts["seconds per action"]) == pytest.approx(0.04)
    worlds = Worlds("invertedPendulum", 1)
    state = make_agent("ppo", [read.spec.params], 4, 1).state
    load_checkpoint(state, 0, read, strict=False)
    observations = np.random.default_rng(1).normal(0, 0.5, (OBSERVATIONS, 4))
    wanted = ActionScaler(worlds.action_low, worlds.action_high, clip=True)(state.act(torch.from_numpy(observations[None])))
    found = session.run(None, {"observation": observations.astype(np.float32)})[0]
    assert np.abs(found - wanted).max() < 1e-5
    assert np.abs(wanted).max() > 0.01


def test_single_observation_is_a_batch() -> None:
    state = make_state("a2c", (4, 1))
    low, high = np.float32([-3]), np.float32([3])
    assert run(export_onnx_policy(state, 0, (low, high), {}), np.zeros((1, 4))).shape == (1, 1)


def test_onnx_export_needs_its_library(gts, trained: Path, workspace: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "onnx", None)
    outcome = gts("export", trained / "out-seed1.checkpoint", "policy.onnx")
    assert outcome.code == 3
    assert "gts[onnx]" in outcome.err
    assert not Path("policy.onnx").exists()
