"""Fuzzing: thousands of broken files are either read or refused with a message."""

from __future__ import annotations

import os
import re
import zipfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gts.errors import FormatError, GtsError
from gts.formats.checkpoint import read_checkpoint, read_checkpoint_header, write_checkpoint
from gts.formats.legacy import read_legacy_checkpoint
from gts.formats.space_file import read_space, write_space
from gts.formats.spec_file import read_spec, write_spec
from gts.formats.templates import make_space_template, make_spec_template
from gts.params.spec import ParameterError, make_spec, spec_parameters
from gts.params.techniques import TECHNIQUES

LEGACY = Path(__file__).parent / "legacy"
SPECS = [path.read_bytes() for path in sorted(LEGACY.rglob("*.spec"))] + [make_spec_template("walker", "ppo").encode()]
SPACES = [path.read_bytes() for path in sorted(LEGACY.rglob("*.space"))] + [make_space_template("hopper", "reinforce").encode()]
NASTY = [b"1e999", b"-1e999", b"NaN", b"-Infinity", b"null", b"true", b'"7"', b"[]", b"{}", b"0", b"-1", b"1e-320", b"9" * 40]
NASTY += [b'"\\u0000"', b'"\\ud800"', b"{", b"}", b"]", b",", b":", b'"', b"\\", b"\xff", b"\x00", b"\xef\xbb\xbf", b"[" * 50]
NUMBER = re.compile(rb"-?\d+(\.\d+)?(e[+-]?\d+)?")
LINE = re.compile(rb"[^\n]*\n")


def replaced(draw, data: bytes, pattern: re.Pattern[bytes], new: bytes | None = None) -> bytes:
    """Replace a match of the pattern by `new`, or by hostile bytes."""
    spans = [match.span() for match in pattern.finditer(data)]
    if not spans:
        return data
    start, end = draw(st.sampled_from(spans))
    return data[:start] + (draw(st.sampled_from(NASTY)) if new is None else new) + data[end:]


@st.composite
def mutated(draw, corpus: list[bytes], text: bool = True) -> bytes:
    """A file of the corpus with one to four mutations."""
    data = draw(st.sampled_from(corpus))
    kinds = ["flip", "cut", "delete", "repeat", "splice", "insert"] + (["number", "line", "lines"] if text else [])
    for kind in draw(st.lists(st.sampled_from(kinds), min_size=1, max_size=4)):
        start = draw(st.integers(0, max(len(data) - 1, 0)))
        end = min(len(data), start + draw(st.integers(1, 40)))
        if kind == "flip" and data:
            data = data[:start] + bytes([data[start] ^ (1 << draw(st.integers(0, 7)))]) + data[start + 1 :]
        elif kind == "cut":
            data = data[:start]
        elif kind == "delete":
            data = data[:start] + data[end:]
        elif kind == "repeat":
            data = data[:end] + data[start:end] + data[end:]
        elif kind == "splice":
            other = draw(st.sampled_from(corpus))
            data = data[:start] + other[draw(st.integers(0, len(other) - 1)) :]
        elif kind == "insert":
            data = data[:start] + draw(st.sampled_from(NASTY) | st.binary(max_size=8)) + data[start:]
        elif kind == "number":
            data = replaced(draw, data, NUMBER)
        elif kind == "line":
            lines = LINE.findall(data)
            data = replaced(draw, data, LINE, draw(st.sampled_from(lines)) * 2 if lines else b"")
        else:
            data = replaced(
                draw, data, re.compile(rb'"[^"\n]*"'), draw(st.sampled_from([b'"seed"', b'"nSteps"', b'"min"', b'"when"']))
            )
    return data


def check_refusal(error: GtsError, path: Path) -> None:
    """Check a message: it has the file's name, no control characters and no empty line."""
    assert error.exit_code == 2
    assert str(path) in error.message or path.name in error.message
    for line in (*error.message.split("\n"), error.hint):
        assert line.isprintable()
    if isinstance(error, FormatError):
        assert error.problems and all(problem.message for problem in error.problems)


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    return tmp_path_factory.mktemp("fuzz")


QUIET = [HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.data_too_large]


@pytest.mark.slow
@settings(max_examples=2000, suppress_health_check=QUIET)
@given(data=mutated(SPECS))
def test_mutated_specs_are_read_or_refused(folder, data):
    path = folder / "a.spec"
    path.write_bytes(data)
    try:
        spec = read_spec(path)
    except GtsError as error:
        check_refusal(error, path)
    else:
        write_spec(folder / "b.spec", spec)
        again = read_spec(folder / "b.spec")
        assert (again.values(), again.given_values, again.comment) == (spec.values(), spec.given_values, spec.comment)
    assert {entry.name for entry in folder.iterdir()} <= {"a.spec", "b.spec"} | OTHERS


@pytest.mark.slow
@settings(max_examples=1500, suppress_health_check=QUIET)
@given(data=mutated(SPACES))
def test_mutated_spaces_are_read_or_refused(folder, data):
    path = folder / "a.space"
    path.write_bytes(data)
    try:
        space = read_space(path)
    except GtsError as error:
        check_refusal(error, path)
    else:
        write_space(folder / "b.space", space)
        again = read_space(folder / "b.space")
        assert (again.param_space, again.fixed_params(), again.objective) == (
            space.param_space,
            space.fixed_params(),
            space.objective,
        )
    assert {entry.name for entry in folder.iterdir()} <= {"a.space", "b.space"} | OTHERS


@pytest.fixture(scope="module")
def checkpoints(checkpoint, folder) -> list[bytes]:
    path = folder / "good.checkpoint"
    write_checkpoint(path, checkpoint)
    return [path.read_bytes()]


OTHERS = {"good.checkpoint", "a.checkpoint", "a.spec", "b.spec", "a.space", "b.space", "old.checkpoint"}


@pytest.mark.slow
@settings(max_examples=1200, suppress_health_check=QUIET)
@given(st.data())
def test_mutated_checkpoints_are_refused(folder, checkpoints, data):
    path = folder / "a.checkpoint"
    content = data.draw(mutated(checkpoints, text=data.draw(st.booleans())))
    path.write_bytes(content)
    for read in (read_checkpoint, read_checkpoint_header):
        try:
            again = read(path)
        except GtsError as error:
            check_refusal(error, path)
        else:
            whole = read_checkpoint(folder / "good.checkpoint")
            assert again.checksum == whole.checksum
            assert (again.spec, again.counters, again.history) == (whole.spec, whole.counters, whole.history)
    assert {entry.name for entry in folder.iterdir()} <= OTHERS


def pickles() -> list[bytes]:
    found = []
    for path in sorted(LEGACY.rglob("*.checkpoint")):
        with zipfile.ZipFile(path) as archive:
            found.append(next(archive.read(name) for name in archive.namelist() if name.endswith("data.pkl")))
    return found


CODE = [
    b"cposix\nsystem\n",
    b"cbuiltins\neval\n",
    b"cos\nmkdir\n",
    b"R",
    b"b",
    b"\x81",
    b"X\x06\x00\x00\x00canary\x85",
    b"ctorch\nload\n",
]


@settings(max_examples=300, suppress_health_check=QUIET)
@given(data=mutated(pickles(), text=False), code=st.lists(st.tuples(st.sampled_from(CODE), st.integers(0, 6000)), max_size=3))
def test_mutated_pickles_execute_nothing(folder, data, code):
    for instruction, place in code:
        data = data[:place] + instruction + data[place:]
    path = folder / "old.checkpoint"
    with zipfile.ZipFile(LEGACY / "inverted/invertedPPO.checkpoint") as source, zipfile.ZipFile(path, "w") as target:
        for name in source.namelist():
            target.writestr(name, data if name.endswith("data.pkl") else source.read(name))
    before = set(os.listdir())
    try:
        checkpoint = read_legacy_checkpoint(path)
    except GtsError as error:
        check_refusal(error, path)
    else:
        assert checkpoint.describe_networks()
    assert set(os.listdir()) == before
    assert {entry.name for entry in folder.iterdir()} <= OTHERS


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5) | st.sampled_from([10**400, 1e308, -0.0]),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=3), inner, max_size=2),
    max_leaves=4,
)


@pytest.mark.slow
@pytest.mark.parametrize("technique", TECHNIQUES)
@settings(max_examples=250, suppress_health_check=QUIET)
@given(st.data())
def test_values_of_any_kind_make_a_spec_or_problems(technique, data):
    known = [parameter.key for parameter in spec_parameters("ant", technique)] + [
        "actor.fixedVariance",
        "nEpisodes",
        "comment",
        "x",
    ]
    given_values = data.draw(st.dictionaries(st.sampled_from(known), VALUES, min_size=1, max_size=5))
    try:
        spec = make_spec("ant", technique, given_values)
    except ParameterError as error:
        assert {problem.key for problem in error.problems} <= set(given_values)
    else:
        assert set(spec.values()) == {parameter.key for parameter in spec_parameters("ant", technique)}
