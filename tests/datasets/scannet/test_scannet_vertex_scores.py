"""Scores at the vertices, the whole way from the files, against NumPy alone."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import pytorch_lightning as pl
import torch

from bscnet.data import augment
from bscnet.datasets.scannet.classes import CLASS_NAMES
from bscnet.datasets.scannet.datamodule import ScanNetDataModule
from bscnet.models import LayerFactory, UNet
from bscnet.sparse import SparseTensor
from bscnet.training import SegmentationModule
from fixtures.scannet_files import Scene, make_scene, write_by_segment, write_scene
from oracles.segmentation_scores import scores_of

CLASS_OF = dict(zip((1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 14, 16, 24, 28, 33, 34, 36, 39), range(20), strict=True))
VOXEL = 0.25
SEED = 3


def scene_of(seed: int, points: int, ids: list[int]) -> Scene:
    """Vertices whose labels follow from where they are, so that a voxel has several of them."""
    scene = make_scene(seed, points)
    places = np.floor(scene.points[:, 0] * 4).astype(int) + np.random.default_rng(seed).integers(0, 2, points)
    scene.nyu40 = np.array(ids, dtype=np.uint16)[places % len(ids)]
    return scene


@pytest.fixture(scope="module")
def scenes() -> dict[str, Scene]:
    """Few of the classes, ids that are none of the 20, unlabelled vertices, and a scene without any label."""
    return {
        "a": scene_of(1, 300, [1, 2, 5, 0, 13]),
        "b": scene_of(2, 251, [2, 5, 40, 39]),
        "c": scene_of(3, 97, [0, 15, 40]),
    }


@pytest.fixture(scope="module")
def root(scenes: dict[str, Scene], tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("scannet")
    write_scene(root, "a", scenes["a"])
    write_by_segment(root, "b", scenes["b"])
    write_scene(root, "c", scenes["c"])
    write_scene(root, "d", scenes["a"])
    (root / "splits").mkdir()
    for split, names in (("train", "d"), ("val", "a\nb\nc")):
        (root / "splits" / f"scannetv2_{split}.txt").write_text(names + "\n")
    return root


@pytest.fixture(scope="module")
def network() -> torch.nn.Module:
    """Untrained, but its head makes some classes likely and others, some of them absent ones, impossible."""
    torch.manual_seed(0)
    network = UNet(3, 20, 4, 1, 1, LayerFactory(precision="a32w32", conv="plain", G=2, manual="none", cands="faces7"))
    with torch.no_grad():
        bias = next(
            parameter for name, parameter in reversed(list(network.named_parameters())) if name.endswith("bias")
        )
        bias[[0, 1, 4, 7, 19]] += 2.0
    return network.eval()


def vertex_logits(network: torch.nn.Module, scene: Scene, name: str, repeat: int) -> np.ndarray:
    """Logits of the voxel that each vertex lies in, by a dictionary of voxels."""
    points = scene.points.astype(np.float64)
    placed = augment.place_for_evaluation(points - points.mean(axis=0), 1 / VOXEL, augment.eval_rng(SEED, name, repeat))
    members: dict[tuple[int, ...], list[int]] = {}
    for vertex, cell in enumerate(np.floor(placed).astype(int).tolist()):
        members.setdefault(tuple(cell), []).append(vertex)
    cells = sorted(members)
    colors = scene.colors / 127.5 - 1
    feats = np.array([colors[members[cell]].mean(axis=0) for cell in cells])
    coords = np.concatenate([np.zeros((len(cells), 1)), cells], axis=1)
    with torch.inference_mode():
        voxels = SparseTensor(torch.tensor(feats).float(), torch.tensor(coords).int(), backend="torch")
        found = network(voxels).numpy()
    logits = np.empty((len(points), 20))
    for row, cell in enumerate(cells):
        logits[members[cell]] = found[row]
    return logits


@pytest.mark.filterwarnings("ignore:.*does not have many workers.*", "ignore:.*`isinstance.treespec, LeafSpec.*")
@pytest.mark.parametrize("repeats", [1, 3])
def test_scores_at_the_vertices_equal_the_oracles(
    root: Path, scenes: dict[str, Scene], network: torch.nn.Module, repeats: int
) -> None:
    data = ScanNetDataModule(root, VOXEL, num_workers=0, seed=SEED, val_reps=repeats)
    module = SegmentationModule(network, 20, CLASS_NAMES, backend="torch")
    trainer = pl.Trainer(
        accelerator="cpu", logger=False, enable_checkpointing=False, enable_progress_bar=False,
        enable_model_summary=False, use_distributed_sampler=False,
    )  # fmt: skip
    (logged,) = trainer.validate(module, datamodule=data, verbose=False)
    found = module.val_scores
    assert found is not None

    truth = np.concatenate([[CLASS_OF.get(nyu40, -100) for nyu40 in scene.nyu40.tolist()] for scene in scenes.values()])
    summed = [
        sum(vertex_logits(network, scene, name, repeat) for repeat in range(repeats)) for name, scene in scenes.items()
    ]
    if repeats > 1:  # they must matter
        first = [vertex_logits(network, scene, name, 0) for name, scene in scenes.items()]
        assert (np.concatenate(first).argmax(axis=1) != np.concatenate(summed).argmax(axis=1)).any()
    expected = scores_of(truth, np.concatenate(summed).argmax(axis=1), 20)
    # the case is what it should be: absent classes, classes that are only predicted, ignored vertices, some right
    assert (truth == -100).sum() > 150 and None in expected["iou"] and 0.0 in expected["iou"]
    assert sum(1 for recall in expected["recall"] if recall is None) == 16
    assert 0 < expected["acc"] < 1
    for name in ("iou", "recall"):
        defined = [np.nan if value is None else value for value in expected[name]]
        np.testing.assert_allclose(getattr(found, name).numpy(), defined, atol=1e-12)
    for name in ("miou", "macc", "acc"):
        assert float(getattr(found, name)) == pytest.approx(expected[name], abs=1e-12)
        assert logged[f"val/{name}"] == pytest.approx(expected[name], abs=1e-6)
