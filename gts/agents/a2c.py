"""Advantage actor-critic (Mnih et al. 2016, arXiv 1602.01783, section 4; synchronous, with generalised advantage estimates).

Each rollout pays for one step of the actor and one of the critic:

    ∇J = E[ ∇ log π(u|s) A(s, u) ] + β ∇H(π)                    actor, with an entropy bonus
    L  = ½ E[ (V(s) − (A + V_old(s)))² ]                        critic

Rollouts are short: what the estimate loses by bootstrapping early it wins by updating often.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor

from gts.agents.state import AgentState, column
from gts.data.returns import generalised_advantages
from gts.data.rollout import Rollout, by_member, state_values
from gts.nets.gaussian import entropy, log_probability
from gts.params.techniques import A2cParams


def policy_loss(log_prob: Tensor, advantages: Tensor) -> Tensor:
    """Minus the policy gradient's surrogate, −E[log π · A]. (P, B), (P, B) → (P,)"""
    return -(log_prob * advantages).mean(1)


def value_loss(values: Tensor, targets: Tensor) -> Tensor:
    """Half the mean squared error. (P, B), (P, B) → (P,)"""
    return 0.5 * (values - targets).square().mean(1)


class A2c:
    """P agents that learn by advantage actor-critic."""

    def __init__(self, params: Sequence[A2cParams], observation_size: int, action_size: int) -> None:
        self.state = AgentState(params, observation_size, action_size, ("actor", "critic"))
        self._shared = params[0]
        self._discount = column(params, "discount_factor")
        self._lambda = column(params, "gae_lambda")
        self._entropy_weight = column(params, "entropy_coeff")[:, 0]
        self._actor_rate = column(params, "actor_learning_rate")
        self._critic_rate = column(params, "critic_learning_rate")

    def update(self, rollout: Rollout, progress: float, active: Tensor) -> Mapping[str, Tensor]:
        """One step from one rollout; see `gts.agents.agent.Agent.update`."""
        state = self.state
        rewards = state.scaler(rollout.rewards, rollout.done, self._discount)
        with torch.no_grad():
            values, following = state_values(rollout, state.values)
            advantages = generalised_advantages(
                rewards, values, following, rollout.terminated, rollout.truncated, self._discount, self._lambda
            )
            targets = by_member(advantages + values)
            gains = by_member(advantages)
            explained = 1 - gains.var(1) / (targets.var(1) + 1e-8)
            if self._shared.normalise_advantages:
                deviation, mean = torch.std_mean(gains, dim=1, keepdim=True)
                gains = (gains - mean) / (deviation + 1e-8)
            observations = state.normaliser(by_member(rollout.observations))

        numbers = self._actor_step(observations, by_member(rollout.actions), gains, progress, active[:, None])
        numbers |= self._critic_step(observations, targets, progress, active[:, None])
        state.normaliser.update(by_member(rollout.observations))
        return numbers | {"explained_variance": explained}

    def _actor_step(
        self, observations: Tensor, actions: Tensor, advantages: Tensor, progress: float, active: Tensor
    ) -> dict[str, Tensor]:
        state = self.state
        mean, log_deviation = state.policy(observations)
        loss = policy_loss(log_probability(actions, mean, log_deviation), advantages)
        spread = entropy(log_deviation).mean(1)
        rate = state.scheduled(self._actor_rate, self._shared.schedule, progress)
        norm = state.policy_step(loss - self._entropy_weight * spread, rate, active)
        return {
            "policy_loss": loss.detach(),
            "entropy": spread.detach(),
            "actor_gradient": norm,
            "learning_rate": rate[:, 0],
        }

    def _critic_step(self, observations: Tensor, targets: Tensor, progress: float, active: Tensor) -> dict[str, Tensor]:
        state = self.state
        loss = value_loss(state.normalised_values(observations), targets)
        norm = state.value_step(loss, state.scheduled(self._critic_rate, self._shared.schedule, progress), active)
        return {"value_loss": loss.detach(), "critic_gradient": norm}
