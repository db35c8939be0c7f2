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
    """`systemd` or `launchd`; empty where nothing is installed or was."""
    installed: bool
    active: bool
    """Whether it will run after the next start, as far as known."""
    where: tuple[str, ...]
    """The file that was written or removed, or that exists."""
    command: tuple[str, ...]
    """Command that runs after a start of the machine."""
    remarks: tuple[str, ...] = ()
    """Obstacles and other remarks."""


def run_service(context: Context, *, action: str) -> Iterator[Note | Result]:
    """Install, remove or read the service; yields notes, then the result."""
    from gts.jobs import service

    workspace = context.workspace
    actions = {
        "install": service.install_boot_service,
        "remove": service.remove_boot_service,
        "status": service.boot_service_status,
    }
    state = actions[action](workspace)
    remarks = state.notes if state else ()
    if state and state.installed and not state.current:
        remarks = (
            *remarks,
            "it was written for another Python than this one; write it again: gts service install",
        )
    yield from map(Note, remarks)
    startup = service.make_boot_job(workspace)
    yield ServiceResult(
        action=action,
        workspace=startup.subject,
        kind=state.kind if state else "",
        installed=state is not None and state.installed,
        active=state is not None and state.active,
        where=(state.location,) if state else (),
        command=startup.command,
        remarks=remarks,
    )


COMMAND = Command(
    name="service",
    summary="Resume interrupted jobs after every restart of the machine.",
    group="jobs",
    run=run_service,
    help="`install` has the system run `gts resume --all` for this workspace once after every start: by a unit of systemd, "
    "or by launchd on macOS. It says which files it writes; `remove` deletes them again.",
    arguments=(
        Argument(
            "action", "The action.", type="choice", choices=("install", "remove", "status"), metavar="install|remove|status"
        ),
    ),
    examples=("gts service install", "gts service status --json"),
)
