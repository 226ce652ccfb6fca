"""Single convolutions with their gradients on one scene, on one engine, in a process of its own.

    python -m benchmarks.training.layers_child ENGINE THREADS SCENE.npz

Answers lines `CHANNELS KIND` with the milliseconds of the forward pass and of both gradients, kernel maps made before.
`CHANNELS KIND FILE.npz` keeps what comes out of one pass there.
"""

from __future__ import annotations

import statistics
import sys
import time
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import torch
from torch import Tensor

from benchmarks.common.process import private_stdout, serve
from benchmarks.runtime import spconv_sites
from benchmarks.runtime.cases import SPCONV
from bscnet.search import manual_shifts
from bscnet.sparse import SparseTensor
from bscnet.sparse.operand import Operand, PackedSigns, pack_signs, stand_in_for
from bscnet.threads import waiting

AT_LEAST_SECONDS = 0.1


class Layer:
    """A convolution of one kind with given numbers; `leaf` is what the gradient of the features flows to."""

    def __init__(self, sites: Any, channels: int, kind: str) -> None:
        generator = torch.Generator().manual_seed(channels)
        draw = partial(torch.randn, generator=generator)
        x, self.grad = draw(len(sites), channels), draw(len(sites), channels)
        cells = 125 if kind == "composite" else 27
        weight = draw(cells, channels, channels) * (27 * channels) ** -0.5
        if isinstance(sites, spconv_sites.SpconvSites):
            weight = spconv_sites.laid_out(weight)
        self.weight = weight.requires_grad_()
        if kind == "signs":
            x = torch.where(x >= 0, 1.0, -1.0)
        self.leaf = x.requires_grad_()
        self.operand: Operand = x
        if kind == "signs" and sites.reads_packed:
            self.leaf = stand_in_for(len(sites), channels, x.detach()).requires_grad_()
            self.operand = PackedSigns(pack_signs(x), self.leaf)
        shifts = manual_shifts("tetra4", 4, 0)
        self.apply = partial(sites.shifted, shifts=shifts) if kind == "shifted" else sites.submanifold

    def forward(self) -> Tensor:
        return self.apply(self.operand, self.weight)

    def gradients(self, y: Tensor) -> tuple[Tensor, ...]:
        """Of the features and of the weight."""
        return torch.autograd.grad(y, (self.leaf, self.weight), self.grad)


def timed(layer: Layer) -> dict[str, Any]:
    """Median milliseconds of both passes; the first of several, which finds cold caches, does not count."""
    began, times = time.perf_counter(), list[tuple[float, float]]()
    while not times or time.perf_counter() - began < AT_LEAST_SECONDS:
        start = time.perf_counter()
        y = layer.forward()
        middle = time.perf_counter()
        layer.gradients(y)
        times.append((1e3 * (middle - start), 1e3 * (time.perf_counter() - middle)))
    forward, backward = map(statistics.median, zip(*(times[1:] or times), strict=True))
    return {"forward_ms": forward, "backward_ms": backward}


def responder(words: list[str]) -> Callable[[str], dict[str, Any]]:
    """What answers requests, from the words of the command line."""
    engine, threads, scene_file = words
    torch.set_num_threads(int(threads))
    with np.load(scene_file) as arrays:
        coords = torch.from_numpy(arrays["coords"])
    nothing = torch.zeros(len(coords), 1)
    if engine == SPCONV:
        sites: Any = spconv_sites.sparse_tensor(nothing, coords).sites
    else:
        sites = SparseTensor(nothing, coords, engine).sites

    def respond(request: str) -> dict[str, Any]:
        channels, kind, *file = request.split(maxsplit=2)
        layer = Layer(sites, int(channels), kind)
        if not file:
            return timed(layer)
        y = layer.forward()
        dx, dw = layer.gradients(y)
        np.savez(file[0], y=y.detach().numpy(), dx=dx.numpy(), dw=dw.numpy())
        return {}

    return respond


def main() -> None:
    answers = private_stdout()
    waiting()  # nothing is measured where idle threads spin against the user's will
    serve(answers, responder(sys.argv[1:]))


if __name__ == "__main__":
    main()
