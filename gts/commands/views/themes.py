"""How the themes look in a list."""

from __future__ import annotations

from rich.console import Group, RenderableType

from gts.commands.check import Checked
from gts.commands.themes import Themes
from gts.commands.views.files import checked
from gts.commands.views.formatting import grid, line, plain


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
