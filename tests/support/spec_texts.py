"""Texts of specs and spaces for tests of the editor."""

from __future__ import annotations

from tests.support.repository import shipped_files

FILES = [*shipped_files("*.spec"), *shipped_files("*.space")]

SPEC = """{
  "comment": "notes [stay]",
  "physicalModel": "hopper",
  "technique": "ppo",
  "params": {
    "seed":   1,
    "actor.learningRate": 1e-3,

    "critic.learningRate": 0.001
  }
}
"""


def at(text: str) -> tuple[str, int]:
    """A text with `|` for the cursor."""
    return text.replace("|", ""), text.index("|")
