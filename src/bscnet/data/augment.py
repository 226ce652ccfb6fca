"""The parts of a random placement on the voxel grid, and the whole one for evaluation (method section 9)."""

from __future__ import annotations

import hashlib

import numpy as np
import numpy.typing as npt

from bscnet.data.voxelize import bounds, columns

FULL_SCALE = 4096
"""Side of the training cube in voxels."""

AFFINE_NOISE = 0.1
COLOR_NOISE = 0.1
EVAL_JITTER = 2.0

_SLACK = 0.001
_TRAIN, _EVAL, _MIX = 1, 2, 4  # 3 is that of the order of scenes

Points = npt.NDArray[np.floating]


def train_rng(seed: int, epoch: int, index: int) -> np.random.Generator:
    """The random stream of one training sample: a function of these three numbers and of nothing else."""
    return np.random.Generator(np.random.PCG64(np.random.SeedSequence([_TRAIN, seed, epoch, index])))


def mix_rng(seed: int, epoch: int, index: int) -> np.random.Generator:
    """The random stream that decides which scenes of a training batch are mixed; index: of the batch's first scene."""
    return np.random.Generator(np.random.PCG64(np.random.SeedSequence([_MIX, seed, epoch, index])))


def eval_rng(seed: int, scene: str, repeat: int = 0) -> np.random.Generator:
    """The random stream of one repeat of an evaluated scene, the same in every epoch and every run with this seed."""
    name = int.from_bytes(hashlib.sha256(scene.encode("utf-8")).digest()[:8], "big")
    further = [repeat] if repeat else []  # the first repeat's stream is that of an evaluation without repeats
    return np.random.Generator(np.random.PCG64(np.random.SeedSequence([_EVAL, seed, name, *further])))


def centred(points: Points) -> npt.NDArray[np.float64]:
    """Points minus their mean, metres."""
    return np.stack([axis - axis.mean() for axis in columns(points.astype(np.float64))], axis=1)


def affine_noise(rng: np.random.Generator, std: float = AFFINE_NOISE) -> npt.NDArray[np.float64]:
    """I + std · N(0, 1)^{3x3}."""
    return np.eye(3) + std * rng.standard_normal((3, 3))


def mirrored(matrix: npt.NDArray[np.float64], rng: np.random.Generator) -> npt.NDArray[np.float64]:
    """The matrix with its first element times ±1, each with probability 1/2."""
    flipped = matrix.copy()
    flipped[0, 0] *= rng.integers(0, 2) * 2 - 1
    return flipped


def rotation_z(theta: float) -> npt.NDArray[np.float64]:
    """Rotation about z for row vectors: x' = x R."""
    cosine, sine = np.cos(theta), np.sin(theta)
    return np.array([[cosine, sine, 0.0], [-sine, cosine, 0.0], [0.0, 0.0, 1.0]])


def transform(points: Points, matrix: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """points @ matrix, (P, 3), summed in a fixed order so that the bits do not depend on the BLAS or its threads."""
    x, y, z = columns(points)
    return np.stack([x * a + y * b + z * c for a, b, c in matrix.T], axis=1)


def random_offset(
    low: npt.NDArray[np.float64], high: npt.NDArray[np.float64], rng: np.random.Generator
) -> npt.NDArray[np.float64]:
    """Translation that puts the box [low, high] anywhere in the cube or, where it is larger, the cube in the box."""
    room = FULL_SCALE - (high - low)
    inside = np.clip(room - _SLACK, 0, None) * rng.uniform(size=3)
    outside = np.clip(room + _SLACK, None, 0) * rng.uniform(size=3)
    return -low + inside + outside


def inside_cube(positions: npt.NDArray[np.float64]) -> npt.NDArray[np.bool_]:
    """(P,) mask of the positions within [0, FULL_SCALE)^3."""
    x, y, z = ((axis >= 0) & (axis < FULL_SCALE) for axis in columns(positions))
    return x & y & z


def place_for_evaluation(
    points: Points, scale: float, rng: np.random.Generator | None, anywhere: bool = False
) -> npt.NDArray[np.float64]:
    """Centred points (metres) → voxel positions around the middle of the cube; no point is ever dropped.

    With a random stream: ±x mirror, rotation about z, a jitter of U(-2, 2) voxels, no affine noise. Without: the scan's
    mean comes to the middle of a voxel. anywhere: on every axis on which the scan fits into the cube it is then moved
    to a random place there, as SparseConvNet's code does.
    """
    matrix, jitter = np.eye(3), np.full(3, 0.5)
    if rng is not None:
        matrix = mirrored(matrix, rng) @ rotation_z(rng.uniform(0.0, 2 * np.pi))
        jitter = rng.uniform(-EVAL_JITTER, EVAL_JITTER, size=3)
    positions = transform(points, matrix * scale) + (FULL_SCALE / 2 + jitter)
    if anywhere and rng is not None:
        low, high = bounds(positions)
        room = FULL_SCALE - (high - low) - 2 * _SLACK
        positions += np.where(room > 0, _SLACK - low + room * rng.uniform(size=3), 0.0)
    return positions


def colour_features(colors: npt.NDArray[np.uint8]) -> npt.NDArray[np.float32]:
    """8-bit RGB → [-1, 1]: c / 127.5 - 1."""
    return colors.astype(np.float32) / np.float32(127.5) - np.float32(1)
