"""How the result of `service` looks."""

from __future__ import annotations

import shlex

from rich.console import Group, RenderableType

from gts.commands.service import ServiceResult
from gts.commands.views.formatting import line


def service(result: ServiceResult, detail: bool) -> RenderableType:
    """What is installed and where, or what was taken away."""
    if not result.where:
        rows = [line(f"nothing is installed for {result.workspace}")]
        if result.action == "status":
            rows.append(line("next: gts service install"))
        return Group(*rows)
    verb = {"install": "written", "remove": "removed", "status": "installed"}[result.action]
    rows = [line(f"{where}: {verb}") for where in result.where]
    if result.installed:
        when = "runs after every start of this machine" if result.active else "does not run yet after a start of this machine"
        rows += [line(f"{when}:"), line(f"  {shlex.join(result.command)}")]
    return Group(*rows)
