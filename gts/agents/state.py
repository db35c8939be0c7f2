"""What every agent carries from update to update: networks, optimisers, normalisers, random streams.

Everything here has P members side by side and goes into a checkpoint member by member.

Putting what a checkpoint holds into an agent.

From the unit actions of policies to the actions of worlds.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from gts.data.normaliser import Moments, ObservationNormaliser, RewardScaler
from gts.data.streams import Streams
from gts.errors import FileError
from gts.formats.checkpoint import Checkpoint
from gts.nets.adam import Adam
from gts.nets.device import DEVICE, DTYPE
from gts.nets.gaussian import GaussianPolicy
from gts.nets.mlp import Layers, Mlp
from gts.params.techniques import TechniqueParams


def column(params: Sequence[TechniqueParams], name: str) -> Tensor:
    """One parameter of all members. (P, 1)"""
    return torch.tensor([[float(getattr(member, name))] for member in params], device=DEVICE, dtype=DTYPE)


def layers(params: TechniqueParams, network: str) -> Layers:
    """The inside of a network from its parameters, `actor_n_hidden`, `actor_hidden_size`, …"""
    initialised = "policy" if network == "baseline" else network  # a baseline starts as its policy does
    return Layers(
        getattr(params, f"{network}_n_hidden"),
        getattr(params, f"{network}_hidden_size"),
        getattr(params, f"{network}_hidden_activation"),
        getattr(params, f"{initialised}_initialisation"),
    )


class AgentState:
    """A policy, a value network, and all that belongs to them."""

    def __init__(
        self, params: Sequence[TechniqueParams], observation_size: int, action_size: int, names: tuple[str, str | None]
    ) -> None:
        """`names` are the spec's words for the policy and the value network; None where there is no value network."""
        shared = params[0]
        policy_name, value_name = names
        self.names = names
        self.params = tuple(params)
        self.observation_size = observation_size
        self.action_size = action_size
        self.streams = Streams([member.seed for member in params])
        deviation = getattr(shared, f"{policy_name}_deviation")
        spread = getattr(shared, f"{policy_name}_variance_scale_delta", 0.0)
        environments = shared.n_environments if deviation == "fixed" and spread else 1
        self.policy = GaussianPolicy(
            len(params), observation_size, action_size, layers(shared, policy_name), deviation, environments
        )
        self.policy.initialise(self.streams.networks, self._deviations(policy_name, environments))
        self.policy_optimiser = Adam(self.policy.net.stack)
        self.value = Mlp(len(params), observation_size, layers(shared, value_name), {"output": 1}) if value_name else None
        self.value_optimiser = Adam(self.value.stack) if self.value else None
        if self.value:
            self.value.initialise(self.streams.networks, {"output": 1.0})
        self.normaliser = ObservationNormaliser(len(params), observation_size, enabled=shared.normalise_observations)
        self.scaler = RewardScaler(len(params), shared.n_environments, enabled=shared.scale_rewards)
        self.returns_seen = Moments(len(params), 1)
        self.max_norm = column(params, "max_gradient_norm")
        self._final_fraction = column(params, "final_fraction")

    @property
    def members(self) -> int:
        """P"""
        return len(self.params)

    def _deviations(self, policy_name: str, environments: int) -> Tensor:
        """Starting deviations of unit actions, whose range is 2 wide. (P,) or (P, N, A)"""
        scale = 2.0 * column(self.params, f"{policy_name}_variance_scale")[:, 0]
        if environments == 1:
            return scale
        spread = column(self.params, f"{policy_name}_variance_scale_delta")[:, :, None]
        draws = torch.stack(
            [torch.rand(environments, self.action_size, generator=generator) for generator in self.streams.networks]
        )
        return scale[:, None, None] * (1.0 + spread * (2.0 * draws - 1.0))

    @torch.inference_mode()
    def sample(self, observations: Tensor, noise: Tensor) -> Tensor:
        """Exploring unit actions. (P, N, O), (P, N, A) → (P, N, A)"""
        return self.policy.sample(self.normaliser(observations), noise)

    @torch.inference_mode()
    def act(self, observations: Tensor) -> Tensor:
        """Deterministic unit actions. (P, N, O) → (P, N, A)"""
        return self.policy.mean(self.normaliser(observations))

    def values(self, observations: Tensor) -> Tensor:
        """V of observations as the worlds gave them. (P, B, O) → (P, B)"""
        return self.normalised_values(self.normaliser(observations))

    def normalised_values(self, observations: Tensor) -> Tensor:
        """V of observations that went through the normaliser. (P, B, O) → (P, B)"""
        assert self.value is not None
        return self.value(observations).squeeze(-1)

    def policy_step(self, loss: Tensor, rate: Tensor, active: Tensor) -> Tensor:
        """One optimiser step of the policies. Loss (P,), rate (P, 1), active (P, 1) → gradient norms (P,)"""
        return _optimise(self.policy.net, self.policy_optimiser, loss, rate, self.max_norm, active)

    def value_step(self, loss: Tensor, rate: Tensor, active: Tensor) -> Tensor:
        """One optimiser step of the value networks. Loss (P,), rate (P, 1), active (P, 1) → gradient norms (P,)"""
        assert self.value is not None and self.value_optimiser is not None
        return _optimise(self.value, self.value_optimiser, loss, rate, self.max_norm, active)

    def scheduled(self, start: Tensor, schedule: str, progress: Tensor) -> Tensor:
        """A step size at `progress` (0 to 1) of each member's training. (P, 1), (P, 1) → (P, 1)"""
        if schedule == "constant":
            return start
        return start * (1.0 - progress * (1.0 - self._final_fraction))

    def finite(self) -> Tensor:
        """Which members' networks hold only finite numbers. (P,) bool"""
        policy = self.policy.net.stack.finite()
        return policy & self.value.stack.finite() if self.value else policy

    def arrays(self, member: int) -> dict[str, NDArray[Any]]:
        """Everything of one member by name, as a checkpoint stores it."""
        policy_name, value_name = self.names
        arrays = _prefixed(f"{policy_name}.", self.policy.arrays(member))
        arrays |= _prefixed(f"{policy_name}.adam.", self.policy_optimiser.arrays(member))
        if self.value is not None and self.value_optimiser is not None:
            arrays |= _prefixed(f"{value_name}.", self.value.arrays(member))
            arrays |= _prefixed(f"{value_name}.adam.", self.value_optimiser.arrays(member))
        arrays |= _prefixed("observations.", self.normaliser.moments.arrays(member))
        arrays |= _prefixed("returns.", self.scaler.moments.arrays(member))
        arrays |= _prefixed("returnsSeen.", self.returns_seen.arrays(member))
        arrays["returns.running"] = self.scaler.running[member].numpy().copy()
        return arrays | _prefixed("streams.", self.streams.arrays(member))

    def load(self, member: int, arrays: Mapping[str, NDArray[Any]], *, exactly: bool) -> None:
        """Fill one member from a checkpoint.

        `exactly` also takes what only the same training may go on with: random streams and running returns. Without it,
        optimisers and normalisers are taken where the checkpoint has them. Raises KeyError, ValueError where tensors lack
        or do not fit.
        """
        policy_name, value_name = self.names
        self.policy.load(member, _part(arrays, f"{policy_name}."))
        optimisers = [(policy_name, self.policy_optimiser)]
        if self.value is not None and self.value_optimiser is not None:
            if exactly or f"{value_name}.output.weight" in arrays:
                self.value.stack.load(member, _part(arrays, f"{value_name}."))
            optimisers.append((str(value_name), self.value_optimiser))
        for name, optimiser in optimisers:
            if exactly or f"{name}.adam.steps" in arrays:
                optimiser.load(member, _part(arrays, f"{name}.adam."))
        if self.normaliser.enabled and (exactly or "observations.mean" in arrays):
            self.normaliser.load(member, _part(arrays, "observations."))
        if self.scaler.enabled and (exactly or "returns.mean" in arrays):
            self.scaler.moments.load(member, _part(arrays, "returns."))
        if exactly:
            self.scaler.running[member] = torch.from_numpy(arrays["returns.running"].copy())
            self.returns_seen.load(member, _part(arrays, "returnsSeen."))
            self.streams.load(member, _part(arrays, "streams."))


def _optimise(net: Mlp, optimiser: Adam, loss: Tensor, rate: Tensor, max_norm: Tensor, active: Tensor) -> Tensor:
    net.stack.differentiate(loss)
    return optimiser.step(rate, max_norm, active)


def _prefixed(prefix: str, arrays: Mapping[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
    return {prefix + name: array for name, array in arrays.items()}


def _part(arrays: Mapping[str, NDArray[Any]], prefix: str) -> dict[str, NDArray[Any]]:
    return {name.removeprefix(prefix): array for name, array in arrays.items() if name.startswith(prefix)}


def fill(state: AgentState, member: int, checkpoint: Checkpoint, *, exactly: bool) -> None:
    """Load a checkpoint into a member; raises FileError where tensors are missing or do not fit."""
    try:
        state.load(member, checkpoint.tensors, exactly=exactly)
    except KeyError as error:
        raise FileError(f"the checkpoint lacks the tensor {error}", hint="it may be cut down or of another program") from error
    except ValueError as error:
        raise FileError(
            f"the checkpoint does not fit the {checkpoint.spec.figure}: {error}",
            hint="its tensors are those of another figure or of other network sizes",
        ) from error


class ActionRange:
    """u ∈ [−1, 1] → middle + half range · u, clipped to the range or left to the physics."""

    def __init__(self, low: NDArray[np.float32], high: NDArray[np.float32], *, clip: bool) -> None:
        """`low` and `high` are the ends of the range, (A,)."""
        self._middle = (low + high) / np.float32(2)
        self._half = (high - low) / np.float32(2)
        self._clip = clip

    def __call__(self, unit: Tensor) -> NDArray[np.float32]:
        """(P, N, A) unit actions → (P·N, A) float32 actions for all worlds."""
        actions: NDArray[np.float32] = unit.clamp(-1.0, 1.0).numpy() if self._clip else unit.numpy()
        return (self._middle + self._half * actions).reshape(-1, actions.shape[-1])
