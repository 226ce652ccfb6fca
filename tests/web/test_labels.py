"""The page labels clouds as `bscnet predict` does, to the last point, and shows them by the viewer of `bscnet show`."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

from bscnet import cli
from bscnet.clouds import Cloud, read_cloud
from bscnet.clouds.columns import CONFIDENCE
from bscnet.clouds.writer import LABEL
from bscnet.datasets.real.clouds import motorcycle
from bscnet.simulate.fusion import ScannedMesh
from bscnet.simulate.scene import QUICK, simulate_scene
from fixtures import wasm
from fixtures.labelling_page import LabellingPage
from fixtures.pages import read_back
from fixtures.real_clouds import folder_with
from fixtures.room_files import las, packed_pcd, ply, text_ply

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def room() -> ScannedMesh:
    wasm.require("npm")
    return simulate_scene(11, 0, QUICK)


def predicted(scan: Path, *words: str, folder: Path | None = None) -> Cloud:
    """The labelled file of `bscnet predict`, beside the scan or in a folder."""
    out = (folder or scan.parent) / f"predicted-{scan.stem}.ply"
    assert cli.main(["predict", str(scan), "-o", str(out), "--quiet", *words]) == 0
    return read_cloud(out)


def check_same(page: LabellingPage, scan: Path, *words: str) -> Cloud:
    """Every label is the same, and all else that both files have."""
    assert page.take(scan) == ""
    found, wanted = page.download(), predicted(scan, *words)
    assert np.array_equal(found.columns[LABEL], wanted.columns[LABEL])
    assert len(np.unique(found.columns[LABEL])) > 1
    np.testing.assert_allclose(found.columns[CONFIDENCE], wanted.columns[CONFIDENCE], rtol=5e-7)
    assert set(wanted.columns) == set(found.columns)
    for name in set(wanted.columns) - {LABEL, CONFIDENCE}:
        assert np.array_equal(found.columns[name], wanted.columns[name]), name
    return found


def test_real_garage(page: LabellingPage, tmp_path: Path) -> None:
    """A real cloud of 343,274 points, its places as real numbers of 64 bits far from 0."""
    cloud = motorcycle(folder_with("motorcycle"))
    assert cloud.colors is not None
    points = cloud.points + np.array([412_345.123, 5_678_901.456, 0.3])
    scan = ply(tmp_path / "garage.ply", points, cloud.colors, kind="<f8")
    check_same(page, scan)
    scene = page.scene()
    assert (scene["total"], scene["miou"]) == (len(points), None)
    assert scene["facts"]["points"] == f"{len(points):,}"
    assert scene["facts"]["labelled"].endswith(" s, simd128")


def test_room_with_labels(page: LabellingPage, room: ScannedMesh, tmp_path: Path) -> None:
    """A simulated room: truth and prediction side by side, every number that of the page of `bscnet predict`."""
    scan = ply(tmp_path / "room.ply", room.points, room.colours, room.labels)
    written = tmp_path / "page.html"
    found = check_same(page, scan, "--page", str(written))
    assert np.array_equal(found.columns["label_input"], room.labels)
    scene, (wanted, planes) = page.scene(), read_back(written)
    assert page.run("return viewer.views.map(({ mode }) => mode.name)") == ["truth", "prediction"]
    assert scene["classes"] == wanted["classes"]
    assert scene["miou"] == pytest.approx(wanted["miou"])
    for name in ("name", "total", "room", "right", "wrong", "ignored", "ramp"):
        assert scene[name] == wanted[name], name
    for name in ("towards", "ceiling", "floor", "spacing"):
        assert scene[name] == pytest.approx(wanted[name], rel=1e-5, abs=1e-5), name
    for plane in ("truth", "prediction"):
        assert page.run(f"return [...viewer.cloud.{plane}]") == planes[plane].tolist()
    # exp is another one there: where a confidence lies between two of the 256 steps, its byte may be the other
    steps = np.array(page.run("return [...viewer.cloud.confidence]")) - planes["confidence"].astype(int)
    assert np.abs(steps).max() <= 1 and np.count_nonzero(steps) < 1e-3 * len(steps)
    assert page.run("return [...viewer.cloud.colour]") == planes["colour"].T.ravel().tolist()
    places = page.run("return [...viewer.cloud.position].map((value, i) => value + viewer.cloud.origin[i % 3])")
    np.testing.assert_allclose(np.reshape(places, (-1, 3)), planes["position"], atol=2e-4)


@pytest.mark.parametrize("kind", ["ascii", "binary", "binary_compressed"])
def test_pcd(kind: str, page: LabellingPage, room: ScannedMesh, tmp_path: Path) -> None:
    check_same(page, packed_pcd(tmp_path / f"{kind}.pcd", room.points, room.colours, kind))


def test_real_pcd_without_its_holes(page: LabellingPage) -> None:
    """A real frame of a depth camera: points without a place are refused until the visitor leaves them out."""
    scan = folder_with("milk_cartoon") / "python3-pcl" / "milk_cartoon_all_small_clorox.pcd"
    said = page.take(scan)
    assert re.fullmatch(rf"{scan.name}: [0-9]+ of [0-9]+ points have coordinates that are not finite", said)
    page.find("#drop").click()
    assert page.ended() == ""
    found, wanted = page.download(), predicted(scan, "--invalid-points", "drop", folder=page.downloads)
    assert np.array_equal(found.columns[LABEL], wanted.columns[LABEL])
    assert (found.columns[LABEL] == 0).any() and len(np.unique(found.columns[LABEL])) > 1
    np.testing.assert_allclose(found.columns[CONFIDENCE], wanted.columns[CONFIDENCE], rtol=5e-7)
    assert not page.find("#drop").is_displayed()


@pytest.mark.parametrize("ending", ["las", "laz"])
def test_las(ending: str, page: LabellingPage, room: ScannedMesh, tmp_path: Path) -> None:
    """Colours of 16 bits, classification as the truth, the unit of its coordinate system."""
    scan = las(tmp_path / f"room.{ending}", room.points, room.colours, room.labels, epsg=2263)
    check_same(page, scan)
    scene = page.scene()
    assert scene["facts"]["unit"] == "us-ft, as the file states"
    assert scene["miou"] is not None


def test_text_with_other_names(page: LabellingPage, room: ScannedMesh, tmp_path: Path) -> None:
    check_same(page, text_ply(tmp_path / "text.ply", room.points[:20_000], room.colours[:20_000]))


def test_unit_that_a_visitor_chooses(page: LabellingPage, room: ScannedMesh, tmp_path: Path) -> None:
    scan = ply(tmp_path / "mm.ply", 1000 * room.points, room.colours)
    assert page.take(scan).startswith("mm.ply: the cloud is ")  # 4 km of voxels of 5 cm
    page.run("const unit = document.getElementById('unit');unit.value = 'mm'; unit.dispatchEvent(new Event('change'))")
    try:
        assert page.ended() == ""
        assert np.array_equal(page.download().columns[LABEL], predicted(scan, "--units", "mm").columns[LABEL])
    finally:
        page.run("document.getElementById('unit').value = ''")
