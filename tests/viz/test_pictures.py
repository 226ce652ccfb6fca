from __future__ import annotations

import math
from pathlib import Path

import matplotlib.image
import numpy as np
import pytest

from bscnet.viz.camera import BEHIND_SENSOR, Camera
from bscnet.viz.pictures import cloud_picture, scene_miou, scene_picture


def plane() -> np.ndarray:
    grid = np.linspace(-1, 1, 60)
    x, y = np.meshgrid(grid, grid, indexing="ij")
    return np.stack([x.ravel(), y.ravel(), np.zeros(x.size)], axis=1)


def test_scene_miou_is_the_mean_over_classes_that_occur() -> None:
    truth = np.array([0, 0, 0, 1, 1, -100, 2])
    prediction = np.array([0, 0, 1, 1, 3, 0, 2])
    # class 0: 2/3, class 1: 1/3, class 2: 1/1, class 3 (only predicted): 0/1
    assert scene_miou(truth, prediction, 20) == pytest.approx((2 / 3 + 1 / 3 + 1 + 0) / 4)


def test_scene_without_labels_has_no_miou() -> None:
    assert math.isnan(scene_miou(np.array([-100, -100]), np.array([0, 1]), 20))


def test_scene_picture_writes_one_png_with_four_panels(tmp_path: Path) -> None:
    points = plane()
    truth = (points[:, 0] > 0).astype(np.int64)
    colours = np.full((len(points), 3), 120, np.uint8)
    path = scene_picture(
        tmp_path / "deep" / "scene.png", points, colours, truth, np.zeros_like(truth), ["wall", "floor"]
    )
    image = matplotlib.image.imread(path)[..., :3]
    assert image.shape[0] > 600 and image.shape[1] > 1200
    flat = np.round(image.reshape(-1, 3) * 255)
    hue = flat / np.maximum(flat.max(axis=1, keepdims=True), 1)
    for colour in ((174, 199, 232), (152, 223, 138), (222, 45, 38)):  # wall, floor, wrong
        wanted = np.array(colour) / max(colour)
        assert (np.abs(hue - wanted).max(axis=1) < 0.02).sum() > 2000


def test_bad_shapes_and_nan_are_refused(tmp_path: Path) -> None:
    points, labels = plane(), np.zeros(3600, np.int64)
    colours = np.zeros((3600, 3), np.uint8)
    with pytest.raises(ValueError, match=r"prediction has shape \(3599,\)"):
        scene_picture(tmp_path / "a.png", points, colours, labels, labels[1:], ["wall"])
    points[5, 1] = np.nan
    with pytest.raises(ValueError, match="finite"):
        scene_picture(tmp_path / "a.png", points, colours, labels, labels, ["wall"])
    assert not (tmp_path / "a.png").exists()


def test_a_cloud_alone_is_one_panel_in_its_colours(tmp_path: Path) -> None:
    points = plane()
    green = np.tile(np.array([0, 200, 0], np.uint8), (len(points), 1))
    path = cloud_picture(tmp_path / "cloud.png", points, green, title="a plane")
    pixels = matplotlib.image.imread(path)[..., :3]
    seen = (pixels[..., 1] > 0.5) & (pixels[..., 0] < 0.2) & (pixels[..., 2] < 0.2)
    assert seen.mean() > 0.2


def test_seen_from_a_given_side_nothing_is_cut_away(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    drawn: list[tuple[int, tuple[float, ...]]] = []

    def note(points: np.ndarray, panels: list[np.ndarray], camera: Camera, *rest: object) -> list[np.ndarray]:
        drawn.append((len(points), camera.eye))
        return [np.full((8, 8, 3), 255, np.uint8) for _ in panels]

    monkeypatch.setattr("bscnet.viz.pictures.render_panels", note)
    box = np.random.default_rng(0).random((4000, 3)) * (6, 4, 3)  # as high as a room: its ceiling would be cut
    colours = np.zeros((4000, 3), np.uint8)
    cloud_picture(tmp_path / "a.png", box, colours, title="opened")
    cloud_picture(tmp_path / "b.png", box, colours, title="whole", towards=BEHIND_SENSOR)
    (opened, _), (whole, eye) = drawn
    assert opened < whole == 4000
    away = np.subtract(eye, box.mean(0))
    # the eye is centred on what is seen, and not on the points' mean
    np.testing.assert_allclose(away / np.linalg.norm(away), BEHIND_SENSOR, atol=0.08)
