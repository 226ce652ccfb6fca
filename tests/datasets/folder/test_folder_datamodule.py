"""The data module: what it takes from the description, when it examines, and one epoch on a folder of PLYs."""

from __future__ import annotations

import json
import logging
from pathlib import Path

import numpy as np
import pytest

from bscnet.datasets.folder.datamodule import FolderDataModule
from bscnet.errors import InputError
from fixtures.folder_files import describe, make_points, make_room, write_folder, write_ply

CLASSES = ["floor", "wall", "chair"]


@pytest.fixture(autouse=True)
def nothing_remembered(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As in a new process of a new user."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "user"))
    monkeypatch.setattr("bscnet.datasets.folder.datamodule._judged", set())


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return write_folder(tmp_path / "data", classes=CLASSES)


def test_classes_and_features_come_from_the_description(root: Path) -> None:
    data = FolderDataModule(root, voxel_size=0.2)
    assert data.class_names == ("floor", "wall", "chair") and data.num_classes == 3 and data.in_channels == 3
    describe(root, classes=CLASSES, features=["rgb", "intensity", "offset"], scale={"intensity": 65535})
    described = FolderDataModule(root, voxel_size=0.2)
    assert described.in_channels == 7 and described.reading.scale == {"intensity": (0, 65535)}
    assert described.reading.labels == (0, 1, 2) and described.takes_clouds()
    assert FolderDataModule(root, features=["intensity", "echo"]).takes_clouds()
    assert FolderDataModule(root, features=["one"], voxel_size=0.2).in_channels == 1
    batch = next(iter(FolderDataModule(root, voxel_size=0.2, num_workers=0).train_dataloader()))
    assert batch.feats.shape[1] == 7


def test_scored_points_are_those_of_the_file(root: Path) -> None:
    data = FolderDataModule(root, voxel_size=0.2, num_workers=0)
    view = data.val_scene(0)
    points = make_room(2)
    np.testing.assert_array_equal(view.points, points.xyz)
    np.testing.assert_array_equal(view.labels, points.label)
    assert len(view.batch.point_to_voxel) == len(points)


def test_errors_stop_before_training(root: Path) -> None:
    write_ply(root / "val" / "copy.ply", make_room(0).shuffled())
    (root / "train" / "b.ply").write_bytes(b"ply\n")
    data = FolderDataModule(root, voxel_size=0.2)
    with pytest.raises(InputError, match=r"b\.ply: .* \(and 1 more, see `bscnet doctor`\)"):
        data.prepare_data()
    FolderDataModule(root, voxel_size=0.2, validate=False).prepare_data()


def test_warnings_are_told_once_and_examinations_remembered(
    root: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    describe(root, classes=[*CLASSES, "lamp"])
    cache = tmp_path / "cache"
    with caplog.at_level(logging.WARNING):
        for _ in range(3):
            FolderDataModule(root, voxel_size=0.2, cache_dir=cache).prepare_data()
    assert [record.getMessage() for record in caplog.records] == ["class 'lamp' has no points in train or val"]
    (memory,) = (cache / "examined").iterdir()
    assert json.loads(memory.read_text()) == ["class 'lamp' has no points in train or val"]

    def again(*_: object) -> None:
        raise AssertionError("examined again")

    monkeypatch.setattr("bscnet.datasets.folder.datamodule.examine", again)
    monkeypatch.setattr("bscnet.datasets.folder.datamodule._judged", set())
    FolderDataModule(root, voxel_size=0.2, cache_dir=cache).prepare_data()
    assert len(caplog.records) == 2  # a new process says it again
    write_ply(root / "train" / "new.ply", make_room(7))
    with pytest.raises(AssertionError, match="examined again"):
        FolderDataModule(root, voxel_size=0.2, cache_dir=cache).prepare_data()
    memory.write_text("{")
    (root / "train" / "new.ply").unlink()
    monkeypatch.setattr("bscnet.datasets.folder.datamodule._judged", set())
    with pytest.raises(AssertionError, match="examined again"):
        FolderDataModule(root, voxel_size=0.2, cache_dir=cache).prepare_data()


def test_without_a_cache_folder_the_users_own_serves(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    FolderDataModule(root, voxel_size=0.2).prepare_data()
    assert len(list((tmp_path / "user" / "bscnet" / "examined").iterdir())) == 1
    monkeypatch.setenv("XDG_CACHE_HOME", "/proc/none")
    monkeypatch.setattr("bscnet.datasets.folder.datamodule._judged", set())
    FolderDataModule(root, voxel_size=0.2).prepare_data()


def test_a_folder_without_labels_can_be_shown_but_not_trained_on(tmp_path: Path) -> None:
    write_ply(tmp_path / "test" / "a.ply", make_points())
    data = FolderDataModule(tmp_path, voxel_size=0.2, num_workers=0)
    dataset = data.eval_dataset("test", labelled=False)
    assert dataset.scenes == ["test-a"]
    (batch,) = data.loader(dataset)
    assert set(batch.labels.tolist()) == {-100} and len(batch.labels) == 60
    with pytest.raises(InputError, match="labels cannot be read before 'classes' names the classes"):
        data.setup()
    describe(tmp_path, classes=CLASSES)
    with pytest.raises(InputError, match="the split train has no clouds"):
        FolderDataModule(tmp_path, voxel_size=0.2).setup()


def test_the_condition_says_what_there_is_to_train_on(root: Path) -> None:
    def condition() -> str:
        data = FolderDataModule(root, voxel_size=0.2)
        assert data.problems() == []
        return data.condition()

    assert condition() == f"{root} is complete: train 2, val 1, test 0"
    (root / "val").rename(root / "test")
    assert condition() == f"{root} can be read but not trained on: there are no clouds in val"
    (root / "train").rename(root / "elsewhere")
    assert condition() == f"{root} can be read but not trained on: there are no clouds in train and val"
    describe(root)
    assert condition() == (
        f"{root} can be read but not trained on: {root / 'dataset.yaml'}: labels cannot be read before 'classes' names "
        "the classes, for example 'classes: [floor, wall, other]'"
    )


def test_a_test_split_of_which_some_scenes_have_no_labels_counts_as_unlabelled(root: Path) -> None:
    write_ply(root / "test" / "a.ply", make_room(5))
    data = FolderDataModule(root, voxel_size=0.2, num_workers=0)
    assert data.eval_dataset("test").store.labelled
    write_ply(root / "test" / "b.ply", make_room(6), label="brightness")
    data = FolderDataModule(root, voxel_size=0.2, num_workers=0)
    with pytest.raises(InputError, match=r"b\.ply: the points have no label column"):
        data.eval_dataset("test")
    batches = list(data.loader(data.eval_dataset("test", labelled=False)))
    assert len(batches) == 2 and all(set(batch.labels.tolist()) == {-100} for batch in batches)


def test_seeded_batches_do_not_depend_on_the_workers(root: Path) -> None:
    def batches(workers: int) -> list[np.ndarray]:
        data = FolderDataModule(root, voxel_size=0.2, num_workers=workers, seed=3)
        return [batch.feats.numpy() for batch in data.train_dataloader()]

    for alone, worked in zip(batches(0), batches(1), strict=True):
        np.testing.assert_array_equal(alone, worked)
