"""The axes of a space: the parameters that a search tries values of."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from gts.errors import Problem
from gts.formats.strict_json import Document, JsonPath, printable
from gts.params.declaration import Parameter
from gts.params.spec import MOST_HINTS, NEVER_READ, RENAMED, check_value, parameters, unknown

_MOST_VALUES = 1000
_LUCKY = (
    "a search over `seed` picks lucky seeds: what it finds is not repeated by other seeds; "
    "leave it out and train each trial on several seeds (`gts search --seeds`)"
)


@dataclass(frozen=True)
class Condition:
    """An axis is there only where a parameter has one of some values."""

    key: str
    values: tuple[Any, ...]


@dataclass(frozen=True)
class Categories:
    """A parameter that takes one of a few values."""

    key: str
    values: tuple[Any, ...]
    when: tuple[Condition, ...] = ()
    """All of them must hold."""

    def document(self) -> Any:
        """As a file has it."""
        return {"values": list(self.values), "when": _conditions(self.when)} if self.when else list(self.values)


@dataclass(frozen=True)
class Range:
    """A parameter that takes any value between two, both included."""

    key: str
    low: float
    high: float
    log: bool = False
    """Whether equal ratios are equally likely, in place of equal differences."""
    step: float | None = None
    """Distance of neighbouring values, from `low` on; None for all numbers, or all whole numbers."""
    integer: bool = False
    """Whether only whole numbers are tried; then `low`, `high` and `step` are ints."""
    when: tuple[Condition, ...] = ()
    """All of them must hold."""

    def document(self) -> Any:
        """As a file has it."""
        members: dict[str, Any] = {"min": self.low, "max": self.high}
        if self.log:
            members["log"] = True
        if self.step is not None:
            members["step"] = self.step
        return members | ({"when": _conditions(self.when)} if self.when else {})


Axis = Categories | Range


def _conditions(when: Sequence[Condition]) -> dict[str, Any]:
    return {each.key: each.values[0] if len(each.values) == 1 else list(each.values) for each in when}


@dataclass
class AxisReader:
    """Reads the axes of one space, and collects what is wrong and what is suspicious."""

    document: Document
    figure: str
    """Empty where the file names none that is known; then values are not held against declarations."""
    technique: str
    problems: list[Problem]
    warnings: list[Problem]
    known: dict[str, Parameter] = field(default_factory=dict)

    def read(self, members: Mapping[str, Any]) -> tuple[Axis, ...]:
        """The axes under `paramSpace`, in the order of the file."""
        if self.figure and self.technique:
            self.known = {parameter.key: parameter for parameter in parameters(self.figure, self.technique)}
        axes: dict[str, Axis] = {}
        for spelled, value in members.items():
            path: JsonPath = ("paramSpace", spelled)
            if spelled == "comment" or not self.is_parameter(spelled, path):
                continue
            key = RENAMED.get(spelled, spelled)
            if key in axes:
                self.refuse(path, f"`{spelled}` says again what `{key}` says")
            elif not any(place[:2] == path for place in self.document.unreadable):
                axis = self.axis(key, value, path)
                if axis is not None:
                    axes[key] = axis
        self.check_circles(axes)
        return tuple(axes.values())

    def refuse(self, path: JsonPath, message: str) -> None:
        """Add a problem."""
        self.problems.append(self.document.problem(path, message, str(path[1])))

    def is_parameter(self, key: str, path: JsonPath) -> bool:
        """Whether a key can be searched; says so where it cannot."""
        if key in NEVER_READ and key not in self.known:
            message = f"`{key}` was never read ({NEVER_READ[key]}) and is left out"
            self.warnings.append(self.document.problem(path, message))
            return False
        target = RENAMED.get(key, key)
        if self.known and target not in self.known:
            self.refuse(path, unknown("parameter", key, self.known if len(self.problems) < MOST_HINTS else ()))
            return False
        if target != key:
            self.warnings.append(self.document.problem(path, f"`{key}` is an older spelling of `{target}`"))
        if target == "seed":
            self.warnings.append(self.document.problem(path, _LUCKY))
        return True

    def axis(self, key: str, value: Any, path: JsonPath) -> Axis | None:
        """One axis, or None where something is wrong with it."""
        before = len(self.problems)
        if isinstance(value, list):
            axis: Axis | None = self.categories(key, value, path, ())
        elif isinstance(value, dict) and "values" in value:
            self.check_members(value, path, ("values", "when", "comment"))
            axis = self.categories(key, value["values"], (*path, "values"), self.conditions(key, value, path))
        elif isinstance(value, dict):
            self.check_members(value, path, ("min", "max", "log", "step", "when", "comment"))
            axis = self.range(key, value, path)
        else:
            axis = None
            self.refuse(path, f'`{key}` must be a list of values, or a range such as {{"min": 0.1, "max": 1.0}}')
        return axis if len(self.problems) == before else None

    def check_members(self, members: Mapping[str, Any], path: JsonPath, allowed: Sequence[str]) -> None:
        """Refuse keys that an axis does not have."""
        for key in members:
            if key not in allowed:
                self.refuse((*path, key), unknown("key", key, allowed))

    def categories(self, key: str, values: Any, path: JsonPath, when: tuple[Condition, ...]) -> Categories | None:
        """An axis of a few values; one that is said twice counts once."""
        if not isinstance(values, list) or not 1 <= len(values) <= _MOST_VALUES:
            self.refuse(path, f"`{key}` must have a list of 1 to {_MOST_VALUES} values")
            return None
        distinct: dict[tuple[type, Any], Any] = {}
        for index, value in enumerate(values):
            if isinstance(value, (list, dict, type(None))):
                self.refuse((*path, index), f"`{key}` must have plain values: numbers, texts, true or false")
            elif (type(value), value) in distinct:
                self.warnings.append(self.document.problem((*path, index), f"`{key}` has this value twice", key))
            elif self.check(key, value, (*path, index)):
                distinct[type(value), value] = value
        return Categories(key, tuple(distinct.values()), when)

    def range(self, key: str, members: Mapping[str, Any], path: JsonPath) -> Range | None:
        """An axis between two numbers; of whole numbers where `min` is written as one, as in the original program."""
        low: Any = members.get("min")
        high: Any = members.get("max")
        log, step = members.get("log", False), members.get("step")
        if not _number(low) or not _number(high):
            self.refuse(path, f"the range of `{key}` needs the numbers `min` and `max`")
            return None
        kind = self.known[key].kind if key in self.known else "number"
        if kind in ("choice", "boolean"):
            self.refuse(path, f"`{key}` must be {self.known[key].allowed}: list the values to try, it has no range")
            return None
        integer = isinstance(low, int)
        if not (self.check(key, low, (*path, "min")) and self.check(key, high, (*path, "max"))):
            return None
        if integer and not isinstance(high, int):
            self.refuse((*path, "max"), f"`min` of `{key}` is a whole number and `max` is not; write {low}.0 for all between")
        elif integer and kind == "number":
            message = f"only whole numbers of `{key}` are tried, since `min` is one; write {low}.0 for all between"
            self.warnings.append(self.document.problem((*path, "min"), message, key))
        if low >= high:
            self.refuse(path, f"`min` of `{key}` must be below its `max`")
        if not isinstance(log, bool):
            self.refuse((*path, "log"), "`log` must be true or false")
        elif log and low <= 0:
            self.refuse((*path, "min"), f"with `log`, `min` of `{key}` must be above 0")
        self.check_step(key, members, path)
        when = self.conditions(key, members, path)
        if integer:
            return Range(key, low, high, log is True, step, True, when)
        return Range(key, float(low), float(high), log is True, None if step is None else float(step), False, when)

    def check_step(self, key: str, members: Mapping[str, Any], path: JsonPath) -> None:
        """Refuse a step that cannot be, and warn of one that does not end at `max`."""
        low, high = members["min"], members["max"]
        step: Any = members.get("step")
        if "step" not in members:
            return
        whole = isinstance(low, int)
        if not _number(step) or step <= 0 or (whole and not isinstance(step, int)):
            self.refuse((*path, "step"), f"`step` of `{key}` must be {'a whole number' if whole else 'a number'} above 0")
        elif members.get("log") is True and not (whole and step == 1):
            self.refuse((*path, "step"), f"`{key}` cannot have `log` and `step` together; leave one out")
        elif low < high:
            steps = (high - low) / step
            if abs(steps - round(steps)) > 1e-9 * max(1.0, steps):
                message = f"steps of {step:g} from {low:g} do not end at {high:g}: the `max` of `{key}` is never tried"
                self.warnings.append(self.document.problem((*path, "step"), message, key))

    def conditions(self, key: str, members: Mapping[str, Any], path: JsonPath) -> tuple[Condition, ...]:
        """What `when` says: `{"baseline": "learned"}`, with a list where several values will do."""
        when = members.get("when", {})
        if not isinstance(when, dict):
            self.refuse((*path, "when"), '`when` must name a parameter and its value, such as {"baseline": "learned"}')
            return ()
        found = []
        for other, value in when.items():
            place = (*path, "when", other)
            values = value if isinstance(value, list) else [value]
            if other == "comment":
                continue
            if other == key:
                self.refuse(place, f"`when` of `{key}` must name another parameter")
            elif self.known and other not in self.known:
                self.refuse(place, unknown("parameter", other, self.known))
            elif not values or not all(self.check(other, each, place) for each in values):
                if not values:
                    self.refuse(place, f"`when` needs a value of `{printable(other)}`")
            else:
                found.append(Condition(other, tuple(values)))
        return tuple(found)

    def check(self, key: str, value: Any, path: JsonPath) -> bool:
        """Whether a value is one that the parameter may have; says so where it is not."""
        problem = check_value(self.figure, self.technique, key, value) if key in self.known else None
        if problem:
            self.refuse(path, problem.message)
        return problem is None

    def check_circles(self, axes: Mapping[str, Axis]) -> None:
        """Refuse axes that wait for one another."""
        if len(in_order(tuple(axes.values()))) < len(axes):
            self.refuse(("paramSpace", ""), "the conditions of `paramSpace` go round in a circle")


def in_order(axes: Sequence[Axis]) -> tuple[Axis, ...]:
    """Axes so that each stands behind those that its conditions name; those in a circle are left out."""
    waiting = list(axes)
    ordered: list[Axis] = []
    while True:
        open_keys = {axis.key for axis in waiting}
        ready = [axis for axis in waiting if not any(condition.key in open_keys for condition in axis.when)]
        if not ready:
            return tuple(ordered)
        ordered += ready
        waiting = [axis for axis in waiting if axis not in ready]


def _number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and abs(value) < 1e300
