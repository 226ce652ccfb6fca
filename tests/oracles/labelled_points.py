"""Labels of points by definition: one point, one voxel, one feature at a time, over dictionaries, in float64.

Imports nothing of the project. The network is a function from sites and features to logits.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

METRES = {None: 1.0, "m": 1.0, "cm": 0.01, "mm": 0.001, "ft": 0.3048, "us-ft": 1200 / 3937}
STEPS = 2**24

Site = tuple[int, int, int]
Network = Callable[[np.ndarray, np.ndarray], np.ndarray]


def frame(points: list[list[float]], metres: float, voxel_size: float) -> Callable[[float, int], float]:
    """Where a coordinate lies on an axis, in voxels: the middle of the bounding box is the middle of voxel 0."""
    middle = []
    for axis in range(3):
        along = [point[axis] * metres for point in points]
        middle.append(min(along) / 2 + max(along) / 2)
    return lambda coordinate, axis: (coordinate * metres - middle[axis]) / voxel_size + 0.5


def voxels(points: list[list[float]], position: Callable[[float, int], float]) -> dict[Site, list[int]]:
    """The points in each voxel."""
    found: dict[Site, list[int]] = {}
    for number, point in enumerate(points):
        x, y, z = (math.floor(position(point[axis], axis)) for axis in range(3))
        found.setdefault((x, y, z), []).append(number)
    return found


def mean(numbers: list[int]) -> float:
    return float(sum(numbers)) / float(len(numbers))


def steps(value: float) -> int:
    """A number in whole steps, halves to the even one."""
    return round(value * STEPS)


def scaled(value: float, ends: Sequence[float] | None) -> float:
    return value if ends is None else (value - ends[0]) / (ends[1] - ends[0]) * 2 - 1


def features(
    description: Mapping[str, Any],
    reading: Mapping[str, Any],
    points: list[list[float]],
    colors: list[list[int]] | None,
    values: Mapping[str, list[float]],
) -> dict[Site, list[float]]:
    """Of every occupied voxel, in the order of the description's names. reading: with the scale of measured values."""
    voxel_size, recipe = description["voxel_size"], description["features"]
    position = frame(points, METRES[reading["units"]], voxel_size)
    lowest = min(position(point[2], 2) for point in points)

    def place(number: int, axis: int) -> int:
        at = position(points[number][axis], axis)
        return steps(at - math.floor(at))

    def of_voxel(site: Site, inside: list[int]) -> list[float]:
        made = []
        for name in recipe.get("names", ["rgb"]):
            if name == "rgb":
                assert colors is not None
                made += [
                    mean([colors[number][channel] for number in inside]) / recipe["scale"] + recipe["offset"]
                    for channel in range(3)
                ]
            elif name == "one":
                made.append(1.0)
            elif name == "height":
                made.append((site[2] + mean([place(number, 2) for number in inside]) / STEPS - lowest) * voxel_size)
            elif name == "offset":
                made += [mean([place(number, axis) for number in inside]) / STEPS - 0.5 for axis in range(3)]
            else:
                ends = reading["scale"].get(name)
                made.append(mean([steps(scaled(values[name][number], ends)) for number in inside]) / STEPS)
        return made

    return {site: of_voxel(site, inside) for site, inside in voxels(points, position).items()}


def label_points(
    network: Network,
    description: Mapping[str, Any],
    reading: Mapping[str, Any],
    points: np.ndarray,
    colors: np.ndarray | None,
    values: Mapping[str, np.ndarray],
) -> tuple[list[int], list[float]]:
    """The label and the confidence of every point.

    network: logits (V, classes) of sites (V, 4) and features (V, C). reading: as a model of version 2 has it.
    """
    finite = [number for number, point in enumerate(points.tolist()) if all(map(math.isfinite, point))]
    labels = reading["labels"] or list(range(description["num_classes"]))
    left_out = -1 if 0 in labels else 0
    found, sure = [left_out] * len(points), [0.0] * len(points)
    if not finite:
        return found, sure
    kept = points[finite].tolist()
    made = features(
        description,
        reading,
        kept,
        None if colors is None else colors[finite].tolist(),
        {name: column[finite].tolist() for name, column in values.items()},
    )
    sites = sorted(made)
    logits = network(
        np.array([(0, *site) for site in sites], np.int32), np.array([made[site] for site in sites]).astype(np.float32)
    )
    inside = voxels(kept, frame(kept, METRES[reading["units"]], description["voxel_size"]))
    for site, row in zip(sites, logits, strict=True):
        best = max(range(len(row)), key=lambda index: row[index])  # the first of equals
        for number in inside[site]:
            found[finite[number]] = labels[best]
            sure[finite[number]] = 1 / sum(math.exp(float(logit - row[best])) for logit in row)
    return found, sure
