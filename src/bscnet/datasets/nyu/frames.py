"""`nyu_depth_v2_labeled.mat`, image by image."""

from __future__ import annotations

import hashlib
import itertools
import math
import os
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from bscnet.datasets.isolated import ParsedFile, Tables
from bscnet.datasets.nyu.classes import NUM_NAMES
from bscnet.datasets.nyu.layout import AXES, TYPES, locate
from bscnet.errors import InputError

MAX_DEPTH = 20.0
"""Metres; the owners' depths end at 10. More is another unit, and might not fit into the range of voxels."""


@dataclass(frozen=True)
class Frame:
    """One image. colors: (3, 640, 480) uint8. depth: (640, 480) float32, metres. ids: (640, 480) uint16, 0..894."""

    colors: npt.NDArray[np.uint8]
    depth: npt.NDArray[np.float32]
    ids: npt.NDArray[np.uint16]


@dataclass(frozen=True)
class _Chunk:
    """Bytes of the file, and the part of a data set that they hold: its corner and its lengths."""

    name: str
    first: tuple[int, ...]
    steps: tuple[int, ...]
    content: bytes
    packed: bool


class LabeledFile:
    """Images by their number from 1.

    Where their bytes are is looked up once (`locate`). The file is opened for every image and closed after it, so that
    there is no handle for a loading process to inherit.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._parsed = ParsedFile(path, locate, "the images of NYU Depth v2")
        self._index: Tables = {}
        self._digests: dict[int, str] = {}

    def count(self) -> int:
        """How many images there are; InputError naming the file if it is missing, damaged or of another layout."""
        return int(self._current()["count"])

    def frame(self, number: int) -> Frame:
        """Decode one image, of which alone the bytes are read.

        InputError naming the file and the image: as above; no such image; its bytes are damaged; an id above 894; a
        depth that is not finite, not positive or above MAX_DEPTH.
        """
        arrays = {name: np.empty(axes, TYPES[name]) for name, axes in AXES.items()}
        for chunk in self._chunks(number):
            self._unpack(chunk, number, arrays[chunk.name])
        colors, depth, ids = arrays.values()
        if ids.max() > NUM_NAMES:
            raise InputError(f"{self.path}: image {number} has the label {ids.max()}, allowed are 0 to {NUM_NAMES}")
        sound = (depth > 0) & (depth <= MAX_DEPTH)  # false for NaN
        if not sound.all():
            raise InputError(
                f"{self.path}: image {number} has {np.count_nonzero(~sound)} depths like {depth[~sound][0]:g}, all "
                f"must be above 0 and at most {MAX_DEPTH:g} metres"
            )
        return Frame(colors, depth, ids)

    def digest(self, number: int) -> str:
        """SHA-256 of the packed bytes of one image and of their places in it, as hex digits; InputError as of `frame`.

        `frame` is a function of these alone, so that this is as sound a key as a hash of all 2.8 GB, and takes
        milliseconds. It is computed once, and again when the file's size or modification time has changed.
        """
        self._current()
        if number not in self._digests:
            digest = hashlib.sha256()
            for chunk in self._chunks(number):
                where = (chunk.name, chunk.first, chunk.steps, chunk.packed, len(chunk.content))
                digest.update(repr(where).encode())
                digest.update(chunk.content)
            self._digests[number] = digest.hexdigest()
        return self._digests[number]

    def _current(self) -> Tables:
        """Where the bytes are in the file as it is now."""
        index = self._parsed.tables()
        if index is not self._index:
            self._index, self._digests = index, {}
        return index

    def _chunks(self, number: int) -> Iterator[_Chunk]:
        """The chunks that hold a part of an image, as they are in the file."""
        index, count = self._current(), self.count()
        if not 1 <= number <= count:
            raise InputError(f"{self.path}: there is no image {number}, the file has the images 1 to {count}")
        try:
            with self.path.open("rb") as stream:
                length = os.fstat(stream.fileno()).st_size
                for name in AXES:
                    steps, places = tuple(index[f"{name}_chunk"].tolist()), index[f"{name}_places"]
                    row = (number - 1) // steps[0]
                    for place in itertools.product([row], *map(range, places.shape[1:-1])):
                        offset, size, packed = places[place].tolist()
                        if size == 0 or offset + size > length:
                            raise self._damaged(number, f"{name} is not all there")
                        stream.seek(offset)
                        content = stream.read(size)
                        first = tuple(p * step for p, step in zip(place, steps, strict=True))
                        yield _Chunk(name, first, steps, content, bool(packed))
        except OSError as error:
            raise InputError(f"{self.path}: the file cannot be read ({error.strerror})") from error

    def _unpack(self, chunk: _Chunk, number: int, image: npt.NDArray[Any]) -> None:
        """Put the part of an image that a chunk holds in its place."""
        size = math.prod(chunk.steps) * image.dtype.itemsize
        content = chunk.content
        if chunk.packed:
            unpacker = zlib.decompressobj()
            try:
                content = unpacker.decompress(content, size + 1)  # a damaged length may ask for any amount
            except zlib.error as error:
                raise self._damaged(number, f"{chunk.name} cannot be unpacked") from error
            if not unpacker.eof:
                raise self._damaged(number, f"{chunk.name} cannot be unpacked")
        if len(content) != size:
            raise self._damaged(number, f"{chunk.name} has {len(content)} bytes in place of {size}")
        part = np.frombuffer(content, image.dtype).reshape(chunk.steps)[number - 1 - chunk.first[0]]
        inside = tuple(slice(at, at + step) for at, step in zip(chunk.first[1:], chunk.steps[1:], strict=True))
        target = image[inside]
        target[...] = part[tuple(slice(length) for length in target.shape)]

    def _damaged(self, number: int, what: str) -> InputError:
        return InputError(f"{self.path}: image {number} is damaged, {what}")
