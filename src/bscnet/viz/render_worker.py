"""Child process that draws point clouds with Open3D, off screen: `python -m bscnet.viz.render_worker REQUEST OUT_DIR`.

A process of its own, because a missing or broken graphics driver can end the process that touches it.
REQUEST is an .npz with points (P, 3), panels (V, P, 3) uint8 colours, camera (10,) = view angle, eye, centre, up,
size (2,) = width and height in pixels, and point_size in pixels. Panel i is written to OUT_DIR/panel_i.png.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

_LIGHT = np.array([0.35, 0.25, 0.9])
_AMBIENT = 0.74


def lambert(normals: NDArray[np.floating], colours: NDArray[np.uint8]) -> NDArray[np.float64]:
    """Colours (P, 3) in 0..1 darkened by a fixed two-sided light: c * (ambient + (1 - ambient) |n . l|)."""
    light = _LIGHT / np.linalg.norm(_LIGHT)
    shade = _AMBIENT + (1.0 - _AMBIENT) * np.abs(np.nan_to_num(normals) @ light)
    return np.asarray(colours / 255.0 * shade[:, None])


def render(request: Path, out_dir: Path) -> None:
    """Draw every panel of the request."""
    import open3d as o3d

    rendering = o3d.visualization.rendering
    with np.load(request) as data:
        points, panels = data["points"].astype(np.float64), data["panels"]
        camera, size, point_size = data["camera"], data["size"], float(data["point_size"])
    cloud = o3d.geometry.PointCloud(o3d.utility.Vector3dVector(points))
    cloud.estimate_normals(o3d.geometry.KDTreeSearchParamKNN(knn=16))
    normals = np.asarray(cloud.normals).copy()
    cloud.normals = o3d.utility.Vector3dVector()

    renderer = rendering.OffscreenRenderer(int(size[0]), int(size[1]))
    renderer.scene.set_background(np.array([1.0, 1.0, 1.0, 1.0], dtype=np.float32))
    renderer.scene.view.set_post_processing(False)  # tone mapping would change the legend's colours
    material = rendering.MaterialRecord()
    material.shader = "defaultUnlit"
    material.point_size = point_size
    for index, colours in enumerate(panels):
        cloud.colors = o3d.utility.Vector3dVector(lambert(normals, colours))
        renderer.scene.clear_geometry()
        renderer.scene.add_geometry("cloud", cloud, material)
        # After the geometry: Open3D takes the near and far plane from what the scene holds.
        renderer.setup_camera(float(camera[0]), camera[4:7], camera[1:4], camera[7:10])
        path = out_dir / f"panel_{index}.png"
        if not o3d.io.write_image(path, renderer.render_to_image()):
            raise OSError(f"Open3D could not write {path}")


if __name__ == "__main__":
    render(Path(sys.argv[1]), Path(sys.argv[2]))
