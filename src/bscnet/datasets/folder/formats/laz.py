"""What a LAZ file says of its compressed chunks, checked before lazrs believes it.

lazrs makes room for whatever sizes it is told, ends the process where it cannot, and goes on making up points behind
the end of damaged data. The layout is that of Isenburg's LASzip (2013) and its layered successor for LAS 1.4.
"""

from __future__ import annotations

import struct
from pathlib import Path
from typing import Any, BinaryIO

from bscnet.errors import InputError

_LASZIP = 22204
_BEST_RATIO = 1000
_LAYERED = 3
_POINT, _RGB, _RGB_NIR, _WAVE, _BYTES = 10, 11, 12, 13, 14
_LAYERS = {_POINT: 9, _RGB: 1, _RGB_NIR: 2, _WAVE: 1}


def check_chunk_table(path: Path, to_points: int, point_size: int, count: int) -> None:
    """InputError if the file cannot hold its `count` points or the chunks that its table tells of."""
    size = path.stat().st_size
    if count * point_size > _BEST_RATIO * size:
        raise InputError(f"{path}: damaged or truncated, its {size} bytes cannot hold {count} points")
    with path.open("rb") as stream:
        stream.seek(to_points)
        place = _unpack(stream, "<q")
        if place == -1:  # written to a pipe: the place stands at the end
            stream.seek(max(size - 8, 0))
            place = _unpack(stream, "<q")
        if place is None or not to_points < place <= size - 8:
            raise InputError(f"{path}: damaged or truncated, its table of chunks is not within the file")
        stream.seek(place + 4)
        chunks = _unpack(stream, "<I")
    # a chunk starts with a point as it is
    if chunks is None or chunks * point_size > size:
        raise InputError(f"{path}: damaged, {chunks} chunks of points do not fit into its {size} bytes")


def check_layers(path: Path, header: Any, to_points: int) -> None:
    """InputError if the layers of a chunk are not as long as the chunk, or the chunks have not the header's points.

    header: laspy's. Files of LAS 1.3 and older have no layers, and nothing to check here.
    """
    import lazrs

    record = next((vlr.record_data for vlr in header.vlrs if vlr.record_id == _LASZIP), None)
    if record is None or len(record) < 34:
        raise InputError(f"{path}: damaged, the record that tells how its points are compressed is missing")
    compressor, num_items = struct.unpack_from("<H", record, 0)[0], struct.unpack_from("<H", record, 32)[0]
    if compressor != _LAYERED or len(record) < 34 + 6 * num_items:
        return
    items = [struct.unpack_from("<HH", record, 34 + 6 * item) for item in range(num_items)]
    layers = sum(width if kind == _BYTES else _LAYERS.get(kind, 0) for kind, width in items)
    found = 0
    with path.open("rb") as stream:
        stream.seek(to_points)
        table = lazrs.read_chunk_table(stream, lazrs.LazVlr(record))
        start = to_points + 8
        for _, length in table:
            stream.seek(start + header.point_format.size)
            sizes = struct.unpack(f"<{layers + 1}I", stream.read(4 * layers + 4))
            if header.point_format.size + 4 * len(sizes) + sum(sizes[1:]) != length:
                raise InputError(
                    f"{path}: damaged, the layers of the chunk at byte {start} do not fill its {length} bytes"
                )
            found, start = found + sizes[0], start + length
    if found != header.point_count:
        raise InputError(f"{path}: damaged, its header tells of {header.point_count} points, its chunks of {found}")


def _unpack(stream: BinaryIO, kind: str) -> int | None:
    block = stream.read(struct.calcsize(kind))
    return struct.unpack(kind, block)[0] if len(block) == struct.calcsize(kind) else None
