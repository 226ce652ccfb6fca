"""Where sites are: coordinates, kernel maps and the two convolution backends."""

from bscnet.sparse.backend import BACKENDS, Sites, resolve_backend
from bscnet.sparse.offsets import kernel_offsets
from bscnet.sparse.tensor import SparseTensor

__all__ = ["BACKENDS", "Sites", "SparseTensor", "kernel_offsets", "resolve_backend"]
