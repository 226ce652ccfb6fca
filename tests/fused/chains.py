"""The chains of modules that fused operations stand for, with inputs at which every branch is taken."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch import Tensor, nn

from bscnet.nn import SiteNorm

CHANNELS = (1, 3, 24, 33)


def features(rows: int, channels: int) -> Tensor:
    """Values around an offset, some of them equal, as a leaf."""
    values = 2 * torch.randn(rows, channels) + 0.7
    values[: rows // 4] = values[: rows // 4].round()
    return values.requires_grad_()


def norm(channels: int, training: bool) -> SiteNorm:
    """A norm with values of its own everywhere."""
    layer = SiteNorm(channels)
    with torch.no_grad():
        for values in (layer.weight, layer.bias, layer.running_mean):
            values.normal_()
        layer.running_var.uniform_(0.5, 2.0)
        layer.num_batches_tracked.fill_(3)
    return layer.train(training)


def buffers(layer: nn.Module) -> list[Tensor]:
    return [value.clone() for value in layer.buffers()]


def gradients(outputs: Sequence[Tensor], upstream: Sequence[Tensor], leaves: Sequence[Tensor]) -> list[Tensor]:
    return list(torch.autograd.grad(outputs, leaves, upstream))


def close(found: Sequence[Tensor], expected: Sequence[Tensor], tolerance: float = 2e-5) -> None:
    for one, other in zip(found, expected, strict=True):
        torch.testing.assert_close(one, other, rtol=tolerance, atol=tolerance)


def kept_bytes(run: Callable[[], object], *known: Tensor) -> int:
    """Bytes of the tensors that a forward pass keeps, without those of ``known``."""
    apart = {tensor.untyped_storage().data_ptr() for tensor in known}
    found: dict[int, int] = {}

    def pack(tensor: Tensor) -> Tensor:
        storage = tensor.untyped_storage()
        if storage.data_ptr() not in apart:
            found[storage.data_ptr()] = storage.nbytes()
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor):
        kept = run()
    del kept
    return sum(found.values())
