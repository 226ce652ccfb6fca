"""Scenes per second of one core: reading, voxelizing and whole samples."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.data import naive
from benchmarks.data.timing import in_turn, row_of
from bscnet.data import augment
from bscnet.data.cache import ArrayCache
from bscnet.data.dataset import EvalDataset, TrainDataset
from bscnet.data.features import FeatureRecipe
from bscnet.data.placing import place_for_training
from bscnet.data.sample import MeshPlacement
from bscnet.data.sampler import SampleKey
from bscnet.data.scan import Scan
from bscnet.data.source import ScanStore
from bscnet.data.voxelize import Voxels, voxelize
from bscnet.datasets.scannet import ScanNet
from bscnet.datasets.scannet import mesh as meshes


def same(a: Voxels, b: Voxels) -> bool:
    """Whether two ways gave the same voxels to the last bit."""
    return all(np.array_equal(getattr(a, name), getattr(b, name)) for name in ("coords", "feats", "point_to_voxel"))


def reading(root: Path, scene: str, name: str, rounds: int) -> list[dict[str, Any]]:
    """Mesh and labels of a scene in ScanNet's layout, from the page cache."""
    mesh, labels = ScanNet(root).files(scene)[:2]

    def ours() -> None:
        points, _ = meshes.read_mesh(mesh)
        meshes.read_labels(labels, len(points))

    def naively(faces: dict[str, dict[str, int]] | None = None) -> None:
        naive.read_mesh(mesh, faces)
        naive.read_labels(labels, faces)

    ways = {"ours": ours, "naive": naively, "told": lambda: naively(naive.TRIANGLES)}
    times = in_turn(ways, rounds)
    told = {"ours": times["ours"], "naive": times["told"]}
    return [
        row_of("read mesh and labels", name, {way: times[way] for way in ("ours", "naive")}),
        row_of("the same, plyfile told that faces are triangles", name, told),
    ]


def voxels(scan: Scan, voxel_size: float, name: str, rounds: int) -> list[dict[str, Any]]:
    """Voxelizing alone, and with the random placement before it, which is the same on both sides."""
    centred = augment.centred(scan.points)
    feats = augment.colour_features(scan.colors)

    def place() -> Any:
        return place_for_training(centred, 1 / voxel_size, augment.train_rng(0, 0, 0))

    positions = place()
    found = voxelize(positions, feats)
    if not same(found, naive.voxelize(positions, feats)):
        raise RuntimeError(f"{name}: the voxels differ from those of numpy.unique")
    ways: dict[str, Callable[[], Any]] = {
        "ours": lambda: voxelize(positions, feats),
        "naive": lambda: naive.voxelize(positions, feats),
    }
    whole: dict[str, Callable[[], Any]] = {
        "ours": lambda: voxelize(place(), augment.colour_features(scan.colors)),
        "naive": lambda: naive.voxelize(place(), augment.colour_features(scan.colors)),
    }
    rows = [row_of("voxelize", name, in_turn(ways, rounds)), row_of("place and voxelize", name, in_turn(whole, rounds))]
    sizes = {"points": len(scan.points), "voxels": len(found.coords)}
    return [row | sizes for row in rows]


def samples(root: Path, scene: str, voxel_size: float, name: str, rounds: int) -> list[dict[str, Any]]:
    """Whole samples: from the files, with the scan in the cache, and a scored scene with its voxels in the cache."""
    placement = MeshPlacement(voxel_size, FeatureRecipe(("rgb",)))
    source = ScanNet(root)
    with tempfile.TemporaryDirectory(prefix="bscnet-bench-") as folder:
        plain, cached = ScanStore(source), ScanStore(source, ArrayCache(folder))
        ways = {
            "training sample, from its files": TrainDataset(plain, [scene], placement),
            "training sample, scan cached": TrainDataset(cached, [scene], placement),
            "scored sample, from its files": EvalDataset(plain, [scene], placement),
            "scored sample, voxels cached": EvalDataset(cached, [scene], placement),
        }
        times = in_turn({what: partial(data.__getitem__, SampleKey(0, 0)) for what, data in ways.items()}, rounds)

        def first() -> None:
            ScanStore(ScanNet(root), ArrayCache(folder)).scan(scene)

        times["cached scan, first use in a process"] = in_turn({"first": first}, rounds)["first"]
    return [row_of(what, name, {"ours": found}) for what, found in times.items()]
