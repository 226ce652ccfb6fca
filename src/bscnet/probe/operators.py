"""The operators that a layer is measured with, and the moments of one of them on one scene."""

from __future__ import annotations

import torch
from torch import Tensor

from bscnet.probe.gaussian import VARIANTS
from bscnet.probe.layers import ProbedLayer
from bscnet.probe.moments import moments
from bscnet.probe.responses import REAL, responses
from bscnet.probe.windows import CELLS, CENTRE, LevelWindows
from bscnet.quantizers import sign

OWN, CENTRED, FULL, NEAREST, RANDOM = "own", "centred_windows", "d1", "d2", "d3"
OPERATORS = {
    OWN: "the layer as it is: SSC, or SFSC where its windows are shifted; absent cells are left out",
    CENTRED: "a shifted layer with its windows put back on their sites (SSC), same features and weights",
    FULL: "dense: sites whose 27 cells are all present",
    NEAREST: "dense: an absent cell has the features of the site nearest to it",
    RANDOM: "dense: an absent cell has the features of a site of the level drawn by lot",
}
"""What each operator is. The dense ones have the layer's own windows."""

NUM_BINS = CELLS + 1
"""Bin m holds the sites with m present cells."""

Sums = dict[tuple[str, str], Tensor]
"""By operator and variant, see `bscnet.probe.moments`."""


def layer_moments(layer: ProbedLayer, h: Tensor, windows: LevelWindows) -> Sums:
    """The moments of a layer on one scene: of ``own`` by number of present cells, of the others in one bin.

    Sites whose 27 cells are all present are a bin of ``own``, so ``d1`` is not among them.

    Args:
        layer: which one.
        h: ``(N, C_in)`` features whose sign is taken.
        windows: of its level.
    """
    (weight, weight_signs), h_signs = layer.weights(), sign(h)
    found: dict[tuple[str, str], list[Tensor]] = {}
    begin = 0
    for shift, channels in zip(layer.shifts, layer.groups, strict=True):
        chosen = slice(begin, begin + channels)
        begin += channels
        counts = windows.counts(shift)
        kinds = {
            OWN: (windows.present(shift), counts, NUM_BINS),
            NEAREST: (windows.filled_with_nearest(shift), torch.zeros_like(counts), 1),
            RANDOM: (windows.filled_at_random(shift), torch.zeros_like(counts), 1),
        }
        if layer.is_shifted:
            kinds[CENTRED] = (windows.present(CENTRE), torch.zeros_like(counts), 1)
        for operator, (rows, bins, num_bins) in kinds.items():
            given = responses(h, h_signs, weight[..., chosen], weight_signs[..., chosen], rows)
            for variant in VARIANTS:
                sums = moments(given[REAL], given[variant], bins, num_bins)
                found.setdefault((operator, variant), []).append(sums)
    return {key: torch.cat(parts, dim=2).cpu() for key, parts in found.items()}
