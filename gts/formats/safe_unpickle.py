"""Load the original program's pickled checkpoints without executing their code.

A pickle can call any function by name. torch's restricted loader allows a fixed list only; the original files need three more
names, and a file with any other name is refused before it is loaded.
"""

from __future__ import annotations

import io
import warnings
import zipfile
from typing import Any

from gts.errors import FormatError, MissingError, Problem
from gts.formats.file_checks import MEGABYTE
from gts.formats.strict_json import to_printable

MAX_LEGACY_BYTES = 500 * MEGABYTE

_FIGURE_GLOBAL = "GTS.physicalModel.PhysicalModelID"
_SCALAR_GLOBAL = "numpy.core.multiarray.scalar"
_ALLOWED_GLOBALS = frozenset({_FIGURE_GLOBAL, _SCALAR_GLOBAL, "numpy.dtype"})
_MIN_TORCH = (2, 10)
_HINT = "it cannot be loaded safely; train the figure again from its spec"


def load_legacy_pickle(name: str, data: bytes) -> Any:
    """Load a file written by `torch.save`; the original's figure enumeration becomes a str.

    Raises FormatError for a file that is damaged or holds more than plain data and tensors, MissingError for a torch version
    whose restricted loader is known to be unsafe.
    """
    _check_archive(name, data)
    import numpy as np
    import torch

    if tuple(int(part) for part in torch.__version__.split("+")[0].split(".")[:2]) < _MIN_TORCH:
        raise MissingError(
            f"torch {torch.__version__} does not load untrusted files safely", hint="install torch 2.10 or newer"
        )
    try:
        foreign = set(torch.serialization.get_unsafe_globals_in_checkpoint(io.BytesIO(data))) - _ALLOWED_GLOBALS
    except Exception as error:  # a damaged pickle can raise any exception
        raise _make_damaged_error(name, error) from error
    if foreign:
        named = ", ".join(f"`{to_printable(word)}`" for word in sorted(foreign)[:10])
        raise FormatError(name, [Problem(f"it holds more than data: {named} could run code when it is loaded")], hint=_HINT)
    allowed: list[Any] = [
        (_make_figure_name, _FIGURE_GLOBAL),
        (np._core.multiarray.scalar, _SCALAR_GLOBAL),  # type: ignore[attr-defined]
        np.dtype,
        np.dtypes.Float64DType,
    ]
    try:
        with torch.serialization.safe_globals(allowed), warnings.catch_warnings():
            warnings.simplefilter("ignore")  # it warns about pickles that it then refuses
            return torch.load(io.BytesIO(data), weights_only=True, map_location="cpu")
    except Exception as error:  # as above
        raise _make_damaged_error(name, error) from error


def _make_figure_name(value: object) -> str:
    """Replacement for the original's enumeration of figures."""
    return str(value)


def _check_archive(name: str, data: bytes) -> None:
    """Refuse files that `torch.save` does not write: not a zip file, compressed, or larger when unpacked."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            members = archive.infolist()
            broken = archive.testzip() if _is_uncompressed(members, len(data)) else ""
    except (zipfile.BadZipFile, ValueError, NotImplementedError, RuntimeError, EOFError, OSError, OverflowError) as error:
        raise _make_damaged_error(name, error) from error
    if broken is None and any(member.filename.endswith("/data.pkl") for member in members):
        return
    if broken:
        raise FormatError(name, [Problem(f"its part `{to_printable(broken)}` is damaged")], hint="copy it again")
    raise FormatError(name, [Problem("a zip file, but not a checkpoint of the original program")], hint="name a checkpoint")


def _is_uncompressed(members: list[zipfile.ZipInfo], size: int) -> bool:
    stored = all(member.compress_type == zipfile.ZIP_STORED and not member.flag_bits & 1 for member in members)
    return stored and sum(member.file_size for member in members) <= size


def _make_damaged_error(name: str, error: Exception) -> FormatError:
    lines = str(error).strip().splitlines()
    cause = to_printable(lines[0]) if lines else type(error).__name__
    return FormatError(name, [Problem(f"it is damaged, or not a checkpoint of the original program ({cause})")], hint=_HINT)
