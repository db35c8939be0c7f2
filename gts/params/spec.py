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
"""Keys that files of the original program carry though it never read them: accepted, warned about, left out."""

KEY_ALIASES = {
    "actor.fixedVariance": "actor.varianceScale",
    "policy.fixedVariance": "policy.varianceScale",
}
"""Older spellings of the original program: read as the new one, with a warning."""


_PPO_ITERATIONS = ("actor.trainingIterations", "critic.trainingIterations")

MAX_SUGGESTIONS = 100
"""Nearest words are looked for in so many mistakes of a file; a file of nothing but mistakes has a hundred thousand."""


class ParameterError(GtsError):
    """Values that no spec can have; `problems` holds all of them, each with its key."""

    exit_code = 2

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(problem.message for problem in self.problems))


@dataclass(frozen=True)
class Spec:
    """One training, complete."""

    figure: str
    technique: str
    params: TechniqueParams
    rewards: Mapping[str, float]
    """Every reward parameter of the figure by its key (`Hopper/minimumSpeed`), defaults included."""
    given_values: Mapping[str, Any]
    """What the file itself said under `params`, in its order, without what is never read."""
    comment: str = ""
    warnings: tuple[Problem, ...] = ()

    def values(self) -> dict[str, Any]:
        """Every parameter by its file key, in the order of the declarations."""
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
        """The content of its file."""
        head = {"comment": self.comment} if self.comment else {}
        return head | {"physicalModel": self.figure, "technique": self.technique, "params": dict(self.given_values)}

    def shape_key(self) -> tuple[Any, ...]:
        """What the members of one cohort must have in common."""
        shared = [parameter.name for parameter in model_parameters(type(self.params)) if parameter.is_shared]
        return (self.figure, self.technique, *(getattr(self.params, name) for name in shared))


@functools.cache
def spec_parameters(figure: str, technique: str) -> tuple[Parameter, ...]:
    """Every parameter that a spec of this figure and technique may give; raises UsageError for an unknown name."""
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
        if _is_within_bounds(known[key], values[key]):
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
    """A spec changed by `key=value` words of a command line; raises UsageError or ParameterError."""
    known = {parameter.key: parameter for parameter in spec_parameters(spec.figure, spec.technique)}
    values: dict[str, Any] = {}
    for assignment in assignments:
        key, equals, text = assignment.partition("=")
        if not equals or not key:
            raise UsageError(f"`{assignment}` is not an assignment", hint="write key=value, for example seed=7")
        values[key] = _parse_value(known.get(key), text)
    return spec.with_values(values)


def unknown_name_message(kind: str, word: str, known: Iterable[str]) -> str:
    """`unknown technique "pp"; did you mean "ppo"?` with all known words where there are few."""
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
    """Split what a file says into values to use, the file's spelling of their keys, warnings and problems."""
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
            problems.append(Problem(f"`{key}` says again what `{file_keys[target]}` says", key))
        else:
            problems.append(
                Problem(unknown_name_message("parameter", key, known if len(problems) < MAX_SUGGESTIONS else ()), key)
            )
    return values, file_keys, warnings, problems


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


def _is_within_bounds(parameter: Parameter, value: Any) -> bool:
    """Whether a value is a finite number within the bounds of a reward parameter."""
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not abs(value) < 1e300:
        return False
    low, high = parameter.minimum, parameter.maximum
    if low is not None and (value < low or (parameter.exclusive_minimum and value == low)):
        return False
    return high is None or (value < high if parameter.exclusive_maximum else value <= high)


def _format_value(value: Any) -> str:
    """A value as a file has it, on one line and not too long."""
    try:
        text = json.dumps(value, ensure_ascii=False)
    except (TypeError, ValueError):
        # No JSON value, or a whole number of more digits than Python prints.
        text = f"a {type(value).__name__}"
    return text if len(text) <= 60 else text[:57] + "..."


def _parse_value(parameter: Parameter | None, text: str) -> Any:
    """The value that a word of a command line means for a parameter; the word itself where it means none."""
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
