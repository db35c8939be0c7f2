"""The state of an agent: networks, optimisers, normalisers and random streams of P members, as checkpoints store them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from gts.data.normaliser import ObservationNormaliser, RewardScaler, RunningMeanStd
from gts.data.streams import MemberStreams
from gts.errors import FileError
from gts.formats.checkpoint import Checkpoint
from gts.nets.adam import Adam
from gts.nets.gaussian import GaussianPolicy
from gts.nets.mlp import Mlp, MlpConfig
from gts.nets.stack import DEVICE, DTYPE, add_prefix, strip_prefix
from gts.params.techniques import TechniqueParams


def stack_param(params: Sequence[TechniqueParams], name: str) -> Tensor:
    """One parameter of all members, (P, 1)."""
    return torch.tensor([[float(getattr(member, name))] for member in params], device=DEVICE, dtype=DTYPE)


def make_mlp_config(params: TechniqueParams, network: str) -> MlpConfig:
    """Configuration of a network from its parameters, `actor_n_hidden`, `actor_hidden_size`, …"""
    initialised_like = "policy" if network == "baseline" else network  # a baseline is initialised like its policy
    return MlpConfig(
        getattr(params, f"{network}_n_hidden"),
        getattr(params, f"{network}_hidden_size"),
        getattr(params, f"{network}_hidden_activation"),
        getattr(params, f"{initialised_like}_initialisation"),
    )


class AgentState:
    """Policies, value networks, and their optimisers, normalisers and random streams."""

    def __init__(
        self, params: Sequence[TechniqueParams], observation_size: int, action_size: int, network_names: tuple[str, str | None]
    ) -> None:
        """`network_names`: prefixes of the policy and the value network in specs and checkpoints; None for no value network."""
        shared = params[0]
        policy_name, value_name = network_names
        self.network_names = network_names
        self.params = tuple(params)
        self.observation_size = observation_size
        self.action_size = action_size
        self.random_streams = MemberStreams([member.seed for member in params])
        std_kind = getattr(shared, f"{policy_name}_deviation")
        std_spread = getattr(shared, f"{policy_name}_variance_scale_delta", 0.0)
        n_environments = shared.n_environments if std_kind == "fixed" and std_spread else 1
        self.policy = GaussianPolicy(
            len(params), observation_size, action_size, make_mlp_config(shared, policy_name), std_kind, n_environments
        )
        self.policy.initialise(self.random_streams.networks, self._initial_std(policy_name, n_environments))
        self.policy_optimiser = Adam(self.policy.net.stack)
        self.value = (
            Mlp(len(params), observation_size, make_mlp_config(shared, value_name), {"output": 1}) if value_name else None
        )
        self.value_optimiser = Adam(self.value.stack) if self.value else None
        if self.value:
            self.value.initialise(self.random_streams.networks, {"output": 1.0})
        self.observation_normaliser = ObservationNormaliser(
            len(params), observation_size, enabled=shared.normalise_observations
        )
        self.reward_scaler = RewardScaler(len(params), shared.n_environments, enabled=shared.scale_rewards)
        self.return_statistics = RunningMeanStd(len(params), 1)
        self.max_grad_norm = stack_param(params, "max_gradient_norm")
        self._final_fraction = stack_param(params, "final_fraction")

    @property
    def n_members(self) -> int:
        """P"""
        return len(self.params)

    def _initial_std(self, policy_name: str, n_environments: int) -> Tensor:
        """Initial standard deviations of unit actions, as a part of their range of 2. (P,) or (P, N, A)"""
        scale = 2.0 * stack_param(self.params, f"{policy_name}_variance_scale")[:, 0]
        if n_environments == 1:
            return scale
        std_spread = stack_param(self.params, f"{policy_name}_variance_scale_delta")[:, :, None]
        draws = torch.stack(
            [torch.rand(n_environments, self.action_size, generator=generator) for generator in self.random_streams.networks]
        )
        return scale[:, None, None] * (1.0 + std_spread * (2.0 * draws - 1.0))

    @torch.inference_mode()
    def sample(self, observations: Tensor, noise: Tensor) -> Tensor:
        """Exploring unit actions. (P, N, O), (P, N, A) → (P, N, A)"""
        return self.policy.sample(self.observation_normaliser(observations), noise)

    @torch.inference_mode()
    def act(self, observations: Tensor) -> Tensor:
        """Deterministic unit actions. (P, N, O) → (P, N, A)"""
        return self.policy.mean(self.observation_normaliser(observations))

    def values(self, observations: Tensor) -> Tensor:
        """V of raw observations. (P, B, O) → (P, B)"""
        return self.values_of_normalised(self.observation_normaliser(observations))

    def values_of_normalised(self, observations: Tensor) -> Tensor:
        """V of normalised observations. (P, B, O) → (P, B)"""
        assert self.value is not None
        return self.value(observations).squeeze(-1)

    def policy_step(self, loss: Tensor, learning_rate: Tensor, active: Tensor) -> Tensor:
        """One optimiser step of the policies. (P,), (P, 1), (P, 1) → gradient norms (P,)"""
        return _optimiser_step(self.policy.net, self.policy_optimiser, loss, learning_rate, self.max_grad_norm, active)

    def value_step(self, loss: Tensor, learning_rate: Tensor, active: Tensor) -> Tensor:
        """One optimiser step of the value networks. (P,), (P, 1), (P, 1) → gradient norms (P,)"""
        assert self.value is not None and self.value_optimiser is not None
        return _optimiser_step(self.value, self.value_optimiser, loss, learning_rate, self.max_grad_norm, active)

    def annealed(self, initial_value: Tensor, schedule: str, progress: Tensor) -> Tensor:
        """Learning rates at `progress` (0 to 1) of each member's training. (P, 1), (P, 1) → (P, 1)"""
        if schedule == "constant":
            return initial_value
        return initial_value * (1.0 - progress * (1.0 - self._final_fraction))

    def finite_members(self) -> Tensor:
        """Members with only finite numbers in their networks, (P,) bool."""
        policy = self.policy.net.stack.finite_members()
        return policy & self.value.stack.finite_members() if self.value else policy

    def state_dict(self, member: int) -> dict[str, NDArray[Any]]:
        """Arrays of one member by their names in a checkpoint."""
        policy_name, value_name = self.network_names
        arrays = add_prefix(f"{policy_name}.", self.policy.state_dict(member))
        arrays |= add_prefix(f"{policy_name}.adam.", self.policy_optimiser.state_dict(member))
        if self.value is not None and self.value_optimiser is not None:
            arrays |= add_prefix(f"{value_name}.", self.value.state_dict(member))
            arrays |= add_prefix(f"{value_name}.adam.", self.value_optimiser.state_dict(member))
        arrays |= add_prefix("observations.", self.observation_normaliser.statistics.state_dict(member))
        arrays |= add_prefix("returns.", self.reward_scaler.statistics.state_dict(member))
        arrays |= add_prefix("returnsSeen.", self.return_statistics.state_dict(member))
        arrays["returns.running"] = self.reward_scaler.running_returns[member].numpy().copy()
        return arrays | add_prefix("streams.", self.random_streams.state_dict(member))

    def load_state_dict(self, member: int, tensors: Mapping[str, NDArray[Any]], *, strict: bool) -> None:
        """Load one member from the tensors of a checkpoint.

        `strict` continues the same training: it also loads random streams and running returns, and needs every tensor.
        Otherwise optimisers and normalisers are loaded if present. Raises KeyError for a missing tensor, ValueError for a
        shape that does not fit.
        """
        policy_name, value_name = self.network_names
        self.policy.load_state_dict(member, strip_prefix(tensors, f"{policy_name}."))
        optimisers = [(policy_name, self.policy_optimiser)]
        if self.value is not None and self.value_optimiser is not None:
            if strict or f"{value_name}.output.weight" in tensors:
                self.value.stack.load_state_dict(member, strip_prefix(tensors, f"{value_name}."))
            optimisers.append((str(value_name), self.value_optimiser))
        for name, optimiser in optimisers:
            if strict or f"{name}.adam.steps" in tensors:
                optimiser.load_state_dict(member, strip_prefix(tensors, f"{name}.adam."))
        if self.observation_normaliser.enabled and (strict or "observations.mean" in tensors):
            self.observation_normaliser.load_state_dict(member, strip_prefix(tensors, "observations."))
        if self.reward_scaler.enabled and (strict or "returns.mean" in tensors):
            self.reward_scaler.statistics.load_state_dict(member, strip_prefix(tensors, "returns."))
        if strict:
            self.reward_scaler.running_returns[member] = torch.from_numpy(tensors["returns.running"].copy())
            self.return_statistics.load_state_dict(member, strip_prefix(tensors, "returnsSeen."))
            self.random_streams.load_state_dict(member, strip_prefix(tensors, "streams."))


def _optimiser_step(
    net: Mlp, optimiser: Adam, loss: Tensor, learning_rate: Tensor, max_grad_norm: Tensor, active: Tensor
) -> Tensor:
    net.stack.compute_gradients(loss)
    return optimiser.step(learning_rate, max_grad_norm, active)


def load_checkpoint(state: AgentState, member: int, checkpoint: Checkpoint, *, strict: bool) -> None:
    """Load a checkpoint into a member; raises FileError where tensors are missing or do not fit."""
    try:
        state.load_state_dict(member, checkpoint.tensors, strict=strict)
    except KeyError as error:
        raise FileError(f"the checkpoint lacks the tensor {error}", hint="the file may be incomplete or not of GTS") from error
    except ValueError as error:
        raise FileError(
            f"the checkpoint does not fit the {checkpoint.spec.figure}: {error}",
            hint="its tensors belong to another figure or to other network sizes",
        ) from error


class ActionScaler:
    """Maps unit actions u to center + half range · u, optionally clipped to the range."""

    def __init__(self, low: NDArray[np.float32], high: NDArray[np.float32], *, clip: bool) -> None:
        """`low`, `high`: ends of the action range, (A,)."""
        self._center = (low + high) / np.float32(2)
        self._half_range = (high - low) / np.float32(2)
        self._clip = clip

    def __call__(self, unit_actions: Tensor) -> NDArray[np.float32]:
        """Unit actions (P, N, A) → float32 actions of all worlds (P·N, A)."""
        actions: NDArray[np.float32] = unit_actions.clamp(-1.0, 1.0).numpy() if self._clip else unit_actions.numpy()
        return (self._center + self._half_range * actions).reshape(-1, actions.shape[-1])
