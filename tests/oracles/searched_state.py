"""What a searched network's state becomes once its shifts are decided, channel by channel."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor, nn


def decided_state(network: nn.Module, shifts: Mapping[str, Sequence[tuple[int, int, int]]]) -> dict[str, Tensor]:
    """Every output channel takes, of its layer's kernels, that of the candidate its group decided on.

    network: whose searched layers have `alpha` (groups, candidates), `candidates` and `weight`, which holds one kernel
    (27, in, out) or one for each candidate. shifts: the decision, by the layer's module path.
    """
    state = {name: value for name, value in network.state_dict().items() if name.rpartition(".")[2] != "alpha"}
    for name, layer in network.named_modules():
        if not hasattr(layer, "alpha"):
            continue
        state[f"{name}.shifts"] = torch.tensor([list(shift) for shift in shifts[name]])
        if layer.weight.ndim == 3:
            continue
        candidates = [tuple(row) for row in layer.candidates.tolist()]
        _, _, inputs, outputs = layer.weight.shape
        kernel = torch.empty(27, inputs, outputs)
        groups = torch.arange(outputs).tensor_split(len(shifts[name]))
        for group, channels in enumerate(groups):
            for channel in channels.tolist():
                kernel[..., channel] = layer.weight[candidates.index(tuple(shifts[name][group])), ..., channel]
        state[f"{name}.weight"] = kernel
    return state
