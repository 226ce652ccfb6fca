from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hydra.utils import instantiate

from bscnet.datasets.real.clouds import CLOUDS
from bscnet.datasets.real.datamodule import RealLidarDataModule, SingleCloudDataModule
from bscnet.datasets.real.single import VIEWS, upright
from bscnet.datasets.scannet.classes import CLASS_NAMES
from bscnet.errors import InputError
from fixtures.composed import compose_settings
from fixtures.real_clouds import folder_with

UNLABELLED = ["motorcycle", "milk_cartoon", "table_scene"]
CONFIGS = {
    "real_lidar": "lidar_block",
    "real_bridge": "lidar_bridge",
    "real_rgbd": "arc2017",
    "real_garage": "motorcycle",
    "real_tabletop": "milk_cartoon",
    "real_table": "table_scene",
}


def made(name: str, root: Path, *overrides: str) -> Any:
    data = compose_settings(f"data={name}", f"data.root={root}", "data.num_workers=0", *overrides).plain["data"]
    module = instantiate(data["datamodule"], batch_size=2, _convert_="all")
    assert (module.num_classes, module.in_channels) == (data["num_classes"], data["in_channels"])
    return module


@pytest.mark.parametrize("name, cloud", CONFIGS.items())
def test_every_config_makes_a_data_set(name: str, cloud: str) -> None:
    module = made(name, folder_with(cloud))
    split, labelled = ("val", True) if name in ("real_lidar", "real_bridge", "real_rgbd") else ("test", False)
    (batch,) = module.loader(module.eval_dataset(split, labelled))
    assert batch.feats.shape[1] == module.in_channels and torch.isfinite(batch.feats).all()
    assert len(batch.labels) == len(batch.point_to_voxel) and batch.dropped_per_scene == [0]
    assert bool((batch.labels >= 0).any()) == labelled
    assert module.takes_clouds() and set(module.reading.scale) >= set(module.features.names) - {"rgb", "offset"}
    assert len(module.reading.labels) == (module.num_classes if labelled else 0)


@pytest.mark.parametrize("features, channels", [("[intensity,offset]", 4), ("[intensity,offset,above_ground]", 5)])
def test_an_epoch_is_many_pieces_and_the_whole_held_out_part_is_scored(features: str, channels: int) -> None:
    module = made("real_lidar", folder_with("lidar_block"), f"data.features={features}", "data.fold=1")
    batches = list(module.train_dataloader())
    assert [len(batch.scenes) for batch in batches] == [2] * 8
    assert len({tuple(batch.points_per_scene) for batch in batches}) > 1
    assert all(batch.feats.shape[1] == channels for batch in batches)
    # how high a point is above the ground is not in a cloud's file
    assert module.takes_clouds() == (channels == 4) and module.reading.scale == {"intensity": (0, 65535)}
    assert module.reading.labels == (2, 3, 6)
    (held_out,) = module.val_dataloader()
    assert len(held_out.labels) == 11416
    whole = made("real_lidar", folder_with("lidar_block"), "data.crop=null", "data.repeats=1", "data.fold=1")
    (batch,) = whole.train_dataloader()
    assert len(batch.labels) == 25408 - 11416 - 2613


@pytest.mark.parametrize("crop", [0.0, -1.0, math.nan])
def test_a_piece_needs_a_size(crop: float, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="data.crop=.* is not allowed, it must be null or a positive number of metres"):
        RealLidarDataModule(tmp_path, crop=crop)


def test_an_epoch_needs_a_placement(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="repeats=0 is not allowed, it must be at least 1"):
        RealLidarDataModule(tmp_path, repeats=0)


@pytest.mark.parametrize("cloud", UNLABELLED)
def test_clouds_without_labels_are_looked_at_and_not_trained_on(cloud: str) -> None:
    module = SingleCloudDataModule(folder_with(cloud), cloud, voxel_size=0.05, features=("one",), num_workers=0)
    for wants_labels in (module.train_dataloader, lambda: module.eval_dataset("val"), lambda: module.setup("fit")):
        with pytest.raises(InputError, match=f"{cloud} has no labels, so nothing can be trained or scored on it"):
            wants_labels()
    with pytest.raises(InputError, match="it cannot be scored"):
        module.eval_dataset("test", labelled=True)
    assert module.class_names == CLASS_NAMES
    (batch,) = module.loader(module.eval_dataset("test", labelled=False))
    assert len(batch.labels) == len(CLOUDS[cloud](None).points) and (batch.labels == -100).all()


def test_the_frame_is_cut_at_two_metres_and_is_its_own_validation() -> None:
    module = SingleCloudDataModule(folder_with("arc2017"), "arc2017", voxel_size=0.01, num_workers=0)
    scan = module.make_source().read("arc2017")
    assert len(scan.points) == 148663 and scan.points[:, 2].max() < 2
    assert (module.num_classes, module.class_names[0], module.class_names[17]) == (41, "_background_", "hanes_socks")
    present = {number: int((scan.labels == number).sum()) for number in np.unique(scan.labels)}
    assert len(present) == 9 and present[0] == 75609 and present[17] == 24263
    assert module.train_dataset.scenes == module.val_dataset.scenes == ["arc2017"]


def test_the_doctor_says_that_the_files_are_there_or_why_not(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root = folder_with("motorcycle")
    there = SingleCloudDataModule(root, "motorcycle")
    assert there.problems() == []
    assert there.condition() == f"the files of motorcycle in {root} have the right SHA-256"
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    (sentence,) = RealLidarDataModule(tmp_path).problems()
    assert sentence.startswith("laspy==2.7.0 cannot be fetched (offline?)")


def test_unknown_clouds_splits_and_scenes_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="real cloud 'bunny' is not known, it must be one of arc2017, motorcycle"):
        SingleCloudDataModule(tmp_path, "bunny")
    source = SingleCloudDataModule(tmp_path, "motorcycle").make_source()
    with pytest.raises(InputError, match="unknown split 'all'"):
        source.scenes("all")
    with pytest.raises(InputError, match="no scene 'garage' here, the only one is motorcycle"):
        source.require(["garage"], labelled=False)


def test_a_turn_keeps_distances_and_hands() -> None:
    points = np.random.default_rng(0).normal(size=(20, 3))
    for view in VIEWS.values():
        assert np.hypot(*view.up) == pytest.approx(1, abs=1e-3)
        turned = upright(points, view.up)
        assert turned[:, 2] == pytest.approx(points[:, 1] * view.up[0] + points[:, 2] * view.up[1], abs=2e-3)
        matrix, *_ = np.linalg.lstsq(points, turned, rcond=None)
        assert matrix @ matrix.T == pytest.approx(np.eye(3), abs=1e-5) and np.linalg.det(matrix) == pytest.approx(1)


@pytest.mark.parametrize("cloud", VIEWS)
def test_pictures_are_upright(cloud: str) -> None:
    """The largest plane, a floor or the top of a table, is level, and what stands there is above it."""
    module = SingleCloudDataModule(folder_with(cloud), cloud)
    scan = module.make_source().read(cloud, labelled=False)
    points = module.view_points(scan)[::7]
    rng = np.random.default_rng(0)
    best, inside = np.zeros(3), np.zeros(len(points), dtype=bool)
    for _ in range(300):
        a, b, c = points[rng.choice(len(points), 3, replace=False)].astype(np.float64)
        normal = np.cross(b - a, c - a)
        if np.linalg.norm(normal) > 1e-9:
            normal /= np.linalg.norm(normal)
            near = np.abs((points - a) @ normal) < 0.01
            if near.sum() > inside.sum():
                best, inside = normal, near
    assert abs(best[2]) > 0.99
    level = np.median(points[inside, 2])
    assert (points[:, 2] > level + 0.02).sum() > (points[:, 2] < level - 0.02).sum()
