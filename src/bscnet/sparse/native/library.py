"""The training functions of the compiled library: the C types of csrc/include/bscnet_training.h."""

from __future__ import annotations

import ctypes
import functools

from bscnet import compiled
from bscnet.errors import InputError

_INT32, _INT64, _POINTER = ctypes.c_int32, ctypes.c_int64, ctypes.c_void_p
_STATUS = ctypes.c_int


class CConvolution(ctypes.Structure):
    """`bscnet_convolution`."""

    _fields_ = (
        ("map", _POINTER),
        ("map_words", _INT64),
        ("out_rows", _INT64),
        ("in_rows", _INT64),
        ("slices", _INT32),
        ("in_channels", _INT32),
        ("out_channels", _INT32),
        ("groups", _INT32),
        ("cells", _POINTER),
    )


class CNorm(ctypes.Structure):
    """`bscnet_norm`."""

    _fields_ = (
        ("weight", _POINTER),
        ("bias", _POINTER),
        ("running_mean", _POINTER),
        ("running_var", _POINTER),
        ("momentum", ctypes.c_double),
        ("eps", ctypes.c_double),
        ("training", _INT32),
    )


_SIZE = (_INT64, _INT32)
_POOL = (_INT64, _INT64, _INT32, _POINTER, _POINTER)
_CONV = ctypes.POINTER(CConvolution)
_HANDLE = ctypes.POINTER(_POINTER)

SIGNATURES: compiled.Signatures = {
    "bscnet_sites_create": (_STATUS, (_INT64, _POINTER, _HANDLE)),
    "bscnet_sites_free": (None, (_POINTER,)),
    "bscnet_sites_coarse": (_INT64, (_POINTER,)),
    "bscnet_sites_links": (_STATUS, (_POINTER,) * 5),
    "bscnet_map_create": (_STATUS, (_POINTER, _INT32, _INT32, _HANDLE)),
    "bscnet_map_free": (None, (_POINTER,)),
    "bscnet_map_words": (_INT64, (_POINTER,)),
    "bscnet_map_write": (_STATUS, (_POINTER, _INT32, _POINTER)),
    "bscnet_map_counts": (_STATUS, (_POINTER, _INT64, _INT32, _POINTER)),
    "bscnet_tiles": (ctypes.c_char_p, ()),
    "bscnet_conv_forward": (_STATUS, (_CONV, _POINTER, _POINTER, _POINTER, _INT32, _POINTER)),
    "bscnet_conv_input_gradient": (_STATUS, (_CONV, _POINTER, _POINTER, _INT32, _POINTER)),
    "bscnet_conv_weight_gradient": (_STATUS, (_CONV, _POINTER, _POINTER, _POINTER, _INT32, _POINTER)),
    "bscnet_pool_sum": (_STATUS, (*_POOL, _POINTER, _INT32, _POINTER)),
    "bscnet_pool_max": (_STATUS, (*_POOL, _POINTER, _INT32, _POINTER)),
    "bscnet_pool_max_gradient": (_STATUS, (*_POOL, _POINTER, _POINTER, _POINTER, _INT32, _POINTER)),
    "bscnet_unpool": (_STATUS, (_INT64, _INT64, _INT32, _POINTER, _POINTER, _INT32, _POINTER)),
    "bscnet_norm_forward": (
        _STATUS,
        (*_SIZE, _POINTER, ctypes.POINTER(CNorm), _INT32, _INT32, _POINTER, _POINTER),
    ),
    "bscnet_norm_backward": (
        _STATUS,
        (*_SIZE, *(_POINTER,) * 4, _INT32, _INT32, _INT32, _POINTER, _POINTER, _POINTER),
    ),
    "bscnet_sign_forward": (_STATUS, (*_SIZE, _POINTER, _POINTER, _INT32, _INT32, _POINTER)),
    "bscnet_sign_backward": (_STATUS, (*_SIZE, *(_POINTER,) * 3, _INT32, _INT32, _POINTER)),
    "bscnet_prelu_forward": (_STATUS, (*_SIZE, *(_POINTER,) * 4, _INT32, _POINTER, _POINTER)),
    "bscnet_prelu_backward": (_STATUS, (*_SIZE, *(_POINTER,) * 5, _INT32, *(_POINTER,) * 3)),
    "bscnet_weight_signs": (_STATUS, (*_SIZE, _POINTER, _INT32, _POINTER, _POINTER)),
    "bscnet_weight_signs_backward": (_STATUS, (*_SIZE, _POINTER, _POINTER, _INT32, _POINTER)),
}


@functools.cache
def training_library() -> ctypes.CDLL:
    """The loaded library; InputError: see `bscnet.compiled.open_library`."""
    return compiled.open_library(SIGNATURES)


def tiles() -> str:
    """The tiles by which convolutions of signs run: "amx", "emulated" or "off"; BSCNET_TILES forces one.

    Raises:
        InputError: the variable names tiles that are unknown or cannot run here.
    """
    library = training_library()
    name = library.bscnet_tiles()
    if name is None:
        raise InputError(compiled.last_error(library))
    return str(name.decode())


def call(name: str, *arguments: object) -> None:
    """Call one of the functions that return a status.

    Raises:
        InputError: the library refused the arguments.
        MemoryError: the machine has not enough memory.
    """
    library = training_library()
    compiled.check(library, getattr(library, name)(*arguments))
