"""The seven modes and what only they use. They may import everything in `gts_tui` but `app` and `start`."""

from collections.abc import Mapping

MODE_MODULES: Mapping[str, str] = {
    "workspace": "gts_tui.screens.workspace.screen",
    "editor": "gts_tui.screens.editor.screen",
    "training": "gts_tui.screens.training.screen",
    "search": "gts_tui.screens.search.screen",
    "jobs": "gts_tui.screens.jobs",
    "compare": "gts_tui.screens.compare",
    "play": "gts_tui.screens.play",
}
"""Modules that export the class of a mode as MODE, by its name; imported when the mode is first shown.

The packages do not export MODE themselves: one mode imports data readers of another, which must not load its widgets.
"""
