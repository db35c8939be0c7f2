"""Where a person's own settings are."""

from __future__ import annotations

import os
from pathlib import Path


def config_folder() -> Path:
    """Themes and keys of this user: `$GTS_CONFIG`, or `gts` in the folder that the desktop has for settings; not made here."""
    named = os.environ.get("GTS_CONFIG")
    if named:
        return Path(named).expanduser()
    settings = os.environ.get("XDG_CONFIG_HOME", "")
    # The specification says that a relative path there is to be ignored.
    return (Path(settings) if os.path.isabs(settings) else Path.home() / ".config") / "gts"
