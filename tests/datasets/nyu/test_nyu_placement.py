from __future__ import annotations

import numpy as np
import pytest

from bscnet.data.features import FeatureRecipe
from bscnet.data.sample import Placement, Sample
from bscnet.data.scan import Scan
from bscnet.data.voxelize import voxelize
from bscnet.datasets.nyu import placement
from bscnet.datasets.nyu.placement import CENTRE, ImagePlacement, mirrored_x, random_shift, rotation_y
from bscnet.datasets.nyu.projection import NUM_PIXELS, image_points, metric_points
from bscnet.errors import InputError
from bscnet.sparse.limits import MAX_COORD
from oracles.voxels import voxelize_slow

PROBE = np.concatenate([np.zeros((1, 3)), 1000 * np.eye(3)]).astype(np.float32)
"""The origin and three far points, from whose places a matrix and a shift can be read off."""


def scan_of(points: np.ndarray, seed: int = 0) -> Scan:
    rng = np.random.default_rng(seed)
    colors = rng.integers(0, 256, (len(points), 3)).astype(np.uint8)
    return Scan("nyu0001", points.astype(np.float32), colors, rng.integers(0, 40, len(points)).astype(np.int16))


def wavy_image() -> np.ndarray:
    x, y = np.meshgrid(np.arange(640), np.arange(480), indexing="ij")
    return (3 + np.sin(x / 50) + 0.5 * np.cos(y / 20)).astype(np.float32)


def drawn(monkeypatch: pytest.MonkeyPatch, draws: int, training: bool) -> tuple[np.ndarray, np.ndarray]:
    """Matrices (D, 3, 3) and shifts (D, 3) of many placements, exact as they come before positions are rounded down."""
    seen: list[np.ndarray] = []

    def keep(positions: np.ndarray, feats: np.ndarray) -> object:
        seen.append(positions)
        return voxelize(positions, feats)

    monkeypatch.setattr(placement, "voxelize", keep)
    method, rng = ImagePlacement(), np.random.default_rng(11)
    for _ in range(draws):
        (method.training if training else method.evaluation)(scan_of(PROBE), rng)
    places = np.array(seen)
    return (places[:, 1:] - places[:, :1]) / 1000, places[:, 0]


def test_it_is_a_placement() -> None:
    method: Placement = ImagePlacement()
    assert method.key == "image 1 0.02 one rgb"
    keys = {ImagePlacement(0.01).key, ImagePlacement(features=FeatureRecipe(("rgb",))).key, method.key}
    assert len(keys) == 3


def test_statistics_of_training_placements(monkeypatch: pytest.MonkeyPatch) -> None:
    """Section 9: R_y(U(-0.1, 0.1)) / 2 + U(-0.05, 0.05)^{3x3}, x mirrored half of the time, U(-12000, 12000)."""
    draws = 4000
    matrices, shifts = drawn(monkeypatch, draws, training=True)
    flipped = matrices[:, 0, 0] < 0
    assert abs(flipped.mean() - 0.5) < 4 * 0.5 / np.sqrt(draws)
    upright = matrices * np.where(flipped[:, None, None], [-1.0, 1.0, 1.0], 1.0)
    # U(-a, a) has the standard deviation a / sqrt(3); a turn by θ moves the corners by sin θ / 2
    noise, turn = 0.05 / np.sqrt(3), np.sqrt((1 - np.sin(0.2) / 0.2) / 2) / 2
    spread = np.full((3, 3), noise)
    spread[0, 2] = spread[2, 0] = np.hypot(noise, turn)
    expected = np.eye(3) / 2 * np.array([np.sin(0.1) / 0.1, 1, np.sin(0.1) / 0.1])
    np.testing.assert_allclose(upright.mean(0), expected, atol=4 * spread.max() / np.sqrt(draws))
    np.testing.assert_allclose(upright.std(0), spread, rtol=0.04)
    assert np.abs(upright - np.eye(3) / 2)[:, [0, 0, 1, 1, 1, 2, 2], [0, 1, 0, 1, 2, 1, 2]].max() <= 0.0526
    corners = np.corrcoef(upright[:, 0, 2], upright[:, 2, 0])[0, 1]
    np.testing.assert_allclose(corners, -(turn**2) / (turn**2 + noise**2), atol=0.06)
    away = shifts - CENTRE
    assert np.abs(away).max() <= 12000 and np.abs(away).max() > 11900
    np.testing.assert_allclose(away.mean(0), 0, atol=4 * 12000 / np.sqrt(3 * draws))
    np.testing.assert_allclose(away.std(0), 12000 / np.sqrt(3), rtol=0.03)
    assert np.abs(np.corrcoef(away.T) - np.eye(3)).max() < 0.07


def test_statistics_of_evaluation_placements(monkeypatch: pytest.MonkeyPatch) -> None:
    draws = 2000
    matrices, shifts = drawn(monkeypatch, draws, training=False)
    flipped = matrices[:, 0, 0] < 0
    assert abs(flipped.mean() - 0.5) < 4 * 0.5 / np.sqrt(draws)
    np.testing.assert_allclose(np.abs(matrices), np.broadcast_to(np.eye(3) / 2, matrices.shape), atol=1e-12)
    assert (matrices[:, 1, 1] > 0).all() and (matrices[:, 2, 2] > 0).all()
    away = shifts - CENTRE
    np.testing.assert_allclose(away.std(0), 12000 / np.sqrt(3), rtol=0.04)


def test_without_randomness_the_protocols_formula_is_left() -> None:
    points = image_points(wavy_image())
    scan = scan_of(points)
    sample = ImagePlacement().evaluation(scan, None)
    cells = np.floor(points.astype(np.float64) / 2).astype(int) + 16384
    np.testing.assert_array_equal(sample.voxels.coords[sample.voxels.point_to_voxel], cells)
    again = ImagePlacement().evaluation(scan, None)
    for name, array in vars(sample.voxels).items():
        np.testing.assert_array_equal(array, vars(again.voxels)[name])


def test_a_stream_decides_a_placement() -> None:
    scan = scan_of(image_points(wavy_image()))
    for place in (ImagePlacement().training, ImagePlacement().evaluation):
        first, again, other = (place(scan, np.random.default_rng(seed)) for seed in (1, 1, 2))
        np.testing.assert_array_equal(first.voxels.coords, again.voxels.coords)
        np.testing.assert_array_equal(first.voxels.feats, again.voxels.feats)
        assert not np.array_equal(first.voxels.coords.min(0), other.voxels.coords.min(0))


def test_every_pixel_is_kept_with_its_label() -> None:
    scan = scan_of(image_points(wavy_image()))
    rng = np.random.default_rng(0)
    samples: list[Sample] = [ImagePlacement().training(scan, rng) for _ in range(3)]
    for sample in (*samples, ImagePlacement().evaluation(scan, rng), ImagePlacement().evaluation(scan, None)):
        assert sample.dropped == 0 and len(sample.voxels.point_to_voxel) == NUM_PIXELS
        np.testing.assert_array_equal(sample.labels, scan.labels)


def test_features_are_one_and_the_mean_colour_without_a_shift() -> None:
    points = np.random.default_rng(1).uniform(-20, 20, (300, 3))
    scan = scan_of(points)
    sample = ImagePlacement().training(scan, np.random.default_rng(3))
    assert sample.voxels.feats.shape[1] == 4
    rgb = np.concatenate([np.full((300, 1), 255), scan.colors], axis=1) / 127.5 - 1
    cells = sample.voxels.coords[sample.voxels.point_to_voxel]
    means, _ = voxelize_slow(cells.astype(float), rgb)
    for cell, feats in zip(sample.voxels.coords.tolist(), sample.voxels.feats, strict=True):
        np.testing.assert_allclose(feats, means[tuple(cell)], atol=1e-5)


def test_the_centre_changes_nothing_that_a_network_sees() -> None:
    """Sites around 2^14 and around the protocol's 2^15, shift for shift: the same sites, moved, on 13 levels."""
    rng = np.random.default_rng(5)
    points = image_points(wavy_image())[::50].astype(np.float64) / 2
    for _ in range(5):
        shift = rng.uniform(-12000, 12000, 3)
        ours, theirs = np.floor(points + shift + CENTRE).astype(int), np.floor(points + shift + 32768).astype(int)
        assert ours.min() > 0
        for level in range(13):
            moved = (32768 - int(CENTRE)) >> level
            np.testing.assert_array_equal((ours >> level) + moved, theirs >> level)


def test_no_allowed_depth_leaves_the_range_of_coordinates() -> None:
    corners = np.array([[x, y, z] for x in (-280, 279) for y in (-195, 229) for z in (-2000, 2000)])
    worst = np.full((3, 3), 0.05) + np.array([[1, 0, 0.1], [0, 1, 0], [0.1, 0, 1]]) / 0.5
    assert CENTRE - 12000 - np.abs(corners @ worst).max() > 0
    assert CENTRE + 12000 + np.abs(corners @ worst).max() < MAX_COORD
    with pytest.raises(InputError, match="key range"):
        ImagePlacement().evaluation(scan_of(np.array([[0, 0, 0], [0, 0, 1e6]])), None)


@pytest.mark.parametrize("voxel_size, across", [(0.01, 1), (0.02, 2), (0.04, 4)])
def test_the_voxel_size_is_the_downscale(voxel_size: float, across: int) -> None:
    points = np.stack([np.arange(32.0), np.zeros(32), np.zeros(32)], axis=1)
    sample = ImagePlacement(voxel_size).evaluation(scan_of(points), None)
    assert np.bincount(sample.voxels.point_to_voxel).tolist() == [across] * (32 // across)


def test_the_parts_of_a_placement() -> None:
    np.testing.assert_allclose([0, 0, 1] @ rotation_y(np.pi / 2), [-1, 0, 0], atol=1e-15)
    np.testing.assert_allclose([1, 2, 0] @ rotation_y(np.pi / 2), [0, 2, 1], atol=1e-15)
    rng = np.random.default_rng(0)
    signs = {tuple(np.sign(mirrored_x(np.ones((3, 3)), rng)).ravel()) for _ in range(40)}
    assert signs == {(1.0,) * 9, (-1.0, 1.0, 1.0) * 3}
    assert (np.abs(random_shift(rng) - CENTRE) < 12000).all()


def test_metres_for_pictures() -> None:
    """A wall 2 m before the camera is a flat rectangle, the pinhole model's size, upright and unmirrored."""
    depth = np.full((640, 480), 2.0, np.float32)
    metres = metric_points(image_points(depth), np.full(NUM_PIXELS, 2.0, np.float32))
    assert metres.dtype == np.float32
    np.testing.assert_array_equal(metres[:, 1], 2.0)
    np.testing.assert_allclose(np.ptp(metres[:, 0]), 559 * 2 / 518.857901, rtol=1e-6)
    np.testing.assert_allclose(np.ptp(metres[:, 2]), 424 * 2 / 519.469611, rtol=1e-6)
    first, last = metres[0], metres[-1]  # the picture's upper left and lower right
    assert first[0] < last[0] and first[2] > last[2]
