"""What convolves on the device: this project's kernels, plain torch, and spconv-triton where it is installed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from torch import Tensor

from benchmarks.gpu.setting import PLAIN, SPCONV, TRITON, Setting
from bscnet.errors import InputError
from bscnet.sparse import Sites, resolve_backend
from bscnet.sparse.torch import TorchSites

ENGINES = (TRITON, PLAIN, SPCONV)
TUNED = {
    "_gather_gemm_kernel": ((64, 32, 32, 2, 4), (128, 64, 32, 4, 3)),
    "_dweight_masked_kernel": ((64, 32, 32, 2, 5), (64, 64, 64, 4, 3)),
}
"""Tile sizes, warps and stages that spconv-triton may choose from here.

It comes with 37 and 21 and tries all of them on every shape: a network of seven levels would wait for minutes.
"""

left_out: dict[str, str] = {}
"""Engines that a test does not try, and why."""

SitesOf = Callable[[Tensor], Sites]


def missing(engine: str) -> str | None:
    """Why an engine cannot be tried, or None."""
    if engine in left_out:
        return left_out[engine]
    if engine == TRITON:
        from bscnet.sparse import tiles

        return None if tiles.available() else "Triton cannot compile this project's kernels here"
    if engine == SPCONV:
        try:
            resolve_backend("spconv_triton", "cuda")
        except InputError as error:
            return str(error)
    return None


def default_engine(setting: Setting) -> str:
    """The one that ``backend=torch`` takes on the device; where few cases are tried, plain torch."""
    return TRITON if missing(TRITON) is None and not setting.few else PLAIN


def sites_of(engine: str) -> SitesOf:
    """How an engine's sites are made of ``(N, 4)`` coordinates on the device."""
    if engine == PLAIN:
        return TorchSites
    if engine == TRITON:
        from bscnet.sparse.tiles.sites import TileSites

        return TileSites
    from bscnet.sparse.spconv_triton import SpconvTritonSites

    limit_tuning()
    return lambda coords: SpconvTritonSites(TorchSites(coords))


def limit_tuning(one: bool = False) -> None:
    """Leave spconv-triton few tile sizes to try; `one` alone needs no device to measure on."""
    from spconv_triton.pytorch._impl import gemm

    for name, wanted in TUNED.items():
        kernel = getattr(gemm, name)
        known = {_sizes(config): config for config in kernel.configs}
        if len(known) > len(wanted):  # else it was done before
            kernel.configs = [known[sizes] for sizes in (wanted[:1] if one else wanted)]


def _sizes(config: Any) -> tuple[int, ...]:
    tile = [size for name, size in config.kwargs.items() if name.startswith("BLOCK")]
    return (*tile, config.num_warps, config.num_stages)
