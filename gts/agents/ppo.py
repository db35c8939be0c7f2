"""Proximal policy optimisation (Schulman et al. 2017, arXiv 1707.06347).

A rollout is used for many small updates. The probability ratio r(θ) = π_θ(u|s) ÷ π_old(u|s) is clipped, so that no update
gains by leaving the old policy far behind:

    L_clip = E[ min( r A, clip(r, 1 − ε, 1 + ε) A ) ]                                     (equation 7)

Advantages A are generalised advantage estimates; the critic is fitted to A + V. Actor and critic are two networks with an
optimiser each. Two ways to spend a rollout: passes in shuffled minibatches that actor and critic share, or, as in the
original program and Spinning Up, separate full-batch iterations.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import torch
from torch import Tensor

from gts.agents.losses import explained_variance, normalize, value_loss
from gts.agents.state import AgentState, stack_param
from gts.data.returns import compute_gae
from gts.data.rollout import Rollout, compute_values, flatten_by_member
from gts.nets.gaussian import gaussian_entropy, gaussian_log_prob
from gts.params.techniques import PpoParams


def clipped_policy_loss(log_prob: Tensor, old_log_prob: Tensor, advantages: Tensor, clip_ratio: Tensor) -> tuple[Tensor, ...]:
    """Minus equation 7, and two numbers that tell how far the policy moved.

    `log_prob`, `old_log_prob`, `advantages` (P, B); `clip_ratio` ε (P, 1). Returns the loss, the KL divergence estimated by
    E[(r − 1) − log r] (Schulman 2020, "Approximating KL divergence"), and the fraction of clipped ratios; each (P,).
    """
    log_ratio = log_prob - old_log_prob
    ratio = log_ratio.exp()
    clipped = torch.minimum(torch.maximum(ratio, 1 - clip_ratio), 1 + clip_ratio)
    loss = -torch.minimum(ratio * advantages, clipped * advantages).mean(1)
    with torch.no_grad():
        kl = (ratio - 1 - log_ratio).mean(1)
        clip_fraction = (ratio != clipped).to(ratio.dtype).mean(1)
    return loss, kl, clip_fraction


class Ppo:
    """P agents that learn by PPO."""

    def __init__(self, params: Sequence[PpoParams], observation_size: int, action_size: int) -> None:
        self.state = AgentState(params, observation_size, action_size, ("actor", "critic"))
        self._shared_params = params[0]
        self._gamma = stack_param(params, "gamma")
        self._gae_lambda = stack_param(params, "gae_lambda")
        self._clip_ratio = stack_param(params, "clip_ratio")
        self._entropy_coef = stack_param(params, "entropy_coef")[:, 0]
        self._actor_learning_rate = stack_param(params, "actor_learning_rate")
        self._critic_learning_rate = stack_param(params, "critic_learning_rate")
        self._max_kl = 1.5 * stack_param(params, "target_kl")

    def update(self, rollout: Rollout, progress: Tensor, active: Tensor) -> Mapping[str, Tensor]:
        """Spend one rollout; see `gts.agents.agent.Agent.update`."""
        rewards = self.state.reward_scaler(rollout.rewards, rollout.done, self._gamma)
        batch = _Samples(self, rollout, rewards)
        shared_params = self._shared_params
        is_full_batch = shared_params.actor_training_iterations > 0 or shared_params.critic_training_iterations > 0
        update = _Update(self, progress, active[:, None])
        if is_full_batch:
            update.separately(batch, shared_params.actor_training_iterations, shared_params.critic_training_iterations)
        else:
            for _ in range(shared_params.update_epochs):
                update.one_pass(batch, shared_params.minibatch_size)
                if shared_params.recompute_advantages:
                    batch.estimate()
        metrics = update.numbers() | {"explained_variance": batch.explained_variance}
        self.state.observation_normaliser.update(flatten_by_member(rollout.observations))
        return metrics


class _Samples:
    """A rollout as one table a member: observation, action, old log-probability, advantage and value target of every sample."""

    def __init__(self, agent: Ppo, rollout: Rollout, rewards: Tensor) -> None:
        self._agent = agent
        self._rollout = rollout
        self._rewards = rewards
        state = agent.state
        with torch.no_grad():
            self.observations = state.observation_normaliser(flatten_by_member(rollout.observations))
            self.actions = flatten_by_member(rollout.actions)
            self.old_log_prob = gaussian_log_prob(self.actions, *state.policy(self.observations))
        self.explained_variance = self.estimate()

    @torch.no_grad()
    def estimate(self) -> Tensor:
        """Estimate advantages with the critic as it is now; returns its explained variance, (P,)."""
        agent, rollout = self._agent, self._rollout
        values, following = compute_values(rollout, agent.state.values)
        advantages = compute_gae(
            self._rewards, values, following, rollout.terminated, rollout.truncated, agent._gamma, agent._gae_lambda
        )
        self.advantages = flatten_by_member(advantages)
        self.targets = flatten_by_member(advantages + values)
        self._table = torch.cat(
            [
                self.observations,
                self.actions,
                torch.stack([self.old_log_prob, self.advantages, self.targets], dim=2),
            ],
            dim=2,
        )
        return explained_variance(self.targets, self.advantages)

    def minibatches(self, size: int) -> Iterator[tuple[Tensor, ...]]:
        """Every sample once, in a new random order for each member: (P, B, O), (P, B, A), (P, B), (P, B), (P, B)."""
        members, samples, columns = self._table.shape
        order = self._agent.state.random_streams.minibatch_permutations(samples) + torch.arange(members)[:, None] * samples
        shuffled = self._table.view(-1, columns).index_select(0, order.view(-1)).view(members, samples, columns)
        o, a = self.observations.shape[2], self.actions.shape[2]
        count = max(1, round(samples / size))
        for index in range(count):
            batch = shuffled[:, index * samples // count : (index + 1) * samples // count]
            yield batch[..., :o], batch[..., o : o + a], batch[..., -3], batch[..., -2], batch[..., -1]

    def everything(self) -> tuple[Tensor, ...]:
        """The same columns for the whole rollout, in order."""
        return self.observations, self.actions, self.old_log_prob, self.advantages, self.targets


class _Update:
    """The optimiser steps that one rollout pays for."""

    def __init__(self, agent: Ppo, progress: Tensor, active: Tensor) -> None:
        state, shared = agent.state, agent._shared_params
        self._agent = agent
        self._active = active
        self._may_move = active.clone()
        self._actor_rate = state.annealed(agent._actor_learning_rate, shared.schedule, progress)
        self._critic_rate = state.annealed(agent._critic_learning_rate, shared.schedule, progress)
        self._clip = agent._clip_ratio * (1 - progress) if shared.clip_schedule == "linear" else agent._clip_ratio
        self._sums: dict[str, Tensor] = {}
        self._counts: dict[str, int] = {}

    def one_pass(self, samples: _Samples, minibatch_size: int) -> None:
        """Every sample once, actor and critic from the same minibatches."""
        for observations, actions, old_log_prob, advantages, targets in samples.minibatches(minibatch_size):
            self._actor_step(observations, actions, old_log_prob, advantages)
            self._critic_step(observations, targets)

    def separately(self, samples: _Samples, actor_iterations: int, critic_iterations: int) -> None:
        """Full-batch iterations of the actor until the KL divergence ends them, then of the critic."""
        observations, actions, old_log_prob, advantages, targets = samples.everything()
        for _ in range(actor_iterations):
            self._actor_step(observations, actions, old_log_prob, normalize(advantages))
            if not self._may_move.any():
                break
        for _ in range(critic_iterations):
            self._critic_step(observations, targets)

    def _actor_step(self, observations: Tensor, actions: Tensor, old_log_prob: Tensor, advantages: Tensor) -> None:
        agent = self._agent
        policy = agent.state.policy
        if agent._shared_params.normalise_advantages:
            advantages = normalize(advantages)
        mean, log_deviation = policy(observations)
        log_prob = gaussian_log_prob(actions, mean, log_deviation)
        loss, divergence, clip_fraction = clipped_policy_loss(log_prob, old_log_prob, advantages, self._clip)
        spread = gaussian_entropy(log_deviation).mean(1)
        over = (agent._max_kl > 0) & (divergence[:, None] > agent._max_kl)
        self._may_move &= ~over
        norm = agent.state.policy_step(loss - agent._entropy_coef * spread, self._actor_rate, self._may_move)
        self._note(policy_loss=loss, kl=divergence, clip_fraction=clip_fraction, entropy=spread, actor_gradient=norm)

    def _critic_step(self, observations: Tensor, targets: Tensor) -> None:
        state = self._agent.state
        loss = value_loss(state.values_of_normalised(observations), targets)
        norm = state.value_step(loss, self._critic_rate, self._active)
        self._note(value_loss=loss, critic_gradient=norm)

    def _note(self, **numbers: Tensor) -> None:
        for name, number in numbers.items():
            self._sums[name] = self._sums[name] + number.detach() if name in self._sums else number.detach()
            self._counts[name] = self._counts.get(name, 0) + 1

    def numbers(self) -> dict[str, Tensor]:
        """Means over all steps of this update, each (P,)."""
        means = {name: total / self._counts[name] for name, total in self._sums.items()}
        return means | {"learning_rate": self._actor_rate[:, 0]}
