"""Proximal policy optimisation (Schulman et al. 2017, arXiv 1707.06347).

A rollout is used for many small updates. The probability ratio r(θ) = π_θ(u|s) ÷ π_old(u|s) is clipped, which removes the
incentive to move the policy far from the one that collected the rollout:

    L_clip = E[ min( r A, clip(r, 1 − ε, 1 + ε) A ) ]                                     (equation 7)

Advantages A are generalised advantage estimates; the critic is fitted to A + V. Actor and critic are two networks with an
optimiser each. A rollout is used in one of two ways: passes over shuffled minibatches shared by actor and critic, or, as in
the original program and Spinning Up, separate full-batch iterations.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from gts.agents.losses import MeanMetrics, estimate_advantages, explained_variance, normalize, value_loss
from gts.agents.state import AgentState, stack_param
from gts.data.rollout import Rollout, flatten_by_member
from gts.nets.gaussian import gaussian_entropy, gaussian_log_prob
from gts.params.techniques import PpoParams


def clipped_policy_loss(log_prob: Tensor, old_log_prob: Tensor, advantages: Tensor, clip_ratio: Tensor) -> tuple[Tensor, ...]:
    """Negative of equation 7, with two measures of how far the policy moved.

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


@dataclass(frozen=True)
class Samples:
    """The samples of a rollout by member: B = T·N, or fewer in a minibatch."""

    observations: Tensor
    """(P, B, O), normalised."""
    actions: Tensor
    """(P, B, A)"""
    old_log_prob: Tensor
    """(P, B)"""
    advantages: Tensor
    """(P, B)"""
    returns: Tensor
    """(P, B) value targets, A + V."""

    def minibatches(self, permutation: Tensor, size: int) -> Iterator[Samples]:
        """Yield every sample once, in the order of `permutation` (P, B), in equal minibatches of about `size`."""
        scalars = torch.stack([self.old_log_prob, self.advantages, self.returns], dim=2)
        table = torch.cat([self.observations, self.actions, scalars], dim=2)
        n_members, n_samples, n_columns = table.shape
        rows = permutation + torch.arange(n_members)[:, None] * n_samples
        shuffled = table.view(-1, n_columns).index_select(0, rows.view(-1)).view(n_members, n_samples, n_columns)
        widths = [self.observations.shape[2], self.actions.shape[2], 1, 1, 1]
        n_minibatches = max(1, round(n_samples / size))
        for i in range(n_minibatches):
            minibatch = shuffled[:, i * n_samples // n_minibatches : (i + 1) * n_samples // n_minibatches]
            observations, actions, *columns = torch.split(minibatch, widths, dim=2)
            yield Samples(observations, actions, *(column.squeeze(2) for column in columns))


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
        """Learn from one rollout; see `gts.agents.agent.Agent.update`."""
        state, params = self.state, self._shared_params
        actor_learning_rate = state.annealed(self._actor_learning_rate, params.schedule, progress)
        critic_learning_rate = state.annealed(self._critic_learning_rate, params.schedule, progress)
        clip_ratio = self._clip_ratio * (1 - progress) if params.clip_schedule == "linear" else self._clip_ratio
        actor_active, critic_active = active[:, None].clone(), active[:, None]
        metrics = MeanMetrics()

        rewards = state.reward_scaler(rollout.rewards, rollout.done, self._gamma)
        with torch.no_grad():
            observations = state.observation_normaliser(flatten_by_member(rollout.observations))
            actions = flatten_by_member(rollout.actions)
            old_log_prob = gaussian_log_prob(actions, *state.policy(observations))
        advantages, returns = estimate_advantages(state, rollout, rewards, self._gamma, self._gae_lambda)
        samples = Samples(observations, actions, old_log_prob, advantages, returns)
        variance = explained_variance(returns, advantages)

        if params.actor_training_iterations > 0:
            # Full-batch iterations of the actor until the KL divergence ends them, then of the critic.
            for _ in range(params.actor_training_iterations):
                metrics.add(self._update_actor(samples, clip_ratio, actor_learning_rate, actor_active))
                if not actor_active.any():
                    break
            for _ in range(params.critic_training_iterations):
                metrics.add(self._update_critic(samples, critic_learning_rate, critic_active))
        else:
            for epoch in range(params.update_epochs):
                if epoch > 0 and params.recompute_advantages:
                    advantages, returns = estimate_advantages(state, rollout, rewards, self._gamma, self._gae_lambda)
                    samples = replace(samples, advantages=advantages, returns=returns)
                permutation = state.random_streams.minibatch_permutations(observations.shape[1])
                for minibatch in samples.minibatches(permutation, params.minibatch_size):
                    metrics.add(self._update_actor(minibatch, clip_ratio, actor_learning_rate, actor_active))
                    metrics.add(self._update_critic(minibatch, critic_learning_rate, critic_active))

        state.observation_normaliser.update(flatten_by_member(rollout.observations))
        return metrics.means() | {"learning_rate": actor_learning_rate[:, 0], "explained_variance": variance}

    def _update_actor(self, batch: Samples, clip_ratio: Tensor, learning_rate: Tensor, active: Tensor) -> dict[str, Tensor]:
        """One step of the policies. Clears `active` (P, 1) of members with a too large KL divergence; returns metrics."""
        advantages = normalize(batch.advantages) if self._shared_params.normalise_advantages else batch.advantages
        mean, log_std = self.state.policy(batch.observations)
        log_prob = gaussian_log_prob(batch.actions, mean, log_std)
        loss, kl, clip_fraction = clipped_policy_loss(log_prob, batch.old_log_prob, advantages, clip_ratio)
        entropy = gaussian_entropy(log_std).mean(1)
        active &= ~((self._max_kl > 0) & (kl[:, None] > self._max_kl))
        grad_norm = self.state.policy_step(loss - self._entropy_coef * entropy, learning_rate, active)
        return {
            "policy_loss": loss,
            "kl": kl,
            "clip_fraction": clip_fraction,
            "entropy": entropy,
            "actor_gradient": grad_norm,
        }

    def _update_critic(self, batch: Samples, learning_rate: Tensor, active: Tensor) -> dict[str, Tensor]:
        """One step of the critics; returns metrics."""
        loss = value_loss(self.state.values_of_normalised(batch.observations), batch.returns)
        grad_norm = self.state.value_step(loss, learning_rate, active)
        return {"value_loss": loss, "critic_gradient": grad_norm}
