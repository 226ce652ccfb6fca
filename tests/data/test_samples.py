from __future__ import annotations

import numpy as np
import pytest

from bscnet.data import augment
from bscnet.data.collate import Batch, collate
from bscnet.data.sample import (
    MAX_RADIUS,
    Sample,
    evaluation_sample,
    too_wide_for_training,
    training_sample,
    training_share,
)
from bscnet.data.scan import Scan
from bscnet.errors import InputError
from fixtures.scannet_files import make_scene
from oracles.voxels import voxelize_slow


def make_scan(seed: int = 0, points: int = 300, size: float = 2.0) -> Scan:
    scene = make_scene(seed, points, size)
    labels = np.random.default_rng(seed).integers(-1, 20, points).astype(np.int16)
    return Scan(f"scene{seed}", scene.points, scene.colors, np.where(labels < 0, -100, labels).astype(np.int16))


def test_evaluation_keeps_every_vertex_and_averages_its_colours() -> None:
    scan = make_scan()
    sample = evaluation_sample(scan, 0.2, None)
    centred = scan.points.astype(np.float64) - scan.points.astype(np.float64).mean(axis=0)
    means, cells = voxelize_slow(centred / 0.2 + 2048.5, scan.colors / 127.5 - 1)
    assert [tuple(site) for site in sample.voxels.coords[sample.voxels.point_to_voxel].tolist()] == cells
    np.testing.assert_allclose(sample.voxels.feats, [means[cell] for cell in sorted(means)], atol=1e-5)
    np.testing.assert_array_equal(sample.labels, scan.labels)
    assert sample.dropped == 0


@pytest.mark.parametrize("size", [2.0, 600.0])
def test_evaluation_anywhere_keeps_every_vertex(size: float) -> None:
    scan = make_scan(size=size)
    for name in "abcdefgh":
        sample = evaluation_sample(scan, 0.05, augment.eval_rng(0, name), anywhere=True)
        assert sample.dropped == 0 and len(sample.voxels.point_to_voxel) == len(sample.labels) == len(scan.points)
        if size < 100:
            assert sample.voxels.coords.min() >= 0 and sample.voxels.coords.max() < augment.FULL_SCALE


def test_training_shifts_all_colours_alike() -> None:
    scan = make_scan(points=50, size=40.0)  # one point a voxel
    sample = training_sample(scan, 0.05, augment.train_rng(0, 0, 0))
    assert len(sample.voxels.coords) == 50
    shift = sample.voxels.feats[sample.voxels.point_to_voxel] - (scan.colors / 127.5 - 1)
    np.testing.assert_allclose(shift, np.tile(shift[0], (50, 1)), atol=1e-5)
    assert np.abs(shift[0]).min() > 0


def test_training_stays_in_the_cube_and_reports_what_it_drops() -> None:
    scan = make_scan(points=400, size=600.0)  # three cubes wide at 5 cm
    for index in range(10):
        sample = training_sample(scan, 0.05, augment.train_rng(0, 0, index))
        assert sample.voxels.coords.min() >= 0 and sample.voxels.coords.max() < augment.FULL_SCALE
        assert 0 < sample.dropped == 400 - len(sample.labels)
        assert len(sample.voxels.point_to_voxel) == len(sample.labels) > 0


def test_the_colour_shift_reaches_pieces_of_a_scan_too() -> None:
    scan = make_scan(points=400, size=600.0)
    unique = Scan(scan.name, scan.points, scan.colors, np.arange(400, dtype=np.int16))
    shifts = []
    for index in range(20):
        sample = training_sample(unique, 0.05, augment.train_rng(0, 0, index))
        assert sample.dropped
        alone = np.bincount(sample.voxels.point_to_voxel)[sample.voxels.point_to_voxel] == 1
        found = sample.voxels.feats[sample.voxels.point_to_voxel]
        shift = (found - augment.colour_features(scan.colors)[sample.labels])[alone]
        np.testing.assert_allclose(shift, np.tile(shift[0], (len(shift), 1)), atol=1e-5)
        shifts.append(shift[0])
    assert np.std(shifts) == pytest.approx(augment.COLOR_NOISE, rel=0.5)


@pytest.mark.parametrize("cubes", [1.5, 3.0])
def test_the_share_that_training_sees_is_that_of_its_samples(cubes: float) -> None:
    scan = make_scan(points=2000, size=cubes * 0.05 * augment.FULL_SCALE)
    kept = [len(training_sample(scan, 0.05, augment.train_rng(1, 0, index)).labels) / 2000 for index in range(200)]
    share = training_share(scan.points, 0.05)
    assert share == pytest.approx(np.mean(kept), rel=0.2) and 0 < share < 0.7
    assert too_wide_for_training(share, 0.05) == (
        "the scan is wider than the training cube of 4096 voxels of 0.05 m: training sees a random piece of it, about "
        f"{100 * share:.2g} % of the points"
    )


def test_training_sees_all_of_a_scan_that_fits() -> None:
    scan = make_scan(points=2000, size=0.5 * 0.05 * augment.FULL_SCALE)
    assert training_share(scan.points, 0.05) == 1.0 and too_wide_for_training(1.0, 0.05) is None
    assert training_share(make_scan(size=40.0).points, 0.05) == 1.0
    assert training_share(make_scan(size=40.0).points, 0.005) < 0.5


def test_two_far_parts_never_leave_the_cube_empty() -> None:
    points = np.array([[0, 0, 0], [900, 900, 0], [0, 900, 0], [900, 0, 0]], dtype=np.float32)
    scan = Scan("far", points, np.zeros((4, 3), np.uint8), np.zeros(4, np.int16))
    counts = [len(training_sample(scan, 0.05, augment.train_rng(0, 0, index)).labels) for index in range(50)]
    assert min(counts) >= 1


def test_an_empty_cube_is_set_around_any_of_the_parts() -> None:
    """The cube in the middle of two parts 900 m apart is empty: it goes to one of them, by chance."""
    points = np.array([[0, 0, 0], [900, 900, 0]], dtype=np.float32)
    scan = Scan("far", points, np.zeros((2, 3), np.uint8), np.array([0, 1], np.int16))
    centres = []
    for index in range(60):
        sample = training_sample(scan, 0.05, augment.train_rng(0, 0, index))
        assert sample.dropped == 1 and set(sample.voxels.coords.ravel().tolist()) <= {2047, 2048}
        centres += sample.labels.tolist()
    assert 15 < sum(centres) < 45


def test_labels_follow_their_points_through_the_crop() -> None:
    scan = make_scan(points=400, size=600.0)
    unique = Scan(scan.name, scan.points, scan.colors, np.arange(400, dtype=np.int16))
    sample = training_sample(unique, 0.05, augment.train_rng(0, 0, 0))
    shift = augment.colour_features(scan.colors)[sample.labels] - sample.voxels.feats[sample.voxels.point_to_voxel]
    np.testing.assert_allclose(shift, np.tile(shift[0], (len(shift), 1)), atol=1e-5)


def test_one_voxel_scene() -> None:
    scan = make_scan(points=5, size=1e-4)
    for sample in (evaluation_sample(scan, 0.5, None), training_sample(scan, 0.5, augment.train_rng(0, 0, 0))):
        assert len(sample.voxels.coords) == 1
        assert sample.voxels.point_to_voxel.tolist() == [0] * 5


@pytest.mark.parametrize("far", [0.05 * MAX_RADIUS * 2.1, 1e30])
def test_coordinates_beyond_the_range_are_refused(far: float) -> None:
    points = np.array([[0, 0, 0], [far, 0, 0]], dtype=np.float32)
    scan = Scan("far", points, np.zeros((2, 3), np.uint8), np.zeros(2, np.int16))
    for make in (evaluation_sample, training_sample):
        with pytest.raises(InputError, match="beyond the key range"):
            make(scan, 0.05, augment.train_rng(0, 0, 0))


def test_the_largest_allowed_scan_is_voxelized_whichever_way_it_turns() -> None:
    half = 0.05 * MAX_RADIUS * 0.9999
    points = np.array([[-half, 0, 0], [half, 0, 0]], dtype=np.float32)
    scan = Scan("wide", points, np.zeros((2, 3), np.uint8), np.zeros(2, np.int16))
    for name in "abcdefgh":
        assert len(evaluation_sample(scan, 0.05, augment.eval_rng(0, name)).voxels.coords) == 2


def samples() -> list[Sample]:
    return [evaluation_sample(make_scan(seed, 100 + seed), 0.3, None) for seed in range(3)]


def test_collate_puts_scenes_side_by_side() -> None:
    parts = samples()
    batch = collate(parts)
    assert batch.scenes == ["scene0", "scene1", "scene2"]
    assert batch.points_per_scene == [100, 101, 102] and batch.dropped_per_scene == [0, 0, 0]
    assert [str(t.dtype) for t in (batch.coords, batch.feats, batch.point_to_voxel, batch.labels)] == [
        "torch.int32",
        "torch.float32",
        "torch.int32",
        "torch.int16",
    ]
    assert len(batch.coords.unique(dim=0)) == len(batch.coords) == sum(len(part.voxels.coords) for part in parts)
    start = 0
    for number, part in enumerate(parts):
        points = slice(start, start + len(part.labels))
        rows = batch.point_to_voxel[points].numpy()
        np.testing.assert_array_equal(batch.coords[rows, 0], number)
        np.testing.assert_array_equal(batch.coords[rows, 1:], part.voxels.coords[part.voxels.point_to_voxel])
        np.testing.assert_array_equal(batch.feats[rows], part.voxels.feats[part.voxels.point_to_voxel])
        np.testing.assert_array_equal(batch.labels[points], part.labels)
        start = points.stop
    assert start == len(batch.labels)


@pytest.mark.parametrize("classes, fits", [([-100, 32767], True), ([0, 32768], False), ([-40000, 3], False)])
def test_class_ids_of_a_wider_type_are_narrowed_where_they_fit(classes: list[int], fits: bool) -> None:
    part = samples()[0]
    wide = np.resize(np.array(classes, dtype=np.int64), len(part.labels))
    sample = Sample(part.scene, part.voxels, wide)  # type: ignore[arg-type]
    if fits:
        np.testing.assert_array_equal(collate([sample]).labels, wide)
    else:
        with pytest.raises(InputError, match=f"class ids reach from {min(classes)} to {max(classes)}, at most 32767"):
            collate([sample])


def test_a_batch_moves_as_a_whole() -> None:
    batch = collate(samples())
    moved = batch.to("meta")
    assert isinstance(moved, Batch) and moved.scenes == batch.scenes
    assert {t.device.type for t in (moved.coords, moved.feats, moved.point_to_voxel, moved.labels)} == {"meta"}


@pytest.mark.gpu
def test_a_batch_can_be_pinned() -> None:
    batch = collate(samples()).pin_memory()
    assert all(t.is_pinned() for t in (batch.coords, batch.feats, batch.point_to_voxel, batch.labels))
