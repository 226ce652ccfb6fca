from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import pytorch_lightning as pl
import torch
from torch import Tensor

from bscnet import data
from bscnet.data.cache import ArrayCache
from bscnet.data.collate import Batch
from bscnet.datasets.scannet.classes import CLASS_NAMES, nyu40_to_class
from bscnet.datasets.scannet.datamodule import ScanNetDataModule
from bscnet.errors import InputError
from fixtures.scannet_files import make_scene, write_root, write_scene


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_root(tmp_path_factory.mktemp("scannet"), train=5, val=3)


def make(root: Path, **options: Any) -> ScanNetDataModule:
    return ScanNetDataModule(root, **{"voxel_size": 0.2, "num_workers": 0, "batch_size": 2, **options})


def trainer_of(device: str, global_rank: int = 0, world_size: int = 1) -> Any:
    """As much of a Trainer as a data module looks at."""
    strategy = SimpleNamespace(root_device=torch.device(device))
    return SimpleNamespace(strategy=strategy, global_rank=global_rank, world_size=world_size)


def same(a: Batch, b: Batch) -> bool:
    pairs = [(a.coords, b.coords), (a.feats, b.feats), (a.point_to_voxel, b.point_to_voxel), (a.labels, b.labels)]
    return a.scenes == b.scenes and all(torch.equal(x, y) for x, y in pairs)


def epochs_of(module: ScanNetDataModule, epochs: int = 2) -> list[Batch]:
    loader = module.train_dataloader()
    batches: list[Batch] = []
    for epoch in range(epochs):
        loader.sampler.set_epoch(epoch)  # type: ignore[attr-defined]
        batches += loader
    return batches + list(module.val_dataloader())


def test_contract_of_a_batch(root: Path) -> None:
    module = make(root)
    module.setup("fit")
    assert (module.num_classes, module.in_channels, module.class_names) == (20, 3, CLASS_NAMES)
    assert (module.num_train_scenes, module.num_val_scenes) == (5, 3)
    batches = list(module.train_dataloader())
    assert [len(batch.scenes) for batch in batches] == [2, 2, 1]
    assert {scene for batch in batches for scene in batch.scenes} == set(module.train_dataset.scenes)
    assert [batch.scenes for batch in module.val_dataloader()] == [[name] for name in module.val_dataset.scenes]
    for batch in batches:
        assert batch.coords.shape[1] == 4 and batch.feats.shape == (len(batch.coords), 3)
        assert len(batch.labels) == len(batch.point_to_voxel) == sum(batch.points_per_scene)


def test_scenes_of_a_batch_are_mixed_in_pairs(root: Path) -> None:
    plain, mixed = (list(make(root, mix3d=share, seed=1).train_dataloader()) for share in (0.0, 1.0))
    assert [batch.scenes for batch in mixed] == [["+".join(batch.scenes)] for batch in plain]
    for one, other in zip(plain, mixed, strict=True):
        assert torch.equal(one.labels, other.labels) and set(other.coords[:, 0].tolist()) == {0}
    with pytest.raises(InputError, match="mix3d=0.5 needs two scenes a batch to mix, and batch_size is 1"):
        make(root, mix3d=0.5, batch_size=1)
    with pytest.raises(InputError, match="mix3d=2 is not allowed"):
        make(root, mix3d=2)


def test_points_of_each_class_are_counted_over_the_training_scenes(root: Path) -> None:
    module = make(root, repeats=2)
    store = module.train_dataset.store
    labels = np.concatenate([store.scan(scene).labels for scene in sorted(set(module.train_dataset.scenes))])
    assert module.class_counts().tolist() == [int((labels == label).sum()) for label in range(20)]


LIST = ("dropout", "affine", "rotate", "elastic", "color_shift", "color_jitter")


@pytest.mark.parametrize("workers", [1, 2])
def test_the_same_bytes_with_any_number_of_workers(root: Path, tmp_path: Path, workers: int) -> None:
    plain = epochs_of(make(root, augmentations=LIST))
    with_workers = epochs_of(make(root, augmentations=LIST, num_workers=workers, cache_dir=tmp_path))
    assert len(plain) == len(with_workers)
    assert all(same(a, b) for a, b in zip(plain, with_workers, strict=True))


def test_a_sample_depends_on_seed_epoch_and_scene_alone(root: Path) -> None:
    def sample_of(epoch: int, **options: Any) -> dict[str, Tensor]:
        loader = make(root, **options).train_dataloader()
        loader.sampler.set_epoch(epoch)  # type: ignore[attr-defined]
        return {batch.scenes[0]: batch.coords for batch in loader}

    first = sample_of(3, batch_size=1, seed=5)
    again = sample_of(3, batch_size=1, seed=5)
    assert all(torch.equal(first[scene], again[scene]) for scene in first)
    for other in (sample_of(4, batch_size=1, seed=5), sample_of(3, batch_size=1, seed=6)):
        assert not any(torch.equal(first[scene], other[scene]) for scene in first)


def test_iterating_leaves_the_global_random_stream_alone(root: Path) -> None:
    before = torch.get_rng_state()
    epochs_of(make(root))
    assert torch.equal(before, torch.get_rng_state())


def test_evaluation_is_the_same_in_every_epoch_and_differs_by_seed(root: Path) -> None:
    module = make(root)
    loader = module.val_dataloader()
    assert all(same(a, b) for a, b in zip(loader, loader, strict=True))
    assert not any(same(a, b) for a, b in zip(loader, make(root, seed=1).val_dataloader(), strict=True))
    still = make(root, eval_augment=False)
    assert all(
        same(a, b)
        for a, b in zip(still.val_dataloader(), make(root, seed=1, eval_augment=False).val_dataloader(), strict=True)
    )


def test_training_without_augmentation_is_the_same_in_every_epoch(root: Path) -> None:
    batches = epochs_of(make(root, augment=False, batch_size=1))
    coords: dict[str, Tensor] = {}
    for batch in batches[:10]:
        assert torch.equal(coords.setdefault(batch.scenes[0], batch.coords), batch.coords)


def test_cached_and_uncached_agree_and_the_cache_is_used(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain = epochs_of(make(root))
    epochs_of(make(root, cache_dir=tmp_path))
    monkeypatch.setattr("bscnet.datasets.scannet.reader.read_mesh", None)
    assert all(same(a, b) for a, b in zip(plain, epochs_of(make(root, cache_dir=tmp_path)), strict=True))


def test_the_cache_knows_what_went_in(tmp_path: Path) -> None:
    root, cache = write_root(tmp_path / "data", train=1, val=1), tmp_path / "cache"

    def voxels(**options: Any) -> Batch:
        return next(iter(make(root, cache_dir=cache, **options).val_dataloader()))

    first = voxels()
    assert len(voxels(voxel_size=0.4).coords) < len(first.coords)
    assert not same(voxels(seed=1), first) and not same(voxels(eval_augment=False), first)
    write_scene(root, "scene1000_00", make_scene(seed=77, points=150))
    assert voxels().points_per_scene == [150]
    assert isinstance(make(root, cache_dir=cache).cache, ArrayCache)


def test_scored_scenes_may_lie_anywhere_in_the_cube(root: Path, tmp_path: Path) -> None:
    def corners(**options: Any) -> np.ndarray:
        module = make(root, cache_dir=tmp_path, **options)
        return np.stack([batch.coords[:, 1:].numpy().min(axis=0) for batch in module.val_dataloader()])

    middle, anywhere = corners(), corners(eval_offset=True)
    assert np.abs(middle - 2048).max() < 100 < np.abs(anywhere - 2048).max()
    np.testing.assert_array_equal(corners(), middle)  # from the same cache
    np.testing.assert_array_equal(corners(eval_offset=True), anywhere)
    (batch, *_) = make(root, val_reps=3, eval_offset=True).val_dataloader()
    places = [batch.coords[batch.coords[:, 0] == number, 1:].numpy().min(axis=0) for number in range(3)]
    assert len({tuple(place) for place in places}) == 3
    view = make(root, eval_offset=True, eval_augment=False).val_scene(0)
    np.testing.assert_array_equal(view.batch.coords, make(root, eval_augment=False).val_scene(0).batch.coords)


def test_the_cache_knows_the_order_of_the_features(root: Path, tmp_path: Path) -> None:
    def feats(*features: str) -> np.ndarray:
        module = make(root, cache_dir=tmp_path, features=features)
        return next(iter(module.val_dataloader())).feats.numpy()

    first, second = feats("rgb", "offset"), feats("offset", "rgb")
    np.testing.assert_array_equal(first[:, [3, 4, 5, 0, 1, 2]], second)
    assert (first != second).any()


def test_limits_take_the_first_scenes_and_need_no_others(tmp_path: Path) -> None:
    root = write_root(tmp_path, train=3, val=2)
    (root / "scans" / "scene0002_00" / "scene0002_00_vh_clean_2.ply").unlink()
    module = make(root, limit_train_scenes=2, limit_val_scenes=1)
    assert (module.train_dataset.scenes, module.num_val_scenes) == (["scene0000_00", "scene0001_00"], 1)
    with pytest.raises(InputError, match="1 of 10 files"):
        make(root).setup("fit")


def test_a_scene_for_pictures(root: Path) -> None:
    module = make(root)
    view = module.val_scene(1)
    scene = make_scene(seed=1001, points=200)
    assert view.batch.scenes == ["scene1001_00"]
    np.testing.assert_array_equal(view.points, scene.points)
    np.testing.assert_array_equal(view.colors, scene.colors)
    np.testing.assert_array_equal(view.labels, nyu40_to_class(scene.nyu40))
    np.testing.assert_array_equal(view.batch.labels, view.labels)
    assert same(view.batch, list(module.val_dataloader())[1])
    assert module.voxelize_scene("scene0000_00").batch.scenes == ["scene0000_00"]
    with pytest.raises(InputError, match=r"scenes 0\.\.2"):
        module.val_scene(3)
    with pytest.raises(InputError, match="nowhere"):
        module.voxelize_scene("nowhere")


@pytest.mark.parametrize(
    "options, sentence",
    [
        ({"voxel_size": 0.0}, "voxel_size=0.0"),
        ({"voxel_size": float("nan")}, "voxel_size=nan"),
        ({"batch_size": 0}, "batch_size=0 is not allowed, it must be at least 1"),
        ({"num_workers": -1}, "num_workers=-1"),
        ({"seed": -1}, "seed=-1"),
        ({"eval_batch_size": 0}, "eval_batch_size=0"),
        ({"limit_train_scenes": 0}, "limit_train_scenes=0"),
        ({"limit_val_scenes": -3}, "limit_val_scenes=-3"),
    ],
)
def test_values_out_of_range_are_named(root: Path, options: dict[str, Any], sentence: str) -> None:
    with pytest.raises(InputError, match=sentence):
        make(root, **options)


@pytest.mark.parametrize("workers", [0, 1])
def test_a_damaged_file_is_one_sentence_from_any_worker(tmp_path: Path, workers: int) -> None:
    root = write_root(tmp_path, train=1, val=1)
    mesh = root / "scans" / "scene0000_00" / "scene0000_00_vh_clean_2.ply"
    mesh.write_bytes(mesh.read_bytes()[:-20])
    with pytest.raises(InputError, match="damaged or truncated") as error:
        list(make(root, num_workers=workers).train_dataloader())
    assert str(mesh) in str(error.value) and "\n" not in str(error.value)


@pytest.mark.parametrize("cached", [False, True])
def test_a_far_point_is_blamed_on_its_file(tmp_path: Path, cached: bool) -> None:
    root = write_root(tmp_path / "data", train=1, val=1)
    for name in ("scene0000_00", "scene1000_00"):
        scene = make_scene()
        scene.points[3, 1] = 3e9
        write_scene(root, name, scene)
    module = make(root, cache_dir=tmp_path / "cache" if cached else None)
    for loader, name in ((module.train_dataloader(), "scene0000_00"), (module.val_dataloader(), "scene1000_00")):
        with pytest.raises(InputError, match=f"{name}_vh_clean_2.ply: .*beyond the key range"):
            list(loader)


def test_two_ranks_share_the_scenes(root: Path) -> None:
    trained, counted = [], []
    for rank in range(2):
        module = make(root, batch_size=1)
        module.trainer = trainer_of("cpu", global_rank=rank, world_size=2)
        trained.append([batch.scenes[0] for batch in module.train_dataloader()])
        val = list(module.val_dataloader())
        assert len(val) == 2
        counted += [batch.scenes[0] for batch in val if (batch.labels != -100).any()]
    assert {name for share in trained for name in share} == set(module.train_dataset.scenes)
    assert [len(share) for share in trained] == [3, 3]
    assert sorted(counted) == module.val_dataset.scenes


@pytest.mark.parametrize(
    "choice, device, pinned",
    [("auto", "cpu", False), ("auto", "cuda", True), (False, "cuda", False), (True, "cpu", True)],
)
def test_memory_is_pinned_where_the_trainer_runs_on_a_gpu(
    root: Path, choice: bool | str, device: str, pinned: bool
) -> None:
    module = make(root, pin_memory=choice, prepare_maps=True, num_workers=1)
    assert module.loader(module.val_dataset).pin_memory == (choice is True)
    module.trainer = trainer_of(device)
    for loader in (module.train_dataloader(), module.val_dataloader()):
        assert loader.pin_memory == pinned
        assert (loader._requests is None) == (pinned or device == "cuda")  # kernel maps are for the CPU


def test_what_is_no_choice_of_pinning_is_refused(root: Path) -> None:
    with pytest.raises(InputError, match="pin_memory=yes is not allowed, it must be auto, true or false"):
        make(root, pin_memory="yes")


def test_a_one_voxel_scene_is_read_trained_and_scored(tmp_path: Path) -> None:
    root = write_root(tmp_path, train=1, val=1, points=6, size=1e-4)
    module = make(root, voxel_size=0.5, eval_augment=False)
    assert [len(batch.coords) for batch in module.val_dataloader()] == [1]
    assert all(1 <= len(batch.coords) <= 6 for batch in module.train_dataloader())


def test_names_are_loaded_on_first_use() -> None:
    with pytest.raises(AttributeError, match="no attribute 'Nothing'"):
        data.Nothing  # noqa: B018


class Recorder(pl.LightningModule):
    """Trains nothing, notes what it was given."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = torch.nn.Parameter(torch.zeros(()))
        self.seen: list[tuple[int, list[str], float]] = []
        self.validated: list[str] = []

    def training_step(self, batch: Batch, _: int) -> Tensor:
        self.seen.append((self.current_epoch, batch.scenes, float(batch.coords.double().mean())))
        return self.weight * batch.feats.mean()

    def validation_step(self, batch: Batch, _: int) -> None:
        if self.trainer.sanity_checking:
            return
        self.validated += batch.scenes

    def configure_optimizers(self) -> torch.optim.Optimizer:
        return torch.optim.SGD(self.parameters(), 0.1)


@pytest.mark.filterwarnings("ignore:.*does not have many workers.*", "ignore:.*`isinstance.treespec, LeafSpec.*")
@pytest.mark.filterwarnings("ignore:The number of training batches")
@pytest.mark.parametrize("workers", [0, 1])
def test_the_trainer_drives_the_epochs(root: Path, tmp_path: Path, workers: int) -> None:
    model = Recorder()
    trainer = pl.Trainer(
        max_epochs=2,
        accelerator="cpu",
        logger=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
        use_distributed_sampler=False,
        default_root_dir=tmp_path,
    )
    module = make(root, num_workers=workers)
    trainer.fit(model, datamodule=module)
    expected = epochs_of(make(root))
    got = [(epoch, scenes, mean) for epoch, scenes, mean in model.seen]
    assert got == [
        (number // 3, batch.scenes, float(batch.coords.double().mean())) for number, batch in enumerate(expected[:6])
    ]
    assert model.validated == module.val_dataset.scenes * 2
