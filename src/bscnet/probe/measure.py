"""Adds up what is measured of the layers of one network, scene by scene: no features are kept."""

from __future__ import annotations

from dataclasses import dataclass, field

import torch
from torch import Tensor

from bscnet.probe.layers import ProbedLayer
from bscnet.probe.moments import all_bins, centred, layer_nmse
from bscnet.probe.operators import FULL, OWN, Sums, layer_moments
from bscnet.probe.responses import window_products
from bscnet.probe.windows import CELLS, LevelWindows
from bscnet.sparse import SparseTensor

RAW, CENTRED_VALUES = "raw", "centred"
FITS = (RAW, CENTRED_VALUES)
"""How Y is fitted: alpha B, or alpha B + beta (mean-centred)."""

FILL_SEED = 0
"""Of the sites that absent cells are filled with by lot."""


def values(sums: Tensor) -> dict[str, Tensor]:
    """NMSE ``(bins,)`` by each fit."""
    return {RAW: layer_nmse(sums), CENTRED_VALUES: layer_nmse(centred(sums))}


@dataclass
class LayerMeasure:
    """What is known of a layer over the scenes seen so far.

    Attributes:
        sums: moments over all of them.
        scenes: by operator, variant and fit the NMSE of each scene by itself, NaN where it has too few sites.
        scene_bins: of the layer's own windows, by variant and fit, each scene's NMSE by number of present cells.
        level: of its sites, 0 the finest.
        products: see ``window_products``.
    """

    layer: ProbedLayer
    level: int = 0
    sums: Sums = field(default_factory=dict)
    scenes: dict[tuple[str, str, str], list[float]] = field(default_factory=dict)
    scene_bins: dict[tuple[str, str], list[Tensor]] = field(default_factory=dict)
    products: Tensor = field(default_factory=lambda: torch.zeros(2, dtype=torch.float64))

    def add(self, found: Sums, products: Tensor) -> None:
        """Count a scene."""
        self.products = self.products + products
        for key, sums in found.items():
            self.sums[key] = self.sums[key] + sums if key in self.sums else sums
        for (operator, variant), sums in with_full_windows(found).items():
            for fit, value in values(all_bins(sums)).items():
                self.scenes.setdefault((operator, variant, fit), []).append(float(value))
            if operator == OWN:
                for fit, value in values(sums).items():
                    self.scene_bins.setdefault((variant, fit), []).append(value)

    @property
    def rho(self) -> float:
        """Correlation about 0 of the features between present cells of the layer's windows; 0 where there are none."""
        together, alone = self.products.tolist()
        return together / alone if alone > 0 else 0.0


def with_full_windows(sums: Sums) -> Sums:
    """The same with the sites whose 27 cells are all present as an operator of their own."""
    full = {(FULL, variant): found[:, CELLS:] for (operator, variant), found in sums.items() if operator == OWN}
    return {**sums, **full}


class Measurement:
    """The layers of a network as they are measured; ``measures`` holds them in the order in which they ran.

    Args:
        layers: of one network.
    """

    def __init__(self, layers: list[ProbedLayer]) -> None:
        self._shifted = any(layer.is_shifted for layer in layers)
        self.measures: dict[str, LayerMeasure] = {}
        self._scene = -1
        self._windows: dict[int, LevelWindows] = {}

    def begin_scene(self) -> None:
        """The next calls of ``see`` are of another scene."""
        self._scene += 1
        self._windows = {}

    def see(self, layer: ProbedLayer, x: SparseTensor) -> None:
        """Count what a layer's convolution is given."""
        level = x.sites.tensor_stride.bit_length() - 1
        if level not in self._windows:
            self._windows[level] = LevelWindows(x.coords, self._shifted, (FILL_SEED, self._scene, level))
        windows = self._windows[level]
        h = layer.sign_argument(x.feats)
        products = torch.stack([window_products(h, windows.present(shift)) for shift in layer.shifts]).sum(0)
        measure = self.measures.setdefault(layer.name, LayerMeasure(layer, level))
        measure.add(layer_moments(layer, h, windows), products.cpu())
