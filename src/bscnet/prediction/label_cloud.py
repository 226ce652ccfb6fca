"""From a cloud's file to a labelled one: bounds, voxels, network, labels, each a chunk or a tile at a time."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from bscnet.datasets.folder.cloud import UNITS
from bscnet.errors import InputError
from bscnet.prediction.classify import VoxelClasses, classify
from bscnet.prediction.cloud import Chunk, CloudFile
from bscnet.prediction.features import CloudFeatures
from bscnet.prediction.formats import open_cloud
from bscnet.prediction.frame import Frame, Keys, frame_of
from bscnet.prediction.labelled_ply import LabelledPly, check_output
from bscnet.prediction.progress import Clock, Progress, Silence
from bscnet.prediction.receptive_field import receptive_radius
from bscnet.prediction.voxel_sums import VoxelSummer, VoxelSums
from bscnet.runtime import Session, Times
from bscnet.whole_file import written_whole

MAX_SITES = 4_000_000
"""Voxels that are run at once unless the caller says otherwise."""

MAX_MARGIN = 128
"""Voxels that tiles overlap at most unless the caller says otherwise; at 5 cm these are 6.4 m."""

_CHUNK_POINTS = 500_000


@dataclass(frozen=True)
class Labelled:
    """What was done. voxels, their colors (V, 3) and classes are kept for a picture.

    units: of length, where the file states it. seconds: of each part. points_of_class: (classes,).
    """

    points: int
    units: str | None
    frame: Frame
    voxels: VoxelSums
    colors: npt.NDArray[np.uint8]
    classes: VoxelClasses
    receptive_radius: int
    margin: int
    seconds: dict[str, float]
    points_of_class: npt.NDArray[np.int64]

    @property
    def times(self) -> Times:
        """Of the network."""
        return self.classes.times


def label_cloud(
    session: Session,
    source: Path,
    target: Path,
    palette: npt.NDArray[np.uint8],
    *,
    voxel_size: float | None = None,
    max_sites: int = MAX_SITES,
    margin: int | None = None,
    chunk_points: int = _CHUNK_POINTS,
    progress: Progress | None = None,
) -> Labelled:
    """Give each point of a cloud the class of its voxel, and write them to a PLY file.

    The points are read three times (bounds, voxels, labels) and never held all at once; what is held grows with the
    number of voxels, and the network's own memory with `max_sites`.

    Args:
        session: the model.
        source: a cloud's file (see `bscnet.prediction.formats`), with what the model's features need.
        target: PLY file; it appears whole or not at all.
        palette: (classes, 3) uint8, RGB of the classes.
        voxel_size: in the file's units; None takes the model's, which is in metres, as is a cloud that does not say.
        max_sites: most voxels run at once; a larger scene is cut into tiles.
        margin: voxels that tiles see of their neighbours; None takes the receptive field, at most MAX_MARGIN.
        chunk_points: points read at once.
        progress: told how far the work is.

    Raises:
        InputError: a file or a value that cannot be used.
    """
    if voxel_size is not None and not (np.isfinite(voxel_size) and voxel_size > 0):
        raise InputError(f"voxel size {voxel_size:g} is not allowed, it must be a positive number")
    if max_sites < 1:
        raise InputError(f"--max-sites {max_sites} is not allowed, it must be at least 1")
    radius = receptive_radius(session.description)
    overlap = min(radius, MAX_MARGIN) if margin is None else margin
    if overlap < 0:
        raise InputError(f"--margin {overlap} is not allowed, it must be at least 0")
    features = CloudFeatures.of(session.description["features"])
    check_output(target, "-o", [source])
    cloud = open_cloud(source, features.colored, features.measured)
    size = _model_size(cloud, session.voxel_size) if voxel_size is None else voxel_size
    clock, shown = Clock(), progress or Silence()

    def chunks(what: str) -> Iterator[Chunk]:
        shown.begin(what, cloud.num_points)
        return _timed_chunks(cloud, chunk_points, clock, shown)

    # opened first: that the target cannot be written is told before the work, not after it
    with written_whole(target) as stream:
        frame = frame_of(chunks("reading"), size, source)
        summer = VoxelSummer()
        for chunk in chunks("voxels"):
            with clock.part("voxelize"):
                summer.add(frame.keys(chunk), _measures(features, chunk, frame, source))
        with clock.part("voxelize"):
            voxels = summer.result()
        with clock.part("network"):
            classes = classify(
                session,
                voxels,
                lambda some: features(some, frame, session.voxel_size),
                max_sites=max_sites,
                margin=overlap,
                progress=shown,
            )
        comments = [f"labels by bscnet model {session.description.get('name')}", f"voxel size {size:g}"]
        writer = LabelledPly(stream, cloud.num_points, cloud.dtype, session.class_names, palette, comments)
        counts = np.zeros(session.num_classes, dtype=np.int64)
        for chunk in chunks("labels"):
            with clock.part("label points"):
                rows = _rows_of(frame.keys(chunk), voxels, source)
                labels = classes.labels[rows]
                counts += np.bincount(labels, minlength=session.num_classes)
            with clock.part("write"):
                writer.write(chunk.axes, labels, classes.confidence[rows])
    colors = features.colors(voxels)
    return Labelled(
        cloud.num_points, cloud.units, frame, voxels, colors, classes, radius, overlap, clock.seconds, counts
    )


def _model_size(cloud: CloudFile, metres: float) -> float:
    """The side of the model's voxels in the cloud's units."""
    if cloud.units == "degree":
        raise InputError(
            f"{cloud.path}: the coordinates are angles, points in a unit of length are needed: project them"
        )
    return metres if cloud.units is None else metres / UNITS[cloud.units]


def _measures(features: CloudFeatures, chunk: Chunk, frame: Frame, path: Path) -> npt.NDArray[np.int64]:
    try:
        return features.measures(chunk, frame)
    except InputError as error:
        raise InputError(f"{path}: {error}") from error


def _rows_of(keys: Keys, voxels: VoxelSums, path: Path) -> npt.NDArray[np.intp]:
    rows = np.searchsorted(voxels.keys, keys)
    if not np.array_equal(voxels.keys[np.minimum(rows, len(voxels) - 1)], keys):
        raise InputError(f"{path}: the file was changed while it was read, it has to stay as it is")
    return rows


def _timed_chunks(cloud: CloudFile, size: int, clock: Clock, progress: Progress) -> Iterator[Chunk]:
    """The cloud's chunks, the time of reading them counted."""
    chunks = cloud.chunks(size)
    while True:
        with clock.part("read"):
            chunk = next(chunks, None)
        if chunk is None:
            return
        yield chunk
        progress.advance(len(chunk))
