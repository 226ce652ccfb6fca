"""The temperature of the relaxation over the search."""

from __future__ import annotations

from torch import nn

from bscnet.search.discretise import composite_layers


def temperature_at(progress: float, start: float, end: float, share: float = 1.0) -> float:
    """``start`` until the last ``share`` of the search, then geometrically down to ``end``.

    Args:
        progress: how much of the search is done, 0 to 1; what lies outside is taken as the nearest of both.
        start, end: temperatures, above 0.
        share: of the search over which it falls, above 0 and up to 1.

    Examples:
        >>> from bscnet.search import temperature_at
        >>> [round(temperature_at(progress, 1.0, 0.01, share=0.5), 3) for progress in (0.0, 0.5, 0.75, 1.0)]
        [1.0, 1.0, 0.1, 0.01]
    """
    done = min(max(progress, 0.0), 1.0)
    falling = min(max((done - (1 - share)) / share, 0.0), 1.0)
    return float(start * (end / start) ** falling)


def set_temperature(network: nn.Module, progress: float, end: float | None = None, share: float = 1.0) -> None:
    """Set every composite convolution's temperature to what it is at this progress of the search.

    Args:
        network: whose composite convolutions are set.
        progress: how much of the search is done, 0 to 1.
        end: the temperature at the end of the search; None: the relaxation's own (softmax 1, Gumbel 0.1).
        share: see ``temperature_at``.

    Examples:
        >>> import torch
        >>> from bscnet.nn import CompositeShiftConv3d
        >>> from bscnet.search import candidate_shifts, set_temperature
        >>> conv = CompositeShiftConv3d(4, 8, 2, candidate_shifts("all27"))
        >>> network = torch.nn.ModuleDict({"conv": conv})
        >>> set_temperature(network, progress=1.0, end=0.05)
        >>> round(conv.temperature, 4)
        0.05
    """
    for layer in composite_layers(network).values():
        relaxation = layer.relaxation
        layer.temperature = temperature_at(progress, relaxation.start, relaxation.end if end is None else end, share)
