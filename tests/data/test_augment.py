"""The statistics of method section 9 over many draws.

Tolerances are five standard errors or wider; distributions are compared by Kolmogorov and Smirnov's test.
"""

from __future__ import annotations

import hashlib

import numpy as np
import pytest
from scipy import stats

from bscnet.data import augment
from bscnet.data.elastic import elastic
from bscnet.data.placing import place_for_training
from bscnet.data.sample import evaluation_sample, training_sample
from bscnet.data.scan import Scan
from bscnet.data.transforms import ColorShift, read_transforms

DRAWS = 4000


def assert_uniform(values: np.ndarray, low: float, high: float) -> None:
    """values: a sample that should be uniform on [low, high]."""
    assert low <= values.min() and values.max() <= high
    assert stats.kstest(values, "uniform", args=(low, high - low)).pvalue > 1e-3


def assert_normal(values: np.ndarray, mean: float, spread: float) -> None:
    """values: a sample that should be N(mean, spread)."""
    assert stats.kstest(values, "norm", args=(mean, spread)).pvalue > 1e-3


def scan_of(points: np.ndarray, seed: int = 0) -> Scan:
    """Points with random colours and labels."""
    rng = np.random.default_rng(seed)
    colors = rng.integers(0, 256, (len(points), 3)).astype(np.uint8)
    return Scan("a", points.astype(np.float32), colors, rng.integers(0, 20, len(points)).astype(np.int16))


def rngs(count: int = DRAWS) -> list[np.random.Generator]:
    return [augment.train_rng(7, 0, index) for index in range(count)]


def recovered_matrices(scale: float, count: int) -> np.ndarray:
    """The linear part that a training placement applied, recovered from four points."""
    corners = np.concatenate([np.zeros((1, 3)), np.eye(3)])
    placed = [place_for_training(corners, scale, rng) for rng in rngs(count)]
    return np.stack([points[1:] - points[0] for points in placed])


def test_affine_noise_is_identity_plus_a_tenth_of_a_normal() -> None:
    noise = np.stack([augment.affine_noise(rng) for rng in rngs()]) - np.eye(3)
    assert np.abs(noise.mean(axis=0)).max() < 5 * 0.1 / np.sqrt(DRAWS)
    np.testing.assert_allclose(noise.std(axis=0), 0.1, atol=5 * 0.1 / np.sqrt(2 * DRAWS))
    correlation = np.corrcoef(noise.reshape(DRAWS, 9).T) - np.eye(9)
    assert np.abs(correlation).max() < 5 / np.sqrt(DRAWS)
    for element in noise.reshape(DRAWS, 9).T:
        assert_normal(element, 0, 0.1)


def test_mirror_turns_one_element_half_of_the_time() -> None:
    matrix = np.arange(1.0, 10.0).reshape(3, 3)
    drawn = np.stack([augment.mirrored(matrix, rng) for rng in rngs()])
    signs = drawn[:, 0, 0]
    assert set(signs.tolist()) == {-1.0, 1.0}
    assert abs(signs.mean()) < 5 / np.sqrt(DRAWS)
    np.testing.assert_array_equal(drawn.reshape(DRAWS, 9)[:, 1:], np.tile(matrix.ravel()[1:], (DRAWS, 1)))
    assert matrix[0, 0] == 1.0


def test_rotation_keeps_z_and_lengths() -> None:
    for theta in (0.0, 0.3, 2.0, 5.0):
        rotation = augment.rotation_z(theta)
        np.testing.assert_allclose(rotation @ rotation.T, np.eye(3), atol=1e-15)
        assert np.linalg.det(rotation) == pytest.approx(1)
        np.testing.assert_array_equal(rotation[2], [0, 0, 1])
    np.testing.assert_allclose(np.array([1, 0, 5]) @ augment.rotation_z(np.pi / 2), [0, 1, 5], atol=1e-15)


def test_training_placement_is_noise_then_mirror_then_scale_then_rotation() -> None:
    """Undo nothing, compare moments: E[MM^T] = scale^2 (I + 0.03 I) exactly, whatever the rotation and the mirror."""
    scale, count = 20.0, 3000
    matrices = recovered_matrices(scale, count) / scale
    gram = (matrices @ matrices.transpose(0, 2, 1)).mean(axis=0)
    # row i of M: e_i + 0.1 n has squared length 1 + 0.2 n_i + 0.01 |n|^2, mean 1.03
    np.testing.assert_allclose(np.diag(gram), 1.03, atol=5 * 0.21 / np.sqrt(count))
    assert (np.linalg.det(matrices) < 0).mean() == pytest.approx(0.5, abs=5 * 0.5 / np.sqrt(count))
    # z is not turned: its own element is 1 + 0.1 n; x and y are spread evenly over all angles
    up = matrices[:, 2, 2]
    assert up.mean() == pytest.approx(1, abs=5 * 0.1 / np.sqrt(count))
    assert up.std() == pytest.approx(0.1, abs=5 * 0.1 / np.sqrt(2 * count))
    angle = np.arctan2(matrices[:, 1, 1], matrices[:, 1, 0])
    quarters = np.histogram(angle, bins=8, range=(-np.pi, np.pi))[0] / count
    np.testing.assert_allclose(quarters, 1 / 8, atol=5 * np.sqrt(1 / 8 / count))


def test_what_the_rotation_leaves_alone_is_normal_and_the_angle_is_uniform() -> None:
    """Rows of M turn in x and y: z components stay, as do the laws of what is normal in all directions alike."""
    matrices = recovered_matrices(50.0, DRAWS) / 50
    for row, column in ((0, 2), (1, 2), (2, 0), (2, 1)):
        assert_normal(matrices[:, row, column], 0, 0.1)
    assert_normal(matrices[:, 2, 2], 1, 0.1)
    # An angle that is uniform on the circle stays so, whatever is added to it: here what the noise turned y by.
    turned = np.arctan2(-matrices[:, 1, 0], matrices[:, 1, 1]) % (2 * np.pi)
    assert_uniform(turned, 0, 2 * np.pi)
    mirrored = np.linalg.det(matrices) < 0
    assert stats.binomtest(int(mirrored.sum()), DRAWS, 0.5).pvalue > 1e-3
    assert abs(np.corrcoef(mirrored, turned)[0, 1]) < 5 / np.sqrt(DRAWS)


def test_a_placed_scan_is_uniform_within_the_free_room_of_the_cube() -> None:
    corners = np.concatenate([np.zeros((1, 3)), np.eye(3), [[6.0, 4.0, 2.5]]])
    placed = np.stack([place_for_training(corners, 50.0, rng) for rng in rngs()])
    low, high = placed.min(axis=1), placed.max(axis=1)
    assert low.min() >= 0 and high.max() < augment.FULL_SCALE
    share = low / (augment.FULL_SCALE - (high - low) - 0.001)
    for axis in range(3):
        assert_uniform(share[:, axis], 0, 1 + 1e-9)
    assert np.abs(np.corrcoef(share.T) - np.eye(3)).max() < 5 / np.sqrt(DRAWS)


def test_points_outside_the_cube_are_dropped_and_counted() -> None:
    rng = np.random.default_rng(0)
    long = rng.random((3000, 3)) * (3 * 4096, 30, 30) * 0.02  # three cubes long, at 2 cm
    scan, kept_shares = scan_of(long), []
    for index in range(60):
        sample = training_sample(scan, 0.02, augment.train_rng(1, 0, index))
        placed = place_for_training(augment.centred(scan.points), 50.0, augment.train_rng(1, 0, index))
        inside = ((placed >= 0) & (placed < 4096)).all(axis=1)
        assert sample.dropped == (~inside).sum() > 0
        np.testing.assert_array_equal(sample.labels, scan.labels[inside])
        np.testing.assert_array_equal(sample.voxels.coords[sample.voxels.point_to_voxel], np.floor(placed[inside]))
        kept_shares.append(inside.mean())
    assert 0.25 < np.mean(kept_shares) < 0.75  # a third of what lies along an axis, more of what lies aslant
    near = training_sample(scan_of(long[:50] / 10), 0.02, rng)
    assert near.dropped == 0 and len(near.labels) == 50


def test_every_point_of_a_scan_has_the_same_colour_shift() -> None:
    points = np.arange(30)[:, None] * np.ones(3) * 0.5  # half a metre apart: a voxel each
    scan = scan_of(points)
    shifts = []
    for index in range(1500):
        sample = training_sample(scan, 0.05, augment.train_rng(2, 0, index))
        feats = sample.voxels.feats[sample.voxels.point_to_voxel]
        shift = feats - (scan.colors / 127.5 - 1)
        np.testing.assert_allclose(shift, np.tile(shift[0], (30, 1)), atol=1e-6)
        shifts.append(shift[0])
    drawn = np.stack(shifts)
    for channel in range(3):
        assert_normal(drawn[:, channel], 0, 0.1)
    assert np.abs(np.corrcoef(drawn.T) - np.eye(3)).max() < 5 / np.sqrt(1500)


@pytest.mark.parametrize("voxel_size, passes", [(0.05, ((2, 16.0), (8, 64.0))), (0.02, ((6, 40.0), (20, 160.0)))])
def test_elastic_distortion_comes_after_the_matrix_and_before_the_translation(
    voxel_size: float, passes: tuple[tuple[int, float], ...]
) -> None:
    points, scale = augment.centred(np.random.default_rng(0).random((300, 3)) * 3), 1 / voxel_size
    placed = place_for_training(
        points, scale, augment.train_rng(3, 0, 0), read_transforms(["affine", "rotate", "elastic"])
    )
    rng = augment.train_rng(3, 0, 0)
    matrix = augment.mirrored(augment.affine_noise(rng), rng) * scale
    expected = points @ (matrix @ augment.rotation_z(rng.uniform(0, 2 * np.pi)))
    for granularity, magnitude in passes:
        expected = elastic(expected, granularity, magnitude, rng)
    expected += augment.random_offset(expected.min(axis=0), expected.max(axis=0), rng)
    np.testing.assert_allclose(placed, expected, atol=1e-6)
    assert placed.min() >= 0 and placed.max() < augment.FULL_SCALE


def test_a_scan_that_fits_lies_anywhere_inside_the_cube() -> None:
    rng = np.random.default_rng(0)
    low, high = np.array([-100.0, -50.0, 0.0]), np.array([300.0, 50.0, 96.0])
    offsets = np.stack([augment.random_offset(low, high, rng) for _ in range(DRAWS)])
    room = augment.FULL_SCALE - (high - low) - 0.001
    share = (offsets + low) / room
    assert share.min() >= 0 and share.max() <= 1
    np.testing.assert_allclose(share.mean(axis=0), 0.5, atol=5 * 0.289 / np.sqrt(DRAWS))
    np.testing.assert_allclose(share.std(axis=0), np.sqrt(1 / 12), atol=0.02)


def test_a_scan_that_is_too_large_is_seen_through_a_moving_window() -> None:
    rng = np.random.default_rng(0)
    low, high = np.zeros(3), np.array([3 * 4096.0, 4096.0 * 2, 10.0])
    offsets = np.stack([augment.random_offset(low, high, rng) for _ in range(DRAWS)])
    window_start = -offsets[:, :2]
    assert window_start.min() >= -0.01
    assert (window_start <= high[:2] - 4096).all()
    np.testing.assert_allclose(window_start.mean(axis=0), (high[:2] - 4096) / 2, rtol=0.05)
    inside = augment.inside_cube(np.array([[0, 0, 0], [4095.99, 5, 5], [4096, 5, 5], [-0.01, 5, 5]], dtype=float))
    assert inside.tolist() == [True, True, False, False]


def test_colours_are_centred_and_shifted_once_per_channel() -> None:
    np.testing.assert_allclose(
        augment.colour_features(np.array([[0, 127, 255]], dtype=np.uint8)), [[-1, 127 / 127.5 - 1, 1]], rtol=1e-6
    )
    shifts = np.stack([ColorShift().tint(1, rng) for rng in rngs()])
    assert shifts.shape == (DRAWS, 3) and shifts.dtype == np.float32
    assert np.abs(shifts.mean(axis=0)).max() < 5 * 0.1 / np.sqrt(DRAWS)
    np.testing.assert_allclose(shifts.std(axis=0), 0.1, atol=5 * 0.1 / np.sqrt(2 * DRAWS))


def test_evaluation_mirrors_turns_and_jitters_without_noise() -> None:
    corners = np.concatenate([np.zeros((1, 3)), np.eye(3)])
    count = 2000
    placed = np.stack(
        [augment.place_for_evaluation(corners, 50.0, augment.eval_rng(0, f"scene{i}")) for i in range(count)]
    )
    jitter = placed[:, 0] - 2048
    assert np.abs(jitter).max() <= 2 < np.abs(jitter).max() * 1.05
    assert np.abs(jitter.mean(axis=0)).max() < 5 * 1.155 / np.sqrt(count)
    matrices = (placed[:, 1:] - placed[:, :1]) / 50
    np.testing.assert_allclose(matrices @ matrices.transpose(0, 2, 1), np.tile(np.eye(3), (count, 1, 1)), atol=1e-12)
    np.testing.assert_allclose(matrices[:, 2], np.tile([0.0, 0.0, 1.0], (count, 1)), atol=1e-12)
    assert (np.linalg.det(matrices) < 0).mean() == pytest.approx(0.5, abs=5 * 0.5 / np.sqrt(count))
    for axis in range(3):
        assert_uniform(jitter[:, axis], -2, 2)
    assert_uniform(np.arctan2(-matrices[:, 1, 0], matrices[:, 1, 1]) % (2 * np.pi), 0, 2 * np.pi)


def test_repeats_of_an_evaluated_scene_differ_and_the_first_is_the_only_one_there_was() -> None:
    name = int.from_bytes(hashlib.sha256(b"scene0011_00").digest()[:8], "big")
    alone = np.random.Generator(np.random.PCG64(np.random.SeedSequence([2, 5, name])))
    np.testing.assert_array_equal(augment.eval_rng(5, "scene0011_00").random(8), alone.random(8))
    scan = scan_of(np.random.default_rng(0).random((200, 3)) * 4)
    first = evaluation_sample(scan, 0.05, augment.eval_rng(5, "scene0011_00"))
    again = [evaluation_sample(scan, 0.05, augment.eval_rng(5, "scene0011_00", repeat)) for repeat in range(4)]
    np.testing.assert_array_equal(again[0].voxels.coords, first.voxels.coords)
    assert len({sample.voxels.coords.tobytes() for sample in again}) == 4
    for sample in again:
        np.testing.assert_array_equal(sample.labels, scan.labels)  # every vertex, in file order
        assert sample.dropped == 0
    count = 800
    corners = np.concatenate([np.zeros((1, 3)), np.eye(3)])
    placed = [augment.place_for_evaluation(corners, 50.0, augment.eval_rng(5, "a", repeat)) for repeat in range(count)]
    turned = np.stack([points[1:] - points[0] for points in placed])
    assert_uniform(np.arctan2(-turned[:, 1, 0], turned[:, 1, 1]) % (2 * np.pi), 0, 2 * np.pi)
    assert (np.linalg.det(turned) < 0).mean() == pytest.approx(0.5, abs=5 * 0.5 / np.sqrt(count))


def test_evaluation_without_randomness_only_scales_and_centres() -> None:
    points = np.array([[0.5, -1.0, 0.25]])
    for anywhere in (False, True):
        np.testing.assert_allclose(
            augment.place_for_evaluation(points, 20.0, None, anywhere), [[2058.5, 2028.5, 2053.5]]
        )


def test_a_scored_scene_may_lie_anywhere_in_the_cube() -> None:
    points = np.random.default_rng(0).random((300, 3)) * (12, 6, 3)
    points -= points.mean(axis=0)
    corners = []
    for number in range(1500):
        rng, same = augment.eval_rng(0, f"scene{number}"), augment.eval_rng(0, f"scene{number}")
        there = augment.place_for_evaluation(points, 50.0, rng, anywhere=True)
        middle = augment.place_for_evaluation(points, 50.0, same)
        moved = there - middle
        np.testing.assert_allclose(moved, np.tile(moved[0], (300, 1)), atol=1e-9)  # the same but for its place
        assert there.min() >= 0 and there.max() < augment.FULL_SCALE
        room = augment.FULL_SCALE - np.ptp(there, axis=0)
        corners.append((there.min(axis=0), there.min(axis=0) / room))
    for axis in range(3):
        assert_uniform(np.array([share[axis] for _, share in corners]), 0, 1)
        # FCN halves its sites eight times: which of the 256 places in a cell of the last level a scene begins at
        assert {int(corner[axis]) % 256 for corner, _ in corners} >= set(range(0, 256, 32))
        phases = np.bincount([int(corner[axis]) % 256 // 16 for corner, _ in corners], minlength=16)
        assert phases.min() > 1500 / 16 / 2


def test_a_scored_scene_wider_than_the_cube_stays_in_its_middle() -> None:
    points = np.array([[-60.0, -1, 0], [60.0, 1, 0]])  # 6000 voxels at 2 cm
    wide = set()
    for number in range(200):
        there = augment.place_for_evaluation(points, 50.0, augment.eval_rng(0, f"scene{number}"), anywhere=True)
        assert np.abs(there).max() < 2 * augment.FULL_SCALE
        for axis in range(2):
            if np.ptp(there[:, axis]) >= augment.FULL_SCALE:
                assert abs(there[:, axis].mean() - 2048) <= 2
                wide.add(axis)
            else:
                assert there[:, axis].min() >= 0 and there[:, axis].max() < augment.FULL_SCALE
    assert wide == {0, 1}


def test_streams_differ_by_each_of_their_numbers() -> None:
    keys = [(0, 0, 0), (1, 0, 0), (0, 1, 0), (0, 0, 1), (0, 1, 1), (1, 0, 1)]
    draws = [tuple(augment.train_rng(*key).integers(0, 2**62, 3).tolist()) for key in keys]
    for seed, name in ((0, "a"), (1, "a"), (0, "b")):
        draws.append(tuple(augment.eval_rng(seed, name).integers(0, 2**62, 3).tolist()))
    assert len(set(draws)) == len(draws)
    assert draws[0] == tuple(augment.train_rng(0, 0, 0).integers(0, 2**62, 3).tolist())
    assert draws[-1] == tuple(augment.eval_rng(0, "b").integers(0, 2**62, 3).tolist())


def test_centring_is_exact_far_from_the_origin() -> None:
    points = np.array([[1e5, 0, 0], [1e5 + 1, 2, 4]], dtype=np.float32)
    np.testing.assert_allclose(augment.centred(points), [[-0.5, -1, -2], [0.5, 1, 2]])
