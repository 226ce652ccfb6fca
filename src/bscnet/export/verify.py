"""Whether a model file gives what its torch network gives."""

from __future__ import annotations

import copy
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from torch import nn

from bscnet.errors import InputError
from bscnet.export.layers import float16_weights
from bscnet.export.scene import Scene
from bscnet.nn import Float16Rounding
from bscnet.sparse import SparseTensor

MIN_AGREEMENT = 0.9999
"""Share of sites whose best class must be the same."""

LOGIT_TOLERANCE = 1e-3
"""Largest difference of a score allowed, relative to the largest score (and to 1, where that is less)."""

MIN_AGREEMENT_ROUNDED, LOGIT_TOLERANCE_ROUNDED = 0.995, 1e-2
"""The same where kept values are rounded to float16. Sums of real weights differ by a last bit of float32 between two
orders of addition; that bit turns some roundings, each by 2^-11 of its value."""

Logits = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Agreement:
    """The outcome of a comparison on one scene.

    Attributes:
        scene: its name.
        sites: number of sites.
        same_class: share of sites whose best class is the same, in [0, 1].
        difference: largest absolute difference of two scores.
        largest: largest absolute score of the torch network.
        same_as_unrounded: with float16 weights, `same_class` against the network before its weights were rounded.
        rounds: the network rounds the values that it keeps to float16.
    """

    scene: str
    sites: int
    same_class: float
    difference: float
    largest: float
    same_as_unrounded: float | None = None
    rounds: bool = False

    @property
    def tolerance(self) -> float:
        """What `difference` may be."""
        return (LOGIT_TOLERANCE_ROUNDED if self.rounds else LOGIT_TOLERANCE) * max(1.0, self.largest)

    @property
    def needed(self) -> float:
        """What `same_class` has to be."""
        return MIN_AGREEMENT_ROUNDED if self.rounds else MIN_AGREEMENT


def verify(path: Path, network: nn.Module, scene: Scene, half: bool = False) -> Agreement:
    """Run a model file and its network on a scene.

    Args:
        path: of the file.
        network: that it was made from; put in eval mode.
        scene: sites in lexicographic order.
        half: whether the file's real weights are float16; it is then held against the network with weights so rounded.

    Raises:
        InputError: they disagree, or the packed runtime cannot run the file.
    """
    from bscnet import runtime

    found = runtime.load(path)(scene.coords, scene.feats)
    given = torch_logits(network, scene)
    wanted = torch_logits(rounded(network), scene) if half else given
    agreement = Agreement(
        scene=scene.name,
        sites=len(scene.coords),
        same_class=_same_class(found, wanted),
        difference=float(np.abs(found - wanted).max()),
        largest=float(np.abs(wanted).max()),
        same_as_unrounded=_same_class(found, given) if half else None,
        rounds=any(isinstance(module, Float16Rounding) for module in network.modules()),
    )
    # Written so that NaN, which compares as false, is refused too.
    if not (agreement.same_class >= agreement.needed and agreement.difference <= agreement.tolerance):
        raise InputError(
            f"the packed model disagrees with the torch network on the {scene.name}: the best class is the same on "
            f"{100 * agreement.same_class:.3f} % of {agreement.sites} sites ({100 * agreement.needed:g} % needed), "
            f"scores differ by up to {agreement.difference:.3g} ({agreement.tolerance:.3g} allowed); nothing was "
            "written"
        )
    return agreement


def torch_logits(network: nn.Module, scene: Scene) -> Logits:
    """The network's scores in eval mode on the torch backend."""
    with torch.no_grad():
        x = SparseTensor(torch.from_numpy(scene.feats), torch.from_numpy(scene.coords), "torch")
        scores: Logits = network.eval()(x).numpy()
    return scores


def rounded(network: nn.Module) -> nn.Module:
    """A copy whose real weights were rounded to float16 and back."""
    other = copy.deepcopy(network)
    with torch.no_grad():
        for weight in float16_weights(other):
            weight.copy_(weight.half().float())
    return other


def _same_class(one: Logits, other: Logits) -> float:
    return float((one.argmax(1) == other.argmax(1)).mean())
