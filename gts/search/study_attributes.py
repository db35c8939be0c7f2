"""Under which names a study keeps what Optuna has no place for; `optuna-dashboard` shows them so too."""

from __future__ import annotations

SPACE = "space"
"""Of a study: the content of its space's file."""
SETTINGS = "settings"
"""Of a study: `Settings.as_dict()`."""
MACHINE_INFO = "circumstances"
"""Of a study: versions and machine, as `circumstances()` has them."""

SPEC = "GTS_SPEC"
"""Of a trial: its spec as the text of a file; named as the original program named it, whose studies are read too."""
PARAMS = "GTS_PARAMS"
"""Of a trial: all parameters that the spec gives, as the original program kept them."""
OWNER = "owner"
"""Of a trial: the token of the process group that works on it, where several share a storage."""
SEED_VALUES = "seedValues"
"""Of a trial: its value of the first objective, one a seed."""
STEPS = "steps"
"""Of a trial: environment steps trained, all seeds together."""
SECONDS = "seconds"
"""Of a trial: wall-clock of its training."""
REASON = "reason"
"""Of a trial: why it failed."""


def confirmation_key(number: int) -> str:
    """Of a study, since a trial that has ended cannot be changed: what its training on fresh seeds came to."""
    return f"confirmed:{number}"
