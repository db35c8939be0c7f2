"""The installed JSON Schemas agree with the readers."""

from __future__ import annotations

import json

import jsonschema
import pytest

from gts.errors import FormatError
from gts.formats.schema import SCHEMA_KINDS, format_schema, read_shipped_schema
from gts.formats.space_file import read_space
from gts.formats.spec_file import read_spec
from gts.formats.templates import make_space_template, make_spec_template
from gts.params.figures import FIGURES
from gts.params.spec import spec_parameters
from gts.params.techniques import TECHNIQUES

READERS = {"spec": read_spec, "space": read_space}
PAIRS = [(figure, technique) for figure in FIGURES for technique in TECHNIQUES]


@pytest.fixture(scope="module")
def validators():
    return {kind: jsonschema.Draft202012Validator(json.loads(read_shipped_schema(kind))) for kind in SCHEMA_KINDS}


@pytest.mark.parametrize("kind", SCHEMA_KINDS)
def test_the_shipped_schemas_are_current(kind):
    assert read_shipped_schema(kind) == format_schema(kind), "write them anew: python -m gts.formats.schema"


@pytest.mark.parametrize("kind", SCHEMA_KINDS)
def test_the_schemas_are_schemas(kind, validators):
    jsonschema.Draft202012Validator.check_schema(validators[kind].schema)


@pytest.mark.parametrize("kind", SCHEMA_KINDS)
def test_every_file_of_the_original_is_valid(kind, validators, legacy):
    files = sorted(legacy.rglob(f"*.{kind}"))
    assert files
    for file in files:
        assert not list(validators[kind].iter_errors(json.loads(file.read_text()))), file


@pytest.mark.parametrize(("figure", "technique"), PAIRS)
def test_every_template_is_valid(figure, technique, validators):
    assert not list(validators["spec"].iter_errors(json.loads(make_spec_template(figure, technique))))
    assert not list(validators["space"].iter_errors(json.loads(make_space_template(figure, technique))))


@pytest.mark.parametrize(("figure", "technique"), PAIRS)
def test_every_default_is_valid(figure, technique, validators):
    params = {parameter.key: parameter.default for parameter in spec_parameters(figure, technique)}

    assert not list(validators["spec"].iter_errors({"physicalModel": figure, "technique": technique, "params": params}))


@pytest.mark.parametrize(
    ("kind", "changes"),
    [
        ("spec", {"physicalModel": "dog"}),
        ("spec", {"technique": "dqn"}),
        ("spec", {"extra": 1}),
        ("spec", {"params": []}),
        ("spec", {"params": {"sed": 1}}),
        ("spec", {"params": {"seed": -1}}),
        ("spec", {"params": {"seed": "1"}}),
        ("spec", {"params": {"seed": 1.5}}),
        ("spec", {"params": {"clipActions": 1}}),
        ("spec", {"params": {"physics": "slow"}}),
        ("spec", {"params": {"lambda": 1.5}}),
        ("spec", {"params": {"clipRatio": 0}}),
        ("spec", {"params": {"policy.learningRate": 0.1}}),
        ("spec", {"params": {"Walker/minimumSpeed": 1.0}}),
        ("spec", {"params": {"Hopper/minimumSpeed": "fast"}}),
        ("spec", {"comment": 1}),
        ("spec", {"paramSpace": {}}),
        ("space", {"nSteps": 0}),
        ("space", {"name": "../x"}),
        ("space", {"objective": "scor"}),
        ("space", {"objective": ["score"]}),
        ("space", {"paramSpace": []}),
        ("space", {"paramSpace": {"sed": [1]}}),
        ("space", {"paramSpace": {"lambda": []}}),
        ("space", {"paramSpace": {"lambda": [1.5]}}),
        ("space", {"paramSpace": {"lambda": 0.5}}),
        ("space", {"paramSpace": {"lambda": {"min": 0.5}}}),
        ("space", {"paramSpace": {"lambda": {"min": 0.5, "max": 1.5}}}),
        ("space", {"paramSpace": {"lambda": {"min": 0.5, "max": 0.9, "Log": True}}}),
        ("space", {"paramSpace": {"lambda": {"min": 0.5, "max": 0.9, "step": 0}}}),
        ("space", {"paramSpace": {"lambda": {"values": ["a"]}}}),
        ("space", {"paramSpace": {"physics": {"min": 1, "max": 2}}}),
        ("space", {"paramSpace": {"Walker/minimumSpeed": [1.0]}}),
    ],
)
def test_what_a_schema_refuses_the_reader_refuses_too(kind, changes, validators, tmp_path):
    content = {"physicalModel": "hopper", "technique": "ppo"} | changes
    (tmp_path / "a").write_text(json.dumps(content))

    assert list(validators[kind].iter_errors(content))
    with pytest.raises(FormatError):
        READERS[kind](tmp_path / "a")
