"""How the results of `bench` and `doctor` look.

How the themes look in a list.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rich.console import Group, RenderableType

from gts.commands.bench import Benchmarked
from gts.commands.check import Checked
from gts.commands.doctor import Diagnosis
from gts.commands.themes import Themes
from gts.commands.views.files import checked
from gts.commands.views.formatting import grid, heading, line, number, pairs, plain, sign, size


def diagnosis(result: Diagnosis, detail: bool) -> RenderableType:
    """Findings by section, each with what to do about it."""
    rows: list[RenderableType] = []
    for section in dict.fromkeys(finding.section for finding in result.findings):
        table = grid("", "", "", "")
        for finding in result.findings:
            if finding.section == section:
                shown = _shown(finding.name, finding.value)
                table.add_row(sign(finding.verdict), plain(finding.name), plain(shown), plain(finding.remedy, style="yellow"))
        rows += [heading(section), table]
    return Group(*rows)


def benchmarked(result: Benchmarked, detail: bool) -> RenderableType:
    """A report of any depth: numbers as pairs, what has parts under a heading."""
    return Group(*_report(result.report, ""))


def _report(report: Mapping[str, Any], name: str) -> list[RenderableType]:
    simple = {key: value for key, value in report.items() if not isinstance(value, (Mapping, list, tuple))}
    rows: list[RenderableType] = [heading(name)] if name and simple else []
    if simple:
        rows.append(pairs((key, number(value)) for key, value in simple.items()))
    for key, value in report.items():
        title = f"{name} › {key}" if name else key
        if isinstance(value, Mapping):
            rows += _report(value, title)
        elif isinstance(value, (list, tuple)) and value and all(isinstance(row, Mapping) for row in value):
            rows += [heading(title), _rows(value)]
        elif isinstance(value, (list, tuple)):
            rows += [heading(title), plain(", ".join(map(number, value)))]
    return rows


def _rows(rows: Any) -> RenderableType:
    columns = list(dict.fromkeys(key for row in rows for key in row))
    table = grid(*(f">{column}" for column in columns))
    for row in rows:
        table.add_row(*(number(row.get(column)) for column in columns))
    return table


def _shown(name: str, value: Any) -> str:
    if value is None:
        return "none"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return size(value) if name == "free bytes" else str(value)


def themes(result: Themes, detail: bool) -> RenderableType:
    """A line a theme, then what is wrong with files that are none."""
    table = grid("", "", "")
    for theme in result.themes:
        whose = {"program": "", "user": "yours", "workspace": "of this workspace"}[theme.origin]
        table.add_row(plain(theme.name), plain(theme.about), plain(whose, style="dim"))
    rows: list[RenderableType] = [table]
    if result.bad:
        rows.append(checked(Checked(result.bad), detail))
    rows.append(line(f"your own: {' or '.join(f'{folder}/NAME.toml' for folder in result.folders)}", "dim"))
    return Group(*rows)
