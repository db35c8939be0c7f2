"""Checkpoints: a training as one safetensors file.

The tensors hold networks, optimiser, normalisers, random generators and the state of the worlds. One string in the file's
metadata, under the key `gts`, holds the rest as JSON: spec, counters, score, history, versions and two checksums. Reading
executes no code, and detects a single changed bit.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gts.errors import DivergedError, FormatError, Problem
from gts.formats import checkpoint_layout
from gts.formats.durable import write_durably
from gts.formats.file_checks import read_bytes
from gts.formats.networks import NetworkInfo, TensorShape, describe_networks, find_shape_problems, is_network_tensor
from gts.params.spec import Spec
from gts.system.versions import package_versions


@dataclass(frozen=True)
class Checkpoint:
    """State of a training; with networks alone a starting point for a new one."""

    spec: Spec
    tensors: Mapping[str, NDArray[Any]]
    """One member's tensors by name, without a member axis."""
    counters: Mapping[str, Any] = field(default_factory=dict)
    """Progress as JSON values: `step`, `epoch`, `episodes`, the best score so far, …"""
    score: Mapping[str, Any] | None = None
    """`Score.as_dict()` of the last evaluation or score."""
    history: tuple[Mapping[str, Any], ...] = ()
    """Learning curve: rows of step, mean, deviation, score, length."""
    parents: tuple[Mapping[str, Any], ...] = ()
    """Checkpoints that the training started from, oldest first: name, checksum, step."""
    versions: Mapping[str, str] = field(default_factory=dict)
    """Versions of GTS and its libraries, and the thread count; filled in when it is written."""
    checksum: str = ""
    """SHA-256 of the tensors' names, types, shapes and bytes; set by reading."""
    stored_shapes: Mapping[str, TensorShape] = field(default_factory=dict)
    """Shapes of the tensors in the file, also if only the header was read."""
    file_size: int = 0
    """Size of its file in bytes."""

    def shapes(self) -> dict[str, TensorShape]:
        """Shapes of all tensors by name."""
        return {name: tensor.shape for name, tensor in self.tensors.items()} or dict(self.stored_shapes)

    def describe_networks(self) -> tuple[NetworkInfo, ...]:
        """Networks with their widths and parameter counts, the policy first."""
        return describe_networks(self.spec, self.shapes())


def write_checkpoint(path: str | os.PathLike[str], checkpoint: Checkpoint) -> str:
    """Write a checkpoint durably. Returns its checksum.

    Metadata numbers that are not finite become null, as JSON has none. Raises FileError if the file cannot be written,
    DivergedError if a network holds a number that is not finite, so that it never replaces a good file, FormatError if the
    networks do not fit the spec.
    """
    name = os.fspath(path)
    problems = find_shape_problems(checkpoint.spec, checkpoint.shapes()) + _find_type_problems(checkpoint.tensors)
    if problems:
        raise FormatError(name, problems, hint="this checkpoint cannot be written")
    broken = _find_non_finite(checkpoint.tensors)
    if broken:
        raise DivergedError(f"the tensor `{broken}` holds a number that is not finite; {name} was not written")
    checksum = compute_tensor_checksum(checkpoint.tensors)
    document = {
        "format": checkpoint_layout.CHECKPOINT_FORMAT,
        "spec": checkpoint.spec.to_document(),
        "values": checkpoint.spec.values(),
        "counters": checkpoint.counters,
        "score": checkpoint.score,
        "history": checkpoint.history,
        "parents": checkpoint.parents,
        "versions": checkpoint.versions or package_versions(peers=False),
        "checksum": checksum,
    }
    write_durably(path, checkpoint_layout.pack_checkpoint(document, checkpoint.tensors))
    return checksum


def read_checkpoint(path: str | os.PathLike[str]) -> Checkpoint:
    """Read a whole checkpoint.

    Raises FileError if the file cannot be read, FormatError if it is no checkpoint, damaged or of a newer version, or if its
    networks do not fit its spec.
    """
    name = os.fspath(path)
    data = read_bytes(path, "checkpoint", checkpoint_layout.MAX_CHECKPOINT_BYTES)
    header = checkpoint_layout.unpack_header(name, data, len(data))
    checkpoint = _make_checkpoint(name, header, len(data))
    tensors = checkpoint_layout.unpack_tensors(name, data)
    if compute_tensor_checksum(tensors) != checkpoint.checksum:
        raise FormatError(name, [Problem("its tensors are damaged: the checksum differs")], hint=checkpoint_layout.DAMAGED_HINT)
    problems = _find_type_problems(tensors)
    broken = _find_non_finite(tensors)
    if broken:
        problems.append(Problem(f"the tensor `{broken}` holds a number that is not finite", broken))
    if problems:
        raise FormatError(name, problems, hint="use an earlier checkpoint")
    return Checkpoint(**{**checkpoint.__dict__, "tensors": tensors})


def read_checkpoint_header(path: str | os.PathLike[str]) -> Checkpoint:
    """Read everything but the tensors: `tensors` is empty, `shapes()` is not. The time does not depend on the file's size.

    Raises as `read_checkpoint`, as far as the header shows the error.
    """
    name = os.fspath(path)
    head, size = checkpoint_layout.read_header_bytes(path)
    return _make_checkpoint(name, checkpoint_layout.unpack_header(name, head, size), size)


def compute_tensor_checksum(tensors: Mapping[str, NDArray[Any]]) -> str:
    """SHA-256 over the tensors ordered by name: name, type, shape, little-endian bytes."""
    digest = hashlib.sha256()
    for name in sorted(tensors):
        tensor = checkpoint_layout.to_stored_layout(tensors[name])
        digest.update(f"{name}\0{tensor.dtype.str}\0{tensor.shape}\0".encode())
        digest.update(tensor.tobytes())
    return digest.hexdigest()


def _make_checkpoint(name: str, header: checkpoint_layout.CheckpointHeader, size: int) -> Checkpoint:
    document = header.document
    spec = checkpoint_layout.restore_spec(name, document)
    problems = find_shape_problems(spec, header.shapes)
    if problems:
        raise FormatError(name, problems, hint="train it again from its spec, or name another checkpoint")
    return Checkpoint(
        spec=spec,
        tensors={},
        counters=document["counters"],
        score=document["score"],
        history=tuple(document["history"]),
        parents=tuple(document["parents"]),
        versions=document["versions"],
        checksum=document["checksum"],
        stored_shapes=header.shapes,
        file_size=size,
    )


def _find_type_problems(tensors: Mapping[str, NDArray[Any]]) -> list[Problem]:
    return [
        Problem(f"the tensor `{name}` is {tensor.dtype}, not float32", name)
        for name, tensor in tensors.items()
        if is_network_tensor(name) and tensor.dtype != np.float32
    ]


def _find_non_finite(tensors: Mapping[str, NDArray[Any]]) -> str:
    for name, tensor in tensors.items():
        if is_network_tensor(name) and not np.isfinite(tensor).all():
            return name
    return ""
