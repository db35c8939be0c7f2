"""`new`: files from templates are valid, and nothing is overwritten."""

from __future__ import annotations

from pathlib import Path

import pytest

from gts.formats.space_file import read_space
from gts.formats.spec_file import read_spec
from gts.params.figures import FIGURES
from gts.params.techniques import TECHNIQUES


@pytest.mark.parametrize("technique", TECHNIQUES)
@pytest.mark.parametrize("figure", FIGURES)
def test_new_files_are_valid(gts, workspace: Path, figure: str, technique: str) -> None:
    assert gts("new", "spec", "a", "--figure", figure, "--technique", technique).code == 0
    spec = read_spec("a.spec")
    assert (spec.figure, spec.technique, spec.non_default_values()) == (figure, technique, {})
    assert spec.comment
    assert gts("new", "space", "b.space", "-f", figure, "-t", technique).code == 0
    space = read_space("b.space")
    assert (space.figure, space.technique, space.name) == (figure, technique, "b")
    for key in (*spec.given_values, *(parameter.key for parameter in space.param_space)):
        assert f"\n{key}" in spec.comment + space.comment, "a template explains its keys"
    assert gts("check", "a.spec", "b.space", "--json").data["ok"] is True


def test_new_refuses_existing_files_and_unknown_names(gts, workspace: Path) -> None:
    assert gts("new", "spec", "tiny").code == 2
    outcome = gts("new", "spec", "x", "-f", "hoper")
    assert outcome.code == 2
    assert 'did you mean "hopper"?' in outcome.err
    assert gts("new", "spec", "x", "-t", "pp").code == 2
    assert gts("new", "spec", "nowhere/x").code == 2
    assert not (workspace / "x.spec").exists()
