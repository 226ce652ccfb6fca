"""The files have the properties, types and order that ScanNet's own files have."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from plyfile import PlyData

from bscnet.simulate.classes import LABEL_COLOURS
from bscnet.simulate.fusion import ScannedMesh
from bscnet.simulate.scannet_layout import write_scene, write_split

MESH = ScannedMesh(
    np.array([[0, 0, 0], [1, 0, 0.5], [0, 1, -0.25], [1, 1, 2]], dtype=np.float32),
    np.array([[1, 2, 3], [4, 5, 6], [250, 251, 252], [9, 9, 9]], dtype=np.uint8),
    np.array([[0, 1, 2], [1, 3, 2]], dtype=np.int32),
    np.array([1, 39, 0, 40], dtype=np.uint16),
)


def test_mesh_and_labels(tmp_path: Path) -> None:
    write_scene(tmp_path, "scene0007_00", MESH)
    scan = PlyData.read(str(tmp_path / "scene0007_00_vh_clean_2.ply"))
    labelled = PlyData.read(str(tmp_path / "scene0007_00_vh_clean_2.labels.ply"))
    assert not scan.text and scan.byte_order == "<"
    colours = ("red", "green", "blue", "alpha")
    assert scan["vertex"].data.dtype.names == ("x", "y", "z", *colours)
    assert labelled["vertex"].data.dtype.names == ("x", "y", "z", *colours, "label")
    assert [labelled["vertex"].data.dtype[n].str for n in ("x", "red", "label")] == ["<f4", "|u1", "<u2"]
    for ply in (scan, labelled):
        np.testing.assert_array_equal(np.stack([ply["vertex"][axis] for axis in "xyz"], 1), MESH.points)
        np.testing.assert_array_equal(np.stack(list(ply["face"]["vertex_indices"])), MESH.faces)
        assert (ply["vertex"]["alpha"] == 255).all()
    np.testing.assert_array_equal(np.stack([scan["vertex"][c] for c in colours[:3]], 1), MESH.colours)
    np.testing.assert_array_equal(labelled["vertex"]["label"], MESH.labels)
    painted = np.stack([labelled["vertex"][c] for c in colours[:3]], 1).tolist()
    assert painted == [list(LABEL_COLOURS[1]), list(LABEL_COLOURS[39]), [0, 0, 0], [0, 0, 0]]


def test_split_list(tmp_path: Path) -> None:
    write_split(tmp_path, "train", ["scene0000_00", "scene0001_00"])
    write_split(tmp_path, "train", ["scene0002_00"])
    assert [p.name for p in (tmp_path / "splits").iterdir()] == ["scannetv2_train.txt"]
    assert (tmp_path / "splits" / "scannetv2_train.txt").read_text() == "scene0002_00\n"
