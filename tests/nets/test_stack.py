"""Stacked networks against torch's own layers and optimiser, one member at a time."""

import pytest
import torch

from gts.nets.adam import Adam
from gts.nets.mlp import ACTIVATIONS, Mlp, MlpConfig
from gts.nets.stack import ParameterStack

MODULES = {
    "tanh": torch.nn.Tanh,
    "sigmoid": torch.nn.Sigmoid,
    "ReLU": torch.nn.ReLU,
    "leakyReLU": torch.nn.LeakyReLU,
    "ELU": torch.nn.ELU,
    "SiLU": torch.nn.SiLU,
}


def _generators(members):
    return [torch.Generator().manual_seed(member) for member in range(members)]


def _reference(net: Mlp, member: int) -> torch.nn.Sequential:
    """The same network made of torch's modules."""
    arrays = net.state_dict(member)
    modules: list[torch.nn.Module] = []
    names = [f"layer{i}" for i in range(net.config.n_hidden)] + ["output"]
    for name in names:
        weight = torch.from_numpy(arrays[f"{name}.weight"])
        linear = torch.nn.Linear(*weight.shape)
        linear.weight.data, linear.bias.data = weight.T.contiguous(), torch.from_numpy(arrays[f"{name}.bias"])
        modules += [linear] if name == "output" else [linear, MODULES[net.config.activation]()]
    return torch.nn.Sequential(*modules)


@pytest.mark.parametrize("activation", sorted(ACTIVATIONS))
@pytest.mark.parametrize("n_hidden", [0, 1, 3])
def test_a_member_computes_what_torch_computes(activation, n_hidden):
    net = Mlp(3, 5, MlpConfig(n_hidden, 7, activation, "uniform"), {"output": 2})
    net.initialise(_generators(3), {})
    with torch.no_grad():
        net.stack["output.bias"].normal_()
    x = torch.randn(3, 11, 5)

    for member in range(3):
        torch.testing.assert_close(net(x)[member], _reference(net, member)(x[member]), rtol=1e-5, atol=1e-6)


def test_adam_with_its_own_rate_and_clipping_for_every_member_is_torch_s():
    members, rates, norms = 3, [1e-3, 1e-2, 0.1], [0.5, 0.0, 5.0]
    net = Mlp(members, 4, MlpConfig(2, 8, "tanh", "orthogonal"), {"output": 2})
    net.initialise(_generators(members), {"output": 1.0})
    references = [_reference(net, member) for member in range(members)]
    optimisers = [
        torch.optim.Adam(reference.parameters(), lr=rate, eps=1e-5) for reference, rate in zip(references, rates, strict=True)
    ]
    adam = Adam(net.stack)
    for _ in range(20):
        x, y = torch.randn(members, 16, 4), 10 * torch.randn(members, 16, 2)
        net.stack.compute_gradients((net(x) - y).square().mean((1, 2)))
        adam.step(torch.tensor(rates)[:, None], torch.tensor(norms)[:, None])
        for member, (reference, optimiser) in enumerate(zip(references, optimisers, strict=True)):
            optimiser.zero_grad()
            (reference(x[member]) - y[member]).square().mean().backward()
            if norms[member]:
                torch.nn.utils.clip_grad_norm_(reference.parameters(), norms[member])
            optimiser.step()

    x = torch.randn(members, 9, 4)
    for member, reference in enumerate(references):
        torch.testing.assert_close(net(x)[member], reference(x[member]), rtol=1e-3, atol=1e-4)


def test_an_inactive_member_does_not_change():
    stack = ParameterStack(2, {"weight": (3, 3)})
    adam = Adam(stack)
    stack.gradient[0] = 1.0
    stack.gradient[1] = float("nan")
    adam.step(torch.full((2, 1), 0.1), torch.full((2, 1), 0.5), torch.tensor([[True], [False]]))

    assert (stack.block[0] != 0).all()
    assert (stack.block[1] == 0).all()
    assert adam.steps.flatten().tolist() == [1, 0]


@pytest.mark.parametrize(("rows", "columns"), [(8, 3), (3, 8), (5, 5)])
def test_orthogonal_weights_have_orthonormal_rows_or_columns_times_the_gain(rows, columns):
    net = Mlp(1, rows, MlpConfig(0, 1, "tanh", "orthogonal"), {"output": columns})
    net.initialise(_generators(1), {"output": 2.0})
    weight = net.stack["output.weight"][0].detach()
    product = weight.T @ weight if rows >= columns else weight @ weight.T

    torch.testing.assert_close(product, 4.0 * torch.eye(min(rows, columns)), rtol=1e-5, atol=1e-5)


def test_a_member_survives_saving_and_loading():
    net = Mlp(2, 3, MlpConfig(1, 4, "ReLU", "uniform"), {"output": 2, "deviation": 2}, {"log_deviation": (2,)})
    net.initialise(_generators(2), {})
    arrays = net.state_dict(1)
    net.stack.load_state_dict(0, arrays)

    assert arrays["layer0.bias"].shape == (4,) and arrays["log_deviation"].shape == (2,)
    assert torch.equal(net.stack.block[0], net.stack.block[1])


def test_layers_of_width_one_keep_their_shape_in_a_file():
    net = Mlp(1, 1, MlpConfig(2, 1, "ReLU", "uniform"), {"output": 1})

    assert {name: array.shape for name, array in net.state_dict(0).items()} == {
        "layer0.weight": (1, 1),
        "layer0.bias": (1,),
        "layer1.weight": (1, 1),
        "layer1.bias": (1,),
        "output.weight": (1, 1),
        "output.bias": (1,),
    }


def test_a_tensor_of_another_shape_is_refused_by_name():
    net = Mlp(1, 3, MlpConfig(1, 4, "ReLU", "uniform"), {"output": 2})
    arrays = net.state_dict(0) | {"output.weight": net.state_dict(0)["output.weight"].T}

    with pytest.raises(ValueError, match=r"`output\.weight` has shape \(2, 4\), not \(4, 2\)"):
        net.stack.load_state_dict(0, arrays)
