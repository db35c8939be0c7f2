"""REINFORCE with a baseline (Williams 1992; Sutton and Barto 2018, section 13.4).

    ∇J = E[ ∇ log π(u_t|s_t) (G_t − b) ]                        G_t the discounted return from step t

One step of the policy per rollout, from Monte-Carlo returns. The baseline b reduces the variance of the gradient without
changing its mean: "none" is 0, "white" subtracts the mean return of the rollout and divides by its standard deviation,
"learned" is a network V(s_t) fitted to the returns. At the end of a rollout and at truncated episodes the rest of the return
is estimated by the learned baseline, otherwise by the running mean of returns.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor

from gts.agents.losses import explained_variance, normalize, policy_gradient_step, value_loss
from gts.agents.state import AgentState, stack_param
from gts.data.returns import returns_to_go
from gts.data.rollout import Rollout, compute_values, flatten_by_member
from gts.params.techniques import ReinforceParams


class Reinforce:
    """P agents that learn by REINFORCE."""

    def __init__(self, params: Sequence[ReinforceParams], observation_size: int, action_size: int) -> None:
        self._shared_params = params[0]
        learned = self._shared_params.baseline == "learned"
        self.state = AgentState(params, observation_size, action_size, ("policy", "baseline" if learned else None))
        self._gamma = stack_param(params, "gamma")
        self._entropy_coef = stack_param(params, "entropy_coef")[:, 0]
        self._policy_learning_rate = stack_param(params, "policy_learning_rate")
        self._baseline_learning_rate = stack_param(params, "baseline_learning_rate")

    def update(self, rollout: Rollout, progress: Tensor, active: Tensor) -> Mapping[str, Tensor]:
        """One step of the policy from one rollout; see `gts.agents.agent.Agent.update`."""
        state = self.state
        rewards = state.reward_scaler(rollout.rewards, rollout.done, self._gamma)
        with torch.no_grad():
            values, next_values = self._baseline_values(rollout)
            step_returns = returns_to_go(rewards, next_values, rollout.terminated, rollout.truncated, self._gamma)
            returns = flatten_by_member(step_returns)
            advantages = self._compute_advantages(returns, flatten_by_member(values))
            observations = state.observation_normaliser(flatten_by_member(rollout.observations))
        metrics = policy_gradient_step(
            state,
            observations,
            flatten_by_member(rollout.actions),
            advantages,
            entropy_coef=self._entropy_coef,
            learning_rate=state.annealed(self._policy_learning_rate, self._shared_params.schedule, progress),
            active=active[:, None],
        )
        if state.value is not None:
            metrics |= self._fit_baseline(observations, returns, progress, active[:, None])
            metrics |= {"explained_variance": explained_variance(returns, returns - flatten_by_member(values))}
        state.return_statistics.update(returns[..., None])
        state.observation_normaliser.update(flatten_by_member(rollout.observations))
        return metrics

    def _baseline_values(self, rollout: Rollout) -> tuple[Tensor, Tensor]:
        """Baseline of each observation and of the next one. (T, P, N), (T, P, N)"""
        if self.state.value is not None:
            return compute_values(rollout, self.state.values)
        mean = self.state.return_statistics.mean.to(rollout.rewards.dtype)
        constant = mean.expand(rollout.rewards.shape).clone()
        return constant, constant

    def _compute_advantages(self, returns: Tensor, values: Tensor) -> Tensor:
        """Advantages G − b. (P, B), (P, B) → (P, B)"""
        if self._shared_params.baseline == "none":
            return returns
        return normalize(returns - values if self._shared_params.baseline == "learned" else returns)

    def _fit_baseline(self, observations: Tensor, returns: Tensor, progress: Tensor, active: Tensor) -> dict[str, Tensor]:
        """Fit V to the returns in passes over shuffled minibatches; returns metrics."""
        state = self.state
        members, samples, width = observations.shape
        n_minibatches = max(1, round(samples / self._shared_params.minibatch_size))
        learning_rate = state.annealed(self._baseline_learning_rate, self._shared_params.schedule, progress)
        loss_sum = torch.zeros(members)
        for _ in range(self._shared_params.baseline_training_iterations):
            for indices in state.random_streams.minibatch_permutations(samples).tensor_split(n_minibatches, dim=1):
                batch = observations.gather(1, indices[..., None].expand(-1, -1, width))
                loss = value_loss(state.values_of_normalised(batch), returns.gather(1, indices))
                grad_norm = state.value_step(loss, learning_rate, active)
                loss_sum += loss.detach()
        return {
            "value_loss": loss_sum / (n_minibatches * self._shared_params.baseline_training_iterations),
            "critic_gradient": grad_norm,
        }
