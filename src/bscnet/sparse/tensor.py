"""Features on active sites."""

from __future__ import annotations

import torch
from torch import Tensor

from bscnet.errors import InputError
from bscnet.sparse.backend import Sites, resolve_backend
from bscnet.sparse.coordinates import check_form, check_values
from bscnet.sparse.map_requests import FORMS
from bscnet.sparse.prepared import PreparedMaps
from bscnet.sparse.torch import TorchSites


class SparseTensor:
    """Feature vectors on the active sites of a batch.

    Rows keep the order they were given in.

    Args:
        feats: ``(N, C)`` floating point.
        coords: ``(N, 4)`` integers [batch, x, y, z] in voxels, without duplicates.
        backend: ``torch``, ``native``, ``minkowski``, ``spconv_triton`` or ``auto``.
        maps: kernel maps of these coordinates, made beforehand for one of the backends of `FORMS` on the CPU;
            elsewhere unused.

    Raises:
        InputError: shapes or types do not fit, a coordinate is out of range, a site is listed twice, a feature is NaN
            or infinite, or the backend cannot serve.

    Examples:
        >>> import torch
        >>> from bscnet.sparse import SparseTensor
        >>> x = SparseTensor(torch.ones(2, 3), torch.tensor([[0, 0, 0, 0], [0, 1, 0, 0]]))
        >>> x
        SparseTensor(2 sites, 3 channels, stride 1, torch)
        >>> x.replace(x.feats[:, :1])
        SparseTensor(2 sites, 1 channels, stride 1, torch)
    """

    def __init__(self, feats: Tensor, coords: Tensor, backend: str = "torch", maps: PreparedMaps | None = None) -> None:
        check_form(coords)
        if feats.ndim != 2 or len(feats) != len(coords) or not feats.is_floating_point():
            raise InputError(
                f"feats are {tuple(feats.shape)} {feats.dtype}; they must be floating point of shape ({len(coords)}, C)"
            )
        name, _ = resolve_backend(backend, feats.device)
        coords = coords.to(feats.device)
        made = maps if name in FORMS and feats.device.type == "cpu" else None
        # Where sites are sorted anyway, duplicates are looked for there; those of prepared maps were looked through.
        looked_for = name in ("minkowski", "native") or made is not None or _by_tiles(name, feats.device)
        check_values(coords, feats, distinct=not looked_for)
        self.feats = feats
        self.sites: Sites = _make_sites(name, coords) if made is None else made.sites(coords, name)
        self.backend_name = name

    @property
    def coords(self) -> Tensor:
        """``(N, 4)`` int32 coordinates in voxels of the tensor's level."""
        return self.sites.coords

    def replace(self, feats: Tensor, sites: Sites | None = None) -> SparseTensor:
        """The same sites (or ``sites``) with other features; kernel maps are shared."""
        sites = self.sites if sites is None else sites
        if len(feats) != len(sites):
            raise InputError(f"{len(feats)} feature rows given for {len(sites)} sites")
        other = object.__new__(SparseTensor)
        other.feats, other.sites, other.backend_name = feats, sites, self.backend_name
        return other

    def __repr__(self) -> str:
        n, c = self.feats.shape
        return f"SparseTensor({n} sites, {c} channels, stride {self.sites.tensor_stride}, {self.backend_name})"


def _make_sites(backend: str, coords: Tensor) -> Sites:
    """Level 0 of coordinates that were checked."""
    if backend == "minkowski":
        from bscnet.sparse.minkowski import MinkowskiSites

        return MinkowskiSites.from_coords(coords)
    if backend == "native":
        from bscnet.sparse.native.sites import NativeSites

        return NativeSites(coords)
    if backend == "spconv_triton":
        from bscnet.sparse.spconv_triton import SpconvTritonSites

        return SpconvTritonSites(TorchSites(coords, distinct=True))
    if _by_tiles(backend, coords.device):
        from bscnet.sparse.tiles.sites import TileSites

        return TileSites(coords)
    return TorchSites(coords, distinct=True)


def _by_tiles(backend: str, device: torch.device) -> bool:
    """Whether the torch backend runs its own kernels: on CUDA where Triton is installed."""
    if backend != "torch" or device.type != "cuda":
        return False
    from bscnet.sparse import tiles

    return tiles.available()
