"""From depth frames to a labelled mesh: TSDF fusion, clean-up, and the label of the surface that was hit."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bscnet.simulate.camera import Camera
from bscnet.simulate.classes import UNLABELLED
from bscnet.simulate.scanner import Frames, Surfaces, ray_caster

SMALLEST_PIECE = 40
"""Pieces of the mesh with fewer triangles are noise and are dropped."""


@dataclass(frozen=True)
class ScannedMesh:
    """A scan: `points` (V, 3) float32 metres, `colours` (V, 3) uint8, `faces` (F, 3) int32, `labels` (V,) uint16."""

    points: NDArray[np.float32]
    colours: NDArray[np.uint8]
    faces: NDArray[np.int32]
    labels: NDArray[np.uint16]


def fuse(
    frames: Frames, camera: Camera, voxel_length: float
) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.int64]]:
    """Fuse frames into a mesh: points (V, 3), colours (V, 3; 0 to 1) and faces (F, 3), in a canonical order.

    Voxels are `voxel_length` metres wide, distances are cut off at three of them. Every voxel is integrated by itself,
    so the number of threads changes the order of the extracted vertices and nothing else.
    """
    import open3d as o3d

    grid = o3d.t.geometry.VoxelBlockGrid(
        attr_names=("tsdf", "weight", "color"),
        attr_dtypes=(o3d.core.float32, o3d.core.float32, o3d.core.float32),
        attr_channels=((1), (1), (3)),
        voxel_size=voxel_length,
        block_resolution=8,
        block_count=8000,
    )
    cx, cy = camera.centre
    intrinsic = o3d.core.Tensor(np.array([[camera.focal, 0.0, cx], [0.0, camera.focal, cy], [0.0, 0.0, 1.0]]))
    for depth, colour, pose in zip(frames.depth, frames.colour, frames.poses, strict=True):
        depth_image = o3d.t.geometry.Image(o3d.core.Tensor(depth))
        colour_image = o3d.t.geometry.Image(o3d.core.Tensor(colour.astype(np.float32) / 255.0))
        extrinsic = o3d.core.Tensor(np.linalg.inv(pose))
        blocks = grid.compute_unique_block_coordinates(
            depth_image, intrinsic, extrinsic, depth_scale=1.0, depth_max=camera.farthest, trunc_voxel_multiplier=3.0
        )
        grid.integrate(
            blocks, depth_image, colour_image, intrinsic, intrinsic, extrinsic, 1.0, camera.farthest, 3.0
        )  # fmt: skip
    mesh = grid.extract_triangle_mesh(weight_threshold=1.0)
    faces = mesh.triangle.indices.numpy().astype(np.int64)
    points, colours = mesh.vertex.positions.numpy(), mesh.vertex.colors.numpy()
    piece, sizes, _ = (np.asarray(part) for part in mesh.to_legacy().cluster_connected_triangles())
    return _canonical(points, colours, faces[sizes[piece] >= SMALLEST_PIECE])


def _canonical(
    points: NDArray[np.float32], colours: NDArray[np.float32], faces: NDArray[np.int64]
) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.int64]]:
    """Drop unused vertices and sort vertices by position, faces by vertices: no hash table's order stays."""
    used = np.unique(faces)
    order = used[np.lexsort(points[used].T)]
    rank = np.empty(len(points), dtype=np.int64)
    rank[order] = np.arange(len(order))
    faces = rank[faces]
    first = np.argmin(faces, axis=1)[:, None]
    faces = np.take_along_axis(faces, (first + np.arange(3)) % 3, axis=1)
    faces = faces[np.lexsort(faces.T[::-1])]
    return points[order], colours[order], faces


def label_points(
    points: NDArray[np.float32], surfaces: Surfaces, frames: Frames, tolerance: float
) -> NDArray[np.uint16]:
    """The label of the nearest surface that the camera hit; `UNLABELLED` farther than `tolerance` metres from it."""
    import open3d as o3d

    scene = ray_caster(surfaces.vertices, surfaces.triangles[frames.seen])
    nearest = scene.compute_closest_points(o3d.core.Tensor(points), nthreads=1)
    distance = np.linalg.norm(nearest["points"].numpy() - points, axis=1)
    labels = surfaces.labels[frames.seen][nearest["primitive_ids"].numpy()]
    return np.where(distance <= tolerance, labels, UNLABELLED).astype(np.uint16)


def scan_mesh(surfaces: Surfaces, frames: Frames, camera: Camera, voxel_length: float) -> ScannedMesh:
    """The labelled mesh of a recorded walk; labels reach two voxels from the true surface."""
    points, raw_colours, faces = fuse(frames, camera, voxel_length)
    labels = label_points(points, surfaces, frames, tolerance=2.0 * voxel_length)
    colours = np.clip(np.rint(raw_colours * 255.0), 0, 255).astype(np.uint8)
    return ScannedMesh(points, colours, faces.astype(np.int32), labels)
