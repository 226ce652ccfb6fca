"""A simulated room, written in ScanNet's layout, comes back exactly, by whichever way its labels are given."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from bscnet import cli
from bscnet.datasets.scannet import ScanNet, check
from bscnet.datasets.scannet.classes import nyu40_to_class
from bscnet.simulate.classes import CLASS_IDS
from bscnet.simulate.fusion import ScannedMesh
from bscnet.simulate.over_segments import CELL, over_segment
from bscnet.simulate.scannet_layout import scene_files, write_label_table, write_scene, write_segments
from bscnet.simulate.scene import QUICK, ScanSettings, simulate_scene

NAME = "scene0004_00"


@pytest.fixture(scope="module")
def mesh() -> ScannedMesh:
    return simulate_scene(3, 4, ScanSettings(**{**vars(QUICK), "voxel_length": 0.06}))


@pytest.mark.parametrize("by_segment", [False, True])
def test_points_colours_and_labels_come_back_exactly(tmp_path: Path, mesh: ScannedMesh, by_segment: bool) -> None:
    folder = tmp_path / "scans" / NAME
    folder.mkdir(parents=True)
    write_scene(folder, NAME, mesh)
    if by_segment:
        scene_files(folder, NAME)[1].unlink()
        groups = over_segment(mesh.points, mesh.faces, mesh.labels)
        write_segments(folder, NAME, *groups)
        write_label_table(tmp_path, {**CLASS_IDS, "box": 29, "lamp": 35, "bag": 37, "otherprop": 40})
    assert len(ScanNet(tmp_path).files(NAME)) == (4 if by_segment else 2)
    scan = ScanNet(tmp_path).read(NAME)
    np.testing.assert_array_equal(scan.points, mesh.points)
    np.testing.assert_array_equal(scan.colors, mesh.colours)
    np.testing.assert_array_equal(scan.labels, nyu40_to_class(mesh.labels))
    np.testing.assert_array_equal(ScanNet(tmp_path).nyu40_ids(NAME, len(mesh.points)), mesh.labels)
    assert len(np.unique(mesh.labels)) > 8 and (mesh.labels == 0).any()


def test_segments_are_small_and_objects_are_connected_and_alike(mesh: ScannedMesh) -> None:
    segments, groups = over_segment(mesh.points, mesh.faces, mesh.labels)
    for segment in np.unique(segments):
        inside = segments == segment
        assert inside[segment] and len(np.unique(mesh.labels[inside])) == 1
        assert np.ptp(mesh.points[inside], axis=0).max() <= CELL + 1e-6
    members = [member for _, group in groups for member in group]
    assert len(set(members)) == len(members)
    assert set(segments[mesh.labels > 0].tolist()) == set(members)
    edges = np.concatenate([mesh.faces[:, :2], mesh.faces[:, 1:]])
    alike = edges[(mesh.labels[edges] > 0).all(axis=1) & (mesh.labels[edges[:, 0]] == mesh.labels[edges[:, 1]])]
    group_of = {member: number for number, (_, group) in enumerate(groups) for member in group}
    assert all(group_of[a] == group_of[b] for a, b in segments[alike].tolist())


def test_the_command_writes_both_kinds_of_labels(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["simulate", str(tmp_path / "out"), "--scenes", "1", "--val-fraction", "0", "--workers", "1", "--quick"]
    assert cli.main([*words, "--voxel-length", "0.08", "--quiet", "--segments"]) == 0
    source = ScanNet(tmp_path / "out")
    (name,) = source.scenes("train")
    by_vertex = source.read(name)
    source.files(name)[1].unlink()
    assert len(source.files(name)) == 4
    np.testing.assert_array_equal(source.read(name).labels, by_vertex.labels)
    assert check(tmp_path / "out", ["train"]) == []
