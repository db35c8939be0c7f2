"""The generated reference: complete, and checked against its pages."""

from __future__ import annotations

from pathlib import Path

import pytest

from gts.commands import reference
from gts.commands.command import Command
from gts.commands.registry import COMMANDS
from gts.params.figures import FIGURES
from gts.params.techniques import TECHNIQUES


@pytest.fixture(params=COMMANDS.values(), ids=COMMANDS)
def command(request: pytest.FixtureRequest) -> Command:
    return request.param


def test_reference_has_every_command_parameter_reward_and_metric() -> None:
    from gts.training.metrics import METRICS

    said = {name: write() for name, write in reference.BLOCKS.items()}
    for command in COMMANDS.values():
        assert f"## gts {command.name}\n" in said["commands"]
        assert f"[{command.name}](gts/commands/README.md#gts-{command.name})" in said["summary"]
        assert all(flag in said["commands"] for option in command.options for flag in option.flags)
    for technique, model in TECHNIQUES.items():
        assert f"## {technique}" in said["parameters"]
        assert all(f"`{field.alias}`" in said["parameters"] for field in model.model_fields.values())
    for figure in FIGURES.values():
        assert all(f"`{one.key}`" in said["rewards"] for one in figure.parameters())
    assert all(f"`{name}`" in said["metrics"] for name in METRICS)
    for text in said.values():
        tables = [line for line in text.splitlines() if line.startswith("|")]
        assert all(line.endswith("|") for line in tables)


def test_reference_replaces_its_blocks_and_checks_them(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    page = tmp_path / "README.md"
    page.write_text("# Title\n\n<!-- metrics -->\nstale\n<!-- /metrics -->\n\nThe end.\n")
    assert reference.main([str(page), "--check"]) == 1
    assert "stale" in page.read_text()
    assert reference.main([str(page)]) == 0
    text = page.read_text()
    assert text.startswith("# Title\n\n<!-- metrics -->\n\n| metric |")
    assert text.endswith("<!-- /metrics -->\n\nThe end.\n")
    assert "stale" not in text
    assert reference.main([str(page), "--check"]) == 0
    page.write_text("<!-- metrics -->\n")
    assert reference.main([str(page)]) == 2
    assert reference.main([str(tmp_path / "none.md")]) == 2
    assert "error: " in capsys.readouterr().err
