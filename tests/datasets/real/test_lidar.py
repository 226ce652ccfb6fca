from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from bscnet.datasets.real.clouds import CLOUDS
from bscnet.datasets.real.height import above_ground
from bscnet.datasets.real.lidar import RealLidarSource
from bscnet.datasets.real.package_files import PackageUnavailableError
from bscnet.datasets.real.places import BLOCK, BRIDGE, merged
from bscnet.errors import InputError
from bscnet.ignore import IGNORE_INDEX
from fixtures.real_clouds import folder_with

# points held out; of them ground, vegetation, building; points lost to a gap of 1 m
THIRDS = [
    (5434, (3421, 1093, 919), 1019),
    (11416, (3561, 6962, 877), 2613),
    (8558, (2826, 3783, 1941), 2354),
]


def counts(labels: np.ndarray, classes: int = 3) -> tuple[int, ...]:
    return tuple(int((labels == number).sum()) for number in range(classes))


def test_codes_become_classes() -> None:
    codes = np.array([1, 2, 3, 4, 5, 6, 7, 17, 65])
    none = IGNORE_INDEX
    assert merged(codes, BLOCK).tolist() == [none, 0, 1, 1, 1, 2, none, none, none]
    assert merged(codes, BRIDGE).tolist() == [none, 0, 1, 1, 1, none, none, 2, none]


@pytest.mark.parametrize("fold", [0, 1, 2])
def test_the_thirds_hold_the_documented_points(fold: int) -> None:
    source = RealLidarSource(folder_with("lidar_block"), fold=fold)
    train, val = (source.read(source.scenes(split)[0]) for split in ("train", "val"))
    total, classes, lost = THIRDS[fold]
    assert (len(val.points), counts(val.labels)) == (total, classes)
    assert len(train.points) + len(val.points) + lost == 25408
    assert set(np.unique(val.labels)) <= {0, 1, 2, IGNORE_INDEX}


def test_a_part_is_the_cloud_at_its_points() -> None:
    root = folder_with("lidar_block")
    cloud, source = CLOUDS["lidar_block"](root), RealLidarSource(root, fold=2)
    scan = source.read("lidar_block-fold2-val")
    kept = cloud.points[:, 0].astype(np.float64) >= 12.2
    assert (scan.points == cloud.points[kept]).all() and (scan.colors == 128).all()
    assert cloud.intensity is not None and cloud.labels is not None
    assert scan.extra["intensity"] == pytest.approx(cloud.intensity[kept] / 32767.5 - 1, abs=1e-6)
    assert scan.extra["above_ground"] == pytest.approx(above_ground(scan.points) / 8 - 1, abs=1e-6)
    assert scan.extra["above_ground"].min() > -1.1 and scan.extra["above_ground"].max() < 1.1
    assert (source.read("lidar_block-fold2-val", labelled=False).labels == IGNORE_INDEX).all()
    assert (scan.labels == merged(cloud.labels[kept], BLOCK)).all()


def test_buildings_in_the_crowns_can_be_ignored() -> None:
    root, ignored = folder_with("lidar_block"), 0
    for fold in range(3):
        plain, ruled = (RealLidarSource(root, fold=fold, building_ceiling=ceiling) for ceiling in (None, 6.0))
        (scene,) = plain.scenes("val")
        before, after = plain.read(scene), ruled.read(scene)
        changed = before.labels != after.labels
        assert (before.labels[changed] == 2).all() and (after.labels[changed] == IGNORE_INDEX).all()
        assert (before.points[changed, 2] > 6).all() and not (after.labels[before.points[:, 2] > 6] == 2).any()
        assert plain.fingerprint(scene) != ruled.fingerprint(scene)
        ignored += int(changed.sum())
    assert ignored == 1307


def test_the_bridge_has_colours_and_no_strays() -> None:
    root = folder_with("lidar_bridge")
    scans = [RealLidarSource(root, "lidar_bridge", fold, 0.0).read(f"lidar_bridge-fold{fold}-val") for fold in (0, 1)]
    assert sum(len(scan.points) for scan in scans) == 34711 - 503
    assert all(min(counts(scan.labels)) > 600 for scan in scans)
    assert all(np.ptp(scan.points[:, 2]) < 15 and np.ptp(scan.colors) > 200 for scan in scans)
    assert all(np.abs(scan.extra["intensity"]).max() <= 1 for scan in scans)


def test_the_key_of_a_part_follows_fold_gap_and_labels() -> None:
    root = folder_with("lidar_block")
    keys = [RealLidarSource(root, gap=gap).fingerprint("lidar_block-fold0-train", known) for gap, known in GAPS]
    assert len(set(keys)) == len(keys)
    again = RealLidarSource(root, gap=1.0).fingerprint("lidar_block-fold0-train")
    assert again == keys[0]


GAPS = [(1.0, True), (2.0, True), (1.0, False)]


@pytest.mark.parametrize(
    "options, says",
    [
        ({"site": "city"}, "lidar site 'city' is not known, it must be one of lidar_block, lidar_bridge"),
        ({"fold": 3}, "data.fold=3 is not there, lidar_block has the folds 0 to 2"),
        ({"fold": -1}, "data.fold=-1 is not there"),
        ({"gap": -0.5}, "data.gap=-0.5 is not allowed, it must be a number of metres from 0 up"),
        ({"gap": float("nan")}, "data.gap=nan is not allowed"),
        ({"building_ceiling": 0.0}, "data.building_ceiling=0.0 is not allowed"),
        ({"site": "lidar_bridge", "building_ceiling": 6.0}, "lidar_bridge has no buildings"),
    ],
)
def test_values_out_of_range_are_refused(options: dict, says: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=says):
        RealLidarSource(tmp_path, **options)


def test_other_splits_and_scenes_are_refused(tmp_path: Path) -> None:
    source = RealLidarSource(tmp_path)
    with pytest.raises(InputError, match="no split 'test', it must be one of train, val"):
        source.scenes("test")
    with pytest.raises(InputError, match="no scene 'lidar_block-fold1-val' in fold 0"):
        source.require(["lidar_block-fold1-val"])


def test_offline_is_one_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    source = RealLidarSource(tmp_path)
    with pytest.raises(PackageUnavailableError, match=r"laspy==2.7.0 cannot be fetched \(offline\?\)"):
        source.require(source.scenes("train"))


def test_a_gap_that_leaves_nothing_is_one_sentence() -> None:
    with pytest.raises(InputError, match=r"data.gap=100 leaves no point of lidar_block to train on"):
        RealLidarSource(folder_with("lidar_block"), gap=100.0).read("lidar_block-fold0-train")
