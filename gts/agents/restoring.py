"""Putting what a checkpoint holds into an agent."""

from __future__ import annotations

from gts.agents.state import AgentState
from gts.errors import FileError
from gts.formats.checkpoint import Checkpoint


def fill(state: AgentState, member: int, checkpoint: Checkpoint, *, exactly: bool) -> None:
    """Load a checkpoint into a member; raises FileError where tensors are missing or do not fit."""
    try:
        state.load(member, checkpoint.tensors, exactly=exactly)
    except KeyError as error:
        raise FileError(f"the checkpoint lacks the tensor {error}", hint="it may be cut down or of another program") from error
    except ValueError as error:
        raise FileError(
            f"the checkpoint does not fit the {checkpoint.spec.figure}: {error}",
            hint="its tensors are those of another figure or of other network sizes",
        ) from error
