"""Lists of augmentations; the protocol's own have their statistics in test_augment.py."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from bscnet.data import augment
from bscnet.data.elastic import elastic
from bscnet.data.placing import color_change, place_for_training, thinned
from bscnet.data.sample import training_sample
from bscnet.data.scan import Scan
from bscnet.data.transforms import PAPER, TRANSFORMS, Crop, Dropout, read_transforms
from bscnet.data.voxelize import bounds, voxelize
from bscnet.errors import InputError
from fixtures.composed import compose_settings


def scan_of(points: np.ndarray) -> Scan:
    count = len(points)
    colors = np.random.default_rng(1).integers(0, 255, (count, 3)).astype(np.uint8)
    values = {"value": np.arange(count, dtype=np.float32)}
    return Scan("s", points.astype(np.float32), colors, np.arange(count, dtype=np.int16), values)


def room(count: int = 400) -> np.ndarray:
    return np.random.default_rng(0).uniform(-5, 5, (count, 3))


def moved(*entries: Any, seed: int = 0, scale: float = 20.0) -> tuple[np.ndarray, np.ndarray]:
    """Centred points in voxels, and where a list puts them, with their middles in the same place."""
    points = augment.centred(room())
    placed = place_for_training(points, scale, np.random.default_rng(seed), read_transforms(entries))
    return points * scale, placed - placed.mean(axis=0)


def test_the_default_list_gives_the_protocols_bytes() -> None:
    """As it was before there was a list: M = mirrored(I + 0.1 N) scale R_z, then the place, then the colours."""
    scan = scan_of(room())
    for seed in range(5):
        rng = np.random.default_rng(seed)
        noise = np.eye(3) + 0.1 * rng.standard_normal((3, 3))
        noise[0, 0] *= rng.integers(0, 2) * 2 - 1
        matrix = (noise * 20.0) @ augment.rotation_z(rng.uniform(0.0, 2 * np.pi))
        positions = augment.transform(augment.centred(scan.points), matrix)
        positions = positions + augment.random_offset(*bounds(positions), rng)
        shift = (0.1 * rng.standard_normal(3)).astype(np.float32)
        expected = voxelize(positions, augment.colour_features(scan.colors) + shift)
        found = training_sample(scan, 0.05, np.random.default_rng(seed)).voxels
        np.testing.assert_array_equal(found.coords, expected.coords)
        np.testing.assert_array_equal(found.feats, expected.feats)


def test_the_list_of_the_configuration_is_the_protocols() -> None:
    assert read_transforms(compose_settings().augmentation.transforms) == PAPER


def test_mirror_scale_and_rotation_are_what_they_are_called() -> None:
    sides = set()
    for seed in range(8):
        before, after = moved("mirror", seed=seed)
        side = round(float((after[:, 0] / before[:, 0])[0]))
        np.testing.assert_allclose(after, before * (side, 1, 1), atol=1e-6)
        sides.add(side)
    assert sides == {-1, 1}
    factors = []
    for seed in range(50):
        before, after = moved({"name": "scale", "low": 0.8, "high": 1.5}, seed=seed)
        factors.append(float(after[0, 0] / before[0, 0]))
        np.testing.assert_allclose(after, before * factors[-1], atol=1e-6)
    assert 0.8 <= min(factors) < 0.9 and 1.4 < max(factors) <= 1.5
    before, after = moved("rotate", "mirror", "rotate")
    np.testing.assert_allclose(after[:, 2], before[:, 2], atol=1e-6)
    np.testing.assert_allclose(np.hypot(*after[:, :2].T), np.hypot(*before[:, :2].T), atol=1e-6)
    assert np.abs(after - before).max() > 1


def test_elastic_passes_are_given_in_metres() -> None:
    passes = {"name": "elastic", "spacings": [0.2, 0.8], "magnitudes": [0.4, 1.6]}
    before, after = moved(passes, scale=50.0)
    rng, wanted = np.random.default_rng(0), before
    for granularity, magnitude in ((5, 20), (20, 80)):  # half of a spacing and a magnitude, in voxels of 2 cm
        wanted = elastic(wanted, granularity, magnitude, rng)
    np.testing.assert_allclose(after, wanted - wanted.mean(axis=0), atol=1e-6)


def test_elastic_distortion_meets_its_share_of_the_scenes() -> None:
    whole = 0
    for seed in range(200):
        before, after = moved({"name": "elastic", "probability": 0.3}, seed=seed)
        whole += np.allclose(before, after, atol=1e-6)
    assert 120 < whole < 160


def test_a_list_is_applied_in_its_order() -> None:
    rng = np.random.default_rng(3)
    first = augment.affine_noise(rng, 0.3)
    first[0, 0] *= rng.integers(0, 2) * 2 - 1
    matrix = first @ augment.rotation_z(rng.uniform(0, 2 * np.pi))
    before, after = moved({"name": "affine", "std": 0.3}, "rotate", seed=3)
    np.testing.assert_allclose(after, before @ matrix, atol=1e-6)
    _, turned = moved("rotate", {"name": "affine", "std": 0.3}, seed=3)
    assert np.abs(turned - after).max() > 1


def test_a_piece_is_an_upright_cylinder_around_one_of_the_points() -> None:
    points = room()
    scan = scan_of(points)
    for seed in range(5):
        piece = thinned(scan, np.random.default_rng(seed), [Crop(2.0)])
        axis = scan.points[np.random.default_rng(seed).integers(400)]
        kept = np.flatnonzero(np.linalg.norm(scan.points[:, :2].astype(float) - axis[:2], axis=1) <= 2.0)
        assert (piece.labels == kept).all() and (piece.points == scan.points[kept]).all()
        assert (piece.extra["value"] == kept).all() and len(piece.colors) == len(kept)
    assert thinned(scan, np.random.default_rng(0), [Crop(math.inf)]) is scan


def test_dropout_leaves_out_its_share_of_some_scenes() -> None:
    counts = np.array([len(thinned(scan_of(room()), np.random.default_rng(s), [Dropout()]).points) for s in range(300)])
    whole = counts == 400
    assert 0.72 < whole.mean() < 0.88
    assert counts[~whole].mean() == pytest.approx(320, abs=5)
    empty = thinned(scan_of(room(7)), np.random.default_rng(0), [Dropout(1, 1)])
    assert len(empty.points) == 1


def test_points_that_are_left_out_are_not_told_as_outside_the_cube() -> None:
    sample = training_sample(scan_of(room()), 0.05, np.random.default_rng(0), transforms=[Dropout(1, 0.5), *PAPER])
    assert sample.dropped == 0 and 100 < len(sample.labels) == len(sample.voxels.point_to_voxel) < 300


def test_colours_are_shifted_by_scene_and_jittered_by_point() -> None:
    rng = np.random.default_rng(0)
    jitter = color_change(4000, rng, read_transforms([{"name": "color_jitter", "std": 0.2}]))
    assert jitter is not None and jitter.shape == (4000, 3) and jitter.dtype == np.float32
    assert jitter.std() == pytest.approx(0.2, rel=0.03) and abs(jitter.mean()) < 0.01
    both = color_change(4000, rng, read_transforms(["color_shift", "color_jitter"]))
    assert both is not None and np.abs(both.mean(axis=0)).max() > 0.02 and both.std(axis=0).mean() > 0.09
    assert color_change(5, rng, read_transforms(["rotate"])) is None


@pytest.mark.parametrize(
    "entry, sentence",
    [
        ("blur", "the augmentation 'blur' is not known: allowed are dropout, crop, affine, mirror"),
        ({"low": 1}, "is not known"),
        (3, "the augmentation 3 is not known"),
        ({"name": "scale", "lowest": 1}, "the augmentation scale has no lowest, it has low, high"),
        ({"name": "mirror", "p": 1}, "the augmentation mirror has no p, it has no options"),
        ({"name": "crop", "probability": 1}, "the augmentation crop needs radius$"),
        ({"name": ["crop"]}, r"the augmentation {'name': \['crop'\]} is not known"),
        (
            {"name": "dropout", "share": 1.5},
            "the augmentation dropout has share=1.5, which must be a number from 0 to 1",
        ),
        ({"name": "crop", "radius": 0}, "has radius=0, which must be a number above 0"),
        ({"name": "scale", "low": 2}, "has high=1.1, which must be a number from 2"),
        ({"name": "affine", "std": "x"}, "has std=x, which must be a number from 0"),
        ({"name": "elastic", "spacings": [0.2]}, "has magnitudes=None, which must be a list of numbers above 0"),
        (
            {"name": "elastic", "spacings": [0.2, 0], "magnitudes": [1, 1]},
            "which must be a list of numbers above 0",
        ),
        ({"name": "elastic", "spacings": [0.2], "magnitudes": [1, 1]}, "needs as many spacings as magnitudes"),
    ],
)
def test_what_is_no_augmentation_is_one_sentence(entry: Any, sentence: str) -> None:
    with pytest.raises(InputError, match=sentence):
        read_transforms([entry])


def test_every_name_can_be_read() -> None:
    options: dict[str, dict[str, Any]] = {"crop": {"radius": 2}}
    for name, kind in TRANSFORMS.items():
        (found,) = read_transforms([{"name": name, **options.get(name, {})}])
        assert type(found) is kind
