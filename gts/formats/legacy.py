"""Import checkpoints of the original program.

Imported are the networks, the state of their optimisers, the parameters and the score. The original stored no step counter,
random streams or worlds: a training starts from such a checkpoint but cannot resume it exactly.

Three things are converted. Weights become (in, out). The original's policies act in the units of the figure, here they act in
[−1, 1] times the half action range h: μ′ = μ ÷ h, σ′ = σ ÷ h, with h = 3 for the pendulum and 1 for all others. The spec
states the original's implicit settings: raw observations and rewards, unclipped actions, constant learning rates.
"""

from __future__ import annotations

import hashlib
import json
import math
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, NoReturn

import numpy as np
from numpy.typing import NDArray

from gts.errors import FormatError, Problem
from gts.formats.checkpoint import Checkpoint, compute_tensor_checksum
from gts.formats.file_checks import identify_file_type, read_bytes
from gts.formats.networks import NETWORK_NAMES, find_shape_problems
from gts.formats.safe_unpickle import MAX_LEGACY_BYTES, load_legacy_pickle
from gts.formats.strict_json import to_printable
from gts.params.spec import IGNORED_KEYS, KEY_ALIASES, Spec, check_value, make_spec, spec_parameters
from gts.system.versions import package_versions

_HALF_RANGE = {"invertedPendulum": 3.0, "hopper": 1.0, "halfCheetah": 1.0, "walker": 1.0}
"""Half the action range of the original's figures."""

_IMPLICIT_PARAMS: dict[str, Any] = {
    "normaliseObservations": False,
    "scaleRewards": False,
    "clipActions": False,
    "schedule": "constant",
    "maxGradientNorm": 0,
}
"""Implicit settings of the original program."""

_TENSOR_NAME = re.compile(r"(commonNet\.layer\d{1,3}|output|stdDev)\.(weight|bias)\Z")
_INVALID_VALUE = Problem("a parameter has a value that is neither a number nor a string")
_LARGEST_TENSOR = 100_000_000
_HINT = "only checkpoints of the original program can be imported"


def read_legacy_checkpoint(path: str | os.PathLike[str]) -> Checkpoint:
    """Read a checkpoint of the original program; imports torch.

    Raises FileError if the file cannot be read, FormatError if it is damaged, holds more than data, or has an unknown figure
    or technique, MissingError for a torch without a safe loader.
    """
    name = os.fspath(path)
    data = read_bytes(path, "checkpoint", MAX_LEGACY_BYTES)
    seems = identify_file_type(data[:16])
    if seems == "a checkpoint":
        raise FormatError(name, [Problem("this is a checkpoint of GTS already")], hint="use it without `gts import`")
    if "zip" not in seems:
        problem = Problem(f"this is {seems}" if seems else "this is not a checkpoint of the original program")
        raise FormatError(name, [problem], hint=_HINT)
    return _LegacyImporter(name, load_legacy_pickle(name, data), hashlib.sha256(data).hexdigest()).build_checkpoint()


@dataclass
class _LegacyImporter:
    """Converts one file."""

    name: str
    content: Any
    file_checksum: str
    warnings: list[Problem] = field(default_factory=list)

    def build_checkpoint(self) -> Checkpoint:
        technique, figure = self.read_technique(), self.read_figure()
        policy = self.read_network("policy.net")
        given = self.read_params(figure, technique)
        names = NETWORK_NAMES[technique]
        tensors = self.build_policy_tensors(names[0], policy, _HALF_RANGE[figure])
        given |= self.build_policy_params(names[0], policy, _HALF_RANGE[figure], given)
        tensors |= self.read_adam_state(names[0], "policy", policy, _HALF_RANGE[figure])
        if "critic.net" in self.content and technique != "reinforce":
            critic = self.read_network("critic.net")
            tensors |= _build_layer_tensors(names[1], critic, 1.0)
            given |= {f"{names[1]}.{key}": value for key, value in critic.hidden.items()}
            tensors |= self.read_adam_state(names[1], "critic", critic, 1.0)
        spec = self.build_spec(figure, technique, given)
        self.check_tensors(spec, tensors)
        return Checkpoint(
            spec=spec,
            tensors=tensors,
            counters=self.read_score(),
            parents=({"name": Path(self.name).name, "checksum": self.file_checksum, "step": None},),
            versions=package_versions(peers=False),
            checksum=compute_tensor_checksum(tensors),
        )

    def fail(self, message: str) -> NoReturn:
        raise FormatError(self.name, [Problem(message)], hint=_HINT)

    def read_technique(self) -> str:
        if not isinstance(self.content, dict):
            self.fail("it holds no training")
        word = self.content.get("agent", self.content.get("trainer"))
        if not isinstance(word, str) or word.lower() not in NETWORK_NAMES:
            self.fail(f"it was trained by an unknown technique, {_describe_value(word)}")
        return word.lower()

    def read_figure(self) -> str:
        word = self.content.get("model")
        if not isinstance(word, str) or word not in _HALF_RANGE:
            self.fail(f"it is of an unknown figure, {_describe_value(word)}; known: {', '.join(_HALF_RANGE)}")
        return word

    def read_network(self, key: str) -> _LegacyNetwork:
        """Read a network's description and tensors."""
        stored = self.content.get(key)
        state = stored.get("state") if isinstance(stored, dict) else None
        if not isinstance(stored, dict) or not isinstance(state, Mapping):
            self.fail(f"it has no network `{key}`")
        try:
            layers = json.loads(stored["hiddenLayers"])
            hidden = {
                "nHidden": layers["nLayers"],
                "hiddenSize": layers["size"],
                "hiddenActivation": layers["activation"],
            }
        except (KeyError, TypeError, ValueError, RecursionError):
            self.fail(f"its network `{key}` does not describe its layers")
        if not all(isinstance(part, str) and _TENSOR_NAME.match(part) for part in state):
            self.fail(f"its network `{key}` has parts unknown to the original program")
        arrays = {part: self.read_array(f"{key}.{part}", tensor) for part, tensor in state.items()}
        return _LegacyNetwork(hidden, arrays, stored.get("variance"))

    def read_array(self, name: str, tensor: Any) -> NDArray[np.float32]:
        """Copy a tensor into an array, after checking that it is not larger than its storage."""
        import torch

        if not isinstance(tensor, torch.Tensor) or tensor.layout != torch.strided or tensor.is_meta:
            self.fail(f"`{to_printable(name)}` is not a plain tensor")
        if tensor.numel() > _LARGEST_TENSOR or tensor.numel() * tensor.element_size() > tensor.untyped_storage().nbytes():
            self.fail(f"`{to_printable(name)}` claims to be larger than its stored data")
        if not tensor.dtype.is_floating_point:
            self.fail(f"`{to_printable(name)}` holds {tensor.dtype}, not floating-point numbers")
        return np.array(tensor.detach().to(torch.float32).numpy(), dtype=np.float32)

    def read_params(self, figure: str, technique: str) -> dict[str, Any]:
        """Read the parameters; unknown and invalid ones are left out with a warning."""
        stored = self.content.get("params")
        if not isinstance(stored, dict):
            self.fail("it has no parameters")
        known = {parameter.key for parameter in spec_parameters(figure, technique)}
        given: dict[str, Any] = {}
        for spelled, value in stored.items():
            key = KEY_ALIASES.get(spelled, spelled) if isinstance(spelled, str) else str(spelled)
            value = value.lower() if key == "baseline" and isinstance(value, str) else value
            if key not in known:
                cause = IGNORED_KEYS.get(key, "this program has no such parameter")
                self.warnings.append(Problem(f"`{to_printable(key)}` is left out: {cause}", to_printable(key)))
                continue
            problem = (
                check_value(figure, technique, key, value) if isinstance(value, (bool, int, float, str)) else _INVALID_VALUE
            )
            if problem:
                self.warnings.append(Problem(f"{problem.message}; it is left out", key))
            elif key == spelled or key not in stored:
                given[key] = value
        return given

    def build_policy_params(self, net: str, policy: _LegacyNetwork, half: float, given: Mapping[str, Any]) -> dict[str, Any]:
        """Parameters that make the spec describe the imported policy."""
        values = {f"{net}.{key}": value for key, value in policy.hidden.items()}
        values |= _IMPLICIT_PARAMS | {f"{net}.initialisation": "uniform"}
        values[f"{net}.deviation"] = "fixed" if policy.variance is not None else "stateDependent"
        if net == "actor":
            values["critic.initialisation"] = "uniform"
            values["normaliseAdvantages"] = self.read_technique() == "ppo"
        if policy.variance is not None and f"{net}.varianceScale" not in given:
            values[f"{net}.varianceScale"] = float(np.mean(self.read_stds(policy))) / (2.0 * half)
        return values

    def read_stds(self, policy: _LegacyNetwork) -> NDArray[np.float64]:
        """Fixed standard deviations, (A,), or (N, A) if A2C used different ones in its N environments."""
        actions = len(policy.arrays.get("output.bias", ()))
        flat = not isinstance(policy.variance, list) or not any(isinstance(row, list) for row in policy.variance)
        listed = [policy.variance] if flat else policy.variance
        for row in listed:
            numbers = isinstance(row, list) and all(isinstance(number, float) and 0 < number < 1e6 for number in row)
            if not numbers or not 0 < len(row) == actions:
                self.fail("its fixed standard deviations do not fit its actions")
        rows = np.array(listed)
        return rows[0] if (rows == rows[0]).all() else rows

    def build_policy_tensors(self, net: str, policy: _LegacyNetwork, half: float) -> dict[str, NDArray[Any]]:
        tensors = _build_layer_tensors(net, policy, half)
        if policy.variance is not None:
            tensors[f"{net}.log_deviation"] = np.log(self.read_stds(policy) / half).astype(np.float32)
        elif "stdDev.weight" in policy.arrays and "stdDev.bias" in policy.arrays:
            tensors[f"{net}.deviation.weight"] = _transpose_weights(policy.arrays["stdDev.weight"])
            tensors[f"{net}.deviation.bias"] = policy.arrays["stdDev.bias"] - np.float32(math.log(half))
        else:
            self.fail("its policy has no standard deviation")
        return tensors

    def read_adam_state(self, net: str, key: str, network: _LegacyNetwork, half: float) -> dict[str, NDArray[Any]]:
        """Read the moments of Adam. With W = h W′ the gradient by W′ is h times that by W, its square h² times."""
        stored = self.content.get(f"{key}.optimiserState")
        state = stored.get("state") if isinstance(stored, dict) else None
        if not isinstance(state, dict) or len(state) != len(network.arrays):
            return {}
        moments: dict[str, NDArray[Any]] = {}
        for index, (name, weights) in enumerate(network.arrays.items()):
            entry = state.get(index)
            if not isinstance(entry, dict) or not {"step", "exp_avg", "exp_avg_sq"} <= entry.keys():
                return {}
            first, second = (self.read_array(f"{key}.{part}", entry[part]) for part in ("exp_avg", "exp_avg_sq"))
            steps = _parse_step_count(entry["step"])
            if first.shape != weights.shape or second.shape != weights.shape or not 0 <= steps < 2**53:
                return {}
            if not (np.isfinite(first).all() and np.isfinite(second).all() and (second >= 0).all()):
                return {}
            scale = np.float32(half if name.startswith("output.") else 1.0)
            moments[f"{net}.adam.first.{_rename_tensor(name)}"] = _transpose_weights(first) * scale
            moments[f"{net}.adam.second.{_rename_tensor(name)}"] = _transpose_weights(second) * scale**2
            moments[f"{net}.adam.steps"] = np.array(int(steps), dtype=np.int64)
        return moments

    def read_score(self) -> dict[str, Any]:
        """Read the original's score: mean, cov and score of its own episodes."""
        stored = self.content.get("score")
        score = stored if isinstance(stored, dict) else {}
        numbers = {
            key: float(score[key])
            for key in ("mean", "cov", "score")
            if isinstance(score.get(key), float) and math.isfinite(score[key])
        }
        return {"originalScore": numbers} if numbers else {}

    def build_spec(self, figure: str, technique: str, given: dict[str, Any]) -> Spec:
        comment = f"imported from {Path(self.name).name}, a checkpoint of the original program"
        problems = [check_value(figure, technique, key, value) for key, value in given.items()]
        wrong = [problem for problem in problems if problem]
        if wrong:
            raise FormatError(self.name, wrong, hint=_HINT)
        return replace(make_spec(figure, technique, given, comment=comment), warnings=tuple(self.warnings))

    def check_tensors(self, spec: Spec, tensors: Mapping[str, NDArray[Any]]) -> None:
        problems = find_shape_problems(spec, {name: tensor.shape for name, tensor in tensors.items()})
        broken = [name for name, tensor in tensors.items() if not np.isfinite(tensor).all()]
        problems += [Problem(f"the tensor `{name}` holds a number that is not finite", name) for name in broken]
        if problems:
            raise FormatError(self.name, problems, hint=_HINT)


@dataclass(frozen=True)
class _LegacyNetwork:
    """A network of the original program: tensors by their original names, weights (out, in)."""

    hidden: dict[str, Any]
    arrays: dict[str, NDArray[np.float32]]
    variance: Any


def _build_layer_tensors(net: str, network: _LegacyNetwork, half: float) -> dict[str, NDArray[Any]]:
    """Rename the layers' tensors and scale the output layer to units of the half action range."""
    return {
        f"{net}.{_rename_tensor(name)}": _transpose_weights(array) / np.float32(half if name.startswith("output.") else 1.0)
        for name, array in network.arrays.items()
        if not name.startswith("stdDev.")
    }


def _parse_step_count(count: Any) -> float:
    """Step counter of Adam, a tensor of one number in newer files; −1 if it is invalid."""
    import torch

    if isinstance(count, torch.Tensor):
        count = count.item() if count.numel() == 1 and count.dtype.is_floating_point else -1
    return float(count) if isinstance(count, (int, float)) else -1.0


def _describe_value(value: Any) -> str:
    return f'"{to_printable(value)}"' if isinstance(value, str) else f"a {type(value).__name__}"


def _rename_tensor(name: str) -> str:
    return name.replace("commonNet.", "").replace("stdDev.", "deviation.")


def _transpose_weights(array: NDArray[Any]) -> NDArray[Any]:
    """(out, in) → (in, out); vectors stay."""
    return np.ascontiguousarray(array.T) if array.ndim == 2 else array
