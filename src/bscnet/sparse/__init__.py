"""Where sites are: coordinates, kernel maps and the two convolution backends.

Names are loaded on first use: the range of coordinates (`bscnet.sparse.limits`) needs no torch.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from bscnet.lazy import lazy_names
from bscnet.settings.words import BACKENDS

if TYPE_CHECKING:
    from bscnet.sparse.backend import Sites, resolve_backend
    from bscnet.sparse.offsets import kernel_offsets
    from bscnet.sparse.tensor import SparseTensor

__all__ = ["BACKENDS", "Sites", "SparseTensor", "kernel_offsets", "resolve_backend"]

_MODULE_OF = {
    "Sites": "backend",
    "SparseTensor": "tensor",
    "kernel_offsets": "offsets",
    "resolve_backend": "backend",
}

__getattr__ = lazy_names(__name__, _MODULE_OF)
