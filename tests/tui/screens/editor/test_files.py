"""Files are checked while they are edited."""

from __future__ import annotations

from gts.formats.spec_file import parse_spec
from gts.formats.strict_json import parse_json
from gts_tui.screens.editor.files import check_text
from tests.support.spec_texts import SPEC


def test_warnings_have_lines() -> None:
    diagnostics = check_text(SPEC.replace('"seed":   1,', '"seed":   1,\n    "nEpisodes": 5,'), "x.spec", "spec")
    assert diagnostics.errors == () and [problem.line for problem in diagnostics.warnings] == [7]
    assert parse_spec(parse_json(SPEC, "x")).figure == "hopper"
    for broken in ("", "   ", "not json at all", "[1, 2]", "{", "\x00", "[" * 100, "null"):
        assert check_text(broken, "x.spec", "spec").errors
