"""From a depth image to points: the coordinates that networks see, and metres for pictures."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
import numpy.typing as npt

WIDTH, HEIGHT = 640, 480
CROP_X, CROP_Y = slice(40, 600), slice(45, 470)
"""The part of an image that is used: x 40..599, y 45..469."""

NUM_PIXELS = (CROP_X.stop - CROP_X.start) * (CROP_Y.stop - CROP_Y.start)
"""Points of every image: 238,000."""

FOCAL_X, FOCAL_Y = 518.857901, 519.469611
CENTRE_X, CENTRE_Y = 325.582449, 253.736166
"""The colour camera in pixels, to which the depth images are aligned (the owners' toolbox, camera_params.m)."""


def cropped(image: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """(P,) or (P, C) values of the crop's pixels, x outermost, of an image (640, 480) or (C, 640, 480)."""
    part = image[..., CROP_X, CROP_Y]
    return np.ascontiguousarray(part.reshape(*part.shape[:-2], -1).T)


def image_points(depth: npt.NDArray[np.float32], whole_centimetres: bool = False) -> npt.NDArray[np.float32]:
    """(x - 320, y - 240, 100 · depth - mean) of every pixel of the crop, (P, 3) float32: pixels, pixels, centimetres.

    depth: (640, 480), metres. mean: of 100 · depth over the whole image, not the crop alone, as in SparseConvNet's
    examples/nyu2. whole_centimetres: cut the third coordinate to an integer towards zero, which that example does by
    storing coordinates as int16 and the protocol's formula does not.
    """
    mean = 100.0 * depth.mean(dtype=np.float64)
    z = 100.0 * cropped(depth).astype(np.float64) - mean
    points = np.empty((NUM_PIXELS, 3), dtype=np.float32)
    points[:, :2] = _pixels()
    points[:, 2] = np.trunc(z) if whole_centimetres else z
    return points


@cache
def _pixels() -> npt.NDArray[np.float32]:
    """(x - 320, y - 240) of the crop's pixels, (P, 2)."""
    x, y = np.meshgrid(np.arange(WIDTH) - WIDTH // 2, np.arange(HEIGHT) - HEIGHT // 2, indexing="ij")
    return cropped(np.stack([x, y])).astype(np.float32)


def metric_points(points: npt.NDArray[np.float32], depth: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """Where the camera saw the pixels of `points` (see `image_points`): (P, 3), metres, x right, y forward, z up.

    depth: (P,), metres. Pinhole model: X = (u - c_x) · d / f_x, Y = (v - c_y) · d / f_y, lens distortion left out.
    """
    u, v = points[:, 0] + WIDTH // 2, points[:, 1] + HEIGHT // 2
    right, down = (u - CENTRE_X) * depth / FOCAL_X, (v - CENTRE_Y) * depth / FOCAL_Y
    return np.stack([right, depth, -down], axis=1).astype(np.float32)
