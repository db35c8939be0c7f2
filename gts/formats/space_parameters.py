"""Searched parameters of a space: lists of values and ranges, with conditions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from gts.errors import Problem
from gts.formats.strict_json import JsonDocument, JsonPath, to_printable
from gts.params.declaration import Parameter
from gts.params.spec import IGNORED_KEYS, KEY_ALIASES, MAX_SUGGESTIONS, check_value, spec_parameters, unknown_name_message

_MAX_VALUES = 1000
_SEED_WARNING = (
    "a search over `seed` picks lucky seeds, and its result does not hold for other seeds; "
    "leave it out and train each trial on several seeds (`gts search --seeds`)"
)


@dataclass(frozen=True)
class ParameterCondition:
    """A parameter is searched only if another one has one of some values."""

    key: str
    values: tuple[Any, ...]


@dataclass(frozen=True)
class CategoricalParameter:
    """A parameter that takes one of several values."""

    key: str
    values: tuple[Any, ...]
    when: tuple[ParameterCondition, ...] = ()
    """All of them must hold."""

    def document(self) -> Any:
        """Its JSON value in a file."""
        return {"values": list(self.values), "when": _conditions_to_document(self.when)} if self.when else list(self.values)


@dataclass(frozen=True)
class RangeParameter:
    """A parameter that takes any value from `low` to `high`, both included."""

    key: str
    low: float
    high: float
    log: bool = False
    """Whether values are sampled on a logarithmic scale."""
    step: float | None = None
    """Distance between values, starting at `low`; None for all numbers, or all integers."""
    integer: bool = False
    """Whether only integers are sampled; then `low`, `high` and `step` are ints."""
    when: tuple[ParameterCondition, ...] = ()
    """All of them must hold."""

    def document(self) -> Any:
        """Its JSON value in a file."""
        members: dict[str, Any] = {"min": self.low, "max": self.high}
        if self.log:
            members["log"] = True
        if self.step is not None:
            members["step"] = self.step
        return members | ({"when": _conditions_to_document(self.when)} if self.when else {})


SpaceParameter = CategoricalParameter | RangeParameter


def _conditions_to_document(when: Sequence[ParameterCondition]) -> dict[str, Any]:
    return {each.key: each.values[0] if len(each.values) == 1 else list(each.values) for each in when}


@dataclass
class SpaceParameterReader:
    """Reads the searched parameters of one space and collects problems and warnings."""

    document: JsonDocument
    figure: str
    """Empty for an unknown figure; values are then not checked against declarations."""
    technique: str
    problems: list[Problem]
    warnings: list[Problem]
    declared: dict[str, Parameter] = field(default_factory=dict)

    def read(self, members: Mapping[str, Any]) -> tuple[SpaceParameter, ...]:
        """Parameters under `paramSpace`, in the order of the file."""
        if self.figure and self.technique:
            self.declared = {parameter.key: parameter for parameter in spec_parameters(self.figure, self.technique)}
        parameters: dict[str, SpaceParameter] = {}
        for spelled, value in members.items():
            path: JsonPath = ("paramSpace", spelled)
            if spelled == "comment" or not self.check_key(spelled, path):
                continue
            key = KEY_ALIASES.get(spelled, spelled)
            if key in parameters:
                self.add_problem(path, f"`{spelled}` repeats `{key}`")
            elif not any(invalid[:2] == path for invalid in self.document.invalid_values):
                parameter = self.read_parameter(key, value, path)
                if parameter is not None:
                    parameters[key] = parameter
        self.check_cycles(parameters)
        return tuple(parameters.values())

    def add_problem(self, path: JsonPath, message: str) -> None:
        """Append a problem at a position of the file."""
        self.problems.append(self.document.problem(path, message, str(path[1])))

    def check_key(self, key: str, path: JsonPath) -> bool:
        """Whether a key can be searched; adds a problem or warning if not."""
        if key in IGNORED_KEYS and key not in self.declared:
            message = f"`{key}` has no effect ({IGNORED_KEYS[key]}) and is ignored"
            self.warnings.append(self.document.problem(path, message))
            return False
        target = KEY_ALIASES.get(key, key)
        if self.declared and target not in self.declared:
            self.add_problem(
                path, unknown_name_message("parameter", key, self.declared if len(self.problems) < MAX_SUGGESTIONS else ())
            )
            return False
        if target != key:
            self.warnings.append(self.document.problem(path, f"`{key}` is an older spelling of `{target}`"))
        if target == "seed":
            self.warnings.append(self.document.problem(path, _SEED_WARNING))
        return True

    def read_parameter(self, key: str, value: Any, path: JsonPath) -> SpaceParameter | None:
        """Read one parameter; None after a problem."""
        before = len(self.problems)
        if isinstance(value, list):
            parameter: SpaceParameter | None = self.read_categories(key, value, path, ())
        elif isinstance(value, dict) and "values" in value:
            self.check_members(value, path, ("values", "when", "comment"))
            parameter = self.read_categories(key, value["values"], (*path, "values"), self.read_conditions(key, value, path))
        elif isinstance(value, dict):
            self.check_members(value, path, ("min", "max", "log", "step", "when", "comment"))
            parameter = self.read_range(key, value, path)
        else:
            parameter = None
            self.add_problem(path, f'`{key}` must be a list of values, or a range such as {{"min": 0.1, "max": 1.0}}')
        return parameter if len(self.problems) == before else None

    def check_members(self, members: Mapping[str, Any], path: JsonPath, allowed: Sequence[str]) -> None:
        """Add a problem for each unknown key of a parameter."""
        for key in members:
            if key not in allowed:
                self.add_problem((*path, key), unknown_name_message("key", key, allowed))

    def read_categories(
        self, key: str, values: Any, path: JsonPath, when: tuple[ParameterCondition, ...]
    ) -> CategoricalParameter | None:
        """Read a list of values; repeated values count once."""
        if not isinstance(values, list) or not 1 <= len(values) <= _MAX_VALUES:
            self.add_problem(path, f"`{key}` must have a list of 1 to {_MAX_VALUES} values")
            return None
        distinct: dict[tuple[type, Any], Any] = {}
        for index, value in enumerate(values):
            if isinstance(value, (list, dict, type(None))):
                self.add_problem((*path, index), f"the values of `{key}` must be numbers, strings, true or false")
            elif (type(value), value) in distinct:
                self.warnings.append(self.document.problem((*path, index), f"`{key}` has this value twice", key))
            elif self.is_valid_value(key, value, (*path, index)):
                distinct[type(value), value] = value
        return CategoricalParameter(key, tuple(distinct.values()), when)

    def read_range(self, key: str, members: Mapping[str, Any], path: JsonPath) -> RangeParameter | None:
        """Read a range; it is of integers if `min` is written as one, as in the original program."""
        low: Any = members.get("min")
        high: Any = members.get("max")
        log, step = members.get("log", False), members.get("step")
        if not _is_number(low) or not _is_number(high):
            self.add_problem(path, f"the range of `{key}` needs the numbers `min` and `max`")
            return None
        kind = self.declared[key].kind if key in self.declared else "number"
        if kind in ("choice", "boolean"):
            self.add_problem(path, f"`{key}` must be {self.declared[key].allowed}: list its values instead of a range")
            return None
        integer = isinstance(low, int)
        if not (self.is_valid_value(key, low, (*path, "min")) and self.is_valid_value(key, high, (*path, "max"))):
            return None
        if integer and not isinstance(high, int):
            self.add_problem(
                (*path, "max"), f"`min` of `{key}` is a whole number and `max` is not; write {low}.0 for a continuous range"
            )
        elif integer and kind == "number":
            message = f"only whole numbers of `{key}` are searched, as `min` is one; write {low}.0 for a continuous range"
            self.warnings.append(self.document.problem((*path, "min"), message, key))
        if low >= high:
            self.add_problem(path, f"`min` of `{key}` must be below its `max`")
        if not isinstance(log, bool):
            self.add_problem((*path, "log"), "`log` must be true or false")
        elif log and low <= 0:
            self.add_problem((*path, "min"), f"with `log`, `min` of `{key}` must be above 0")
        self.check_step(key, members, path)
        when = self.read_conditions(key, members, path)
        if integer:
            return RangeParameter(key, low, high, log is True, step, True, when)
        return RangeParameter(key, float(low), float(high), log is True, None if step is None else float(step), False, when)

    def check_step(self, key: str, members: Mapping[str, Any], path: JsonPath) -> None:
        """Add a problem for an invalid step, and a warning for one that does not reach `max`."""
        low, high = members["min"], members["max"]
        step: Any = members.get("step")
        if "step" not in members:
            return
        whole = isinstance(low, int)
        if not _is_number(step) or step <= 0 or (whole and not isinstance(step, int)):
            self.add_problem((*path, "step"), f"`step` of `{key}` must be {'a whole number' if whole else 'a number'} above 0")
        elif members.get("log") is True and not (whole and step == 1):
            self.add_problem((*path, "step"), f"`{key}` cannot have `log` and `step` together; leave one out")
        elif low < high:
            steps = (high - low) / step
            if abs(steps - round(steps)) > 1e-9 * max(1.0, steps):
                message = f"steps of {step:g} from {low:g} do not end at {high:g}: the `max` of `{key}` is never reached"
                self.warnings.append(self.document.problem((*path, "step"), message, key))

    def read_conditions(self, key: str, members: Mapping[str, Any], path: JsonPath) -> tuple[ParameterCondition, ...]:
        """Read `when`: `{"baseline": "learned"}`, or a list of values."""
        when = members.get("when", {})
        if not isinstance(when, dict):
            self.add_problem((*path, "when"), '`when` must name a parameter and its value, such as {"baseline": "learned"}')
            return ()
        found = []
        for other, value in when.items():
            position = (*path, "when", other)
            values = value if isinstance(value, list) else [value]
            if other == "comment":
                continue
            if other == key:
                self.add_problem(position, f"`when` of `{key}` must name another parameter")
            elif self.declared and other not in self.declared:
                self.add_problem(position, unknown_name_message("parameter", other, self.declared))
            elif not values or not all(self.is_valid_value(other, each, position) for each in values):
                if not values:
                    self.add_problem(position, f"`when` needs a value of `{to_printable(other)}`")
            else:
                found.append(ParameterCondition(other, tuple(values)))
        return tuple(found)

    def is_valid_value(self, key: str, value: Any, path: JsonPath) -> bool:
        """Whether a parameter may have a value; adds a problem if not."""
        problem = check_value(self.figure, self.technique, key, value) if key in self.declared else None
        if problem:
            self.add_problem(path, problem.message)
        return problem is None

    def check_cycles(self, parameters: Mapping[str, SpaceParameter]) -> None:
        """Add a problem for cyclic conditions."""
        if len(sort_by_conditions(tuple(parameters.values()))) < len(parameters):
            self.add_problem(("paramSpace", ""), "the conditions of `paramSpace` are cyclic")


def sort_by_conditions(parameters: Sequence[SpaceParameter]) -> tuple[SpaceParameter, ...]:
    """Sort parameters so that each comes after those in its conditions; cyclic ones are left out."""
    waiting = list(parameters)
    ordered: list[SpaceParameter] = []
    while True:
        open_keys = {parameter.key for parameter in waiting}
        ready = [parameter for parameter in waiting if not any(condition.key in open_keys for condition in parameter.when)]
        if not ready:
            return tuple(ordered)
        ordered += ready
        waiting = [parameter for parameter in waiting if parameter not in ready]


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and abs(value) < 1e300
