"""The NMSE of a chain's layers as arrays, and means and spreads of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from bscnet.probe.gaussian import VARIANTS
from bscnet.probe.measure import values, with_full_windows
from bscnet.probe.moments import all_bins, counts
from bscnet.probe.operators import NUM_BINS, OWN
from bscnet.probe.run import ProbedRun

Array = npt.NDArray[np.float64]


class Spread(NamedTuple):
    """mean: NaN of nothing. std: sample standard deviation, NaN of fewer than two values. number: of values."""

    mean: float
    std: float
    number: int


def spread(numbers: Sequence[float] | Array) -> Spread:
    """Of the numbers that are defined (not NaN)."""
    known = np.asarray(numbers, dtype=np.float64)
    known = known[~np.isnan(known)]
    mean = float(known.mean()) if len(known) else np.nan
    return Spread(mean, float(known.std(ddof=1)) if len(known) > 1 else np.nan, len(known))


def columns(table: Array) -> Array:
    """Mean of the defined entries of each column of ``(rows, columns)``; NaN where a column has none."""
    known = ~np.isnan(table)
    total, number = np.where(known, table, 0.0).sum(0), known.sum(0)
    return np.where(number > 0, total / np.maximum(number, 1), np.nan)


class ChainValues:
    """NMSE by layer (in forward order), operator, variant and fit; NaN where it is not measured.

    Args:
        run: the chain as it was measured.
    """

    def __init__(self, run: ProbedRun) -> None:
        self.run = run
        self._whole = [
            {key: values(all_bins(sums)) for key, sums in with_full_windows(measure.sums).items()}
            for measure in run.measures
        ]
        self._by_neighbours = [
            {variant: values(measure.sums[OWN, variant]) for variant in VARIANTS} for measure in run.measures
        ]

    def whole(self, operator: str, variant: str, fit: str) -> Array:
        """Over all scenes, ``(layers,)``."""
        absent = {fit: np.nan}
        return np.array([float(found.get((operator, variant), absent)[fit]) for found in self._whole])

    def by_scene(self, operator: str, variant: str, fit: str) -> Array:
        """Of each scene by itself, ``(layers, scenes)``."""
        absent = [np.nan] * len(self.run.scenes)
        return np.array([measure.scenes.get((operator, variant, fit), absent) for measure in self.run.measures])

    def by_neighbours(self, variant: str, fit: str) -> Array:
        """Of the layer's own windows over all scenes, by number of present cells, ``(layers, 28)``."""
        return np.array([found[variant][fit].numpy() for found in self._by_neighbours])

    def by_neighbours_and_scene(self, variant: str, fit: str) -> Array:
        """The same of each scene, ``(layers, scenes, 28)``."""
        stacked = [[found.numpy() for found in measure.scene_bins[variant, fit]] for measure in self.run.measures]
        return np.array(stacked).reshape(len(self.run.measures), -1, NUM_BINS)

    @property
    def sites(self) -> Array:
        """Sites by number of present cells (the mean over output channels), ``(layers, 28)``."""
        return np.array([counts(measure.sums[OWN, "both"]).numpy() for measure in self.run.measures])

    def mean(self, operator: str, variant: str, fit: str, chosen: npt.NDArray[np.bool_] | None = None) -> Spread:
        """Over layers (those chosen); the spread is that of the scenes' means."""
        picked = np.full(len(self.run.measures), True) if chosen is None else chosen
        over_layers = spread(self.whole(operator, variant, fit)[picked])
        scenes = spread(columns(self.by_scene(operator, variant, fit)[picked]))
        return Spread(over_layers.mean, scenes.std, over_layers.number)


def difference(
    first: ChainValues, second: ChainValues, operators: tuple[str, str], variant: str = "both", fit: str = "raw"
) -> Spread:
    """NMSE of the second less that of the first, the mean over the layers that both have.

    Both were measured on the same scenes: the spread is that of the scenes' mean differences. Args: operators: of each.
    """
    whole = second.whole(operators[1], variant, fit) - first.whole(operators[0], variant, fit)
    scenes = second.by_scene(operators[1], variant, fit) - first.by_scene(operators[0], variant, fit)
    over_layers = spread(whole)
    return Spread(over_layers.mean, spread(columns(scenes)).std, over_layers.number)
