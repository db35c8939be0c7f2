"""Byte layout of a checkpoint: safetensors, its limits, and the JSON document in its metadata.

Eight bytes with the length of the header, the header (JSON: names, types, shapes, offsets and one metadata string), then the
tensors. Every size is checked against that of the file before memory is allocated.
"""

from __future__ import annotations

import hashlib
import json
import math
import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NoReturn

import numpy as np
import safetensors.numpy
from numpy.typing import NDArray
from safetensors import SafetensorError

from gts.errors import FileError, FormatError, GtsError, Problem, reason
from gts.formats.file_checks import check_file, identify_file_type
from gts.formats.networks import TensorShape
from gts.formats.strict_json import to_printable
from gts.params.spec import ParameterError, Spec, make_spec

CHECKPOINT_FORMAT = 1
"""Version of the layout that is written, and the newest that is read."""
MAX_CHECKPOINT_BYTES = 8_000_000_000
MAX_HEADER_BYTES = 64_000_000

_KEY = "gts"
_TYPES = ("F64", "F32", "F16", "I64", "U64", "I32", "U32", "I16", "U16", "I8", "U8", "BOOL")
DAMAGED_HINT = "copy it again, or use an earlier checkpoint"
_FIELDS: dict[str, tuple[type, ...]] = {
    "spec": (dict,),
    "values": (dict,),
    "counters": (dict,),
    "score": (dict, type(None)),
    "history": (list,),
    "parents": (list,),
    "versions": (dict,),
    "checksum": (str,),
}


@dataclass(frozen=True)
class CheckpointHeader:
    """Header of a checkpoint."""

    document: dict[str, Any]
    shapes: dict[str, TensorShape]


def pack_checkpoint(document: Mapping[str, Any], tensors: Mapping[str, NDArray[Any]]) -> bytes:
    """Bytes of a checkpoint; equal for equal content."""
    plain = _to_json_types(document)
    plain["headChecksum"] = _compute_document_checksum(plain)
    text = json.dumps(plain, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    arrays = {name: to_stored_layout(tensor) for name, tensor in tensors.items()}
    return safetensors.numpy.save(arrays, metadata={_KEY: text})


def to_stored_layout(tensor: NDArray[Any]) -> NDArray[Any]:
    """A tensor in the layout of files, little-endian and C-contiguous; the tensor itself if it already is."""
    return np.array(tensor, dtype=tensor.dtype.newbyteorder("<"), order="C", copy=None)


def read_header_bytes(path: str | os.PathLike[str]) -> tuple[bytes, int]:
    """Bytes of a checkpoint up to its tensors, and the size of the file. Raises FileError."""
    size = check_file(path, "checkpoint", MAX_CHECKPOINT_BYTES)
    try:
        with open(path, "rb") as file:
            length = file.read(8)
            return length + file.read(min(int.from_bytes(length, "little"), MAX_HEADER_BYTES)), size
    except OSError as error:
        raise FileError(f"cannot read {os.fspath(path)}: {reason(error)}") from error


def unpack_header(name: str, head: bytes, size: int) -> CheckpointHeader:
    """Parse and check the header of a file of `size` bytes; `head` begins with it. Raises FormatError."""
    length = int.from_bytes(head[:8], "little")
    if size < 8 or head[8:9] != b"{" or length > MAX_HEADER_BYTES:
        _raise_foreign(name, head)
    if 8 + length > size:
        _raise_damaged(name, f"it is cut off: its header has {length} bytes, the file {size}")
    entries = _parse_object(name, head[8 : 8 + length], "its header is not JSON")
    metadata = entries.pop("__metadata__", None)
    if not isinstance(metadata, dict) or not isinstance(metadata.get(_KEY), str):
        raise FormatError(
            name, [Problem("a safetensors file without GTS's metadata")], hint="name a checkpoint that `gts train` wrote"
        )
    shapes = {entry: _read_shape(name, entry, description) for entry, description in entries.items()}
    end = max((description["data_offsets"][1] for description in entries.values()), default=0)
    if 8 + length + end != size:
        _raise_damaged(name, f"it is cut off or has trailing data: {8 + length + end} bytes were written, the file has {size}")
    return CheckpointHeader(
        _check_document(name, _parse_object(name, metadata[_KEY].encode(), "its metadata is not JSON")), shapes
    )


def unpack_tensors(name: str, data: bytes) -> dict[str, NDArray[Any]]:
    """Tensors of a file with a checked header, ordered by name. Raises FormatError."""
    try:
        return dict(sorted(safetensors.numpy.load(data).items()))
    except (SafetensorError, ValueError, KeyError, TypeError) as error:
        _raise_damaged(name, f"its tensors do not match its header ({to_printable(str(error))})")


def restore_spec(name: str, document: Mapping[str, Any]) -> Spec:
    """Spec of a checkpoint with the values it was written with, even if defaults have changed since. Raises FormatError."""
    stored = document["spec"]
    figure, technique, given = stored.get("physicalModel"), stored.get("technique"), stored.get("params")
    comment = stored.get("comment", "")
    if not (isinstance(figure, str) and isinstance(technique, str) and isinstance(given, dict) and isinstance(comment, str)):
        _raise_damaged(name, "its spec is incomplete")
    try:
        now = make_spec(figure, technique, given, comment=comment).values()
        changed = {key: value for key, value in document["values"].items() if key not in now or now[key] != value}
        return make_spec(figure, technique, {**given, **changed}, comment=comment)
    except ParameterError as error:
        problems = [Problem(f"its spec: {problem.message}", problem.key) for problem in error.problems]
    except GtsError as error:
        problems = [Problem(f"its spec: {error.message}")]
    written = document["versions"].get("gts", "another version")
    raise FormatError(
        name, problems, hint=f"it was written by gts {to_printable(str(written))}; use that version, or a newer one"
    )


def _check_document(name: str, document: dict[str, Any]) -> dict[str, Any]:
    version = document.get("format")
    if not isinstance(version, int) or isinstance(version, bool) or version < 1:
        _raise_damaged(name, "its format version is missing")
    if version > CHECKPOINT_FORMAT:
        problem = Problem(
            f"its format version is {version}, this program reads up to {CHECKPOINT_FORMAT}: it was written by a newer GTS"
        )
        raise FormatError(name, [problem], hint="update GTS")
    stated = document.pop("headChecksum", None)
    if stated != _compute_document_checksum(document):
        _raise_damaged(name, "its metadata is damaged: the checksum differs")
    for key, kinds in _FIELDS.items():
        if key not in document or not isinstance(document[key], kinds):
            _raise_damaged(name, f"its metadata lack `{key}`")
    for key in ("history", "parents"):
        if not all(isinstance(row, dict) for row in document[key]):
            _raise_damaged(name, f"its metadata have no table under `{key}`")
    return document


def _read_shape(name: str, entry: str, description: Any) -> TensorShape:
    """Shape of one tensor, after checking its whole description. Raises FormatError."""
    if isinstance(description, dict) and description.keys() == {"dtype", "shape", "data_offsets"}:
        shape, offsets = description["shape"], description["data_offsets"]
        are_integers = all(
            isinstance(numbers, list) and all(type(number) is int and 0 <= number <= MAX_CHECKPOINT_BYTES for number in numbers)
            for numbers in (shape, offsets)
        )
        if are_integers and len(offsets) == 2 and description["dtype"] in _TYPES:
            return tuple(shape)
    _raise_damaged(name, f"its header does not describe the tensor `{to_printable(entry)}`")


def _parse_object(name: str, text: bytes, complaint: str) -> dict[str, Any]:
    """Parse a JSON object; refuses repeated keys and numbers that are not finite. Raises FormatError."""
    try:
        loaded = json.loads(
            text, object_pairs_hook=_reject_duplicates, parse_constant=_reject_constant, parse_float=_parse_finite
        )
    except (ValueError, RecursionError):
        loaded = None
    if not isinstance(loaded, dict):
        _raise_damaged(name, complaint)
    return loaded


def _reject_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise ValueError("repeated key")
    return members


def _reject_constant(word: str) -> NoReturn:
    raise ValueError(f"{word} is not a number")


def _parse_finite(text: str) -> float:
    number = float(text)
    return number if math.isfinite(number) else _reject_constant(text)


def _compute_document_checksum(document: Mapping[str, Any]) -> str:
    text = json.dumps(document, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def _to_json_types(value: Any) -> Any:
    """A value as JSON types: NumPy scalars and arrays become plain ones, numbers that are not finite become null."""
    if isinstance(value, Mapping):
        return {str(key): _to_json_types(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_to_json_types(item) for item in value]
    if isinstance(value, (np.ndarray, np.generic)):
        return _to_json_types(value.tolist())
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value


def _raise_foreign(name: str, head: bytes) -> NoReturn:
    seems = identify_file_type(head[:16])
    if seems and seems != "a checkpoint":
        pickled = "zip" in seems or "pickle" in seems
        hint = f"import checkpoints of the original program: gts import {name}" if pickled else "name a checkpoint"
        raise FormatError(name, [Problem(f"this is {seems}, not a checkpoint of GTS")], hint=hint)
    raise FormatError(name, [Problem("this is not a checkpoint: its first bytes are wrong")], hint=DAMAGED_HINT)


def _raise_damaged(name: str, message: str) -> NoReturn:
    raise FormatError(name, [Problem(message)], hint=DAMAGED_HINT)
