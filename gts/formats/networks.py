"""Network tensors of a checkpoint: their names and the shapes that a spec implies."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from math import prod

from gts.errors import Problem
from gts.params.spec import Spec

TensorShape = tuple[int, ...]

NETWORK_NAMES = {"reinforce": ("policy", "baseline"), "a2c": ("actor", "critic"), "ppo": ("actor", "critic")}
"""Networks of each technique; the first one is the policy, which every checkpoint needs."""

FIGURE_SIZES = {
    "invertedPendulum": (4, 1),
    "hopper": (11, 3),
    "walker": (17, 6),
    "halfCheetah": (17, 6),
    "ant": (105, 8),
    "humanoid": (348, 17),
}
"""(O, A): sizes of observation and action. Repeats `gts.physics`, which this package may not import; a test compares them.

Checkpoints of other figures are not checked.
"""

_TENSOR_NAME = re.compile(r"(layer\d+\.(weight|bias)|output\.(weight|bias)|log_deviation|deviation\.(weight|bias))\Z")


@dataclass(frozen=True)
class NetworkInfo:
    """Summary of one network."""

    name: str
    sizes: tuple[int, ...]
    """Widths from input to output: (11, 64, 64, 3)."""
    activation: str
    deviation: str
    """Kind of the policy's standard deviation; empty for other networks."""
    parameters: int
    """Number of learned parameters."""


def is_network_tensor(name: str) -> bool:
    """Whether a tensor belongs to a network, not to its optimiser, a normaliser or a world."""
    net, _, part = name.partition(".")
    return any(net in names for names in NETWORK_NAMES.values()) and _TENSOR_NAME.match(part) is not None


def describe_networks(spec: Spec, shapes: Mapping[str, TensorShape]) -> tuple[NetworkInfo, ...]:
    """Networks of a checkpoint, the policy first."""
    values = spec.values()
    described = []
    for net in NETWORK_NAMES[spec.technique]:
        tensors = {name: shape for name, shape in shapes.items() if name.startswith(net + ".") and is_network_tensor(name)}
        weights = [
            tensors[name] for name in sorted(tensors, key=_layer_index) if re.search(r"\.(layer\d+|output)\.weight\Z", name)
        ]
        if weights:
            described.append(
                NetworkInfo(
                    name=net,
                    sizes=(weights[0][0], *(shape[-1] for shape in weights)),
                    activation=values[f"{net}.hiddenActivation"],
                    deviation=values.get(f"{net}.deviation", ""),
                    parameters=sum(prod(shape) for shape in tensors.values()),
                )
            )
    return tuple(described)


def iterate_expected_shapes(spec: Spec, net: str, observation_size: int, action_size: int) -> Iterator[tuple[str, TensorShape]]:
    """Name and shape of every tensor of a spec's network; `action_size` is its number of outputs."""
    values = spec.values()
    hidden = [values[f"{net}.hiddenSize"]] * values[f"{net}.nHidden"]
    widths = [observation_size, *hidden]
    for index, size in enumerate(hidden):
        yield f"{net}.layer{index}.weight", (widths[index], size)
        yield f"{net}.layer{index}.bias", (size,)
    yield f"{net}.output.weight", (widths[-1], action_size)
    yield f"{net}.output.bias", (action_size,)
    deviation = values.get(f"{net}.deviation")
    if deviation == "stateDependent":
        yield f"{net}.deviation.weight", (widths[-1], action_size)
        yield f"{net}.deviation.bias", (action_size,)
    elif deviation:
        yield f"{net}.log_deviation", (action_size,)


def find_shape_problems(spec: Spec, shapes: Mapping[str, TensorShape]) -> list[Problem]:
    """Differences between a spec and the shapes of its network tensors; all networks but the policy may be absent."""
    policy = NETWORK_NAMES[spec.technique][0]
    entry = f"{policy}.layer0.weight" if spec.values()[f"{policy}.nHidden"] else f"{policy}.output.weight"
    if entry not in shapes or f"{policy}.output.bias" not in shapes:
        return [Problem(f"it has no {policy} network, which a checkpoint of {spec.technique} needs")]
    sizes = (*shapes[entry][:1], *shapes[f"{policy}.output.bias"])
    if len(sizes) != 2:
        return [Problem(f"its {policy} is not a network: `{entry}` or its output has no width")]
    problems = []
    if spec.figure in FIGURE_SIZES and sizes != FIGURE_SIZES[spec.figure]:
        observation_size, action_size = FIGURE_SIZES[spec.figure]
        others = [figure for figure, known in FIGURE_SIZES.items() if known == sizes]
        seems = f"; it fits {' or '.join(others)}" if others else ""
        problems.append(
            Problem(
                f"its {policy} does not fit the {spec.figure}: that has {observation_size} observations and {action_size} "
                f"actions, the network {' and '.join(map(str, sizes))}{seems}"
            )
        )
    expected: dict[str, TensorShape] = {}
    for net in NETWORK_NAMES[spec.technique]:
        if any(is_network_tensor(name) and name.startswith(net + ".") for name in shapes):
            expected.update(iterate_expected_shapes(spec, net, sizes[0], sizes[1] if net == policy else 1))
    per_environment_shape = (spec.values()["nEnvironments"], sizes[1])
    deviation = f"{policy}.log_deviation"
    if shapes.get(deviation) == per_environment_shape and spec.values().get(f"{policy}.varianceScaleDelta"):
        expected[deviation] = per_environment_shape  # one row per environment
    for name in expected.keys() | {name for name in shapes if is_network_tensor(name)}:
        problem = _compare_shapes(name, expected.get(name), shapes.get(name))
        if problem:
            problems.append(problem)
    return sorted(problems, key=lambda problem: problem.key)


def _compare_shapes(name: str, expected: TensorShape | None, found: TensorShape | None) -> Problem | None:
    if expected == found:
        return None
    if found is None:
        return Problem(f"the tensor `{name}` is missing", name)
    if expected is None:
        return Problem(f"the tensor `{name}` does not belong to the networks of its spec", name)
    return Problem(f"the tensor `{name}` has the shape {found}, its spec needs {expected}", name)


def _layer_index(name: str) -> int:
    """Position of a layer in its network."""
    match = re.search(r"\.layer(\d+)\.", name)
    return int(match.group(1)) if match else 10**6
