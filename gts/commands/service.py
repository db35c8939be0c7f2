"""`gts service`: resumes interrupted jobs after a restart of the machine."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

from gts.commands.command import Argument, Command, Context, Note, Result


@dataclass(frozen=True)
class ServiceResult(Result):
    """State of a workspace's service after a command."""

    view: ClassVar[str] = "jobs:render_service"
    action: str
    workspace: str
    kind: str
    """`systemd`, `launchd` or `crontab`; empty where nothing is installed or was."""
    installed: bool
    active: bool
    """Whether it will run after the next start, as far as known."""
    where: tuple[str, ...]
    """Files that were written or removed, or that say it now; `crontab of NAME` for a line there."""
    command: tuple[str, ...]
    """Command that runs after a start of the machine."""
    remarks: tuple[str, ...] = ()
    """Obstacles and other remarks."""


def run(context: Context, *, action: str) -> Iterator[Note | Result]:
    """Install, remove or read the service; yields notes, then the result."""
    from gts.jobs import service

    workspace = context.workspace
    if action == "remove":
        states = service.remove_boot_service(workspace)
    else:
        state = service.install_boot_service(workspace) if action == "install" else service.boot_service_status(workspace)
        states = (state,) if state is not None else ()
    remarks = tuple(remark for state in states for remark in state.notes)
    if any(state.installed and not state.current for state in states):
        remarks = (
            *remarks,
            "it was written for another Python than this one; write it again: gts service install",
        )
    yield from map(Note, remarks)
    startup = service.make_boot_job(workspace)
    yield ServiceResult(
        action=action,
        workspace=startup.subject,
        kind=states[0].kind if states else "",
        installed=any(state.installed for state in states),
        active=any(state.active for state in states),
        where=tuple(state.location for state in states),
        command=startup.command,
        remarks=remarks,
    )


COMMAND = Command(
    name="service",
    summary="Resume interrupted jobs after every restart of the machine.",
    group="jobs",
    run=run,
    help="`install` has the system run `gts resume --all` for this workspace once after every start: by a unit of systemd, "
    "by launchd on macOS, otherwise by a line in the crontab. It says which files it writes; `remove` takes them away again.",
    arguments=(
        Argument(
            "action", "The action.", type="choice", choices=("install", "remove", "status"), metavar="install|remove|status"
        ),
    ),
    examples=("gts service install", "gts service status --json"),
)
