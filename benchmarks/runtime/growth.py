"""The runtime from ten thousand to ten million sites: synthetic rooms side by side, so that only their number grows."""

from __future__ import annotations

import math
import statistics
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from rich.progress import Progress

from benchmarks.common.process import Worker
from benchmarks.common.turns import of_rounds, take_turns
from benchmarks.runtime.models import model_file
from benchmarks.runtime.networks import PARTS
from benchmarks.runtime.scenes import count_pairs, inner_cells

SIZES = (10_000, 30_000, 100_000, 300_000, 1_000_000, 3_000_000, 10_000_000)
NETWORK, VARIANT = "unet_s", "sfsc"
FLOOR, HEIGHT = 44, 40  # voxels
PITCH = 64  # from room to room: each has its own place in the voxels of every level of a network of 7 levels
THICKNESS = 1.3  # how often, on average, a ray through a wall meets a voxel


def rooms(sites: int, seed: int = 0) -> npt.NDArray[np.int32]:
    """(N, 4) int32 coordinates of exactly so many sites, in lexicographic order, as voxelizing gives them.

    Each room is a rough floor and four rough walls, alike in statistics and different in every voxel.
    """
    rng = np.random.default_rng(seed)
    one = len(room(rng))
    count = math.ceil(1.05 * sites / one)
    side = math.ceil(math.sqrt(count))
    parts, found = [], 0
    for index in range(2 * count + 1):
        place = np.array([PITCH * (index % side), PITCH * (index // side), 0])
        parts.append(room(rng) + place)
        found += len(parts[-1])
        if found >= sites:
            break
    coords = np.zeros((sites, 4), dtype=np.int32)
    coords[:, 1:] = np.concatenate(parts)[:sites]
    coords[:, 1:3] -= PITCH * (side // 2)
    return coords[np.lexsort(coords.T[::-1])]


def room(rng: np.random.Generator) -> npt.NDArray[np.int64]:
    """(N, 3) distinct voxels of one room, within 0 <= x, y < PITCH."""
    surfaces = [_rough(rng, (0, 1, 2), 4, FLOOR, FLOOR)]
    for axes in ((0, 2, 1), (1, 2, 0)):
        surfaces += [_rough(rng, axes, depth, FLOOR, HEIGHT) for depth in (4, FLOOR + 2)]
    return np.unique(np.concatenate(surfaces), axis=0)


def _rough(
    rng: np.random.Generator, axes: tuple[int, int, int], depth: int, width: int, height: int
) -> npt.NDArray[np.int64]:
    """Voxels of a plane at `depth` along axes[2], some missing, some doubled, some a voxel off."""
    u, v = (axis.ravel() + 4 for axis in np.indices((width, height)))
    layers = []
    for share, offset in ((0.9, 0), (THICKNESS - 0.9, 1)):
        kept = rng.random(len(u)) < share
        voxels = np.empty((int(kept.sum()), 3), dtype=np.int64)
        voxels[:, axes[0]], voxels[:, axes[1]] = u[kept], v[kept]
        voxels[:, axes[2]] = depth + offset
        layers.append(voxels)
    return np.concatenate(layers)


def measure_growth(
    sizes: tuple[int, ...], folder: Path, threads: int, rounds: int, seconds: float, display: Progress
) -> list[dict[str, Any]]:
    """A row for each number of sites: the packed network of NETWORK and VARIANT, with `threads`."""
    workers, neighbours = {}, {}
    model = model_file(folder, NETWORK, VARIANT)
    for size in sizes:
        coords = rooms(size)
        if size <= 300_000:  # beyond, more of the same rooms
            pairs = count_pairs(coords)
            neighbours[size] = sum(pairs[i] for i in inner_cells()) / size
        scene = folder / f"rooms-{size}.npz"
        feats = np.random.default_rng(1).uniform(-1, 1, (size, 3)).astype(np.float32)
        np.savez(scene, coords=coords, feats=feats)
        words = [str(model), str(scene), str(threads), ""]
        workers[size] = Worker(f"{size} sites", "benchmarks.runtime.session_child", words, folder / f"rooms-{size}.log")
    answers = take_turns(workers, rounds, seconds, display, "growth")
    return [row_of(size, threads, answers[size], neighbours.get(size)) for size in sizes]


def row_of(size: int, threads: int, answers: list[dict[str, Any]], neighbours: float | None) -> dict[str, Any]:
    """A row from all answers, the warm-up first."""
    counted = answers[1:]
    times = [answer["ms"] for answer in counted]
    return {
        "network": NETWORK,
        "variant": VARIANT,
        "sites": size,
        "neighbours": neighbours,
        "threads": threads,
        **of_rounds(times),
        "ns_per_site": 1e6 * statistics.median(times) / size,
        **{part: statistics.median(answer[part] for answer in counted) for part in PARTS},
        "workspace_mb": max(answer["workspace_mb"] for answer in answers),
        "workspace_bytes_per_site": 2**20 * max(answer["workspace_mb"] for answer in answers) / size,
        "peak_mb": max(answer["peak_mb"] for answer in answers),
        "peak_bytes_per_site": 2**20 * max(answer["peak_mb"] for answer in answers) / size,
    }
