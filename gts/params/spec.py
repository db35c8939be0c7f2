"""A spec: which figure, which technique, and every parameter of the two, checked and complete."""

from __future__ import annotations

import difflib
import functools
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, cast

from pydantic import ValidationError

from gts.errors import GtsError, Problem, UsageError
from gts.params.declaration import Parameter, model_parameters
from gts.params.figures import FIGURES
from gts.params.techniques import TECHNIQUES, CommonParams, PpoParams, TechniqueParams

IGNORED_KEYS = {
    "actor.discountFactor": "the agents of the original program read `discountFactor`",
    "policy.nHiddenLayers": "the original program read `policy.nHidden`",
    "nEpisodes": "the original program counted steps",
    "learningIterations": "the original program dropped it with its learned baseline",
}
"""Keys in files of the original program that it never read: accepted with a warning, and ignored."""

KEY_ALIASES = {
    "actor.fixedVariance": "actor.varianceScale",
    "policy.fixedVariance": "policy.varianceScale",
}
"""Older spellings of the original program: accepted with a warning."""

_COUNTERPARTS = {"policy": "actor", "actor": "policy", "baseline": "critic", "critic": "baseline"}
"""Groups of parameters that correspond to each other in REINFORCE and the actor-critic techniques."""

_PPO_ITERATIONS = ("actor.trainingIterations", "critic.trainingIterations")

MAX_SUGGESTIONS = 100
"""Maximum number of unknown keys of a file with a suggestion, since each takes a search."""


class ParameterError(GtsError):
    """Invalid values of a spec; `problems` has all of them, each with its key."""

    exit_code = 2

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(problem.message for problem in self.problems))


@dataclass(frozen=True)
class Spec:
    """The complete definition of a training."""

    figure: str
    technique: str
    params: TechniqueParams
    rewards: Mapping[str, float]
    """All reward parameters of the figure by key (`Hopper/minimumSpeed`), defaults included."""
    given_values: Mapping[str, Any]
    """The values under `params` in the file, in its order, without ignored keys."""
    comment: str = ""
    warnings: tuple[Problem, ...] = ()

    def values(self) -> dict[str, Any]:
        """All parameters by file key, in the order of the declarations."""
        return {**self.params.model_dump(by_alias=True), **self.rewards}

    def non_default_values(self) -> dict[str, Any]:
        """The parameters that differ from their defaults."""
        defaults = {parameter.key: parameter.default for parameter in spec_parameters(self.figure, self.technique)}
        return {key: value for key, value in self.values().items() if value != defaults[key]}

    def with_values(self, values: Mapping[str, Any]) -> Spec:
        """The same spec with some parameters changed, by file key; raises ParameterError."""
        return make_spec(self.figure, self.technique, {**self.given_values, **values}, comment=self.comment)

    def with_seed(self, seed: int) -> Spec:
        """The same spec with another seed; raises ParameterError."""
        return self.with_values({"seed": seed})

    def to_document(self) -> dict[str, Any]:
        """Content of its file."""
        head = {"comment": self.comment} if self.comment else {}
        return head | {"physicalModel": self.figure, "technique": self.technique, "params": dict(self.given_values)}

    def shape_key(self) -> tuple[Any, ...]:
        """Figure, technique and shared parameters, which are equal for all members of a cohort."""
        shared = [parameter.name for parameter in model_parameters(type(self.params)) if parameter.is_shared]
        return (self.figure, self.technique, *(getattr(self.params, name) for name in shared))


@functools.cache
def spec_parameters(figure: str, technique: str) -> tuple[Parameter, ...]:
    """All parameters of a spec of this figure and technique; raises UsageError for an unknown name."""
    model = TECHNIQUES.get(technique)
    if model is None:
        raise UsageError(unknown_name_message("technique", technique, TECHNIQUES))
    if figure not in FIGURES:
        raise UsageError(unknown_name_message("physical model", figure, FIGURES))
    return (*model_parameters(model), *FIGURES[figure].parameters())


def make_spec(figure: str, technique: str, given: Mapping[str, Any], *, comment: str = "", partial: bool = False) -> Spec:
    """Check the values of a spec and complete them with the defaults.

    `partial` accepts a value without the other values that it needs, as the fixed part of a search space has them. Raises
    ParameterError with every wrong value at once, UsageError for an unknown figure or technique.
    """
    known = {parameter.key: parameter for parameter in spec_parameters(figure, technique)}
    values, file_keys, warnings, problems = _classify_keys(given, known)
    technique_keys = {parameter.key for parameter in model_parameters(TECHNIQUES[technique])}
    technique_values = {key: value for key, value in values.items() if key in technique_keys}
    for group in ("actor", "policy"):
        if f"{group}.varianceScale" in technique_values and f"{group}.deviation" in technique_keys:
            technique_values.setdefault(f"{group}.deviation", "fixed")
    if technique == "ppo" and technique_values.get("actor.trainingIterations"):
        technique_values.setdefault("normaliseAdvantages", True)
    params: CommonParams | None = None
    try:
        params = TECHNIQUES[technique].model_validate(technique_values)
    except ValidationError as error:
        problems += [_value_problem(known[str(detail["loc"][0])], detail["input"], file_keys) for detail in error.errors()]
    if isinstance(params, PpoParams) and not partial and (problem := _iterations_problem(params, values)):
        problems.append(problem)
    rewards = {parameter.key: parameter.default for parameter in FIGURES[figure].parameters()}
    for key in values.keys() & rewards.keys():
        if known[key].accepts(values[key]):
            rewards[key] = float(values[key])
        else:
            problems.append(_value_problem(known[key], values[key], file_keys))
    if params is None or problems:
        order = {key: position for position, key in enumerate(given)}
        raise ParameterError(sorted(problems, key=lambda problem: order[problem.key]))
    return Spec(figure, technique, cast(TechniqueParams, params), rewards, values, comment, tuple(warnings))


def check_value(figure: str, technique: str, key: str, value: Any) -> Problem | None:
    """The problem of a single value of a parameter; None if it is allowed. Raises UsageError as `spec_parameters` does."""
    try:
        make_spec(figure, technique, {key: value}, partial=True)
    except ParameterError as error:
        return error.problems[0]
    return None


def parse_assignments(spec: Spec, assignments: Iterable[str]) -> Spec:
    """Change a spec by `key=value` arguments; raises UsageError or ParameterError."""
    known = {parameter.key: parameter for parameter in spec_parameters(spec.figure, spec.technique)}
    values: dict[str, Any] = {}
    for assignment in assignments:
        key, equals, text = assignment.partition("=")
        if not equals or not key:
            raise UsageError(f"`{assignment}` is not an assignment", hint="write key=value, for example seed=7")
        values[key] = _parse_value(known.get(key), text)
    return spec.with_values(values)


def unknown_name_message(kind: str, word: str, known: Iterable[str]) -> str:
    """`unknown technique "pp"; did you mean "ppo"?` with all known words if there are few."""
    choices = list(known)
    close = difflib.get_close_matches(word, choices, n=1, cutoff=0.5)
    lower = [choice for choice in choices if choice.lower() == word.lower()]
    nearest = (lower or close or [""])[0]
    shown = "".join(character if character.isprintable() else ascii(character)[1:-1] for character in word[:80])
    message = f'unknown {kind} "{shown}"'
    if nearest:
        message += f'; did you mean "{nearest}"?'
    if 0 < len(choices) <= 8:
        message += " known: " + ", ".join(choices) if nearest else "; known: " + ", ".join(choices)
    return message


def _classify_keys(
    given: Mapping[str, Any], known: Mapping[str, Parameter]
) -> tuple[dict[str, Any], dict[str, str], list[Problem], list[Problem]]:
    """Split the values of a file into values to use, the spelling of their keys in the file, warnings and problems."""
    values: dict[str, Any] = {}
    file_keys: dict[str, str] = {}
    warnings: list[Problem] = []
    problems: list[Problem] = []
    for key, value in given.items():
        target = KEY_ALIASES.get(key, key)
        if key == "comment":
            continue
        if target in known and target not in values:
            values[target], file_keys[target] = value, key
            if target != key:
                warnings.append(Problem(f"`{key}` is an older spelling of `{target}`", key))
        elif key in IGNORED_KEYS:
            warnings.append(Problem(f"`{key}` was never read ({IGNORED_KEYS[key]}) and is left out", key))
        elif target in known:
            problems.append(Problem(f"`{key}` repeats `{file_keys[target]}`", key))
        else:
            problems.append(Problem(_unknown_parameter_message(key, known, len(problems) < MAX_SUGGESTIONS), key))
    return values, file_keys, warnings, problems


def _unknown_parameter_message(key: str, known: Mapping[str, Parameter], suggest: bool) -> str:
    """The message for an unknown key, with the parameter that corresponds to one of another technique."""
    if not suggest:
        return unknown_name_message("parameter", key, ())
    owner = next((name for name, model in TECHNIQUES.items() if any(key == own.key for own in model_parameters(model))), None)
    group, _, name = key.partition(".")
    counterpart = f"{_COUNTERPARTS.get(group)}.{name}"
    if owner is None:
        return unknown_name_message("parameter", key, known)
    message = f'unknown parameter "{key}": it belongs to {owner}'
    return message + (f"; here it is {counterpart}" if counterpart in known else "")


def _iterations_problem(params: PpoParams, given: Mapping[str, Any]) -> Problem | None:
    """The problem of full-batch iterations for only one of the two networks: the other would never be trained."""
    n_iterations = (params.actor_training_iterations, params.critic_training_iterations)
    if (n_iterations[0] > 0) == (n_iterations[1] > 0):
        return None
    trained, untrained = _PPO_ITERATIONS if n_iterations[0] > 0 else reversed(_PPO_ITERATIONS)
    message = f"`{untrained}` must be at least 1 when `{trained}` is {max(n_iterations)}"
    return Problem(message, untrained if untrained in given else trained)


def _value_problem(parameter: Parameter, value: Any, file_keys: Mapping[str, str]) -> Problem:
    key = file_keys[parameter.key]
    return Problem(f"`{key}` must be {parameter.allowed}, not {_format_value(value)}", key)


def _format_value(value: Any) -> str:
    """Format a value as JSON on one line, shortened to 60 characters."""
    try:
        text = json.dumps(value, ensure_ascii=False)
    except (TypeError, ValueError):
        # Not a JSON value, or an integer with more digits than Python prints.
        text = f"a {type(value).__name__}"
    return text if len(text) <= 60 else text[:57] + "..."


def _parse_value(parameter: Parameter | None, text: str) -> Any:
    """Convert an argument to the kind of a parameter; returns the text itself if that fails."""
    if parameter is None or parameter.kind == "choice":
        return text
    if parameter.kind == "boolean":
        return {"true": True, "false": False}.get(text.lower(), text)
    for number in (int, float):
        try:
            return number(text)
        except ValueError:
            continue
    return text


def specs_with_seeds(spec: Spec, count: int) -> tuple[Spec, ...]:
    """`count` copies of a spec with the seeds that follow its own."""
    return tuple(spec.with_seed(spec.params.seed + offset) for offset in range(count))
