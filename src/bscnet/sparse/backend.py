"""What a sparse-convolution backend must offer, and which one to take."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from typing import Protocol, cast

import torch
from torch import Tensor

from bscnet.errors import InputError
from bscnet.installation import how_to_install
from bscnet.settings.words import Backend, BackendChoice, require_word
from bscnet.sparse.offsets import Shift
from bscnet.sparse.operand import Operand


class Sites(Protocol):
    """The active sites of one level of one batch, with every operator that depends on where they are.

    Feature arrays are ``(number of sites, channels)`` in row order. Kernel maps are built at first use and kept.

    Examples:
        >>> import torch
        >>> from bscnet.sparse import SparseTensor
        >>> sites = SparseTensor(torch.ones(3, 1), torch.tensor([[0, 0, 0, 0], [0, 1, 0, 0], [0, 5, 5, 5]])).sites
        >>> len(sites), sites.tensor_stride
        (3, 1)
        >>> sites.coarser.coords.tolist()
        [[0, 0, 0, 0], [0, 2, 2, 2]]
        >>> sites.pool_sum(torch.ones(3, 1)).flatten().tolist()
        [2.0, 1.0]
    """

    @property
    def reads_packed(self) -> bool:
        """Whether convolutions take ``PackedSigns`` and ``Normalized``; where not, their operand is a plain tensor."""
        ...

    @property
    def coords(self) -> Tensor:
        """``(N, 4)`` int32 [batch, x, y, z] in voxels of this level (``floor(u / 2)`` of the finer one)."""
        ...

    @property
    def tensor_stride(self) -> int:
        """Voxels of level 0 along an edge of a voxel of this level."""
        ...

    @property
    def coarser(self) -> Sites:
        """The next coarser level: the distinct ``floor(u / 2)``."""
        ...

    def __len__(self) -> int: ...

    def cells_in_use(self, kernel_size: int) -> Tensor | None:
        """Cells of a centred cube through which some site has a neighbour, ascending; None where that is not known."""
        ...

    def submanifold(self, feats: Operand, weight: Tensor, cells: Tensor | None = None) -> Tensor:
        """``y_u = sum_k W_k^T x_{u+k}``, weight ``(K, C_in, C_out)`` of a cube of 1, 3 or 5.

        With ``cells`` the weight's slices belong to those cells of a 5x5x5 cube, and the others are zero.
        """
        ...

    def shifted(self, feats: Operand, weight: Tensor, shifts: tuple[Shift, ...]) -> Tensor:
        """``y_u^(g) = sum_k W_k^(g)T x_{u+k-p_g}``, weight ``(27, C_in, C_out)``, groups of output channels."""
        ...

    def down(self, feats: Operand, weight: Tensor) -> Tensor:
        """``y_v = sum_c W_c^T x_{2v+c}``, weight ``(8, C_in, C_out)``; rows of ``coarser``."""
        ...

    def up(self, coarse_feats: Operand, weight: Tensor) -> Tensor:
        """``y_u = W_{u mod 2}^T x_{floor(u/2)}``, weight ``(8, C_in, C_out)``; input rows are of ``coarser``."""
        ...

    def pool_sum(self, feats: Tensor) -> Tensor:
        """Sum over the active children of each site of ``coarser``."""
        ...

    def pool_max(self, feats: Tensor) -> Tensor:
        """Maximum over the active children of each site of ``coarser``."""
        ...

    def unpool(self, coarse_feats: Tensor) -> Tensor:
        """``y_u = x_{floor(u/2)}``; rows of this level from rows of ``coarser``."""
        ...


def plain_features(feats: Operand) -> Tensor:
    """The features, where a backend that does not read packed operands was given plain ones.

    Raises:
        TypeError: it was given packed ones.
    """
    if not isinstance(feats, Tensor):
        raise TypeError(f"{type(feats).__name__} was given to a backend that reads plain tensors only")
    return feats


def resolve_backend(name: str, device: torch.device | str = "cpu") -> tuple[Backend, str]:
    """The backend that ``name`` stands for, and why.

    Args:
        name: ``minkowski``, ``native``, ``spconv_triton``, ``torch`` or ``auto`` (MinkowskiEngine where it imports and
            supports the device, else torch).
        device: where the features will be.

    Returns:
        the backend's name and one clause for the log.

    Raises:
        InputError: unknown name, or another backend than torch asked for by name where it cannot serve.

    Examples:
        >>> from bscnet.sparse import resolve_backend
        >>> resolve_backend("torch")
        ('torch', 'asked for')
    """
    require_word(BackendChoice, name, "backend")
    if name == "torch":
        return "torch", "asked for"
    wanted = cast(Backend, "minkowski" if name == "auto" else name)
    kind = device.type if isinstance(device, torch.device) else device.partition(":")[0]
    obstacle = _OBSTACLES[wanted](kind)
    if obstacle is None:
        return wanted, "MinkowskiEngine is installed" if name == "auto" else "asked for"
    if name == "auto":
        return "torch", obstacle
    raise InputError(f"backend is {name!r}, but {obstacle}; use backend=torch or see `bscnet doctor`")


def _minkowski_obstacle(device: str) -> str | None:
    if importlib.util.find_spec("MinkowskiEngine") is None:
        return "MinkowskiEngine is not installed"
    try:
        from bscnet.sparse import minkowski
    except (ImportError, OSError) as error:
        return f"MinkowskiEngine does not import ({error})"
    if device == "cuda" and not minkowski.supports_cuda():
        return "MinkowskiEngine was built for the CPU only"
    return None


def _spconv_triton_obstacle(device: str) -> str | None:
    if importlib.util.find_spec("spconv_triton") is None:
        return f"spconv-triton is not installed ({how_to_install('spconv_triton')})"
    if device != "cuda":
        return f"spconv-triton computes on CUDA only, not on {device}"
    try:
        import bscnet.sparse.spconv_triton  # noqa: F401
    except (ImportError, OSError) as error:
        return f"spconv-triton does not import ({error})"
    return None


def _native_obstacle(device: str) -> str | None:
    if device != "cpu":
        return f"the native backend computes on the CPU only, not on {device}"
    from bscnet.sparse.native.library import training_library

    try:
        training_library()
    except InputError as error:
        return str(error)
    return None


_OBSTACLES: dict[Backend, Callable[[str], str | None]] = {
    "minkowski": _minkowski_obstacle,
    "native": _native_obstacle,
    "spconv_triton": _spconv_triton_obstacle,
}
"""What keeps a backend from serving a kind of device, None where nothing does; the torch backend serves all."""
