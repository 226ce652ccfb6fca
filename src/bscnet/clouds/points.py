"""From columns to points as a network is given them: metres, 8-bit colours, scaled values. The one way there."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from bscnet.clouds.cloud import Cloud
from bscnet.clouds.colors import Span, eight_bit, grey
from bscnet.clouds.columns import AXES, COLORS, find_column
from bscnet.clouds.file import CHUNK_POINTS, CloudFile
from bscnet.clouds.reading import COMPUTED, Reading
from bscnet.clouds.units import metres_of
from bscnet.errors import InputError

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Points:
    """Some points of a file, without those that the reading leaves out.

    Attributes:
        axes: x, y and z in metres, (P,) each.
        colors: (P, 3) uint8; grey where the file has none.
        values: measured values by name, scaled, (P,) each.
        rows: (P,) their numbers in the file.
    """

    axes: tuple[Floats, Floats, Floats]
    colors: npt.NDArray[np.uint8]
    values: Mapping[str, Floats]
    rows: npt.NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.rows)


@dataclass(frozen=True)
class Survey:
    """What a look at all points of a file gave.

    Attributes:
        low, high: of the points that are read, metres.
        kept, dropped: how many are read, and how many the reading leaves out.
        colors: their range.
    """

    low: Floats
    high: Floats
    kept: int
    dropped: int
    colors: str


class PointReader:
    """The points of a file as a reading says.

    Args:
        file: the file.
        reading: how to read it.
        features: names of what a network sees of its points.

    Raises:
        InputError: the file lacks a column that the features need, or its coordinates are angles.
    """

    def __init__(self, file: CloudFile, reading: Reading, features: Sequence[str]) -> None:
        self.file, self.reading = file, reading
        self.metres = metres_of(file, reading.units)
        columns = file.columns
        self.colored = COLORS[0] in columns
        if "rgb" in features and not self.colored:
            raise InputError(
                f"{file.path}: the points have no colours, but the features {list(features)} need them; the columns "
                f"are {', '.join(columns)}"
            )
        self.measured: dict[str, str] = {}
        for feature in features:
            if feature in COMPUTED:
                continue
            name = find_column(columns, feature)
            if name is None:
                raise InputError(
                    f"{file.path}: the points have no column for the feature '{feature}', the columns are "
                    f"{', '.join(columns)}"
                )
            self.measured[feature] = name

    @property
    def names(self) -> list[str]:
        """The columns that are read."""
        return [*AXES, *(COLORS if self.colored else ()), *self.measured.values()]

    def chunks(self, size: int = CHUNK_POINTS) -> Iterator[Cloud]:
        """The file's points with the columns that are read; see `CloudFile.chunks`."""
        return self.file.chunks(size, self.names)

    def surveyor(self) -> Surveyor:
        """Something to show all chunks to, in their order."""
        return Surveyor(self)

    def kept(self, cloud: Cloud) -> npt.NDArray[np.int64]:
        """Places in a chunk of the points that are read."""
        return np.flatnonzero(cloud.finite)

    def points(self, cloud: Cloud, survey: Survey) -> Points:
        """A chunk's points; survey: of the whole file.

        Raises:
            InputError: a measured value that is not finite in single precision.
        """
        places = self.kept(cloud)
        if len(places) < len(cloud):
            cloud = cloud.only(places)  # first of all: a point without a place may have no colour or value either
        x, y, z = (axis * metres for axis, metres in zip(cloud.axes, self.metres, strict=True))
        colors = eight_bit(cloud.colors, survey.colors) if self.colored else grey(len(cloud))
        rows = places + cloud.first
        values = {name: self._value(cloud, name, column, rows) for name, column in self.measured.items()}
        return Points((x, y, z), colors, values, rows)

    def _value(self, cloud: Cloud, feature: str, column: str, rows: npt.NDArray[np.int64]) -> Floats:
        values = self.reading.scaled(feature, cloud.columns[column])
        with np.errstate(over="ignore"):
            bad = np.flatnonzero(~np.isfinite(values.astype(np.float32)))
        if len(bad):
            raise InputError(
                f"{self.file.path}: the value '{feature}' of point {rows[bad[0]]} is not finite, it must be a number"
            )
        return values


class Surveyor:
    """Collects a `Survey` from chunks."""

    def __init__(self, reader: PointReader) -> None:
        self._reader = reader
        self._low, self._high = np.full(3, np.inf), np.full(3, -np.inf)
        self._kept = self._dropped = self._first_bad = 0
        self._span = Span()

    def add(self, cloud: Cloud) -> None:
        """The next chunk."""
        places = self._reader.kept(cloud)
        bad = len(cloud) - len(places)
        if bad:
            if not self._dropped:
                self._first_bad = cloud.first + int(np.flatnonzero(~cloud.finite)[0])
            self._dropped += bad
            cloud = replace(cloud.only(places), first=0)
        if not len(places):
            return
        self._kept += len(places)
        for index, (axis, metres) in enumerate(zip(cloud.axes, self._reader.metres, strict=True)):
            self._low[index] = min(self._low[index], float(axis.min()) * metres)
            self._high[index] = max(self._high[index], float(axis.max()) * metres)
        if self._reader.colored:
            self._span |= Span.of(cloud.colors)

    def result(self) -> Survey:
        """Of all chunks so far.

        Raises:
            InputError: coordinates that are not finite where the reading refuses them, or of all points; colours that
                the reading's range does not hold.
        """
        dropping = self._reader.reading.invalid_points == "drop"
        if self._dropped and not (dropping and self._kept):
            remedy = "no point is left" if dropping else "'invalid_points: drop' leaves such points out"
            raise InputError(
                f"{self._reader.file.path}: {self._dropped} of {self._dropped + self._kept} points have coordinates "
                f"that are not finite, the first is point {self._first_bad} ({remedy})"
            )
        colors = self._span.range(self._reader.file.path, self._reader.reading.colors)
        return Survey(self._low, self._high, self._kept, self._dropped, colors)
