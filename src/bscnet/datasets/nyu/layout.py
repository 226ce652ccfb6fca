"""How `nyu_depth_v2_labeled.mat` is laid out, and where in it the pixels of an image are.

The file is MATLAB v7.3: a header of 512 bytes and then HDF5. MATLAB counts axes from the other end, so that its
variable images(480, 640, 3, 1449) is the data set images (1449, 3, 640, 480) of HDF5, and a pixel is [x, y]:

images  (N, 3, 640, 480) uint8     RGB
depths  (N, 640, 480)    float32   metres, aligned with the colours, with the holes of the sensor painted in
labels  (N, 640, 480)    uint16    id of a name, from 1; 0 is unlabelled
names   (1, 894)         references to (length, 1) uint16: a cell array of texts, as UTF-16 codes

Not read: rawDepths (with the holes), instances, scenes, sceneTypes, accelData, the raw file names, namesToIds.

MATLAB stores such arrays in chunks packed by deflate. HDF5's library is asked for their places alone, and
`bscnet.datasets.nyu.frames` reads the bytes itself: on damaged files the library may crash or never end, therefore it
runs in a process of its own (`bscnet.datasets.isolated`).
"""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from bscnet.datasets.isolated import Tables
from bscnet.datasets.nyu.classes import NUM_NAMES
from bscnet.datasets.nyu.projection import HEIGHT, WIDTH
from bscnet.errors import InputError

AXES = {"images": (3, WIDTH, HEIGHT), "depths": (WIDTH, HEIGHT), "labels": (WIDTH, HEIGHT)}
"""Axes of one image of each data set."""

TYPES = {"images": np.dtype("u1"), "depths": np.dtype("<f4"), "labels": np.dtype("<u2")}

MAX_CHUNK_BYTES = 1 << 26
"""Bytes of an unpacked chunk; MATLAB's have far fewer, and a damaged header may say anything."""

MAX_PLACES = 1 << 22
"""Chunks of a data set, for the same reason; 2,900 for each of 1449 images."""

_DEFLATE = 1  # HDF5's number of the filter


def locate(path: Path) -> Tables:
    """How many images there are (`count`), and for each data set NAME of `AXES` where its chunks are.

    NAME_chunk: length of a chunk on each axis. NAME_places: int64, for each place in the grid of chunks (count, bytes,
    packed): offset in the file, bytes there (0: the chunk is missing), and whether they are packed by deflate.
    InputError naming the file: of another format or layout, damaged.
    """
    import h5py

    _refuse_other_formats(path)
    try:
        with h5py.File(path, "r", locking=False) as file:
            datasets = {name: _dataset(path, file, name) for name in AXES}
            counts = {name: len(dataset) for name, dataset in datasets.items()}
            if len(set(counts.values())) > 1 or 0 in counts.values():
                shown = ", ".join(f"{count} {name}" for name, count in counts.items())
                raise InputError(f"{path}: images, depths and labels must be equally many, there are {shown}")
            _check_names(path, file)
            tables: Tables = {"count": np.array(counts["depths"])}
            for name, dataset in datasets.items():
                tables[f"{name}_chunk"], tables[f"{name}_places"] = _places(path, name, dataset)
            return tables
    except InputError:
        raise
    except Exception as error:  # the library fails in many ways
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise InputError(f"{path}: the file is damaged ({reason})") from error


def _refuse_other_formats(path: Path) -> None:
    """InputError in words, where the library would only say that this is no HDF5."""
    try:
        with path.open("rb") as stream:
            head = stream.read(1024)
    except OSError as error:
        raise InputError(f"{path}: the file cannot be read ({error.strerror})") from error
    if head.startswith(b"MATLAB 5.0"):
        raise InputError(f"{path}: the file is MATLAB v5, it must be v7.3 as its owners ship it")
    if b"\x89HDF\r\n\x1a\n" not in (head[:8], head[512:520]):
        raise InputError(f"{path}: the file is empty, cut off or no MATLAB v7.3 file")


def _dataset(path: Path, file: Any, name: str) -> Any:
    """A data set of the file, once its axes and its type are those that are allowed."""
    import h5py

    link = file.get(name, getlink=True)
    dataset = file.get(name) if isinstance(link, h5py.HardLink) else None
    if not isinstance(dataset, h5py.Dataset):
        raise InputError(f"{path}: there is no data set {name}, needed are {', '.join(AXES)} and names")
    if dataset.shape is None or dataset.shape[1:] != AXES[name]:
        axes = ", ".join(map(str, AXES[name]))
        raise InputError(
            f"{path}: {name} has the axes {dataset.shape}, they must be (N, {axes}), the reverse of MATLAB's order"
        )
    if dataset.dtype != TYPES[name]:
        raise InputError(f"{path}: {name} is {dataset.dtype}, it must be {TYPES[name]}")
    return dataset


def _check_names(path: Path, file: Any) -> None:
    """The table of classes is for these 894 names: InputError unless there are as many texts."""
    cells = file["names"][()] if "names" in file else np.empty(0)
    texts = [file[cell] for cell in cells.ravel()] if cells.dtype == object and cells.shape == (1, NUM_NAMES) else []
    if not texts or not all(text.dtype == np.uint16 and text.ndim == 2 for text in texts):
        raise InputError(f"{path}: names must be there, a cell array of {NUM_NAMES} texts")


def _places(path: Path, name: str, dataset: Any) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    creation = dataset.id.get_create_plist()
    filters = [creation.get_filter(i)[0] for i in range(creation.get_nfilters())]
    if dataset.is_virtual or dataset.external or filters not in ([], [_DEFLATE]):
        raise InputError(
            f"{path}: {name} must be stored as MATLAB does: in the file itself, plain or packed by deflate"
        )
    chunk = dataset.chunks or (1, *AXES[name])
    chunk_bytes = math.prod(chunk) * dataset.dtype.itemsize
    grid = [-(-length // step) for length, step in zip(dataset.shape, chunk, strict=True)]
    if chunk_bytes > MAX_CHUNK_BYTES or math.prod(grid) > MAX_PLACES:
        raise InputError(
            f"{path}: {name} is stored in {math.prod(grid)} chunks of {chunk_bytes} bytes, allowed are {MAX_PLACES} of "
            f"{MAX_CHUNK_BYTES}"
        )
    places = np.zeros((*grid, 3), np.int64)
    if dataset.chunks is None:
        start = dataset.id.get_offset()
        for i in range(len(dataset) if start is not None else 0):
            places[i] = start + i * chunk_bytes, chunk_bytes, False
        return np.array(chunk), places

    def enter(stored: Any) -> None:
        place = tuple(first // step for first, step in zip(stored.chunk_offset, chunk, strict=True))
        places[place] = stored.byte_offset, stored.size, bool(filters) and not stored.filter_mask & 1

    dataset.id.chunk_iter(enter)
    return np.array(chunk), places
