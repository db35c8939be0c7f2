"""Templates of new spec and space files: the parameters that are changed most often, with their defaults and meanings."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from gts.formats.spec_file import format_json
from gts.params.declaration import Parameter
from gts.params.spec import spec_parameters

_COMMON_KEYS = ("seed", "nSteps", "nEpochs", "nEnvironments", "physics")
_TECHNIQUE_KEYS = {
    "reinforce": (
        "policy.learningRate",
        "policy.discountFactor",
        "policy.nHidden",
        "policy.hiddenSize",
        "policy.hiddenActivation",
        "policy.deviation",
        "baseline",
        "baseline.learningRate",
    ),
    "a2c": (
        "actor.learningRate",
        "critic.learningRate",
        "discountFactor",
        "lambda",
        "entropyCoeff",
        "actor.nHidden",
        "actor.hiddenSize",
        "actor.hiddenActivation",
        "actor.deviation",
        "critic.nHidden",
        "critic.hiddenSize",
        "critic.hiddenActivation",
    ),
    "ppo": (
        "actor.learningRate",
        "critic.learningRate",
        "discountFactor",
        "lambda",
        "clipRatio",
        "entropyCoeff",
        "updateEpochs",
        "minibatchSize",
        "actor.nHidden",
        "actor.hiddenSize",
        "actor.hiddenActivation",
        "actor.deviation",
        "critic.nHidden",
        "critic.hiddenSize",
        "critic.hiddenActivation",
    ),
}
_REWARD_KEYS = (
    "speedPenalty",
    "forwardRewardWeight",
    "minimumSpeed",
    "controlPenalty",
    "smoothnessPenalty",
    "energyPenalty",
    "symmetryPenalty",
    "balancePenalty",
    "flightPenalty",
    "alternationWeight",
)
_DEFAULT_SPACES: dict[str, dict[str, Any]] = {
    "reinforce": {
        "policy.learningRate": {"min": 1e-4, "max": 1e-2, "log": True},
        "policy.hiddenSize": [32, 64, 128],
        "baseline": ["white", "learned"],
        "baseline.learningRate": {"min": 1e-4, "max": 1e-2, "log": True, "when": {"baseline": "learned"}},
    },
    "a2c": {
        "actor.learningRate": {"min": 1e-4, "max": 3e-3, "log": True},
        "critic.learningRate": {"min": 1e-4, "max": 1e-2, "log": True},
        "lambda": {"min": 0.9, "max": 1.0},
        "entropyCoeff": {"min": 0.0, "max": 0.01},
        "actor.hiddenActivation": ["tanh", "ELU"],
    },
    "ppo": {
        "actor.learningRate": {"min": 1e-4, "max": 1e-3, "log": True},
        "critic.learningRate": {"min": 1e-4, "max": 1e-3, "log": True},
        "lambda": {"min": 0.9, "max": 0.99},
        "clipRatio": {"min": 0.1, "max": 0.3},
        "minibatchSize": [128, 256, 512],
        "actor.hiddenActivation": ["tanh", "ELU"],
    },
}


def make_spec_template(figure: str, technique: str) -> str:
    """Content of a new spec. Raises UsageError for an unknown figure or technique."""
    chosen = _select_parameters(figure, technique)
    comment = [
        f"A training of the {figure} with {technique}. All values are the defaults: change them, or remove those that stay.",
        *_describe_parameters(chosen),
    ]
    return format_json(
        {
            "comment": "\n".join(comment),
            "physicalModel": figure,
            "technique": technique,
            "params": {parameter.key: parameter.default for parameter in chosen},
        }
    )


def make_space_template(figure: str, technique: str, name: str = "") -> str:
    """Content of a new space; `name` is that of its study. Raises UsageError for an unknown figure or technique."""
    chosen = _select_parameters(figure, technique)
    defaults = {parameter.key: parameter.default for parameter in spec_parameters(figure, technique)}
    searched = _DEFAULT_SPACES[technique]
    fixed = [parameter for parameter in chosen if parameter.key not in (*searched, "seed", "nSteps", "nEpochs")]
    comment = [
        f"A search for good parameters of {technique} for the {figure}.",
        "paramSpace: a list holds values to choose from; min and max are a range, of whole numbers if min is one.",
        '"log": true samples a range on a logarithmic scale. "when" makes a parameter depend on the value of another one.',
        'objective, maximised: score, mean, …, weights such as {"speed": 1, "effort": -0.1}, or a list of two (Pareto front).',
        *_describe_parameters(parameter for parameter in spec_parameters(figure, technique) if parameter.key in searched),
    ]
    return format_json(
        {
            "comment": "\n".join(comment),
            "physicalModel": figure,
            "name": name or f"{figure}-{technique}",
            "technique": technique,
            "nSteps": defaults["nSteps"],
            "nEpochs": defaults["nEpochs"],
            "objective": "score",
            "params": {parameter.key: parameter.default for parameter in fixed},
            "paramSpace": searched,
        }
    )


def _select_parameters(figure: str, technique: str) -> list[Parameter]:
    """Parameters of a template, in its order."""
    known = {parameter.key: parameter for parameter in spec_parameters(figure, technique)}
    rewards = {key.partition("/")[2]: parameter for key, parameter in known.items() if "/" in key}
    return [known[key] for key in (*_COMMON_KEYS, *_TECHNIQUE_KEYS[technique])] + [
        rewards[name] for name in _REWARD_KEYS if name in rewards
    ]


def _describe_parameters(chosen: Iterable[Parameter]) -> Iterable[str]:
    for parameter in chosen:
        unit = f" [{parameter.unit}]" if parameter.unit else ""
        yield f"{parameter.key}{unit}: {parameter.description} Allowed: {parameter.allowed}."
