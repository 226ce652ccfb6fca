"""Damaged LAS and LAZ are read or refused in one sentence, also while another file is written from them."""

from __future__ import annotations

import io
from pathlib import Path

import laspy
import numpy as np
import pyproj
import pytest

from bscnet.clouds.fields import Field
from bscnet.clouds.open import open_cloud
from bscnet.clouds.points import Survey
from bscnet.clouds.writer import Target, writer_of
from bscnet.errors import InputError
from fixtures.las_files import random_las

ADDED = (Field("label", np.dtype(np.int64)), Field("confidence", np.dtype(np.float32)))


def whole_file(path: Path, point_format: int) -> bytes:
    """A file with a coordinate system, extra dimensions and, where there can be some, extended records."""
    las = random_las(point_format, 40)
    las.header.vlrs.append(laspy.vlrs.known.WktCoordinateSystemVlr(pyproj.CRS("EPSG:6339+6360").to_wkt("WKT1_GDAL")))
    las.header.vlrs.extend(laspy.vlrs.geotiff.create_geotiff_projection_vlrs(pyproj.CRS("EPSG:2994")))
    if point_format > 5:
        las.evlrs = laspy.vlrs.vlrlist.VLRList([laspy.VLR("me", 7, "", bytes(range(90)))])
    las.write(str(path), laz_backend=laspy.LazBackend.Lazrs if path.suffix == ".laz" else None)
    return path.read_bytes()


def damaged(whole: bytes, rng: np.random.Generator) -> bytes:
    """Some bytes changed (half of the times in the header), a number of the header made extreme, cut off, moved."""
    content, kind = bytearray(whole), rng.integers(5)
    if kind < 2:
        for place in rng.integers(0, len(whole) if kind else 375, rng.integers(1, 4)):
            content[place] = rng.integers(256)
    elif kind == 2:
        place, width = int(rng.integers(94, 360)), int(rng.choice([1, 2, 4, 8]))
        content[place : place + width] = bytes(rng.choice([0, 1, 127, 128, 255], width).tolist())
    elif kind == 3:
        del content[rng.integers(1, len(whole)) :]
    else:
        place = int(rng.integers(0, len(whole)))
        content[place : place + int(rng.integers(0, 40))] = bytes(int(rng.integers(0, 40)))
    return bytes(content)


@pytest.mark.parametrize("ending", [".las", ".laz"])
@pytest.mark.parametrize("point_format", [3, 4, 7])
def test_every_damage_reads_or_is_refused(point_format: int, ending: str, tmp_path: Path) -> None:
    path, rng = tmp_path / f"damaged{ending}", np.random.default_rng(point_format)
    whole, refused, read = whole_file(tmp_path / f"whole{ending}", point_format), [], 0
    for turn in range(80):
        path.write_bytes(damaged(whole, rng))
        try:
            file = open_cloud(path)
            parts = list(file.chunks(25, ["x", "gps_time"]))
            writer = writer_of(Path("out.las" if turn % 2 else "out.laz"), io.BytesIO(), Target(file, ADDED, (0, 1)))
            writer.begin(Survey(np.zeros(3), np.ones(3), 1, 0, "65535"), (1.0, 1.0, 1.0))
            for rows in file.rows(30):
                writer.write(rows, {"label": np.ones(len(rows), int), "confidence": np.zeros(len(rows), np.float32)})
            writer.finish()
            read += 1
            assert sum(len(part) for part in parts) == file.count
        except InputError as error:
            refused.append(str(error))
    assert read > 5 and len(refused) > 15
    assert all(sentence.startswith(str(path)) and "\n" not in sentence for sentence in refused)
