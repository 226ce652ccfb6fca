"""A compiled network, read from its file and run by definition, gives what torch gives."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from bscnet.export.network import compile_network
from bscnet.export.program import NONE, Concat, Pool
from bscnet.sparse import SparseTensor
from fixtures.ordered_sums import OrderedSums
from fixtures.packed_networks import network, ordered_scene, seasoned, write_model
from fixtures.sites import random_sites
from oracles.packed_program import Interpreter

# Of a real-valued network, relative to its largest score: torch sums each cell of a strided convolution by itself.
REAL_TOLERANCE = 2e-5

SWITCHES: list[dict[str, Any]] = [
    {},
    {"conv": "shifted"},
    {"conv": "shifted", "G": 8, "manual": "corners8", "sfsc_layers": "first", "act": "rprelu"},
    {"conv": "shifted", "G": 3, "manual": "none", "sfsc_layers": "last", "act": "hardtanh"},
    {"layer_style": "react", "conv": "shifted"},
    {"layer_style": "bireal", "w_scale": "learned"},
    {"layers_per_block": 1, "down_short": "maxpool", "proj_norm": False},
    {"down_short": "none", "short_norm": False, "w_scale": "learned"},
]
HALF: list[tuple[str, dict[str, Any]]] = [
    ("unet", {"conv": "shifted"}),
    ("unet", {"layer_style": "react", "head_norm": False}),
    ("unet", {"layer_style": "bireal", "down_short": "maxpool"}),
    ("unet", {"down_short": "none", "act": "rprelu"}),
    ("fcn", {"conv": "shifted"}),
    ("fcn", {"fcn_up": "unpool_concat", "act": "hardtanh"}),
    ("fcn", {"fcn_up": "deconv", "layer_style": "react"}),
]
FCN_HEADS: list[dict[str, Any]] = [{"fcn_up": "unpool_add"}, {"fcn_up": "unpool_concat"}, {"fcn_up": "deconv"}]
UNET_HEADS: list[dict[str, Any]] = [{"head_norm": True}, {"head_norm": False}]


def scene() -> tuple[torch.Tensor, torch.Tensor]:
    """Two batches, a dense corner, negative coordinates and sites that have no neighbour at all."""
    lone = torch.tensor([[0, 40, 40, 40], [1, -31, 7, -90]], dtype=torch.int32)
    return ordered_scene(torch.cat([random_sites(36, 6, 2), lone]))


def both(net: nn.Module, path: Path, coords: torch.Tensor, feats: torch.Tensor) -> tuple[np.ndarray, np.ndarray]:
    """Scores by torch and by the file."""
    with torch.no_grad(), OrderedSums():
        wanted = net(SparseTensor(feats, coords)).numpy()
    return wanted, Interpreter(write_model(path, net)).run(coords.numpy(), feats.numpy())


def cases() -> list[Any]:
    found = []
    for precision in ("a1w1", "a32w32"):
        for number, switches in enumerate(SWITCHES):
            for family, heads in (("unet", UNET_HEADS), ("fcn", FCN_HEADS)):
                head = heads[number % len(heads)]
                marks = "-".join(f"{key}={value}" for key, value in {**switches, **head}.items())
                options = {"precision": precision, **switches, **head}
                found.append(pytest.param(family, options, id=f"{family}-{precision}-{marks}"))
    return found


@pytest.mark.parametrize("family, switches", cases())
def test_file_gives_the_networks_scores(family: str, switches: dict[str, Any], tmp_path: Path) -> None:
    coords, feats = scene()
    net = seasoned(network(family, **switches), coords, feats)
    wanted, found = both(net, tmp_path / "m.safetensors", coords, feats)
    spread = wanted.std(axis=0)
    assert (spread > 1e-3).all(), "the network does not tell its sites apart"
    assert (wanted.argmax(1) == found.argmax(1)).all()
    if switches["precision"] == "a1w1":
        np.testing.assert_array_equal(found, wanted)
    else:
        np.testing.assert_allclose(found, wanted, rtol=0, atol=REAL_TOLERANCE * np.abs(wanted).max())


@pytest.mark.parametrize("family, switches", HALF)
def test_with_a_residual_stream_of_float16(family: str, switches: dict[str, Any], tmp_path: Path) -> None:
    """The same scores to the bit; and whatever a value is kept for, its last step rounds it."""
    coords, feats = scene()
    net = seasoned(network(family, residual="float16", **switches), coords, feats)
    wanted, found = both(net, tmp_path / "m.safetensors", coords, feats)
    np.testing.assert_array_equal(found, wanted)
    program = compile_network(net)
    half: set[int] = set()
    for instruction in program.instructions:
        if isinstance(instruction, Concat):
            assert half.issuperset(instruction.inputs)
            half.add(instruction.out)
        elif instruction.steps and instruction.steps[-1].kind == "float16":
            half.add(instruction.out)
        else:  # no real value, or one that is not kept: the engine pools row by row, and scores are the caller's
            pooled = isinstance(instruction, Pool)
            assert instruction.out in (NONE, program.output) or pooled, instruction
    assert len(half) > 10
    assert program.output not in half
