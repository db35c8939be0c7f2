"""Advantage actor-critic (Mnih et al. 2016, arXiv 1602.01783, section 4; synchronous, with generalised advantage estimates).

One step of the actor and one or more of the critic per rollout:

    ∇J = E[ ∇ log π(u|s) A(s, u) ] + β ∇H(π)                    actor, with an entropy bonus
    L  = ½ E[ (V(s) − (A + V_old(s)))² ]                        critic

Rollouts are short: updates are frequent, at the price of more bootstrapping in the advantages.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor

from gts.agents.losses import estimate_advantages, explained_variance, normalize, policy_gradient_step, value_loss
from gts.agents.state import AgentState, stack_param
from gts.data.rollout import Rollout, flatten_by_member
from gts.params.techniques import A2cParams


class A2c:
    """P agents that learn by advantage actor-critic."""

    def __init__(self, params: Sequence[A2cParams], observation_size: int, action_size: int) -> None:
        self.state = AgentState(params, observation_size, action_size, ("actor", "critic"))
        self._shared_params = params[0]
        self._gamma = stack_param(params, "gamma")
        self._gae_lambda = stack_param(params, "gae_lambda")
        self._entropy_coef = stack_param(params, "entropy_coef")[:, 0]
        self._actor_learning_rate = stack_param(params, "actor_learning_rate")
        self._critic_learning_rate = stack_param(params, "critic_learning_rate")

    def update(self, rollout: Rollout, progress: Tensor, active: Tensor) -> Mapping[str, Tensor]:
        """One step from one rollout; see `gts.agents.agent.Agent.update`."""
        state, schedule = self.state, self._shared_params.schedule
        rewards = state.reward_scaler(rollout.rewards, rollout.done, self._gamma)
        advantages, returns = estimate_advantages(state, rollout, rewards, self._gamma, self._gae_lambda)
        with torch.no_grad():
            observations = state.observation_normaliser(flatten_by_member(rollout.observations))

        metrics = policy_gradient_step(
            state,
            observations,
            flatten_by_member(rollout.actions),
            normalize(advantages) if self._shared_params.normalise_advantages else advantages,
            entropy_coef=self._entropy_coef,
            learning_rate=state.annealed(self._actor_learning_rate, schedule, progress),
            active=active[:, None],
        )
        critic_learning_rate = state.annealed(self._critic_learning_rate, schedule, progress)
        for _ in range(self._shared_params.critic_training_iterations):
            loss = value_loss(state.values_of_normalised(observations), returns)
            grad_norm = state.value_step(loss, critic_learning_rate, active[:, None])

        state.observation_normaliser.update(flatten_by_member(rollout.observations))
        metrics |= {"value_loss": loss.detach(), "critic_gradient": grad_norm}
        return metrics | {"explained_variance": explained_variance(returns, advantages)}
