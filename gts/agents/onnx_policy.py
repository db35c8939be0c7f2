"""Export of a policy as an ONNX graph from raw observations to actions.

    normalise → hidden layers → output layer → clip to ±1 → center + half range · u

The graph equals `AgentState.act` followed by `ActionScaler`, in float32, without exploration.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from gts.agents.state import AgentState
from gts.errors import MissingError

if TYPE_CHECKING:
    from onnx import NodeProto, TensorProto

INPUT_NAME, OUTPUT_NAME = "observation", "action"

_OPSET = 13
"""The oldest with every operator used here, for the runtimes of game engines."""
_IR_VERSION = 7

_ACTIVATIONS: Mapping[str, tuple[str, Mapping[str, float]]] = {
    "tanh": ("Tanh", {}),
    "sigmoid": ("Sigmoid", {}),
    "ReLU": ("Relu", {}),
    "leakyReLU": ("LeakyRelu", {"alpha": 0.01}),
    "ELU": ("Elu", {"alpha": 1.0}),
}
"""Operator and attributes by the name in a spec; `SiLU` needs two operators."""


def export_onnx_policy(
    state: AgentState,
    member: int,
    action_range: tuple[NDArray[np.float32], NDArray[np.float32]],
    metadata: Mapping[str, str],
) -> bytes:
    """Content of an ONNX file: input `observation` (batch, O) float32, output `action` (batch, A) float32.

    `action_range`: lowest and highest actions of the figure, (A,) each. Raises MissingError if `onnx` is not installed.
    """
    try:
        from onnx import TensorProto, checker, helper
    except ImportError as error:
        raise MissingError(f"the library onnx cannot be imported: {error}", hint="pip install 'gts[onnx]'") from error
    graph = _GraphBuilder()
    value = _add_normaliser(graph, state, member)
    value = _add_network(graph, state, member, value)
    _add_action_scaling(graph, value, action_range, clip=state.params[member].clip_actions)
    onnx_graph = helper.make_graph(
        graph.nodes,
        "policy",
        [helper.make_tensor_value_info(INPUT_NAME, TensorProto.FLOAT, ["batch", state.observation_size])],
        [helper.make_tensor_value_info(OUTPUT_NAME, TensorProto.FLOAT, ["batch", state.action_size])],
        graph.constants,
    )
    model = helper.make_model(onnx_graph, producer_name="gts", opset_imports=[helper.make_opsetid("", _OPSET)])
    model.ir_version = _IR_VERSION
    helper.set_model_props(model, dict(metadata))
    checker.check_model(model, full_check=True)
    data: bytes = model.SerializeToString()
    return data


class _GraphBuilder:
    """Collects nodes and constants in order."""

    def __init__(self) -> None:
        self.nodes: list[NodeProto] = []
        self.constants: list[TensorProto] = []

    def add_node(self, operator: str, inputs: Sequence[str | NDArray[Any]], output: str, **attributes: Any) -> str:
        """Add a node; arrays among the inputs become constants. Returns the name of its output."""
        from onnx import helper, numpy_helper

        names = []
        for index, value in enumerate(inputs):
            if isinstance(value, str):
                names.append(value)
                continue
            names.append(f"{output}.{index}")
            self.constants.append(numpy_helper.from_array(np.ascontiguousarray(value, np.float32), names[-1]))
        self.nodes.append(helper.make_node(operator, names, [output], name=output, **attributes))
        return output


def _add_normaliser(graph: _GraphBuilder, state: AgentState, member: int) -> str:
    if not state.observation_normaliser.enabled:
        return INPUT_NAME
    shift, scale, limit = state.observation_normaliser.affine(member)
    value = graph.add_node("Sub", [INPUT_NAME, shift], "centred")
    value = graph.add_node("Mul", [value, scale], "scaled")
    return graph.add_node("Clip", [value, np.array(-limit), np.array(limit)], "normalised")


def _add_network(graph: _GraphBuilder, state: AgentState, member: int, value: str) -> str:
    layers, arrays = state.policy.net.config, state.policy.state_dict(member)
    for index in range(layers.n_hidden):
        name = f"layer{index}"
        linear = graph.add_node("Gemm", [value, arrays[f"{name}.weight"], arrays[f"{name}.bias"]], name)
        if layers.activation == "SiLU":
            gate = graph.add_node("Sigmoid", [linear], f"{name}.gate")
            value = graph.add_node("Mul", [linear, gate], f"{name}.activation")
        else:
            operator, attributes = _ACTIVATIONS[layers.activation]
            value = graph.add_node(operator, [linear], f"{name}.activation", **attributes)
    return graph.add_node("Gemm", [value, arrays["output.weight"], arrays["output.bias"]], "output")


def _add_action_scaling(
    graph: _GraphBuilder, value: str, action_range: tuple[NDArray[np.float32], NDArray[np.float32]], *, clip: bool
) -> None:
    low, high = action_range
    if clip:
        value = graph.add_node("Clip", [value, np.array(-1.0), np.array(1.0)], "unit")
    value = graph.add_node("Mul", [value, (high - low) / np.float32(2)], "spread")
    graph.add_node("Add", [value, (low + high) / np.float32(2)], OUTPUT_NAME)
