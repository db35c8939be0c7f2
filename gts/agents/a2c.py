"""Advantage actor-critic (Mnih et al. 2016, arXiv 1602.01783, section 4; synchronous, with generalised advantage estimates).

Each rollout pays for one step of the actor and one or a few of the critic:

    ∇J = E[ ∇ log π(u|s) A(s, u) ] + β ∇H(π)                    actor, with an entropy bonus
    L  = ½ E[ (V(s) − (A + V_old(s)))² ]                        critic

Rollouts are short: what the estimate loses by bootstrapping early it wins by updating often.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor

from gts.agents.losses import explained_variance, policy_gradient_step, standardised, value_loss
from gts.agents.state import AgentState, column
from gts.data.returns import generalised_advantages
from gts.data.rollout import Rollout, by_member, state_values
from gts.params.techniques import A2cParams


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

    def update(self, rollout: Rollout, progress: Tensor, active: Tensor) -> Mapping[str, Tensor]:
        """One step from one rollout; see `gts.agents.agent.Agent.update`."""
        state, schedule = self.state, self._shared.schedule
        rewards = state.scaler(rollout.rewards, rollout.done, self._discount)
        advantages, targets = self._estimate(rollout, rewards)
        with torch.no_grad():
            observations = state.normaliser(by_member(rollout.observations))

        numbers = policy_gradient_step(
            state,
            observations,
            by_member(rollout.actions),
            standardised(advantages) if self._shared.normalise_advantages else advantages,
            entropy_weight=self._entropy_weight,
            rate=state.scheduled(self._actor_rate, schedule, progress),
            active=active[:, None],
        )
        critic_rate = state.scheduled(self._critic_rate, schedule, progress)
        for _ in range(self._shared.critic_training_iterations):
            loss = value_loss(state.normalised_values(observations), targets)
            norm = state.value_step(loss, critic_rate, active[:, None])

        state.normaliser.update(by_member(rollout.observations))
        numbers |= {"value_loss": loss.detach(), "critic_gradient": norm}
        return numbers | {"explained_variance": explained_variance(targets, advantages)}

    @torch.no_grad()
    def _estimate(self, rollout: Rollout, rewards: Tensor) -> tuple[Tensor, Tensor]:
        """Advantages A and value targets A + V_old, each (P, T·N)."""
        values, following = state_values(rollout, self.state.values)
        advantages = generalised_advantages(
            rewards, values, following, rollout.terminated, rollout.truncated, self._discount, self._lambda
        )
        return by_member(advantages), by_member(advantages + values)
