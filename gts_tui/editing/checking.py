"""What `gts check` says about a text that is not saved yet."""

from __future__ import annotations

from dataclasses import dataclass

from gts.errors import FormatError, GtsError, Problem
from gts.formats.space_file import space_of
from gts.formats.spec_file import spec_of
from gts.formats.strict_json import parse_json


@dataclass(frozen=True)
class Findings:
    """What was found in a text."""

    errors: tuple[Problem, ...] = ()
    warnings: tuple[Problem, ...] = ()

    def all(self) -> tuple[tuple[Problem, bool], ...]:
        """Everything from the top to the end, each with whether it is an error."""
        both = [(problem, True) for problem in self.errors] + [(problem, False) for problem in self.warnings]
        return tuple(sorted(both, key=lambda found: (found[0].line, found[0].column, not found[1])))


def kind_of_text(name: str, text: str) -> str:
    """`spec` or `space`: by the ending of the name, else by what the text has."""
    if name.endswith((".spec", ".space")):
        return name.rpartition(".")[2]
    return "space" if '"paramSpace"' in text else "spec"


def check_text(text: str, name: str, kind: str) -> Findings:
    """Everything that is wrong with a text, and what is suspicious where nothing is."""
    if not text.strip():
        return Findings((Problem("there is nothing in it yet; a file begins with {", "", 1, 1),))
    try:
        document = parse_json(text, name)
        return Findings(warnings=(space_of(document) if kind == "space" else spec_of(document)).warnings)
    except FormatError as error:
        return Findings(error.problems)
    except GtsError as error:
        return Findings((Problem(error.message, "", 1, 1),))
