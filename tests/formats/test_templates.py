"""The templates of `gts new`."""

from __future__ import annotations

import pytest

from gts.errors import UsageError
from gts.formats.space_file import read_space
from gts.formats.spec_file import read_spec
from gts.formats.templates import make_space_template, make_spec_template
from gts.params.figures import FIGURES
from gts.params.spec import make_spec
from gts.params.techniques import TECHNIQUES

PAIRS = [(figure, technique) for figure in FIGURES for technique in TECHNIQUES]


@pytest.mark.parametrize(("figure", "technique"), PAIRS)
def test_a_new_spec_trains_with_the_defaults(tmp_path, figure, technique):
    (tmp_path / "a.spec").write_text(make_spec_template(figure, technique), encoding="utf-8")

    spec = read_spec(tmp_path / "a.spec")

    assert not spec.warnings
    assert spec.values() == make_spec(figure, technique, {}).values()
    for key in spec.given_values:
        assert f"\n{key}" in spec.comment


@pytest.mark.parametrize(("figure", "technique"), PAIRS)
def test_a_new_space_can_be_searched(tmp_path, figure, technique):
    (tmp_path / "a.space").write_text(make_space_template(figure, technique, "mine"), encoding="utf-8")

    space = read_space(tmp_path / "a.space")

    assert not space.warnings
    assert space.name == "mine"
    point = {axis.key: axis.values[0] if hasattr(axis, "values") else axis.low for axis in space.ordered_parameters()}
    assert space.spec(point).figure == figure
    assert not set(space.params) & {axis.key for axis in space.param_space}
    for axis in space.param_space:
        assert f"\n{axis.key}" in space.comment


@pytest.mark.parametrize(("figure", "technique", "words"), [("dog", "ppo", "dog"), ("hopper", "dqn", "dqn")])
def test_unknown_words_are_refused(figure, technique, words):
    for template in (make_spec_template, make_space_template):
        with pytest.raises(UsageError, match=words):
            template(figure, technique)
