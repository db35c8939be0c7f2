"""The folders of this user's settings and state, by the conventions of the platform (platformdirs)."""

from __future__ import annotations

import os
from pathlib import Path


def config_folder() -> Path:
    """This user's themes and keys: `$GTS_CONFIG`, else the platform's folder for settings. The folder may not exist."""
    named = os.environ.get("GTS_CONFIG")
    return Path(named).expanduser() if named else user_config_home() / "gts"


def user_state_folder() -> Path:
    """This user's state on this machine: `$GTS_STATE`, else the platform's folder for state. The folder may not exist."""
    import platformdirs

    named = os.environ.get("GTS_STATE")
    return Path(named).expanduser() if named else platformdirs.user_state_path("gts", appauthor=False)


def user_config_home() -> Path:
    """The platform's folder for the settings of all programs."""
    import platformdirs

    return platformdirs.user_config_path()
