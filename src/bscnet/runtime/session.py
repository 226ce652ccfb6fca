"""A loaded model that can be run."""

from __future__ import annotations

import ctypes
import os
import weakref
from typing import Any

import numpy as np
import numpy.typing as npt

from bscnet.clouds.reading import Reading
from bscnet.errors import InputError
from bscnet.runtime.arrays import engine_colors, engine_coords, engine_feats, engine_points, engine_values
from bscnet.runtime.description import Description, Features
from bscnet.runtime.library import CTimes, Handle, check, engine, implementation
from bscnet.runtime.times import Times
from bscnet.runtime.trace import Recorder, Trace
from bscnet.shipped import model_file

Source = str | bytes
Logits = npt.NDArray[np.float32]
KEEP_BYTES = 512 << 20


def load(path: str | os.PathLike[str], threads: int | None = None, *, keep_bytes: int = KEEP_BYTES) -> Session:
    """Read an exported model.

    Args:
        path: file that `bscnet export` wrote, or the name of a model that ships, such as "indoor-5cm" (./NAME: a file
            that is called so).
        threads: of every run, where the run itself names none; None or 0 takes one a processor.
        keep_bytes: working memory that stays for the next run, at most; 0 keeps none. A run whose memory is not there
            yet takes up to a third longer, what is kept stays in the process.

    Raises:
        InputError: no model of this name, the file is missing, damaged or no model of this format, or a number is out
            of range.

    Examples:
        >>> from bscnet import runtime
        >>> runtime.load("indoor-5cm").voxel_size
        0.05
    """
    return Session(os.path.abspath(model_file(path)), threads, keep_bytes)


def loads(data: bytes, threads: int | None = None, *, keep_bytes: int = KEEP_BYTES) -> Session:
    """`load` from the bytes of a file.

    Examples:
        >>> from importlib.resources import files
        >>> from bscnet import runtime
        >>> data = files("bscnet.weights").joinpath("indoor-5cm.safetensors").read_bytes()
        >>> runtime.loads(data).class_names == runtime.load("indoor-5cm").class_names
        True
    """
    return Session(bytes(data), threads, keep_bytes)


class Session:
    """A model and its settings. It never changes: any number of threads may call it at once; it can be pickled.

    session(coords, feats) -> logits; see `__call__`. Made by `load`.

    Examples:
        >>> import numpy as np
        >>> from bscnet import runtime
        >>> session = runtime.load("indoor-5cm", threads=1)
        >>> coords = np.array([[0, 0, 0, 0], [0, 1, 0, 0]])
        >>> session(coords, np.zeros((2, 3), np.float32)).shape
        (2, 20)
    """

    def __init__(self, source: Source, threads: int | None = None, keep_bytes: int = KEEP_BYTES) -> None:
        self._source = source
        self._threads = _thread_count(threads)
        self._keep_bytes = _byte_count(keep_bytes)
        self._handle = _open(source)
        weakref.finalize(self, engine().bscnet_free, self._handle).atexit = False  # a thread may still run it then
        check(engine().bscnet_keep_memory(self._handle, self._keep_bytes))
        self.implementation: str = implementation()
        self.in_channels: int = engine().bscnet_in_channels(self._handle)
        self.num_classes: int = engine().bscnet_num_classes(self._handle)
        self._described = Description(engine().bscnet_description(self._handle), self.num_classes)

    @property
    def description(self) -> dict[str, Any]:
        """The description as it stands in the file (docs/engine.md)."""
        return self._described.entries

    @property
    def version(self) -> int:
        """Of the file's format, 1 or 2."""
        return self._described.version

    @property
    def class_names(self) -> tuple[str, ...]:
        """Name of class 0, 1, …"""
        return self._described.class_names

    @property
    def voxel_size(self) -> float:
        """Side of a voxel in metres, as in training."""
        return self._described.voxel_size

    @property
    def features(self) -> Features:
        """How the features of a site come from the points of a cloud."""
        return self._described.features

    @property
    def reading(self) -> Reading:
        """How the clouds of the model's data set are read."""
        return self._described.reading

    @property
    def reading_is_known(self) -> bool:
        """Whether the file says how they are read. Version 1 gives the scale of measured values alone."""
        return self._described.reading_is_known

    @property
    def radius(self) -> int:
        """Voxels around a site that its logits depend on at most: equal scenes within them give equal logits."""
        return self._described.radius

    def __call__(self, coords: npt.ArrayLike, feats: npt.ArrayLike, *, threads: int | None = None) -> Logits:
        """Logits of every site.

        Args:
            coords: (N, 3) integers x, y, z in voxels, or (N, 4) with the batch index first; no site twice, any order.
            feats: (N, in_channels) floating-point numbers, used as float32.
            threads: of this run; None takes the session's.

        Returns:
            (N, num_classes) float32 in the order of `coords`, independent of that order and of `threads`.

        Raises:
            InputError: wrong shapes or types, a coordinate outside -32766..32765, a batch index outside 0..32767, a
                site given twice, a feature that is not finite.
            MemoryError: the machine has not enough memory for this many sites.
        """
        return self.timed(coords, feats, threads=threads)[0]

    def timed(self, coords: npt.ArrayLike, feats: npt.ArrayLike, *, threads: int | None = None) -> tuple[Logits, Times]:
        """Logits as of a call, and where the time went."""
        sites, features, count = self._arguments(coords, feats, threads)
        logits = np.empty((len(sites), self.num_classes), dtype=np.float32)
        times = CTimes()
        check(
            engine().bscnet_run_timed(
                self._handle,
                len(sites),
                sites.ctypes.data,
                features.ctypes.data,
                count,
                logits.ctypes.data,
                ctypes.byref(times),
            )
        )
        return logits, Times(**{name: getattr(times, name) for name, _ in CTimes._fields_})

    def trace(self, coords: npt.ArrayLike, feats: npt.ArrayLike, *, threads: int | None = None) -> list[Trace]:
        """Run, and return copies of everything computed on the way, in the order of the instructions."""
        sites, features, count = self._arguments(coords, feats, threads)
        recorder = Recorder()
        status = engine().bscnet_trace(
            self._handle, len(sites), sites.ctypes.data, features.ctypes.data, count, recorder.visit, None
        )
        traces = recorder.finish()
        check(status)
        return traces

    def label_points(
        self,
        xyz: npt.ArrayLike,
        rgb: npt.ArrayLike | None = None,
        values: npt.ArrayLike | None = None,
        *,
        threads: int | None = None,
    ) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.float32]]:
        """Labels of points as a C program gets them (`bscnet_label`): the whole cloud at once, no tiles.

        `bscnet.load(path).label` takes colours of any range and clouds of any size.

        Args:
            xyz: (P, 3) real numbers, in the unit of `reading`, metres where it names none.
            rgb: (P, 3) uint8, where `features.colored`.
            values: (P, V) as measured, used as float32: a column for each of `features.values`.
            threads: of this run; None takes the session's.

        Returns:
            (P,) int32 labels: those of `reading`, else class indices. (P,) float32, the softmax of the best class.
            Points without a place that the reading drops have confidence 0 and the label 0, or -1 where 0 is a class's.

        Raises:
            InputError: wrong shapes or types, or points that the engine refuses.
            MemoryError: the machine has not enough memory for this cloud.
        """
        points = engine_points(xyz)
        colors = None if rgb is None else engine_colors(rgb, len(points))
        measured = None if values is None else engine_values(values, len(points), self.features.values)
        labels, confidence = np.empty(len(points), dtype=np.int32), np.empty(len(points), dtype=np.float32)
        check(
            engine().bscnet_label(
                self._handle,
                len(points),
                points.ctypes.data,
                None if colors is None else colors.ctypes.data,
                None if measured is None else measured.ctypes.data,
                self._threads if threads is None else _thread_count(threads),
                labels.ctypes.data,
                confidence.ctypes.data,
            )
        )
        return labels, confidence

    def _arguments(
        self, coords: npt.ArrayLike, feats: npt.ArrayLike, threads: int | None
    ) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.float32], int]:
        sites = engine_coords(coords)
        count = self._threads if threads is None else _thread_count(threads)
        return sites, engine_feats(feats, len(sites), self.in_channels), count

    def __reduce__(self) -> tuple[type[Session], tuple[Source, int, int]]:
        return Session, (self._source, self._threads, self._keep_bytes)

    def __repr__(self) -> str:
        source = self._source if isinstance(self._source, str) else f"{len(self._source)} bytes"
        return f"Session({source!r}, {self.description.get('name')}, {self.implementation})"


def _thread_count(threads: int | None) -> int:
    if threads is None:
        return 0
    if isinstance(threads, bool) or not hasattr(threads, "__index__") or not 0 <= threads <= 1024:
        raise InputError(f"threads is {threads!r}; allowed are 1 to 1024, or 0 for one a processor")
    return int(threads)


def _byte_count(keep_bytes: int) -> int:
    if isinstance(keep_bytes, bool) or not hasattr(keep_bytes, "__index__") or not 0 <= keep_bytes < 2**63:
        raise InputError(f"keep_bytes is {keep_bytes!r}; a whole number of bytes is needed, 0 keeps none")
    return int(keep_bytes)


def _open(source: Source) -> Handle:
    handle = Handle()
    if isinstance(source, bytes):
        check(engine().bscnet_load_memory(source, len(source), ctypes.byref(handle)))
        return handle
    name = os.fsencode(source)
    if b"\0" in name:
        raise InputError(f"{source!r} is no file name: it holds a null character")
    check(engine().bscnet_load(name, ctypes.byref(handle)))
    return handle
