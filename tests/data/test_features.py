"""Features by name: values, channels, refusals."""

from __future__ import annotations

import numpy as np
import pytest

from bscnet.clouds.colors import grey
from bscnet.data import augment
from bscnet.data.features import FeatureRecipe, num_channels
from bscnet.data.sample import evaluation_sample, training_sample
from bscnet.data.scan import Scan
from bscnet.errors import InputError


def make_scan() -> Scan:
    points = np.array([[0, 0, 2.0], [0.01, 0, 1.5], [0.3, 0.4, 3.0]], dtype=np.float32)
    colors = np.array([[0, 255, 51], [255, 0, 0], [1, 2, 3]], dtype=np.uint8)
    return Scan("s", points, colors, np.zeros(3, np.int16), {"intensity": np.array([-1, 0.5, 1], np.float32)})


def test_channels_stand_in_the_order_of_the_names() -> None:
    positions = np.array([[0.25, 1.5, -0.25], [2.0, 2.9, 3.0], [-1.5, 0.0, 7.75]])
    feats = FeatureRecipe(["intensity", "height", "offset", "one", "rgb"])(make_scan(), positions)
    assert feats.dtype == np.float32 and feats.shape == (3, 9)
    np.testing.assert_array_equal(feats[:, 0], [-1, 0.5, 1])
    np.testing.assert_array_equal(feats[:, 1], [0.5, 0, 1.5])
    np.testing.assert_allclose(feats[:, 2:5], [[-0.25, 0, 0.25], [-0.5, 0.4, -0.5], [0, -0.5, 0.25]], atol=1e-6)
    np.testing.assert_array_equal(feats[:, 5], 1)
    np.testing.assert_allclose(feats[0, 6:], [-1, 1, -0.6], atol=1e-6)


def test_the_colour_shift_moves_colours_alone() -> None:
    recipe, shift = FeatureRecipe(["one", "rgb"]), np.array([0.1, -0.2, 0.3], np.float32)
    positions = np.zeros((3, 3))
    moved = recipe(make_scan(), positions, shift) - recipe(make_scan(), positions)
    np.testing.assert_allclose(moved, [[0, 0.1, -0.2, 0.3]] * 3, atol=1e-6)


def test_samples_carry_the_features_of_their_recipe() -> None:
    recipe = FeatureRecipe(["intensity", "offset"])
    sample = evaluation_sample(make_scan(), 0.05, None, recipe)
    assert sample.voxels.feats.shape == (3, 4)
    np.testing.assert_allclose(sample.voxels.feats[sample.voxels.point_to_voxel, 0], [-1, 0.5, 1])
    drawn = training_sample(make_scan(), 0.05, augment.train_rng(0, 0, 0), features=recipe)
    np.testing.assert_allclose(drawn.voxels.feats[drawn.voxels.point_to_voxel, 0], [-1, 0.5, 1])
    assert (np.abs(drawn.voxels.feats[:, 1:]) <= 0.5).all()


def test_other_features_leave_the_placement_as_it_is() -> None:
    colour = training_sample(make_scan(), 0.05, augment.train_rng(0, 0, 0))
    other = training_sample(make_scan(), 0.05, augment.train_rng(0, 0, 0), features=FeatureRecipe(["one"]))
    np.testing.assert_array_equal(colour.voxels.coords, other.voxels.coords)


def test_bad_names_are_refused() -> None:
    with pytest.raises(InputError, match=r"no values for the feature 'echo', there are rgb, .*intensity"):
        FeatureRecipe(["echo"])(make_scan(), np.zeros((3, 3)))
    for names in ([], ["rgb", "rgb"]):
        with pytest.raises(InputError, match="at least one feature and none twice"):
            num_channels(names)
    assert num_channels(["rgb", "one", "height", "offset", "intensity"]) == 9


def test_points_without_colour_are_mid_grey() -> None:
    assert grey(2).tolist() == [[128, 128, 128]] * 2 and grey(2).dtype == np.uint8


def test_rgb_needs_colours() -> None:
    scan = make_scan()
    bare = Scan("bare", scan.points, grey(3), scan.labels)
    with pytest.raises(InputError, match="the scan has no colours, so rgb cannot be among the features"):
        FeatureRecipe(["one", "rgb"])(bare, np.zeros((3, 3)))
