"""Training in float32 on the CPU gives the same weights with any number of threads, and every time."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from bscnet.nn import penalty
from bscnet.search import confidence_loss
from bscnet.settings.optimizer import OptimizerSettings
from bscnet.sparse import SparseTensor
from bscnet.training.loss import voxel_cross_entropy
from bscnet.training.optimizer import make_optimizer
from bscnet.training.segmentation import constrain_latent_weights
from fixtures.methods import layer_switches
from fixtures.networks import CLASSES, small_network
from fixtures.sites import random_sites

SITES = 1200

VARIANTS = {
    "real": ("a32w32", "plain", {}),
    "1-bit": ("a1w1", "plain", {}),
    "shifted": ("a1w1", "shifted", {}),
    "search": ("a1w32", "composite", {}),
    "gumbel": ("a32w32", "composite", {"relax": "gumbel_st"}),
    "react": ("a1w1", "plain", {"layer_style": "react"}),
    **{method: ("a1w1", "plain", layer_switches(method)) for method in ("fda", "recu", "rbonn")},
}
CASES = [
    *(("unet", variant, "native") for variant in ("real", "1-bit", "shifted", "search")),
    ("unet", "real", "torch"),
    ("fcn", "shifted", "torch"),
    pytest.param("unet", "search", "torch", marks=pytest.mark.slow),
    ("fcn", "gumbel", "native"),
    ("unet", "react", "native"),
    *(("unet", method, "native") for method in ("fda", "recu", "rbonn")),
]


def trained(family: str, variant: str, backend: str, threads: int) -> tuple[dict[str, Tensor], list[float]]:
    """Weights and losses of two steps."""
    precision, conv, switches = VARIANTS[variant]
    torch.set_num_threads(threads)
    network = small_network(family, **{"precision": precision, "conv": conv, **switches}).float()
    optimizer = make_optimizer(OptimizerSettings(), [{"params": list(network.parameters())}], lr=1e-2)
    coords, generator = random_sites(SITES, 18), torch.Generator().manual_seed(1)
    feats = torch.randn(SITES, 3, generator=generator)
    labels = torch.randint(CLASSES, (SITES,), generator=generator)
    losses = []
    for _ in range(2):
        loss = voxel_cross_entropy(network(SparseTensor(feats, coords, backend)), torch.arange(SITES), labels)
        if conv == "composite":
            loss = loss + confidence_loss(network)
        if (extra := penalty(network)) is not None:
            loss = loss + extra
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(network.parameters(), 1.0)
        optimizer.step()
        constrain_latent_weights(network, clip=True, center=False)
        losses.append(loss.item())
    return network.state_dict(), losses


@pytest.mark.parametrize("family, variant, backend", CASES)
def test_threads_change_no_weight(family: str, variant: str, backend: str) -> None:
    before = torch.get_num_threads()
    try:
        weights, losses = trained(family, variant, backend, 1)
        for threads in (2, 3):
            again, found = trained(family, variant, backend, threads)
            differ = [name for name, value in weights.items() if not torch.equal(value, again[name])]
            assert (differ, found) == ([], losses), threads
    finally:
        torch.set_num_threads(before)
