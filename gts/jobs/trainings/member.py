"""What one member of a run leaves on the disk: its states, its best policy, its learning curve, and its remains."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import safetensors.numpy
from numpy.typing import NDArray

from gts.formats.checkpoint import Checkpoint, write_checkpoint
from gts.formats.durable import write_durably
from gts.params.spec import Spec
from gts.store.workspace import RunFolder
from gts.training.score import Score


class MemberFiles:
    """The files of one member; every method that writes may raise FileError."""

    def __init__(
        self,
        folder: RunFolder,
        member: int,
        spec: Spec,
        *,
        kept: int,
        history: Sequence[Mapping[str, Any]] = (),
        parents: tuple[Mapping[str, Any], ...] = (),
    ) -> None:
        """`kept`: how many complete states stay. `history`: its learning curve so far. `parents`: what it was trained from."""
        self._folder = folder
        self._member = member
        self._spec = spec
        self._kept = kept
        self._history = list(history)
        self._parents = parents

    def add_evaluation(self, step: int, score: Score) -> None:
        """Add a point to its learning curve."""
        row = {"step": step, "mean": score.mean, "deviation": score.deviation}
        self._history.append({**row, "score": score.score, "length": score.length})

    def save(self, path: Path, checkpoint: Checkpoint) -> Checkpoint:
        """Write a checkpoint with what is known of the member; the checkpoint as written."""
        full = replace(checkpoint, history=tuple(self._history), parents=self._parents)
        return replace(full, checksum=write_checkpoint(path, full))

    def prune(self) -> list[Path]:
        """Remove all complete states but the newest; which ones are gone."""
        gone = self._folder.last_checkpoints(self._member)[: -self._kept]
        for path in gone:
            path.unlink(missing_ok=True)
        return gone

    def write_failure_dump(self, step: int, reason: str, arrays: Mapping[str, NDArray[Any]]) -> Path:
        """Keep what it left when it failed, for whoever wants to know why; the file."""
        path = self._folder.failure_dump(self._member, step)
        about = {"step": step, "reason": reason, "spec": self._spec.to_document(), "values": self._spec.values()}
        write_durably(path, safetensors.numpy.save(dict(arrays), metadata={"gts": json.dumps(about, ensure_ascii=False)}))
        return path
