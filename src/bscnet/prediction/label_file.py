"""From a cloud's file to the same file with labels."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import BinaryIO

import numpy as np
import numpy.typing as npt

from bscnet.clouds.columns import COLORS, CONFIDENCE
from bscnet.clouds.fields import Field
from bscnet.clouds.file import CHUNK_POINTS, CloudFile
from bscnet.clouds.points import PointReader, Survey
from bscnet.clouds.writer import LABEL, Columns, Target, lost, writer_of
from bscnet.prediction.labeller import LabelledCloud, LabelledPoints, Labeller, timed_chunks
from bscnet.prediction.progress import Progress, Silence
from bscnet.prediction.sample import PointSample, Sampler
from bscnet.runtime import Session
from bscnet.whole_file import spooled, written_whole


@dataclass(frozen=True)
class LabelledFile:
    """What was done.

    Attributes:
        cloud: the labelled cloud.
        points_of_class: (classes,) points of each.
        sample: points to draw; None where none were asked for.
        notes: what of the scan is written otherwise than one may think, a sentence each.
    """

    cloud: LabelledCloud
    points_of_class: npt.NDArray[np.int64]
    sample: PointSample | None
    notes: Sequence[str]


def comment_of(session: Session) -> str:
    """What a labelled file says of where its labels come from."""
    return f"labels by bscnet model {session.description.get('name')}"


def target_of(labeller: Labeller, source: CloudFile, palette: npt.NDArray[np.uint8] | None) -> Target:
    """What is written for a source: all of it, with label and confidence behind; palette: see `label_file`."""
    numbers, session = labeller.numbers, labeller.session
    return Target(
        source,
        (Field(LABEL, numbers.of_class.dtype), Field(CONFIDENCE, np.dtype(np.float32))),
        numbers.used,
        palette is not None,
        (comment_of(session),),
        numbers.names,
    )


def check_target(labeller: Labeller, source: CloudFile, target: Path, palette: npt.NDArray[np.uint8] | None) -> None:
    """See that the target's format can hold a source with its labels; see `label_file`.

    Raises:
        InputError: it cannot.
    """
    writer_of(target, BytesIO(), target_of(labeller, source, palette))


def label_file(
    labeller: Labeller,
    source: CloudFile,
    target: Path,
    *,
    stream: BinaryIO | None = None,
    voxel_size: float | None = None,
    palette: npt.NDArray[np.uint8] | None = None,
    sampled: bool = False,
    chunk_points: int = CHUNK_POINTS,
    progress: Progress | None = None,
) -> LabelledFile:
    """Write a cloud again with the label and the confidence of each point.

    The points are read three times (bounds, voxels, labels) and never held all at once.

    Args:
        labeller: the model.
        source: the cloud.
        target: file to write, which appears whole or not at all; the ending of its name tells the format.
        stream: where to write in place of the target.
        voxel_size: in the cloud's unit; None takes the model's.
        palette: (classes, 3) uint8: the colours of the classes take the place of the points'; None: points keep theirs.
        sampled: whether to keep some points to draw.
        chunk_points: points read at once.
        progress: told how far the work is.

    Raises:
        InputError: a file or a value that cannot be used, or a format that cannot hold the points or their labels.
    """
    shown = progress or Silence()
    # opened first: that the target cannot be written is told before the work, not after it
    with _opened(target, stream) as draft:
        writer = writer_of(target, draft, target_of(labeller, source, palette))

        def begin(survey: Survey, reader: PointReader) -> None:
            writer.begin(survey, reader.metres)

        found = labeller.label(source, voxel_size=voxel_size, chunk_points=chunk_points, progress=shown, surveyed=begin)
        clock, counts = found.clock, np.zeros(labeller.session.num_classes, dtype=np.int64)
        sampler = Sampler(source, found.frame.low, found.numbers) if sampled else None
        names = [*found.reader.names, *([sampler.label] if sampler is not None and sampler.label is not None else [])]
        shown.begin("labels", source.count)
        read = {source.columns[name].field for name in names}
        fields = None if writer.fields is None else read.union(writer.fields)
        for rows in timed_chunks(source.rows(chunk_points, fields), clock, shown):
            with clock.part("label points"):
                cloud = source.cloud(rows, names)
                chunk = found.chunk(cloud)
                counts += np.bincount(chunk.classes, minlength=len(counts))
                if sampler is not None:
                    sampler.add(chunk, cloud)
            with clock.part("write"):
                writer.write(rows, _added(chunk, palette))
        with clock.part("write"):
            writer.finish()
    notes = [*lost(source, target), *writer.notes]
    return LabelledFile(found, counts, None if sampler is None else sampler.result(), notes)


def _added(chunk: LabelledPoints, palette: npt.NDArray[np.uint8] | None) -> Columns:
    added: dict[str, npt.NDArray[np.generic]] = {LABEL: chunk.labels, CONFIDENCE: chunk.confidence}
    if palette is not None:
        shades = np.zeros((len(chunk.labels), 3), dtype=np.uint8)  # black where a point was left out
        shades[chunk.points.rows - chunk.first] = palette[chunk.classes]
        added |= {color: shades[:, index] for index, color in enumerate(COLORS)}
    return added


@contextmanager
def _opened(target: Path, stream: BinaryIO | None) -> Iterator[BinaryIO]:
    if stream is None:
        with written_whole(target) as draft:
            yield draft
    else:
        with spooled(stream) as draft:
            yield draft
