"""Views of `bench`, `doctor` and `themes`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rich.console import Group, RenderableType

from gts.commands.bench import BenchResult
from gts.commands.check import CheckResult
from gts.commands.doctor import DoctorResult
from gts.commands.themes import ThemesResult
from gts.commands.views.files import render_check
from gts.commands.views.formatting import (
    format_bytes,
    format_number,
    make_grid,
    nowrap_line,
    pairs_table,
    plain_text,
    section_heading,
    verdict_sign,
)


def render_doctor(result: DoctorResult, detail: bool) -> RenderableType:
    """Render findings by section, with advice."""
    rows: list[RenderableType] = []
    for section in dict.fromkeys(finding.section for finding in result.findings):
        table = make_grid("", "", "", "")
        for finding in result.findings:
            if finding.section == section:
                shown = _shown(finding.name, finding.value)
                table.add_row(
                    verdict_sign(finding.verdict),
                    plain_text(finding.name),
                    plain_text(shown),
                    plain_text(finding.remedy, style="yellow"),
                )
        rows += [section_heading(section), table]
    return Group(*rows)


def render_bench(result: BenchResult, detail: bool) -> RenderableType:
    """Render a nested report: numbers as pairs, nested parts under headings."""
    return Group(*_report(result.report, ""))


def _report(report: Mapping[str, Any], name: str) -> list[RenderableType]:
    simple = {key: value for key, value in report.items() if not isinstance(value, (Mapping, list, tuple))}
    rows: list[RenderableType] = [section_heading(name)] if name and simple else []
    if simple:
        rows.append(pairs_table((key, format_number(value)) for key, value in simple.items()))
    for key, value in report.items():
        title = f"{name} › {key}" if name else key
        if isinstance(value, Mapping):
            rows += _report(value, title)
        elif isinstance(value, (list, tuple)) and value and all(isinstance(row, Mapping) for row in value):
            rows += [section_heading(title), _rows(value)]
        elif isinstance(value, (list, tuple)):
            rows += [section_heading(title), plain_text(", ".join(map(format_number, value)))]
    return rows


def _rows(rows: Any) -> RenderableType:
    columns = list(dict.fromkeys(key for row in rows for key in row))
    table = make_grid(*(f">{column}" for column in columns))
    for row in rows:
        table.add_row(*(format_number(row.get(column)) for column in columns))
    return table


def _shown(name: str, value: Any) -> str:
    if value is None:
        return "none"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return format_bytes(value) if name == "free bytes" else str(value)


def render_themes(result: ThemesResult, detail: bool) -> RenderableType:
    """Render one line per theme, then the errors of invalid files."""
    table = make_grid("", "", "")
    for theme in result.themes:
        origin = {"program": "", "user": "yours", "workspace": "of this workspace"}[theme.origin]
        table.add_row(plain_text(theme.name), plain_text(theme.about), plain_text(origin, style="dim"))
    rows: list[RenderableType] = [table]
    if result.bad:
        rows.append(render_check(CheckResult(result.bad), detail))
    rows.append(nowrap_line(f"your own themes: {' or '.join(f'{folder}/NAME.toml' for folder in result.folders)}", "dim"))
    return Group(*rows)
