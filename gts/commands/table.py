"""The one table of commands."""

from __future__ import annotations

from collections.abc import Mapping

from gts.commands import (
    bench,
    best,
    check,
    compare,
    doctor,
    export,
    import_legacy,
    info,
    init,
    jobs,
    new,
    play,
    resume,
    score,
    search,
    service,
    stop,
    study,
    tail,
    train,
    trials,
    worker,
)
from gts.commands.declare import Command

COMMANDS: Mapping[str, Command] = {
    module.COMMAND.name: module.COMMAND
    for module in (
        *(init, new, check, import_legacy),
        *(train, search, worker),
        *(jobs, tail, stop, resume, service),
        *(trials, study, best),
        *(play, score, info, compare, export, bench, doctor),
    )
}
"""Every command by name, in the order in which a person meets them."""
