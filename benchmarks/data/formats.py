"""Reading whole clouds of every format against the library that each is usually read with."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from plyfile import PlyData, PlyElement

from benchmarks.data.timing import in_turn, row_of
from bscnet.clouds import read_cloud

Columns = dict[str, npt.NDArray[Any]]
AXES, COLORS = ("x", "y", "z"), ("red", "green", "blue")


def surface(count: int, seed: int = 0) -> Columns:
    """Points on the ground and the roofs of a town of 120 x 120 m, on steps of 1 mm, with colours and intensity."""
    rng = np.random.default_rng(seed)
    x, y = np.round(rng.random((2, count)) * 120, 3)
    houses = ((x % 30 < 12) & (y % 30 < 12)).astype(np.float64)
    z = np.round(2 * np.sin(x / 17) + np.cos(y / 23) + 6 * houses + rng.normal(0, 0.01, count), 3)
    rgb = rng.integers(0, 256, (3, count)).astype(np.uint8)
    return (
        {"x": x, "y": y, "z": z} | dict(zip(COLORS, rgb, strict=True)) | {"intensity": (z * 1000 + 9000).astype("u2")}
    )


def reading(count: int, rounds: int) -> list[dict[str, Any]]:
    """A row for each format; both ways read all columns, from the page cache, and give the same coordinates."""
    columns, rows = surface(count), []
    with tempfile.TemporaryDirectory(prefix="bscnet-bench-") as folder:
        for name, (write, read) in _FORMATS.items():
            path = Path(folder) / f"cloud.{name}"
            write(path, columns)
            if not np.allclose(read(path), read_cloud(path).columns["x"], atol=1e-6):
                raise RuntimeError(f"{path.name}: the two ways give other points")
            times = in_turn({"ours": partial(read_cloud, path), "naive": partial(read, path)}, rounds)
            rows.append(row_of(f"read .{name}", f"{count:,} points", times))
            path.unlink()
    return rows


def write_las(path: Path, columns: Columns, parts: int = 1) -> None:
    """LAS 1.4, point format 7; the columns as often as `parts` says, one copy after the other, a little apart."""
    import laspy

    header = laspy.LasHeader(version="1.4", point_format=7)
    header.scales, header.offsets = np.full(3, 0.001), np.array([400_000.0, 5_000_000.0, 0.0])
    with laspy.open(str(path), mode="w", header=header) as writer:
        for part in range(parts):
            points = laspy.ScaleAwarePointRecord.zeros(len(columns["x"]), header=header)
            for axis, offset in zip(AXES, header.offsets, strict=True):
                setattr(points, axis, columns[axis] + offset + 0.001 * part)
            for color in COLORS:
                points[color] = columns[color].astype(np.uint16) * 257
            points["intensity"] = columns["intensity"]
            writer.write_points(points)


def write_ply(path: Path, columns: Columns) -> None:
    """Binary PLY whose points have those properties."""
    vertex = np.empty(len(columns["x"]), [(name, column.dtype) for name, column in columns.items()])
    for name, column in columns.items():
        vertex[name] = column
    PlyData([PlyElement.describe(vertex, "vertex")], byte_order="<").write(str(path))


def _write_npz(path: Path, columns: Columns) -> None:
    points, colors = (np.stack([columns[name] for name in names], axis=1) for names in (AXES, COLORS))
    np.savez(path, points=points, colors=colors, intensity=columns["intensity"])


def _write_pcd(path: Path, columns: Columns) -> None:
    import open3d

    cloud = open3d.t.geometry.PointCloud(np.stack([columns[axis] for axis in AXES], axis=1))
    cloud.point.colors = np.stack([columns[color] for color in COLORS], axis=1)
    cloud.point.intensity = columns["intensity"][:, None].copy()
    open3d.t.io.write_point_cloud(str(path), cloud)


def _write_csv(path: Path, columns: Columns) -> None:
    np.savetxt(path, np.stack(list(columns.values()), axis=1), "%.10g", ",", header=",".join(columns), comments="")


def _plyfile(path: Path) -> npt.NDArray[Any]:
    vertex = PlyData.read(str(path))["vertex"]
    return {prop.name: np.array(vertex[prop.name]) for prop in vertex.properties}["x"]


def _laspy(path: Path) -> npt.NDArray[Any]:
    import laspy

    las = laspy.read(str(path))
    columns = [np.array(las[name]) for name in las.point_format.dimension_names]
    assert len({len(column) for column in columns}) == 1
    return np.array(las.x)


def _numpy(path: Path) -> npt.NDArray[Any]:
    with np.load(path) as arrays:
        return {name: arrays[name] for name in arrays.files}["points"][:, 0]


def _open3d(path: Path) -> npt.NDArray[Any]:
    import open3d

    cloud = open3d.t.io.read_point_cloud(str(path))
    return {name: value.numpy() for name, value in cloud.point.items()}["positions"][:, 0]


def _loadtxt(path: Path) -> npt.NDArray[Any]:
    return np.loadtxt(path, delimiter=",", skiprows=1)[:, 0]


_FORMATS: dict[str, tuple[Callable[[Path, Columns], None], Callable[[Path], npt.NDArray[Any]]]] = {
    "ply": (write_ply, _plyfile),
    "las": (write_las, _laspy),
    "laz": (write_las, _laspy),
    "pcd": (_write_pcd, _open3d),
    "npz": (_write_npz, _numpy),
    "csv": (_write_csv, _loadtxt),
}
