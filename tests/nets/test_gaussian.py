"""The Gaussian policy against numerical integration and sampling."""

import math

import pytest
import torch

from gts.nets.gaussian import GaussianPolicy, gaussian_entropy, gaussian_log_prob
from gts.nets.mlp import MlpConfig


@pytest.mark.parametrize(("mean", "deviation"), [(0.0, 1.0), (0.7, 0.25), (-2.0, 3.0)])
def test_the_density_integrates_to_one_and_its_entropy_is_the_integral_of_minus_p_log_p(mean, deviation):
    grid = torch.linspace(mean - 12 * deviation, mean + 12 * deviation, 200_001, dtype=torch.float64)[:, None]
    log_deviation = torch.tensor([math.log(deviation)], dtype=torch.float64)
    log_density = gaussian_log_prob(grid, torch.tensor([mean], dtype=torch.float64), log_deviation)
    density = log_density.exp()

    assert torch.trapezoid(density, grid[:, 0]).item() == pytest.approx(1.0, abs=1e-9)
    assert torch.trapezoid(-density * log_density, grid[:, 0]).item() == pytest.approx(
        gaussian_entropy(log_deviation).item(), abs=1e-9
    )


def test_actions_are_independent():
    actions, mean, log_deviation = torch.randn(3, 4, 2, 5).unbind(0)
    each = [gaussian_log_prob(actions[..., i : i + 1], mean[..., i : i + 1], log_deviation[..., i : i + 1]) for i in range(5)]

    torch.testing.assert_close(gaussian_log_prob(actions, mean, log_deviation), torch.stack(each).sum(0))


def _policy(deviation: str, members: int = 2, environments: int = 1) -> GaussianPolicy:
    policy = GaussianPolicy(members, 3, 2, MlpConfig(2, 16, "tanh", "orthogonal"), deviation, environments)
    generators = [torch.Generator().manual_seed(member) for member in range(members)]
    policy.initialise(generators, torch.tensor([0.5, 2.0])[:members])
    return policy


@pytest.mark.parametrize("deviation", ["fixed", "learned", "stateDependent"])
def test_samples_have_the_deviation_that_was_asked_for(deviation):
    policy = _policy(deviation)
    observations = torch.randn(2, 20_000, 3)
    actions = policy.sample(observations, torch.randn(2, 20_000, 2)) - policy.mean(observations)

    torch.testing.assert_close(actions.std(dim=(1, 2)), torch.tensor([0.5, 2.0]), rtol=0.05, atol=0.0)


@pytest.mark.parametrize(("deviation", "learns"), [("fixed", False), ("learned", True), ("stateDependent", True)])
def test_only_a_learned_deviation_has_a_gradient(deviation, learns):
    policy = _policy(deviation)
    actions = torch.randn(2, 64, 2)
    policy.net.stack.compute_gradients(gaussian_log_prob(actions, *policy(torch.randn(2, 64, 3))).sum(1))
    gradient = policy.net.stack.state_dict(0, policy.net.stack.gradient)
    names = [name for name in gradient if "deviation" in name]

    assert bool(names) == learns
    assert all((gradient[name] != 0).any() for name in names)


def test_a_fixed_deviation_may_differ_between_environments():
    policy = GaussianPolicy(1, 3, 2, MlpConfig(1, 8, "ReLU", "uniform"), "fixed", n_environments=4)
    deviations = torch.tensor([0.1, 0.2, 0.3, 0.4])[None, :, None].expand(1, 4, 2)
    policy.initialise([torch.Generator().manual_seed(0)], deviations)
    _, at_once = policy(torch.zeros(1, 4, 3))
    _, over_three_steps = policy(torch.zeros(1, 12, 3))

    torch.testing.assert_close(at_once.exp(), deviations)
    torch.testing.assert_close(over_three_steps.exp(), deviations.repeat(1, 3, 1))
