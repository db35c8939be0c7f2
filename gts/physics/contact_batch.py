"""A batch of simulations with contact forces.

`mj_step` does not compute `cfrc_ext` unless the model has force sensors; Gymnasium calls `mj_rnePostConstraint` after every
step, and the observations of the ant and the humanoid contain the result. MuJoCo's C interface has `mjb_apply`, which runs a
function on every simulation of a batch, but its Python module does not export it. This class therefore calls the C interface
(`mujoco/mjbatch.h`) through ctypes, which releases the interpreter lock during a call as the Python module does.
"""

from __future__ import annotations

import ctypes
import functools
import weakref
from pathlib import Path
from typing import Any

import mujoco
import numpy as np
from mujoco.batch import SimulationError
from numpy.typing import NDArray

from gts.errors import MissingError, WorkError

_NONE = int(mujoco.mjtStage.mjSTAGE_NONE)
_ACC = int(mujoco.mjtStage.mjSTAGE_ACC)
_N_WARNINGS = int(mujoco.mjtWarning.mjNWARNING)


class _Config(ctypes.Structure):
    """mjBatchConfig."""

    _fields_ = (("nthread", ctypes.c_int), ("persistent", ctypes.c_uint8))


class _BatchOwner:
    """Frees a batch once neither the ContactBatch nor an array over its memory is in use."""

    def __init__(self, library: ctypes.CDLL, address: int) -> None:
        self.handle = ctypes.c_void_p(address)
        # Not at exit: a thread might still be inside a call, and the system frees the memory anyway.
        weakref.finalize(self, library.mjb_deleteBatch, self.handle).atexit = False


class ContactBatch:
    """The part of `mujoco.batch.Batch` that worlds use, with `cfrc_ext` up to date after every step.

    It keeps one MjData per simulation, since the second pass that computes the contact forces reads the results of the step.
    """

    def __init__(self, model: mujoco.MjModel, nsim: int, nthread: int) -> None:
        self._lib = _load_library()
        self.model = model
        self.nsim = nsim
        message = ctypes.create_string_buffer(1000)
        config = _Config(nthread, 1)
        handle = self._lib.mjb_makeBatch(model._address, nsim, ctypes.byref(config), message, len(message))
        if not handle:
            raise WorkError(f"MuJoCo cannot make a batch of {nsim} simulations: {message.value.decode(errors='replace')}")
        self._owner = _BatchOwner(self._lib, handle)
        self._handle = self._owner.handle
        self._rne = ctypes.cast(self._lib.mj_rnePostConstraint, ctypes.c_void_p)
        width = self._lib.mjb_nstate(self._handle)
        self.state: NDArray[np.float64] = self._view_memory(self._lib.mjb_state(self._handle), (nsim, width), ctypes.c_double)
        self.warning: NDArray[np.int32] = self._view_memory(
            self._lib.mjb_warning(self._handle), (nsim, _N_WARNINGS, 2), ctypes.c_int
        )
        self.status: NDArray[np.int32] = self._view_memory(self._lib.mjb_status(self._handle), (nsim,), ctypes.c_int)
        self._bound_arrays: dict[str, NDArray[Any]] = {}

    def bind(self, name: str) -> NDArray[Any]:
        """The live (nsim, …) array of a float64 MjData field, refreshed by every call."""
        if name not in self._bound_arrays:
            size, width = ctypes.c_int(), ctypes.c_int()
            address = self._lib.mjb_output(self._handle, name.encode(), ctypes.byref(size), ctypes.byref(width))
            if not address or width.value != 8:
                raise ValueError(f"`{name}` is not a float64 field of MjData that a batch can copy out")
            shape = getattr(mujoco.MjData(self.model), name).shape
            self._bound_arrays[name] = self._view_memory(address, (self.nsim, *shape), ctypes.c_double)
        return self._bound_arrays[name]

    def step(self, ids: NDArray[np.int32] | None, nstep: int) -> None:
        """Advance by nstep substeps, then compute the contact forces after the last one. Raises SimulationError."""
        selected, count = _ids_pointer(ids)
        error = self._make_error(ids, self._lib.mjb_step(self._handle, selected, count, nstep, _NONE))
        self._lib.mjb_apply(self._handle, selected, count, self._rne, None, 0)
        # A forward pass without any stage refreshes the bound arrays, which mjb_apply does not.
        self._lib.mjb_forward(self._handle, selected, count, _NONE)
        if error is not None:
            raise error

    def reset(self, ids: NDArray[np.int32] | None) -> None:
        """Reset the data to the model's defaults, without a forward pass."""
        selected, count = _ids_pointer(ids)
        self._lib.mjb_reset(self._handle, selected, count, None, _NONE)

    def forward(self, ids: NDArray[np.int32] | None) -> None:
        """`mj_forward`. Raises SimulationError."""
        selected, count = _ids_pointer(ids)
        error = self._make_error(ids, self._lib.mjb_forward(self._handle, selected, count, _ACC))
        if error is not None:
            raise error

    def _make_error(self, ids: NDArray[np.int32] | None, n_failed: int) -> SimulationError | None:
        """The error of the latest call, to be read before the next one; None if all simulations succeeded."""
        if not n_failed:
            return None
        stepped_ids = np.arange(self.nsim) if ids is None else ids
        failed = stepped_ids[self.status[stepped_ids] != 0]
        message = self._lib.mjb_error(self._handle, int(failed[0])).decode(errors="replace")
        return SimulationError(failed, message, len(stepped_ids))

    def _view_memory(self, address: int, shape: tuple[int, ...], kind: Any) -> NDArray[Any]:
        """A view of memory of the library, which it keeps alive."""
        buffer = (kind * int(np.prod(shape))).from_address(address)
        buffer.owner = self._owner
        return np.ctypeslib.as_array(buffer).reshape(shape)


def _ids_pointer(ids: NDArray[np.int32] | None) -> tuple[Any, int]:
    """Pointer and length of ids (int32, sorted, unique) for C."""
    return (None, 0) if ids is None else (ids.ctypes.data, len(ids))


@functools.cache
def _load_library() -> ctypes.CDLL:
    """Load the library of the MuJoCo package, with the signatures of mujoco/mjbatch.h."""
    folder = Path(mujoco.__file__).parent
    found = [path for pattern in ("libmujoco.so*", "libmujoco*.dylib") for path in sorted(folder.glob(pattern))]
    if not found:
        raise MissingError(f"there is no MuJoCo library in {folder}", hint="pip install --force-reinstall mujoco")
    library = ctypes.CDLL(str(found[0]))
    pointer, number = ctypes.c_void_p, ctypes.c_int
    signatures: dict[str, tuple[Any, list[Any]]] = {
        "mjb_makeBatch": (pointer, [pointer, number, pointer, ctypes.c_char_p, number]),
        "mjb_deleteBatch": (None, [pointer]),
        "mjb_nstate": (number, [pointer]),
        "mjb_state": (pointer, [pointer]),
        "mjb_warning": (pointer, [pointer]),
        "mjb_status": (pointer, [pointer]),
        "mjb_error": (ctypes.c_char_p, [pointer, number]),
        "mjb_output": (pointer, [pointer, ctypes.c_char_p, pointer, pointer]),
        "mjb_step": (number, [pointer, pointer, number, number, number]),
        "mjb_forward": (number, [pointer, pointer, number, number]),
        "mjb_reset": (number, [pointer, pointer, number, pointer, number]),
        "mjb_apply": (number, [pointer, pointer, number, pointer, pointer, number]),
    }
    for name, (result, arguments) in signatures.items():
        function = getattr(library, name)
        function.restype, function.argtypes = result, arguments
    return library
