"""Ray casting: what a camera on its walk sees of a room, as noisy depth and colour frames."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bscnet.simulate.camera import Camera, hand_error, measure
from bscnet.simulate.item import Part
from bscnet.simulate.textures import Material, random_lighting, surface_colour

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Surfaces:
    """All triangles of a room: `vertices` (V, 3), `triangles` (T, 3), and per triangle `labels` and `materials`."""

    vertices: NDArray[np.float32]
    triangles: NDArray[np.uint32]
    labels: NDArray[np.uint16]
    materials: NDArray[np.int64]
    looks: list[Material]


@dataclass(frozen=True)
class Frames:
    """A recorded walk: `depth` (F, H, W) float32 metres, `colour` (F, H, W, 3) uint8, believed `poses` (F, 4, 4).

    `seen` (T,) says which triangles returned at least one depth reading.
    """

    depth: NDArray[np.float32]
    colour: NDArray[np.uint8]
    poses: Floats
    seen: NDArray[np.bool_]


def join(parts: list[Part]) -> Surfaces:
    """One triangle list from the parts of a room."""
    looks: list[Material] = []
    index: dict[int, int] = {}
    materials = []
    for part in parts:
        key = id(part.material)
        if key not in index:
            index[key] = len(looks)
            looks.append(part.material)
        materials.append(index[key])
    sizes = [len(part.mesh.triangles) for part in parts]
    starts = np.cumsum([0, *(len(part.mesh.vertices) for part in parts[:-1])])
    triangles = [part.mesh.triangles + start for part, start in zip(parts, starts, strict=True)]
    return Surfaces(
        np.concatenate([part.mesh.vertices for part in parts]).astype(np.float32),
        np.concatenate(triangles).astype(np.uint32),
        np.repeat([part.label for part in parts], sizes).astype(np.uint16),
        np.repeat(materials, sizes).astype(np.int64),
        looks,
    )


def ray_caster(vertices: NDArray[np.float32], triangles: NDArray[np.uint32]) -> Any:
    """Open3D's ray casting scene, built by one thread: the tree, and with it every tie, is then always the same."""
    import open3d as o3d

    scene = o3d.t.geometry.RaycastingScene(nthreads=1)
    scene.add_triangles(o3d.core.Tensor(vertices), o3d.core.Tensor(triangles))
    return scene


def record(surfaces: Surfaces, camera: Camera, poses: Floats, rng: np.random.Generator) -> Frames:
    """Walk the camera along `poses` (F, 4, 4; camera to world) and record what it sees."""
    import open3d as o3d

    scene = ray_caster(surfaces.vertices, surfaces.triangles)
    count = len(poses)
    shape = (count, camera.height, camera.width)
    ahead = np.einsum("fij,hwj->fhwi", poses[:, :3, :3], camera.directions())
    origins = np.broadcast_to(poses[:, None, None, :3, 3], ahead.shape)
    rays = np.concatenate([origins, ahead], axis=-1).astype(np.float32)
    answer = scene.cast_rays(o3d.core.Tensor(rays), nthreads=1)
    true_depth = answer["t_hit"].numpy().astype(np.float64)
    hit = np.isfinite(true_depth)
    triangle = np.where(hit, answer["primitive_ids"].numpy().astype(np.int64), 0)
    normals = answer["primitive_normals"].numpy().astype(np.float64)
    lengths = np.linalg.norm(ahead, axis=-1)
    towards = -np.einsum("fhwi,fhwi->fhw", normals, ahead) / lengths
    swallowed = np.array([look.missing for look in surfaces.looks])[surfaces.materials[triangle]]
    depth = measure(camera, true_depth, np.abs(towards), swallowed, rng).astype(np.float32)

    colour = np.zeros((*shape, 3))
    valid = depth > 0
    points = origins[valid] + ahead[valid] * true_depth[valid][:, None]
    facing = normals[valid] * np.where(towards[valid] < 0, -1.0, 1.0)[:, None]
    plain = surface_colour(surfaces.looks, surfaces.materials[triangle[valid]], points)
    colour[valid] = random_lighting(rng).shade(plain, facing)
    exposure = 1.0 + rng.normal(0.0, 0.06, (count, 1, 1, 1)) + rng.normal(0.0, 0.015, (count, 1, 1, 3))
    off_axis = np.linalg.norm(camera.directions()[..., :2], axis=-1)
    colour *= exposure * (1.0 - 0.25 * off_axis**2)[None, :, :, None]
    colour += rng.standard_normal(colour.shape, dtype=np.float32) * 4.0
    seen = np.zeros(len(surfaces.triangles), dtype=bool)
    seen[triangle[valid]] = True
    return Frames(depth, np.clip(colour, 0, 255).astype(np.uint8), hand_error(poses, rng), seen)
