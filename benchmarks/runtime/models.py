"""The networks with their weights, and the files that the runtime reads."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from benchmarks.common.networks import make_network
from benchmarks.runtime.cases import VARIANTS
from bscnet.clouds.reading import Reading
from bscnet.datasets.scannet.classes import CLASS_NAMES
from bscnet.export.cloud_facts import feature_recipe
from bscnet.export.file import model_bytes
from bscnet.export.network import compile_network
from bscnet.nn import ShiftedSparseConv3d
from bscnet.nn.norm import SiteNorm
from bscnet.sparse import SparseTensor


def variant_network(network: str, variant: str) -> nn.Module:
    """A network as configured, with the weights it is born with under the global seed."""
    precision, conv, _, _ = VARIANTS[variant]
    return make_network(network, precision, conv)


def calibrated(network: str, variant: str, coords: Tensor, feats: Tensor) -> nn.Module:
    """The network of seed 0 in eval mode; its batch norms have the statistics of one scene.

    What is born all equal (slopes, and weights and biases of batch norm) is moved a little, so that no channel's
    output transform is like another's.
    """
    torch.manual_seed(0)
    made = variant_network(network, variant)
    norms = [module for module in made.modules() if isinstance(module, SiteNorm)]
    momenta = [norm.momentum for norm in norms]
    with torch.no_grad():
        for parameter in made.parameters():
            if parameter.ndim == 1:
                parameter.add_(0.1 * torch.randn_like(parameter))
        for norm in norms:
            norm.momentum = 1.0
        made.train()(SparseTensor(feats, coords))
    for norm, momentum in zip(norms, momenta, strict=True):
        norm.momentum = momentum
    return made.eval()


def facts(network: str, variant: str, made: nn.Module, voxel_size: float, half: bool) -> dict[str, Any]:
    """What the file says beside the program."""
    precision, _, method, _ = VARIANTS[variant]
    shifts = {
        name: [list(shift) for shift in module.shift_tuple]
        for name, module in made.named_modules()
        if isinstance(module, ShiftedSparseConv3d)
    }
    return {
        "name": network,
        "family": network.split("_")[0],
        "method": method,
        "stage": 1 if precision == "a32w32" else 2,
        "precision": precision,
        "half": half,
        "data": "rooms",
        "voxel_size": voxel_size,
        "class_names": list(CLASS_NAMES),
        "features": feature_recipe(["rgb"]),
        "reading": Reading().as_dict(),
        "shift_plan": shifts,
        "commit": None,
    }


def state_file(folder: Path, network: str, variant: str) -> Path:
    """Where the torch weights of a network are."""
    return folder / f"{network}-{variant}.pt"


def model_file(folder: Path, network: str, variant: str) -> Path:
    """Where the exported file of a network is."""
    return folder / f"{network}-{variant}.safetensors"


def prepare_network(
    network: str, variant: str, coords: Tensor, feats: Tensor, voxel_size: float, folder: Path
) -> dict[str, Any]:
    """Write a network's torch weights and its exported file; a row of the table of sizes, in bytes.

    `float32_bytes`: every floating-point tensor of the checkpoint (weights and batch norm's statistics).
    """
    made = calibrated(network, variant, coords, feats)
    torch.save(made.state_dict(), state_file(folder, network, variant))
    sizes = {}
    for half in (True, False):
        content = model_bytes(compile_network(made, half), facts(network, variant, made, voxel_size, half))
        sizes["half_bytes" if half else "file_bytes"] = len(content)
    model_file(folder, network, variant).write_bytes(content)
    floats = sum(4 * tensor.numel() for tensor in made.state_dict().values() if tensor.is_floating_point())
    return {"network": network, "variant": variant, "float32_bytes": floats, **sizes}
