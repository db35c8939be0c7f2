"""Properties of the agents of all techniques."""

import pytest
import torch

from gts.agents.agent import make_agent
from gts.data.rollout import Rollout
from gts.params.techniques import TECHNIQUES

STEPS, WORLDS, OBSERVATION_SIZE, ACTION_SIZE = 12, 4, 3, 2

VARIANTS = {
    "reinforce-none": ("reinforce", {"baseline": "none"}),
    "reinforce-white": ("reinforce", {"baseline": "white", "policy.deviation": "fixed"}),
    "reinforce-learned": ("reinforce", {"baseline": "learned", "baseline.trainingIterations": 3, "minibatchSize": 16}),
    "a2c": ("a2c", {"entropyCoeff": 0.01, "critic.trainingIterations": 3}),
    "a2c-spread": ("a2c", {"actor.deviation": "fixed", "actor.varianceScaleDelta": 0.5, "actor.initialisation": "uniform"}),
    "ppo": ("ppo", {"minibatchSize": 16, "normaliseAdvantages": True, "clipSchedule": "linear"}),
    "ppo-recompute": ("ppo", {"minibatchSize": 16, "recomputeAdvantages": True, "actor.deviation": "stateDependent"}),
    "ppo-separate": ("ppo", {"actor.trainingIterations": 5, "critic.trainingIterations": 5, "targetKL": 0.01}),
}


@pytest.fixture(params=sorted(VARIANTS))
def variant(request):
    return VARIANTS[request.param]


def _agent(variant, seeds=(1, 2, 3), **more):
    technique, params = variant
    given = {"nEnvironments": WORLDS} | params | more
    return make_agent(
        technique,
        [TECHNIQUES[technique].model_validate(given | {"seed": seed}) for seed in seeds],
        OBSERVATION_SIZE,
        ACTION_SIZE,
    )


def _progress(agent, part=0.0):
    return torch.full((agent.state.n_members, 1), part)


def _rollout(agent, seed=0, members=None):
    """A random rollout of `members` (None: all), which depends on their numbers only."""
    members = members or range(agent.state.n_members)
    rows = []
    for member in members:
        generator = torch.Generator().manual_seed(1000 * seed + member)
        observations = torch.randn(STEPS + 1, WORLDS, OBSERVATION_SIZE, generator=generator)
        noise = torch.randn(STEPS, WORLDS, ACTION_SIZE, generator=generator)
        rewards = torch.randn(STEPS, WORLDS, generator=generator)
        ends = torch.rand(2, STEPS, WORLDS, generator=generator) < 0.1
        rows.append((observations, noise, rewards, ends[0], ends[1] & ~ends[0]))
    observations, noise, rewards, terminated, truncated = (torch.stack(part, 1) for part in zip(*rows, strict=True))
    actions = torch.stack([agent.state.sample(observations[t], noise[t]) for t in range(STEPS)])
    cut = torch.nonzero(truncated)
    return Rollout(
        observations[:-1],
        actions.clone(),
        rewards,
        terminated,
        truncated,
        observations[-1],
        cut,
        observations[1:][tuple(cut.T)],
    )


def _state_of(agent, member):
    return agent.state.state_dict(member)


def _equal(a, b):
    return a.keys() == b.keys() and all((a[name] == b[name]).all() for name in a)


def _train(agent, updates=3, active=None, first=0):
    active = torch.ones(agent.state.n_members, dtype=torch.bool) if active is None else active
    for index in range(first, first + updates):
        metrics = agent.update(_rollout(agent, index), _progress(agent, index / 10), active)
    return metrics


def test_an_update_moves_every_network_and_reports_finite_numbers(variant):
    agent = _agent(variant)
    before = [_state_of(agent, member) for member in range(3)]
    metrics = _train(agent)

    assert all(metric.shape == (3,) and torch.isfinite(metric).all() for metric in metrics.values())
    assert agent.state.finite_members().all()
    for member in range(3):
        after = _state_of(agent, member)
        assert all((after[name] != before[member][name]).any() for name in after if name.endswith("output.weight"))


def test_the_same_seed_twice_gives_the_same_bits(variant):
    first, second = _agent(variant), _agent(variant)
    _train(first)
    _train(second)

    assert all(_equal(_state_of(first, member), _state_of(second, member)) for member in range(3))


def test_seeds_differ(variant):
    agent = _agent(variant)
    weights = [_state_of(agent, member)[f"{agent.state.network_names[0]}.layer0.weight"] for member in range(3)]

    assert (weights[0] != weights[1]).any() and (weights[1] != weights[2]).any()


def test_a_member_does_not_depend_on_the_others(variant):
    together, alone = _agent(variant, seeds=(5, 6, 7)), _agent(variant, seeds=(6,))
    everyone, one = torch.ones(3, dtype=torch.bool), torch.ones(1, dtype=torch.bool)
    for index in range(3):
        together.update(_rollout(together, index), _progress(together), everyone)
        alone.update(_rollout(alone, index, members=[1]), _progress(alone), one)
    a, b = _state_of(together, 1), _state_of(alone, 0)

    for name in a:
        torch.testing.assert_close(torch.from_numpy(a[name]), torch.from_numpy(b[name]), rtol=2e-3, atol=2e-5)


def test_a_loaded_state_continues_with_the_same_bits(variant):
    first, second = _agent(variant), _agent(variant, seeds=(11, 12, 13))
    _train(first)
    for member in range(3):
        second.state.load_state_dict(member, _state_of(first, member), strict=True)
    _train(first, first=3)
    _train(second, first=3)

    assert all(_equal(_state_of(first, member), _state_of(second, member)) for member in range(3))


def test_an_inactive_member_does_not_change(variant):
    agent = _agent(variant)
    _train(agent, updates=1)
    before = _state_of(agent, 1)
    _train(agent, active=torch.tensor([True, False, True]), first=1)
    after = _state_of(agent, 1)
    networks = [name for name in before if "." in name and name.split(".")[0] in agent.state.network_names]

    assert all((before[name] == after[name]).all() for name in networks)


def test_nan_in_one_member_does_not_reach_the_others(variant):
    agent, healthy = _agent(variant), _agent(variant)
    agent.state.policy.net.stack.block[1] = float("nan")
    active = torch.ones(3, dtype=torch.bool)
    agent.update(_rollout(healthy), _progress(agent), active)
    healthy.update(_rollout(healthy), _progress(healthy), active)

    assert agent.state.finite_members().tolist() == [True, False, True]
    for member in (0, 2):
        assert _equal(_state_of(agent, member), _state_of(healthy, member))


def test_learning_rates_are_each_member_s_own(variant):
    technique, params = variant
    key = "policy.learningRate" if technique == "reinforce" else "actor.learningRate"
    given = {"nEnvironments": WORLDS, "seed": 4, "schedule": "constant"} | params
    members = [TECHNIQUES[technique].model_validate(given | {key: rate}) for rate in (1e-5, 1e-2)]
    agent = make_agent(technique, members, OBSERVATION_SIZE, ACTION_SIZE)
    name = f"{agent.state.network_names[0]}.layer0.weight"
    start = _state_of(agent, 0)[name]
    agent.update(_rollout(agent), _progress(agent), torch.ones(2, dtype=torch.bool))
    moved = [abs(_state_of(agent, member)[name] - start).max() for member in range(2)]

    assert moved[1] > 100 * moved[0] > 0


def test_only_the_networks_are_needed_for_a_warm_start(variant):
    agent, other = _agent(variant), _agent(variant, seeds=(11, 12, 13))
    _train(agent)
    networks = {name: array for name, array in _state_of(agent, 0).items() if name.split(".")[0] in agent.state.network_names}
    networks = {name: array for name, array in networks.items() if ".adam." not in name}
    other.state.load_state_dict(0, networks, strict=False)
    observations = torch.randn(3, WORLDS, OBSERVATION_SIZE)

    assert torch.equal(agent.state.policy.mean(observations)[0], other.state.policy.mean(observations)[0])


@pytest.mark.learning
@pytest.mark.parametrize("technique", sorted(TECHNIQUES))
def test_every_technique_learns_to_copy_its_observation(technique):
    """Reward −(u − s)² in episodes of one step: the best policy repeats its observation."""
    params = {"nEnvironments": 64, "normaliseObservations": False, "schedule": "constant"}
    own = {"policy.learningRate": 0.01, "policy.deviation": "learned"}
    params |= own if technique == "reinforce" else {"actor.learningRate": 0.01}
    torch.manual_seed(0)
    agent = make_agent(technique, [TECHNIQUES[technique].model_validate(params | {"seed": s}) for s in (1, 2)], 2, 2)
    active = torch.ones(2, dtype=torch.bool)
    ends = torch.ones(4, 2, 64, dtype=torch.bool)
    none = torch.zeros_like(ends)
    for _ in range(60 if technique == "ppo" else 400):
        seen = torch.rand(5, 2, 64, 2) * 2 - 1
        actions = torch.stack([agent.state.sample(seen[t], torch.randn(2, 64, 2)) for t in range(4)]).clone()
        rewards = -(actions - seen[:-1]).square().sum(-1)
        rollout = Rollout(seen[:-1], actions, rewards, ends, none, seen[-1], torch.zeros(0, 3).long(), torch.zeros(0, 2))
        agent.update(rollout, _progress(agent), active)
    seen = torch.rand(2, 500, 2) * 2 - 1

    assert (agent.state.act(seen) - seen).abs().mean() < 0.12


def test_full_batch_iterations_obey_normalise_advantages():
    """The first loss is minus the mean advantage: 0 if they are normalised."""
    iterations = {"actor.trainingIterations": 1, "critic.trainingIterations": 1, "scaleRewards": False}

    def first_policy_loss(normalise: bool) -> float:
        agent = _agent(("ppo", iterations | {"normaliseAdvantages": normalise}), seeds=(1,))
        return float(agent.update(_rollout(agent), _progress(agent), torch.ones(1, dtype=torch.bool))["policy_loss"])

    assert first_policy_loss(normalise=True) == pytest.approx(0.0, abs=1e-5)
    assert abs(first_policy_loss(normalise=False)) > 1e-3
