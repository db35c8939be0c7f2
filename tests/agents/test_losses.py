"""Losses against calculations by hand."""

import math

import pytest
import torch

from gts.agents import losses, ppo


def test_the_clip_takes_the_pessimistic_side():
    # ratios 2, 2, ½, ½ with ε = 0.2; advantages 1, −1, 1, −1
    # min(2·1, 1.2·1) = 1.2   min(−2, −1.2) = −2   min(½, 0.8) = ½   min(−½, −0.8) = −0.8    mean = −0.275
    log_prob = torch.tensor([[math.log(2), math.log(2), math.log(0.5), math.log(0.5)]])
    advantages = torch.tensor([[1.0, -1.0, 1.0, -1.0]])
    loss, kl, fraction = ppo.clipped_policy_loss(log_prob, torch.zeros(1, 4), advantages, torch.tensor([[0.2]]))

    assert loss.item() == pytest.approx(0.275)
    assert fraction.item() == 1.0
    # (r − 1) − log r: 1 − log 2 twice, −½ + log 2 twice    mean = ¼
    assert kl.item() == pytest.approx(0.25)


def test_an_unmoved_policy_has_no_kl_and_the_plain_policy_gradient():
    log_prob = torch.randn(2, 50, requires_grad=True)
    advantages = torch.randn(2, 50)
    loss, kl, fraction = ppo.clipped_policy_loss(log_prob, log_prob.detach(), advantages, torch.full((2, 1), 0.2))
    (clipped,) = torch.autograd.grad(loss.sum(), log_prob)
    (plain,) = torch.autograd.grad(losses.policy_gradient_loss(log_prob, advantages).sum(), log_prob)

    assert kl.abs().max() == 0 and fraction.max() == 0
    torch.testing.assert_close(clipped, plain)


def test_no_gradient_beyond_the_clip():
    log_prob = torch.tensor([[math.log(1.5), math.log(0.5)]], requires_grad=True)
    loss, _, _ = ppo.clipped_policy_loss(log_prob, torch.zeros(1, 2), torch.tensor([[1.0, -1.0]]), torch.tensor([[0.2]]))
    (gradient,) = torch.autograd.grad(loss.sum(), log_prob)

    assert gradient.tolist() == [[0.0, 0.0]]


def test_each_member_has_its_own_clip():
    log_prob = torch.full((2, 1), math.log(1.5))
    loss, _, _ = ppo.clipped_policy_loss(log_prob, torch.zeros(2, 1), torch.ones(2, 1), torch.tensor([[0.1], [0.4]]))

    assert loss.tolist() == pytest.approx([-1.1, -1.4])


def test_the_value_loss_is_half_the_mean_square_of_each_member():
    # member 0: (1 + 9) ÷ 2 ÷ 2 = 2.5;  member 1: (0 + 4) ÷ 2 ÷ 2 = 1
    values, targets = torch.tensor([[1.0, 3.0], [5.0, 2.0]]), torch.tensor([[0.0, 0.0], [5.0, 4.0]])

    assert losses.value_loss(values, targets).tolist() == [2.5, 1.0]


def test_the_policy_gradient_loss_is_minus_the_mean_of_log_prob_times_advantage():
    # −(−1·2 + −3·−1) ÷ 2 = −½
    assert losses.policy_gradient_loss(torch.tensor([[-1.0, -3.0]]), torch.tensor([[2.0, -1.0]])).tolist() == [-0.5]


def test_normalized_rows_have_mean_zero_and_deviation_one():
    result = losses.normalize(torch.randn(3, 1000) * torch.tensor([[0.1], [1.0], [50.0]]) + 7.0)

    torch.testing.assert_close(result.mean(1), torch.zeros(3), atol=1e-4, rtol=0)
    torch.testing.assert_close(result.std(1), torch.ones(3), atol=1e-3, rtol=0)


def test_explained_variance_is_one_for_a_perfect_critic_and_zero_for_a_constant():
    targets = torch.randn(1, 1000)

    assert losses.explained_variance(targets, torch.zeros(1, 1000)).item() == pytest.approx(1.0)
    assert losses.explained_variance(targets, targets - 3.0).item() == pytest.approx(0.0, abs=1e-5)
