"""What a LAZ file says of its compressed chunks, checked before lazrs believes it.

lazrs makes room for whatever sizes it is told, ends the process where it cannot, and goes on making up points behind
the end of damaged data. The layout is that of Isenburg's LASzip (2013) and its layered successor for LAS 1.4.
"""

from __future__ import annotations

import struct
from pathlib import Path
from typing import BinaryIO, NamedTuple

from bscnet.clouds.formats.las.header import Header
from bscnet.errors import InputError

RECORD = 22204
"""Id of the record that tells how the points are compressed."""

_BEST_RATIO = 20_000
"""Bytes of points in a byte of file that are believed; points that are all the same come to 4,000."""

_CHUNKED, _LAYERED = 2, 3
_POINT, _RGB, _RGB_NIR, _WAVE, _BYTES = 10, 11, 12, 13, 14
_LAYERS = {_POINT: 9, _RGB: 1, _RGB_NIR: 2, _WAVE: 1}

_WIDTHS = {6: 20, 7: 8, 8: 6, 9: 29, _POINT: 30, _RGB: 6, _RGB_NIR: 8, _WAVE: 29}
"""Bytes of the parts of points that are no extra bytes."""

_Chunks = list[tuple[int, int]]


class _Plan(NamedTuple):
    """What the record says: whether chunks are layered, points of a chunk (0: of each another), layers of a chunk."""

    layered: bool
    chunk_size: int
    layers: int


def check_chunks(path: Path, header: Header, record: bytes) -> None:
    """See that the chunks of points are within the file and hold the header's number of points.

    Args:
        path: of the file.
        header: of the file.
        record: data of the record `RECORD`.

    Raises:
        InputError: they are not or do not.
    """
    import lazrs

    size = path.stat().st_size
    if header.count * header.point_size > _BEST_RATIO * size:
        raise InputError(f"{path}: damaged or truncated, its {size} bytes cannot hold {header.count} points")
    plan = _plan(path, header, record)
    with path.open("rb") as stream:
        place = _check_table(path, stream, header, size)
        stream.seek(header.to_points)
        chunks: _Chunks = lazrs.read_chunk_table(stream, lazrs.LazVlr(record))
        if sum(length for _, length in chunks) > place - header.to_points - 8:
            raise InputError(f"{path}: damaged, its chunks of points are longer than the place for them")
        if plan.layered:
            least = most = sum(_layered_points(path, stream, header, plan, chunks))
        else:
            least, most = _points(header, plan, chunks)
    if not least <= header.count <= most:
        held = f"{least}" if least == most else f"{least} to {most}"
        raise InputError(
            f"{path}: damaged or truncated, its header counts {header.count} points, but its chunks hold {held}"
        )


def _plan(path: Path, header: Header, record: bytes) -> _Plan:
    if len(record) < 34:
        raise InputError(f"{path}: damaged, the record that tells how its points are compressed is missing")
    (compressor,), (chunk_size,), (num_items,) = (
        struct.unpack_from(kind, record, place) for kind, place in (("<H", 0), ("<I", 12), ("<H", 32))
    )
    if len(record) < 34 + 6 * num_items:
        raise InputError(f"{path}: damaged, the record that tells how its points are compressed is too short")
    items = [struct.unpack_from("<HH", record, 34 + 6 * item) for item in range(num_items)]
    wrong = next(((kind, width) for kind, width in items if _WIDTHS.get(kind, width) != width), None)
    if wrong is not None:
        raise InputError(f"{path}: damaged, a part of its compressed points, of kind {wrong[0]}, has {wrong[1]} bytes")
    if sum(width for _, width in items) != header.point_size:
        raise InputError(
            f"{path}: damaged, its compressed points have {sum(width for _, width in items)} bytes, in its header "
            f"they have {header.point_size}"
        )
    # lazrs would look for layers where there are none, and take any number for how long they are
    if compressor not in (_CHUNKED, _LAYERED) or any((kind >= _POINT) != (compressor == _LAYERED) for kind, _ in items):
        raise InputError(
            f"{path}: its points are compressed in a way that is not known, {compressor} for parts of the kinds "
            f"{', '.join(str(kind) for kind, _ in items)}: 2 is for 0 to 9, 3 for 10 to 14"
        )
    layers = sum(width if kind == _BYTES else _LAYERS.get(kind, 0) for kind, width in items)
    return _Plan(compressor == _LAYERED, 0 if chunk_size == 0xFFFFFFFF else chunk_size, layers)


def _check_table(path: Path, stream: BinaryIO, header: Header, size: int) -> int:
    """The byte at which the table of chunks begins."""
    stream.seek(header.to_points)
    place = _unpack(stream, "<q")
    if place == -1:  # written to a pipe: the place stands at the end
        stream.seek(max(size - 8, 0))
        place = _unpack(stream, "<q")
    if place is None or not header.to_points < place <= size - 8:
        raise InputError(f"{path}: damaged or truncated, its table of chunks is not within the file")
    stream.seek(place + 4)
    chunks = _unpack(stream, "<I")
    # a chunk starts with a point as it is
    if chunks is None or chunks * header.point_size > size:
        raise InputError(f"{path}: damaged, {chunks} chunks of points do not fit into its {size} bytes")
    return place


def _points(header: Header, plan: _Plan, chunks: _Chunks) -> tuple[int, int]:
    """Least and largest number of points in chunks without layers."""
    full = [count for count, length in chunks if length >= header.point_size]  # else there is no point in it
    if not plan.chunk_size:
        return sum(full), sum(full)
    # all chunks but the last are full
    return (len(full) - 1) * plan.chunk_size + 1 if full else 0, len(full) * plan.chunk_size


def _layered_points(path: Path, stream: BinaryIO, header: Header, plan: _Plan, chunks: _Chunks) -> list[int]:
    """The number of points of each chunk with layers, which must be as long as the chunk."""
    found, start = [], header.to_points + 8
    for _, length in chunks:
        if not length:
            continue
        stream.seek(start + header.point_size)
        sizes = struct.unpack(f"<{plan.layers + 1}I", stream.read(4 * plan.layers + 4))
        if header.point_size + 4 * len(sizes) + sum(sizes[1:]) != length:
            raise InputError(f"{path}: damaged, the layers of the chunk at byte {start} do not fill its {length} bytes")
        found.append(sizes[0])
        start += length
    return found


def _unpack(stream: BinaryIO, kind: str) -> int | None:
    block = stream.read(struct.calcsize(kind))
    return struct.unpack(kind, block)[0] if len(block) == struct.calcsize(kind) else None
