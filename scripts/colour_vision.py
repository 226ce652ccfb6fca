"""How different colours look: CIEDE2000, as people with normal and with dichromatic sight see them.

Colours are arrays (..., 3) of sRGB in 0..255.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

Values = NDArray[np.float64]

_TO_XYZ = np.array(
    [[0.4124564, 0.3575761, 0.1804375], [0.2126729, 0.7151522, 0.0721750], [0.0193339, 0.1191920, 0.9503041]]
)
_WHITE = np.array([0.95047, 1.0, 1.08883])

SIGHTS: dict[str, Values] = {
    "normal": np.eye(3),
    "protanopia": np.array(
        [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]]
    ),
    "deuteranopia": np.array(
        [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]]
    ),
    "tritanopia": np.array(
        [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.303900]]
    ),
}
"""What linear RGB turns into, severity 1 (Machado, Oliveira and Fernandes, 2009)."""


def lab(colours: ArrayLike, sight: str = "normal") -> Values:
    """CIELAB (D65) of what someone with this sight sees."""
    share = np.asarray(colours, dtype=np.float64) / 255
    linear = np.where(share <= 0.04045, share / 12.92, ((share + 0.055) / 1.055) ** 2.4)
    xyz = np.clip(linear @ SIGHTS[sight].T, 0, 1) @ _TO_XYZ.T / _WHITE
    f = np.where(xyz > (6 / 29) ** 3, np.cbrt(xyz), xyz * (29 / 6) ** 2 / 3 + 4 / 29)
    return np.stack([116 * f[..., 1] - 16, 500 * (f[..., 0] - f[..., 1]), 200 * (f[..., 1] - f[..., 2])], axis=-1)


def ciede2000(one: Values, other: Values) -> Values:
    """Difference of colours in CIELAB, (..., 3) each (Sharma, Wu and Dalal, 2005); 1 is about what one can see."""
    chroma = (np.hypot(one[..., 1], one[..., 2]) + np.hypot(other[..., 1], other[..., 2])) / 2
    stretch = 1.5 - 0.5 * np.sqrt(chroma**7 / (chroma**7 + 25.0**7))
    (l1, c1, h1), (l2, c2, h2) = (_polar(values, stretch) for values in (one, other))
    grey = c1 * c2 == 0
    turn = np.where(grey, 0.0, (h2 - h1 + 180) % 360 - 180)
    lightness, mean = (l1 + l2) / 2, (c1 + c2) / 2
    # the hue in the middle of the shorter arc, and the sum where a colour has none
    far = np.abs(h1 - h2) > 180
    total = h1 + h2
    hue = np.where(grey, total, np.where(far, np.where(total < 360, total + 360, total - 360), total) / 2)
    cos = lambda factor, shift: np.cos(np.radians(factor * hue + shift))  # noqa: E731
    t = 1 - 0.17 * cos(1, -30) + 0.24 * cos(2, 0) + 0.32 * cos(3, 6) - 0.20 * cos(4, -63)
    s_l = 1 + 0.015 * (lightness - 50) ** 2 / np.sqrt(20 + (lightness - 50) ** 2)
    s_c, s_h = 1 + 0.045 * mean, 1 + 0.015 * mean * t
    rotation = -2 * np.sqrt(mean**7 / (mean**7 + 25.0**7)) * np.sin(np.radians(60 * np.exp(-(((hue - 275) / 25) ** 2))))
    light, strong = (l2 - l1) / s_l, (c2 - c1) / s_c
    around = 2 * np.sqrt(c1 * c2) * np.sin(np.radians(turn / 2)) / s_h
    return np.asarray(np.sqrt(np.maximum(light**2 + strong**2 + around**2 + rotation * strong * around, 0)))


def smallest_difference(colours: ArrayLike, sight: str = "normal") -> float:
    """Of any two of the colours (N, 3), N > 1."""
    seen = lab(colours, sight)
    found = ciede2000(seen[:, None], seen[None])
    return float(found[~np.eye(len(seen), dtype=bool)].min())


def _polar(values: Values, stretch: Values) -> tuple[Values, Values, Values]:
    """Lightness, chroma and hue in degrees."""
    a = values[..., 1] * stretch
    b = values[..., 2] + np.zeros_like(a)
    return values[..., 0], np.hypot(a, b), np.degrees(np.arctan2(b, a)) % 360
