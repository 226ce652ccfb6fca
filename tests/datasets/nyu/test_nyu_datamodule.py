from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import pytorch_lightning as pl
import torch

from bscnet.chain.build import build_datamodule
from bscnet.datasets.nyu.datamodule import NyuDepthDataModule
from bscnet.datasets.nyu.projection import NUM_PIXELS
from bscnet.errors import InputError
from bscnet.models import FCN
from bscnet.sparse import SparseTensor
from bscnet.training import SegmentationModule
from bscnet.training.options import Optimisation
from fixtures.composed import compose_settings
from fixtures.nyu_files import Frames, make_frames, write_root
from fixtures.tiny_training import factory
from oracles import nyu_depth as oracle

SHOWN = (5, 21, 11, 157, 4, 49)
"""A few ids that fall to different classes, so that a tiny network meets each more than once."""


@pytest.fixture(scope="module")
def frames() -> Frames:
    return make_frames(4, seed=4, ids=SHOWN)


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory, frames: Frames) -> Path:
    return write_root(tmp_path_factory.mktemp("nyu"), frames)


def make(root: Path, **options: Any) -> NyuDepthDataModule:
    return NyuDepthDataModule(root, **{"num_workers": 0, **options})


def test_what_it_offers(root: Path, frames: Frames) -> None:
    module = make(root)
    assert (module.num_classes, module.in_channels, module.features.names) == (40, 4, ("one", "rgb"))
    assert module.class_names[39] == "otherprop"
    assert (module.num_train_scenes, module.num_val_scenes) == (2, 2)
    assert module.eval_dataset("test").scenes == module.val_dataset.scenes == ["nyu0002", "nyu0004"]
    (batch,) = list(make(root, limit_val_scenes=1).val_dataloader())
    assert batch.points_per_scene == [NUM_PIXELS] and batch.feats.shape[1] == 4
    expected = oracle.whole(frames.images[1], frames.depths[1], frames.labels[1])[2]
    np.testing.assert_array_equal(batch.labels.numpy(), expected)
    assert module.problems() == [] and not module.takes_clouds()  # placed in pixels, not metres
    with pytest.raises(InputError, match="augmentations is not for NYU Depth v2"):
        make(root, augmentations=["rotate"])
    with pytest.raises(InputError, match="eval_offset=true is not allowed"):
        make(root, eval_offset=True)


def test_the_condition_counts_images(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    counts = "4 images, train 2, val 2"
    assert make(root).condition() == f"{root} is sound: {counts}, but the owners' file has 1449 images"
    monkeypatch.setattr("bscnet.datasets.nyu.datamodule.NUM_IMAGES", 4)
    assert make(root).condition() == f"{root} is complete: {counts}"


def test_pictures_show_metres(root: Path, frames: Frames) -> None:
    view = make(root).voxelize_scene("nyu0002")
    depth = frames.depths[1].astype(np.float64)
    for x, y in ((40, 45), (320, 240), (599, 469)):
        d = depth[x, y]
        place = [(x - 325.582449) * d / 518.857901, d, -(y - 253.736166) * d / 519.469611]
        np.testing.assert_allclose(view.points[oracle.row_of(x, y)], place, rtol=1e-5)


def test_repeats_workers_and_the_cache_change_no_byte(root: Path, tmp_path: Path) -> None:
    options = {"val_reps": 2, "limit_train_scenes": 1, "limit_val_scenes": 1}
    plain = make(root, **options)
    cached = make(root, num_workers=1, cache_dir=tmp_path, **options)
    for _ in range(2):
        for loader in ("val_dataloader", "train_dataloader"):
            (a,), (b,) = list(getattr(plain, loader)()), list(getattr(cached, loader)())
            for name in ("coords", "feats", "point_to_voxel", "labels"):
                assert torch.equal(getattr(a, name), getattr(b, name))
    first, second = (plain.val_dataset.placed("nyu0002", repeat) for repeat in (0, 1))
    assert not np.array_equal(first.voxels.coords[0], second.voxels.coords[0])


def test_the_configuration_makes_it(root: Path) -> None:
    settings = compose_settings("experiment=nyu_depth_v2", f"data.root={root}")
    module = build_datamodule(settings)
    assert isinstance(module, NyuDepthDataModule)
    assert (module.voxel_size, module.batch_size, module.in_channels, module.num_classes) == (0.02, 2, 4, 40)
    assert settings.data.num_classes == 40 and settings.model.name == "fcn_s"
    assert module.make_source().scenes("train") == ["nyu0001", "nyu0003"]


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:.*does not have many workers.*", "ignore:.*`isinstance.treespec, LeafSpec.*")
def test_a_network_trains_and_is_scored_at_the_pixels(root: Path, frames: Frames) -> None:
    """One epoch end to end; the scores are those of an oracle that takes each pixel's voxel from the coordinates."""
    torch.manual_seed(0)
    data = make(root, seed=3)
    network = FCN(4, 40, 4, 1, 2, factory())
    module = SegmentationModule(network, 40, data.class_names, optimisation=Optimisation(lr=0.01))
    trainer = pl.Trainer(
        max_epochs=1, accelerator="cpu", logger=False, enable_checkpointing=False, enable_progress_bar=False,
        enable_model_summary=False, use_distributed_sampler=False, num_sanity_val_steps=0,
    )  # fmt: skip
    before = [parameter.detach().clone() for parameter in network.parameters()]
    trainer.fit(module, datamodule=data)
    assert any(not torch.equal(a, b) for a, b in zip(before, network.parameters(), strict=True))
    truth, predicted = [], []
    module.eval()
    for number in (2, 4):
        scene = f"nyu{number:04d}"
        labels = oracle.whole(frames.images[number - 1], frames.depths[number - 1], frames.labels[number - 1])[2]
        voxels = data.val_dataset.placed(scene).voxels
        # pixels two by two and 2 cm: the site of a pixel from its own coordinates and the placement's mirror and shift
        rows = {tuple(site): row for row, site in enumerate(voxels.coords.tolist())}
        sites = torch.cat([torch.zeros(len(voxels.coords), 1, dtype=torch.int64), torch.from_numpy(voxels.coords)], 1)
        with torch.no_grad():
            logits = network(SparseTensor(torch.from_numpy(voxels.feats), sites, backend="torch")).numpy()
        rng = np.random.Generator(np.random.PCG64(seed_of(data.seed, scene)))
        mirror = 1 - 2 * rng.integers(0, 2)
        shift = 16384 + rng.uniform(-12000, 12000, 3)
        points = data.make_source().read(scene).points.astype(np.float64)
        cells = np.floor(points / 2 * [mirror, 1, 1] + shift).astype(int)
        predicted.append(np.argmax(logits[[rows[tuple(cell)] for cell in cells.tolist()]], axis=1))
        truth.append(labels)
    expected = scores_of(np.concatenate(truth), np.concatenate(predicted))
    found = module.val_scores
    assert found is not None
    assert expected["counted"] == int(found.confusion.sum()) == int((np.concatenate(truth) >= 0).sum())
    for name in ("acc", "macc", "miou"):
        assert float(getattr(found, name)) == pytest.approx(expected[name], abs=1e-9)
        assert float(trainer.callback_metrics[f"val/{name}"]) == pytest.approx(expected[name], abs=1e-6)


def seed_of(seed: int, scene: str) -> np.random.SeedSequence:
    return np.random.SeedSequence([2, seed, int.from_bytes(hashlib.sha256(scene.encode()).digest()[:8], "big")])


def scores_of(truth: np.ndarray, predicted: np.ndarray) -> dict[str, float]:
    """Pixel accuracy, mean accuracy and mIoU from their definitions; ignored pixels count nowhere."""
    kept = truth != -100
    truth, predicted = truth[kept], predicted[kept]
    recalls = [(predicted[truth == c] == c).mean() for c in np.unique(truth)]
    shown = np.union1d(truth, predicted)
    ious = [((truth == c) & (predicted == c)).sum() / ((truth == c) | (predicted == c)).sum() for c in shown]
    return {
        "acc": float((truth == predicted).mean()),
        "macc": float(np.mean(recalls)),
        "miou": float(np.mean(ious)),
        "counted": len(truth),
    }
