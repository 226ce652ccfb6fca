"""The class of every point of a cloud: bounds, voxels, network, each a chunk or a tile at a time."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt

from bscnet.clouds.cloud import Cloud
from bscnet.clouds.fields import Rows
from bscnet.clouds.file import CHUNK_POINTS, CloudFile
from bscnet.clouds.points import PointReader, Points, Survey
from bscnet.clouds.reading import Reading
from bscnet.errors import InputError
from bscnet.prediction.classify import VoxelClasses, classify
from bscnet.prediction.features import CloudFeatures
from bscnet.prediction.frame import Frame, Keys, OutsideError, frame_of
from bscnet.prediction.numbers import LabelNumbers, label_numbers
from bscnet.prediction.progress import Clock, Progress, Silence
from bscnet.prediction.voxel_sums import VoxelSummer, VoxelSums
from bscnet.runtime import Session

MAX_SITES = 4_000_000
"""Voxels that are run at once unless the caller says otherwise."""

MAX_MARGIN = 128
"""Voxels that tiles overlap at most unless the caller says otherwise; at 5 cm these are 6.4 m."""


Sized = TypeVar("Sized", Cloud, Rows)


@dataclass(frozen=True)
class LabelledPoints:
    """Some points of a cloud.

    Attributes:
        first: number in the file of the first of them.
        labels: (P,) as `LabelNumbers` writes them, of every point in file order.
        confidence: (P,) float32, 0 for points that were left out.
        points: those that were read, for whoever wants to draw them.
        classes: (R,) class of each of those.
    """

    first: int
    labels: npt.NDArray[np.integer]
    confidence: npt.NDArray[np.float32]
    points: Points
    classes: npt.NDArray[np.integer]


@dataclass(frozen=True)
class LabelledCloud:
    """A cloud whose voxels have their classes; `chunk` gives those of its points.

    Attributes:
        reader: of its points.
        survey: of them.
        frame: which voxel a point is in.
        voxels, classes: row by row each other's.
        numbers: what classes are written as.
        margin: voxels that tiles overlapped.
        clock: seconds of each part so far.
    """

    reader: PointReader
    survey: Survey
    frame: Frame
    voxels: VoxelSums
    classes: VoxelClasses
    numbers: LabelNumbers
    margin: int
    clock: Clock = field(default_factory=Clock)

    def chunk(self, cloud: Cloud) -> LabelledPoints:
        """Labels of a chunk of the cloud.

        Raises:
            InputError: the file was changed while it was read.
        """
        points = self.reader.points(cloud, self.survey)
        keys, rows = _distinct(self.frame, points, self.reader)
        voxels = np.searchsorted(self.voxels.keys, keys)
        if not np.array_equal(self.voxels.keys[np.minimum(voxels, len(self.voxels) - 1)], keys):
            raise _changed(self.reader)
        classes, sure = self.classes.labels[voxels][rows], self.classes.confidence[voxels][rows]
        if len(points) == len(cloud):
            return LabelledPoints(cloud.first, self.numbers.of_class[classes], sure, points, classes)
        labels = np.full(len(cloud), self.numbers.none, dtype=self.numbers.of_class.dtype)
        confidence = np.zeros(len(cloud), dtype=np.float32)
        places = points.rows - cloud.first
        labels[places], confidence[places] = self.numbers.of_class[classes], sure
        return LabelledPoints(cloud.first, labels, confidence, points, classes)


class Labeller:
    """A model and how it is used.

    Args:
        session: the model.
        reading: how clouds are read; None takes the model's.
        max_sites: most voxels run at once; a larger scene is cut into tiles.
        margin: voxels that tiles see of their neighbours; None takes the receptive field, at most MAX_MARGIN.
        indices: label with the numbers of the classes, from 0, rather than with the data set's own.

    Raises:
        InputError: a number out of range, or a model whose features no cloud gives.
    """

    def __init__(
        self,
        session: Session,
        *,
        reading: Reading | None = None,
        max_sites: int = MAX_SITES,
        margin: int | None = None,
        indices: bool = False,
    ) -> None:
        if max_sites < 1:
            raise InputError(f"max_sites={max_sites} is not allowed, it must be at least 1")
        if margin is not None and margin < 0:
            raise InputError(f"margin={margin} is not allowed, it must be at least 0")
        recipe = session.features
        if recipe.kind == "given":
            raise InputError(
                f"the model takes features that a cloud's file does not give ({', '.join(recipe.names)}): make them "
                "as in training and run the model by bscnet.runtime"
            )
        self.session, self.max_sites = session, max_sites
        self.reading = session.reading if reading is None else reading
        self.features = CloudFeatures(recipe.names, recipe.scale, recipe.offset)
        self.margin = min(session.radius, MAX_MARGIN) if margin is None else margin
        self.numbers = label_numbers(self.reading, session.class_names, indices)

    def reader(self, file: CloudFile) -> PointReader:
        """The points of a cloud as the model takes them; InputError: it lacks what the model needs."""
        return PointReader(file, self.reading, self.features.names)

    def voxel_size(self, reader: PointReader, size: float | None) -> float:
        """Side of a voxel in metres; size: in the cloud's unit, None for the model's.

        Raises:
            InputError: a size that is not positive.
        """
        if size is None:
            return self.session.voxel_size
        if not (np.isfinite(size) and size > 0):
            raise InputError(f"voxel size {size:g} is not allowed, it must be a positive number")
        return size * reader.metres[0]

    def label(
        self,
        file: CloudFile,
        *,
        voxel_size: float | None = None,
        chunk_points: int = CHUNK_POINTS,
        progress: Progress | None = None,
        surveyed: Callable[[Survey, PointReader], None] | None = None,
    ) -> LabelledCloud:
        """Give each voxel of a cloud its class.

        The points are read twice (bounds, voxels) and never held all at once; what is held grows with the number of
        voxels, and the network's own memory with `max_sites`.

        Args:
            file: the cloud.
            voxel_size: in the cloud's unit; None takes the model's.
            chunk_points: points read at once.
            progress: told how far the work is.
            surveyed: called once the points are known, before the network runs.

        Raises:
            InputError: a file or a value that cannot be used.
        """
        reader = self.reader(file)
        size, clock, shown = self.voxel_size(reader, voxel_size), Clock(), progress or Silence()

        def chunks(what: str) -> Iterator[Cloud]:
            shown.begin(what, file.count)
            return timed_chunks(reader.chunks(chunk_points), clock, shown)

        surveyor = reader.surveyor()
        for cloud in chunks("reading"):
            with clock.part("voxelize"):
                surveyor.add(cloud)
        survey = surveyor.result()
        if surveyed is not None:
            surveyed(survey, reader)
        frame, summer = frame_of(survey, size, file.path), VoxelSummer()
        for cloud in chunks("voxels"):
            with clock.part("voxelize"):
                points = reader.points(cloud, survey)
                if len(points):
                    summer.add(*_distinct(frame, points, reader), self._measures(points, frame, file))
        with clock.part("voxelize"):
            voxels = summer.result()
        with clock.part("network"):
            classes = classify(
                self.session,
                voxels,
                lambda some: self.features(some, frame, self.session.voxel_size),
                max_sites=self.max_sites,
                margin=self.margin,
                progress=shown,
            )
        return LabelledCloud(reader, survey, frame, voxels, classes, self.numbers, self.margin, clock)

    def _measures(self, points: Points, frame: Frame, file: CloudFile) -> Sequence[npt.NDArray[np.integer[Any]]]:
        try:
            return self.features.measures(points, frame)
        except InputError as error:
            raise InputError(f"{file.path}: {error}") from error


def _distinct(frame: Frame, points: Points, reader: PointReader) -> tuple[Keys, npt.NDArray[np.int32]]:
    """`Frame.distinct`; InputError: the points are not those of the survey."""
    try:
        return frame.distinct(points.axes)
    except OutsideError as error:
        raise _changed(reader) from error


def _changed(reader: PointReader) -> InputError:
    return InputError(f"{reader.file.path}: the file was changed while it was read, it must stay as it is")


def timed_chunks(chunks: Iterator[Sized], clock: Clock, progress: Progress) -> Iterator[Sized]:
    """The chunks, the time of reading them counted and shown."""
    while True:
        with clock.part("read"):
            chunk = next(chunks, None)
        if chunk is None:
            return
        yield chunk
        progress.advance(len(chunk))
