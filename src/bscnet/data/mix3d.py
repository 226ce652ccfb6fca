"""Mix3D: two training scenes, each augmented by itself, become one in which objects stand out of their context.

Source: Nekrasov et al. 2021 (arXiv 2110.02210).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from bscnet.data.sample import Sample
from bscnet.data.voxelize import Voxels, voxelize


def mixed_pairs(samples: Sequence[Sample], probability: float, rng: np.random.Generator) -> list[Sample]:
    """A batch whose scenes are mixed in pairs: the first two, the next two, and so on, so that each is in one scene.

    Args:
        samples: the batch; an odd last one stays alone.
        probability: of a pair to be mixed, else both stay.
        rng: draws one number for each pair.
    """
    mixed: list[Sample] = []
    for first in range(0, len(samples), 2):
        pair = samples[first : first + 2]
        drawn = rng.uniform() < probability
        mixed += [mix(*pair)] if drawn and len(pair) == 2 else pair
    return mixed


def mix(one: Sample, other: Sample) -> Sample:
    """The union of two scenes, the other moved by whole voxels until the means of their points meet.

    Points keep their labels, in the order of the scenes. The features of a voxel are the mean over the points of both.
    """
    parts = (one.voxels, other.voxels)
    shift = np.rint(_middle(one.voxels) - _middle(other.voxels)).astype(np.int32)
    coords = np.concatenate([one.voxels.coords, other.voxels.coords + shift])
    feats = np.concatenate([voxels.feats for voxels in parts])
    union = voxelize(coords.astype(np.float64), feats)
    rows = union.point_to_voxel  # of each voxel of a scene in the union
    points = np.concatenate([_counts(voxels) for voxels in parts]).astype(np.float64)
    total = np.bincount(rows, weights=points)
    mean = [np.bincount(rows, weights=points * channel) / total for channel in feats.T]
    start = len(one.voxels.coords)
    return Sample(
        f"{one.scene}+{other.scene}",
        Voxels(
            union.coords,
            np.stack(mean, axis=1).astype(np.float32),
            np.concatenate([rows[one.voxels.point_to_voxel], rows[start + other.voxels.point_to_voxel]]),
        ),
        np.concatenate([one.labels, other.labels]),
        one.dropped + other.dropped,
    )


def _counts(voxels: Voxels) -> npt.NDArray[np.int64]:
    """(N,) points of each voxel."""
    return np.bincount(voxels.point_to_voxel, minlength=len(voxels.coords))


def _middle(voxels: Voxels) -> npt.NDArray[np.float64]:
    """The mean voxel over all points, (3,)."""
    return np.asarray(_counts(voxels) @ voxels.coords / len(voxels.point_to_voxel))
