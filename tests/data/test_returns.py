"""Returns and advantages against arithmetic done by hand."""

import torch

from gts.data.returns import compute_gae, returns_to_go


def _column(*values: float) -> torch.Tensor:
    """A rollout of one member in one world. → (T, 1, 1)"""
    return torch.tensor(values, dtype=torch.float32)[:, None, None]


def _never(steps: int) -> torch.Tensor:
    return torch.zeros(steps, 1, 1, dtype=torch.bool)


def _at(steps: int, step: int) -> torch.Tensor:
    flags = _never(steps)
    flags[step] = True
    return flags


GAMMA = torch.tensor([[0.5]])
LAMBDA = torch.tensor([[0.5]])


def test_advantages_of_three_steps_by_hand():
    # δ2 = 4 + 0.5·8 − 2 = 6      A2 = 6
    # δ1 = 2 + 0.5·2 − 1 = 2      A1 = 2 + 0.25·6 = 3.5
    # δ0 = 1 + 0.5·1 − 0 = 1.5    A0 = 1.5 + 0.25·3.5 = 2.375
    advantages = compute_gae(_column(1, 2, 4), _column(0, 1, 2), _column(1, 2, 8), _never(3), _never(3), GAMMA, LAMBDA)

    assert advantages.flatten().tolist() == [2.375, 3.5, 6.0]


def test_termination_ends_the_future_and_truncation_only_the_episode():
    arguments = (_column(1, 1, 1), _column(1, 1, 1), _column(3, 4, 5))
    # terminated at step 1: δ1 = 1 − 1 = 0; nothing of step 2 reaches back.  δ0 = 1 + 0.5·3 − 1 = 1.5
    terminated = compute_gae(*arguments, _at(3, 1), _never(3), GAMMA, LAMBDA)
    assert terminated.flatten().tolist() == [1.5, 0.0, 2.5]

    # truncated at step 1: δ1 = 1 + 0.5·4 − 1 = 2, still nothing of step 2.  A0 = 1.5 + 0.25·2
    truncated = compute_gae(*arguments, _never(3), _at(3, 1), GAMMA, LAMBDA)
    assert truncated.flatten().tolist() == [2.0, 2.0, 2.5]


def test_lambda_zero_is_the_temporal_difference_and_lambda_one_the_full_return():
    rewards, values, following = torch.randn(3, 7, 2, 5).unbind(0)
    following[:-1] = values[1:]
    never = torch.zeros(7, 2, 5, dtype=torch.bool)
    gamma = torch.tensor([[0.9], [0.99]])

    short = compute_gae(rewards, values, following, never, never, gamma, torch.zeros(2, 1))
    torch.testing.assert_close(short, rewards + gamma * following - values)

    whole = compute_gae(rewards, values, following, never, never, gamma, torch.ones(2, 1))
    torch.testing.assert_close(whole + values, returns_to_go(rewards, following, never, never, gamma))


def test_returns_to_go_by_hand():
    # G2 = 4 + 0.5·8 = 8, G1 = 2 + 0.5·8 = 6, G0 = 1 + 0.5·6 = 4
    arguments = (_column(1, 2, 4), _column(9, 6, 8))
    assert returns_to_go(*arguments, _never(3), _never(3), GAMMA).flatten().tolist() == [4.0, 6.0, 8.0]
    # terminated at step 1: G1 = 2, G0 = 1 + 0.5·2
    assert returns_to_go(*arguments, _at(3, 1), _never(3), GAMMA).flatten().tolist() == [2.0, 2.0, 8.0]
    # truncated at step 1: G1 = 2 + 0.5·6 = 5, G0 = 1 + 0.5·5
    assert returns_to_go(*arguments, _never(3), _at(3, 1), GAMMA).flatten().tolist() == [3.5, 5.0, 8.0]


def test_each_member_has_its_own_discount():
    ones = torch.ones(2, 2, 1)
    never = torch.zeros(2, 2, 1, dtype=torch.bool)
    returns = returns_to_go(ones, ones, never, never, torch.tensor([[0.0], [1.0]]))

    assert returns[:, 0, 0].tolist() == [1.0, 1.0]
    assert returns[:, 1, 0].tolist() == [3.0, 2.0]


def test_a_constant_reward_is_worth_one_over_one_minus_gamma_across_time_limits():
    """A critic that fits its own targets settles at 1/(1 − γ), though every episode is cut after five steps."""
    gamma, lam = torch.tensor([[0.9]]), torch.tensor([[0.8]])
    value = torch.zeros(())
    truncated = torch.zeros(10, 1, 1, dtype=torch.bool)
    truncated[4] = truncated[9] = True
    for _ in range(200):
        values = value.expand(10, 1, 1)
        advantages = compute_gae(torch.ones(10, 1, 1), values, values, _never(10), truncated, gamma, lam)
        value = (advantages + values).mean()

    torch.testing.assert_close(value, torch.tensor(10.0))
