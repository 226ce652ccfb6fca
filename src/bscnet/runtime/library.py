"""The engine's functions: the C types of csrc/include/bscnet.h, and errors as exceptions."""

from __future__ import annotations

import ctypes
import functools

from bscnet import compiled
from bscnet.errors import InputError

Handle = ctypes.c_void_p


class CTimes(ctypes.Structure):
    """`bscnet_times`: seconds of each part, and bytes."""

    _fields_ = (
        ("kernel_maps", ctypes.c_double),
        ("bit_convolutions", ctypes.c_double),
        ("real_parts", ctypes.c_double),
        ("rest", ctypes.c_double),
        ("workspace_bytes", ctypes.c_int64),
    )


VISIT = ctypes.CFUNCTYPE(
    None,
    ctypes.c_void_p,  # user
    ctypes.c_int32,  # instruction
    ctypes.c_int32,  # what
    ctypes.c_int32,  # value
    ctypes.c_int32,  # level
    ctypes.c_int64,  # rows
    ctypes.c_int32,  # channels
    ctypes.POINTER(ctypes.c_int32),  # coords, rows x 4
    ctypes.POINTER(ctypes.c_float),  # data, rows x channels
)

_INT32, _INT64, _POINTER, _TEXT = ctypes.c_int32, ctypes.c_int64, ctypes.c_void_p, ctypes.c_char_p
_ARRAYS = (Handle, _INT64, _POINTER, _POINTER, _INT32)  # model, sites, coords, feats, threads

# Result and arguments of each function. Arrays go as addresses: their types and shapes are the session's business.
_SIGNATURES = {
    "bscnet_load": (ctypes.c_int, (_TEXT, ctypes.POINTER(Handle))),
    "bscnet_load_memory": (ctypes.c_int, (_TEXT, ctypes.c_size_t, ctypes.POINTER(Handle))),
    "bscnet_free": (None, (Handle,)),
    "bscnet_keep_memory": (ctypes.c_int, (Handle, _INT64)),
    "bscnet_label": (ctypes.c_int, (Handle, _INT64, _POINTER, _POINTER, _POINTER, _INT32, _POINTER, _POINTER)),
    "bscnet_run_timed": (ctypes.c_int, (*_ARRAYS, _POINTER, ctypes.POINTER(CTimes))),
    "bscnet_trace": (ctypes.c_int, (*_ARRAYS, VISIT, ctypes.c_void_p)),
    "bscnet_description": (_TEXT, (Handle,)),
    "bscnet_in_channels": (_INT32, (Handle,)),
    "bscnet_num_classes": (_INT32, (Handle,)),
    "bscnet_implementation": (_TEXT, ()),
    "bscnet_implementations": (_TEXT, ()),
}


@functools.cache
def engine() -> ctypes.CDLL:
    """The loaded library with its functions' types set.

    Raises:
        InputError: it was not built, cannot be loaded, or belongs to another version of the package.
    """
    return compiled.open_library(_SIGNATURES)


def check(status: int) -> None:
    """Raise what a status other than 0 says, with the engine's own sentence; to be called by the thread that failed.

    Raises:
        InputError: the file, the arrays or the call were refused.
        MemoryError: the machine has not enough memory.
    """
    compiled.check(engine(), status)


def implementation() -> str:
    """The kernels in use: "avx512", "avx2", "neon" or "scalar"; BSCNET_IMPLEMENTATION forces one.

    Raises:
        InputError: the variable names kernels that are unknown or cannot run here.

    Examples:
        >>> from bscnet import runtime
        >>> runtime.implementation() in runtime.implementations()
        True
    """
    name = engine().bscnet_implementation()
    if name is None:
        raise InputError(compiled.last_error(engine()))
    return str(name.decode())


def implementations() -> tuple[str, ...]:
    """The kernels that this CPU can run, best first.

    Examples:
        >>> from bscnet import runtime
        >>> runtime.implementations()[-1]
        'scalar'
    """
    return tuple(engine().bscnet_implementations().decode().split(","))
