"""Class and confidence of every voxel, the whole scene at once or tile by tile."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from bscnet.errors import InputError
from bscnet.prediction.frame import coords_of
from bscnet.prediction.progress import Progress
from bscnet.prediction.tiles import Tile, cut_tiles, plan_tiles
from bscnet.prediction.voxel_sums import VoxelSums
from bscnet.runtime import Times

_ROWS_AT_ONCE = 1 << 17


class Network(Protocol):
    """What of a `bscnet.runtime.Session` is used."""

    num_classes: int

    def timed(self, coords: npt.NDArray[np.int32], feats: npt.NDArray[np.float32]) -> tuple[npt.NDArray[Any], Times]:
        """Logits (N, classes) and where the time went."""


@dataclass(frozen=True)
class VoxelClasses:
    """labels: (V,) uint8 or uint16. confidence: (V,) float32, softmax of the logits at the label. tiles: how many."""

    labels: npt.NDArray[np.unsignedinteger]
    confidence: npt.NDArray[np.float32]
    tiles: int
    times: Times


def classify(
    network: Network,
    voxels: VoxelSums,
    features: Callable[[VoxelSums], npt.NDArray[np.float32]],
    *,
    max_sites: int,
    margin: int,
    progress: Progress,
) -> VoxelClasses:
    """Run the network over the voxels, in tiles if they are more than `max_sites`.

    features: of voxels, (V, channels). margin: voxels around a tile that are run with it and whose result is dropped.
    From the receptive field on, the result is that of the whole scene.

    Raises:
        InputError: tiles cannot be cut so small, the machine has not enough memory for one, or the network gives
            logits that are not finite.
    """
    labels = np.empty(len(voxels), dtype=label_type(network.num_classes))
    confidence = np.empty(len(voxels), dtype=np.float32)
    tiles: Iterable[Tile]
    if len(voxels) <= max_sites:
        count = 1
        tiles = [Tile(np.arange(len(voxels)), np.ones(len(voxels), dtype=bool))]
    else:
        columns = plan_tiles(voxels.keys, max_sites, margin)
        count = len(columns)
        tiles = cut_tiles(voxels.keys, columns, margin)
    progress.begin("network", len(voxels))
    times = Times()
    for tile in tiles:
        try:
            part = voxels if len(tile.rows) == len(voxels) else voxels.at(tile.rows)
            logits, spent = network.timed(coords_of(part.keys), features(part))
        except MemoryError as error:
            raise InputError(
                f"there is not enough memory to run {len(tile.rows)} voxels at once: lower max_sites ({max_sites})"
            ) from error
        if not np.isfinite(logits).all():
            raise InputError(
                "the network gives values that are not finite: its weights or the cloud's features are far outside "
                "what a trained network has to do with"
            )
        times += spent
        rows = tile.rows[tile.kept]
        labels[rows], confidence[rows] = best(logits if len(rows) == len(logits) else logits[tile.kept])
        progress.advance(len(rows))
    return VoxelClasses(labels, confidence, count, times)


def label_type(num_classes: int) -> type[np.unsignedinteger]:
    """The type that holds a class id."""
    return np.uint8 if num_classes <= 256 else np.uint16


def best(logits: npt.NDArray[np.float32]) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.float32]]:
    """Class of the largest logit, the first of equals, and its softmax 1 / Σ_c exp(l_c - l_max); (N, C) → (N,) both."""
    labels = np.argmax(logits, axis=1)
    confidence = np.empty(len(logits), dtype=np.float32)
    for first in range(0, len(logits), _ROWS_AT_ONCE):
        part = logits[first : first + _ROWS_AT_ONCE]
        confidence[first : first + _ROWS_AT_ONCE] = 1 / np.exp(part - part.max(axis=1, keepdims=True)).sum(axis=1)
    return labels, confidence
