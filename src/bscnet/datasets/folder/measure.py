"""What one scene is like: size, density, classes, colours, and marks to know it again by."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import numpy.typing as npt

from bscnet.clouds.units import unit_note, unit_of
from bscnet.data.augment import centred
from bscnet.data.sample import training_share
from bscnet.data.scan import Scan
from bscnet.data.voxelize import bounds
from bscnet.datasets.folder.decode import DescribedCloud
from bscnet.datasets.folder.description import Description
from bscnet.datasets.folder.duplicates import SKETCH, Marks, occupied, point_sum, ranked
from bscnet.errors import InputError
from bscnet.ignore import IGNORE_INDEX

_NEIGHBOURS = 2000
_STRAY_SHARE = 0.001
_STRAY_TIMES = 4.0


@dataclass(frozen=True)
class SceneReport:
    """A scene that could be read. Lengths in metres.

    points: how many. dropped: further points, without finite coordinates, that are left out. extent: along x, y and z.
    spacing: median distance of a point to its nearest neighbour. voxels: occupied ones. counts: points of each class.
    ignored: points without a class. strays: points far away from all others. reach: farthest point from the mean.
    training_share: see `sample.training_share`; 1.0 outside the split train. color: "", "none", "black" or "constant".
    color_range: see `colors.Span.range`, "" without colours. peaks: largest absolute value of each measured feature.
    unit: that the coordinates are read in. unit_note: see `units.unit_note`.
    """

    name: str
    split: str
    path: Path
    points: int
    dropped: int
    extent: tuple[float, float, float]
    spacing: float
    voxels: int
    counts: tuple[int, ...]
    ignored: int
    strays: int
    reach: float
    training_share: float
    color: str
    color_range: str
    unit: str
    unit_note: str | None
    marks: Marks
    peaks: Mapping[str, float] = field(default_factory=dict)

    @property
    def points_per_voxel(self) -> float:
        """Mean number of points in an occupied voxel."""
        return self.points / self.voxels


def measure(
    name: str, split: str, path: Path, content: str, description: Description, voxel_size: float
) -> SceneReport:
    """Read and measure one scene; content: hash of its file.

    Labels are read where classes are described, but in the split test, which need not have any, only if they can be.
    InputError as the reader's.
    """
    cloud = DescribedCloud(path, description)
    scan = _scan(name, split, cloud)
    points = scan.points.astype(np.float64)
    voxels = occupied(points, voxel_size)
    classed = scan.labels[scan.labels != IGNORE_INDEX]
    low, high = bounds(points)
    extent = high - low
    away = centred(points)
    return SceneReport(
        name,
        split,
        path,
        len(points),
        cloud.survey.dropped,
        (float(extent[0]), float(extent[1]), float(extent[2])),
        _spacing(points),
        len(voxels),
        tuple(np.bincount(classed, minlength=len(description.class_names)).tolist()),
        len(points) - len(classed),
        _strays(points),
        float(np.sqrt(np.einsum("pa,pa->p", away, away).max())),
        training_share(scan.points, voxel_size) if split == "train" else 1.0,
        _color(scan.colors) if cloud.colored else "none",
        cloud.survey.colors if cloud.colored else "",
        unit_of(cloud.file, description.reading.units),
        unit_note(cloud.file, description.reading.units),
        Marks(content, point_sum(scan.points), voxels[:SKETCH], len(points), ranked(points)),
        {feature: float(np.abs(values).max()) for feature, values in scan.extra.items()},
    )


def _scan(name: str, split: str, cloud: DescribedCloud) -> Scan:
    labelled = bool(cloud.description.class_names)
    try:
        return cloud.scan(name, labelled)
    except InputError:
        if split != "test" or not labelled:
            raise
    return cloud.scan(name, labelled=False)


def _spacing(points: npt.NDArray[np.float64]) -> float:
    from scipy.spatial import cKDTree

    if len(points) < 2:
        return 0.0
    tree = cKDTree(points, compact_nodes=False, balanced_tree=False)
    some = points[:: max(1, len(points) // _NEIGHBOURS)]
    distances, _ = tree.query(some, k=2)
    return float(np.median(distances[:, 1]))


def _strays(points: npt.NDArray[np.float64]) -> int:
    """Points beyond a box several times as large as the one that holds all but a few of them."""
    share = min(max(_STRAY_SHARE, 2 / len(points)), 0.25)
    low, high = np.quantile(points, [share, 1 - share], axis=0)
    margin = max(float((high - low).max()), 1e-3) * _STRAY_TIMES
    return int(((points < low - margin) | (points > high + margin)).any(axis=1).sum())


def _color(colors: npt.NDArray[np.uint8]) -> str:
    if colors.max() <= 1:
        return "black"
    return "constant" if len(colors) > 1 and (colors.min(axis=0) == colors.max(axis=0)).all() else ""
