"""REINFORCE with a baseline (Williams 1992; Sutton and Barto 2018, section 13.4).

    ∇J = E[ ∇ log π(u_t|s_t) (G_t − b) ]                        G_t the discounted return that followed

One step of the policy a rollout, from Monte-Carlo returns. The baseline b takes no part in the gradient's mean and much of
its noise: "none" is 0, "white" subtracts the mean return of the rollout and divides by its deviation, "learned" is a
network V(s_t) fitted to the returns. Where a rollout or an episode is cut off, the rest of the return is estimated by the
learned baseline, else by the running mean of returns.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor

from gts.agents.losses import explained_variance, policy_gradient_step, standardised, value_loss
from gts.agents.state import AgentState, column
from gts.data.returns import returns_to_go
from gts.data.rollout import Rollout, by_member, state_values
from gts.params.techniques import ReinforceParams


class Reinforce:
    """P agents that learn by REINFORCE."""

    def __init__(self, params: Sequence[ReinforceParams], observation_size: int, action_size: int) -> None:
        self._shared = params[0]
        learned = self._shared.baseline == "learned"
        self.state = AgentState(params, observation_size, action_size, ("policy", "baseline" if learned else None))
        self._discount = column(params, "discount_factor")
        self._entropy_weight = column(params, "entropy_coeff")[:, 0]
        self._policy_rate = column(params, "policy_learning_rate")
        self._baseline_rate = column(params, "baseline_learning_rate")

    def update(self, rollout: Rollout, progress: Tensor, active: Tensor) -> Mapping[str, Tensor]:
        """One step of the policy from one rollout; see `gts.agents.agent.Agent.update`."""
        state = self.state
        rewards = state.scaler(rollout.rewards, rollout.done, self._discount)
        with torch.no_grad():
            values, following = self._estimates(rollout)
            targets = returns_to_go(rewards, following, rollout.terminated, rollout.truncated, self._discount)
            returns = by_member(targets)
            gains = self._gains(returns, by_member(values))
            observations = state.normaliser(by_member(rollout.observations))
        numbers = policy_gradient_step(
            state,
            observations,
            by_member(rollout.actions),
            gains,
            entropy_weight=self._entropy_weight,
            rate=state.scheduled(self._policy_rate, self._shared.schedule, progress),
            active=active[:, None],
        )
        if state.value is not None:
            numbers |= self._fit_baseline(observations, returns, progress, active[:, None])
            numbers |= {"explained_variance": explained_variance(returns, returns - by_member(values))}
        state.returns_seen.update(returns[..., None])
        state.normaliser.update(by_member(rollout.observations))
        return numbers

    def _estimates(self, rollout: Rollout) -> tuple[Tensor, Tensor]:
        """What the baseline expects at each observation and after it. (T, P, N), (T, P, N)"""
        if self.state.value is not None:
            return state_values(rollout, self.state.values)
        mean = self.state.returns_seen.mean.to(rollout.rewards.dtype)
        constant = mean.expand(rollout.rewards.shape).clone()
        return constant, constant

    def _gains(self, returns: Tensor, values: Tensor) -> Tensor:
        """G − b. (P, B), (P, B) → (P, B)"""
        if self._shared.baseline == "none":
            return returns
        return standardised(returns - values if self._shared.baseline == "learned" else returns)

    def _fit_baseline(self, observations: Tensor, returns: Tensor, progress: Tensor, active: Tensor) -> dict[str, Tensor]:
        """Passes over the rollout in shuffled minibatches that pull V towards the returns."""
        state = self.state
        members, samples, width = observations.shape
        count = max(1, round(samples / self._shared.minibatch_size))
        rate = state.scheduled(self._baseline_rate, self._shared.schedule, progress)
        total = torch.zeros(members)
        for _ in range(self._shared.baseline_training_iterations):
            for order in state.streams.permutations(samples).tensor_split(count, dim=1):
                batch = observations.gather(1, order[..., None].expand(-1, -1, width))
                loss = value_loss(state.normalised_values(batch), returns.gather(1, order))
                norm = state.value_step(loss, rate, active)
                total += loss.detach()
        return {"value_loss": total / (count * self._shared.baseline_training_iterations), "critic_gradient": norm}
