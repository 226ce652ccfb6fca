"""What the LightningDataModules of all data sets share: loading, placing, scoring and showing scenes."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pytorch_lightning as pl
from torch.utils.data import Sampler

from bscnet.clouds.reading import COMPUTED, Reading
from bscnet.data.cache import ArrayCache
from bscnet.data.collate import Batch, collate
from bscnet.data.dataset import EvalDataset, SceneDataset, TrainDataset
from bscnet.data.features import FeatureRecipe
from bscnet.data.loader import SceneLoader, pins_memory, prepares_maps
from bscnet.data.sample import MeshPlacement, Placement
from bscnet.data.sampler import EvalSampler, SampleKey, TrainSampler
from bscnet.data.scan import Scan
from bscnet.data.source import ScanStore, SceneSource
from bscnet.data.transforms import PAPER, read_transforms
from bscnet.errors import InputError
from bscnet.ignore import IGNORE_INDEX

if TYPE_CHECKING:
    from rich.console import RenderableType


@dataclass(frozen=True)
class SceneView:
    """A scene as it is scored, and as it stands in its file: row p of points, colors, labels is point p of the batch.

    batch: the one scene. points: (P, 3) float32, metres, z up. colors: (P, 3) uint8. labels: (P,) int64, -100 ignored.
    """

    batch: Batch
    points: npt.NDArray[np.float32]
    colors: npt.NDArray[np.uint8]
    labels: npt.NDArray[np.int64]


class ScanDataModule(pl.LightningDataModule):
    """Scenes of a data set: each has a subclass with `make_source`, `problems` and the attribute `class_names`.

    Where scans are not meshes in metres with z up, it overrides `make_placement` and `view_points` too. `in_channels`
    is what the features make.

    root: the data set's folder. voxel_size: metres. batch_size: scenes per step and rank. num_workers: loading
    processes (0: none). seed: of order and augmentation. cache_dir: where decoded scans and evaluation voxels are kept
    (None: nowhere). augment: random placement of training scenes. augmentations: of theirs, see `read_transforms`
    (None: those of the data set's protocol). mix3d: the probability that two of a batch become one, see
    `bscnet.data.mix3d`. eval_augment: the evaluation protocol's fixed random mirror, rotation and jitter. eval_offset:
    and a random place in the cube, see `augment.place_for_evaluation`. val_reps: placements of a scored scene, over
    which its scores are summed. features: see `FeatureRecipe`. eval_batch_size: scenes scored at once. limit_*_scenes:
    only the first so many of a list (None: all). pin_memory: see `pins_memory`. prepare_maps: see `prepares_maps`; on a
    GPU no maps are prepared. repeats: how often an epoch shows each training scene, every time placed anew.
    The Trainer must run with use_distributed_sampler=False: the samplers here know their rank.
    InputError: a value out of range, and at set-up a data set that is not all there.
    """

    class_names: Sequence[str]
    """Names of the classes, in the order of their ids."""
    single_view = False
    """Whether a scan is what one sensor saw from one place, in `view_points` along y: pictures then look from there."""
    reading = Reading()
    """How clouds' files are read on the way into a `Scan`, and which label each class has in them."""
    cloud_values: Collection[str] = ()
    """Measured values that stand in clouds' files."""
    scan_values: Collection[str] | None = None
    """Measured values that its scans have, for features; None: the scans themselves say it."""

    def __init__(
        self,
        root: str | Path,
        voxel_size: float = 0.05,
        batch_size: int = 1,
        num_workers: int = 1,
        seed: int = 0,
        cache_dir: str | Path | None = None,
        augment: bool = True,
        eval_augment: bool = True,
        val_reps: int = 1,
        features: Sequence[str] = ("rgb",),
        eval_batch_size: int = 1,
        limit_train_scenes: int | None = None,
        limit_val_scenes: int | None = None,
        pin_memory: bool | str = "auto",
        prepare_maps: bool | str = "auto",
        repeats: int = 1,
        eval_offset: bool = False,
        augmentations: Sequence[str | Mapping[str, Any]] | None = None,
        mix3d: float = 0.0,
    ) -> None:
        super().__init__()
        if not (math.isfinite(voxel_size) and voxel_size > 0):
            raise InputError(f"voxel_size={voxel_size} is not allowed, it must be a positive number of metres")
        _at_least(0, num_workers=num_workers, seed=seed)
        _at_least(1, batch_size=batch_size, eval_batch_size=eval_batch_size, val_reps=val_reps, repeats=repeats)
        if not 0 <= mix3d <= 1:
            raise InputError(f"mix3d={mix3d} is not allowed, it must be a probability from 0 to 1")
        if mix3d and batch_size < 2:
            raise InputError(f"mix3d={mix3d} needs two scenes a batch to mix, and batch_size is 1")
        _at_least(1, limit_train_scenes=limit_train_scenes, limit_val_scenes=limit_val_scenes)
        self.root = Path(root)
        self.voxel_size, self.batch_size, self.eval_batch_size = voxel_size, batch_size, eval_batch_size
        self.num_workers, self.seed = num_workers, seed
        pins_memory(pin_memory, "cpu")  # refuses what is no choice before anything is loaded
        self.pin_memory = pin_memory
        self.prepare_maps = prepares_maps(prepare_maps, num_workers)
        self.augment, self.eval_augment, self.val_reps = augment, eval_augment, val_reps
        self.transforms = PAPER if augmentations is None else read_transforms(augmentations)
        self.mix3d = mix3d
        self.eval_offset = eval_offset
        self.features, self.repeats = FeatureRecipe(features), repeats
        self.limits = {"train": limit_train_scenes, "val": limit_val_scenes}
        self.cache = None if cache_dir is None else ArrayCache(cache_dir)
        self._datasets: tuple[TrainDataset, EvalDataset] | None = None

    @property
    def num_classes(self) -> int:
        """How many classes are told apart."""
        return len(self.class_names)

    @property
    def in_channels(self) -> int:
        """Channels of a voxel's features."""
        return self.features.channels

    def make_source(self) -> SceneSource:
        """The reader of the data set."""
        raise NotImplementedError

    def make_placement(self) -> Placement:
        """How scans are put on the voxel grid."""
        return MeshPlacement(self.voxel_size, self.features, self.transforms, eval_offset=self.eval_offset)

    def view_points(self, scan: Scan) -> npt.NDArray[np.float32]:
        """Points of a scan as a picture shows them: (P, 3), metres, z up."""
        return scan.points

    def takes_clouds(self) -> bool:
        """Whether the features of any cloud's file can be made: it holds them all, and scans are placed in metres."""
        return all(name in COMPUTED or name in self.cloud_values for name in self.features.names)

    def problems(self) -> list[str]:
        """One sentence for each missing or damaged file of the data set; reads every file."""
        raise NotImplementedError

    def condition(self) -> str:
        """A clause about the data set where it has no problems."""
        return f"{self.root} is complete"

    def report(self) -> RenderableType | None:
        """What there is to tell of the data set beside its problems, for a rich console; None: nothing."""
        return None

    def require(self) -> None:
        """See that there is something to train on, as far as that can be told without making or fetching anything.

        Raises:
            InputError: a feature that no scan has, or a missing file.
        """
        for name in self.features.names:
            if self.scan_values is not None and name not in (*COMPUTED, *self.scan_values):
                known = ", ".join([*COMPUTED, *self.scan_values])
                raise InputError(f"data.features: the scans have no values for {name!r}, there are {known}")
        for key, folder in (("root", self.root), ("cache_dir", None if self.cache is None else self.cache.directory)):
            if folder is not None and folder.is_file():
                raise InputError(f"data.{key}={folder} is a file, it must be a folder")
        if type(self).prepare_data is ScanDataModule.prepare_data:
            self.setup()

    def setup(self, stage: str | None = None) -> None:
        """Read the split lists and see that every file is there."""
        if self._datasets is None:
            self._datasets = self._find()

    def _find(self) -> tuple[TrainDataset, EvalDataset]:
        source = self.make_source()
        lists = {split: source.scenes(split)[: self.limits[split]] for split in ("train", "val")}
        source.require([*lists["train"], *lists["val"]])
        store, placement = ScanStore(source, self.cache), self.make_placement()
        return (
            TrainDataset(store, lists["train"] * self.repeats, placement, self.seed, self.augment, self.mix3d),
            EvalDataset(store, lists["val"], placement, self.seed, self.eval_augment, self.val_reps),
        )

    def eval_dataset(self, split: str, labelled: bool = True) -> EvalDataset:
        """The scenes of any split as they are scored, or without labels as they are labelled.

        InputError: there is no such split, or a file of it is missing.
        """
        self.prepare_data()
        source = self.make_source()
        scenes = source.scenes(split)[: self.limits.get(split)]
        source.require(scenes, labelled)
        store = ScanStore(source, self.cache, labelled)
        return EvalDataset(store, scenes, self.make_placement(), self.seed, self.eval_augment, self.val_reps)

    def loader(self, dataset: EvalDataset) -> SceneLoader:
        """All scenes of a data set, one a batch, in order."""
        return self._loader(dataset, EvalSampler(len(dataset)), 1)

    def _ready(self) -> tuple[TrainDataset, EvalDataset]:
        if self._datasets is None:
            self.prepare_data()
            self._datasets = self._find()
        return self._datasets

    @property
    def train_dataset(self) -> TrainDataset:
        """The training scenes; makes and finds the data first if that has not been done."""
        return self._ready()[0]

    @property
    def val_dataset(self) -> EvalDataset:
        """The validation scenes; makes and finds the data first if that has not been done."""
        return self._ready()[1]

    @property
    def num_train_scenes(self) -> int:
        """How many scenes one epoch trains on."""
        return len(self.train_dataset)

    @property
    def num_val_scenes(self) -> int:
        """How many scenes are scored."""
        return len(self.val_dataset)

    def class_counts(self) -> npt.NDArray[np.int64]:
        """(num_classes,) points of every class in the training scenes, each scene counted once; reads them all."""
        dataset = self.train_dataset
        counts = np.zeros(self.num_classes, dtype=np.int64)
        for scene in dict.fromkeys(dataset.scenes):
            labels = dataset.store.scan(scene).labels
            counts += np.bincount(labels[labels != IGNORE_INDEX], minlength=self.num_classes)
        return counts

    def train_dataloader(self) -> SceneLoader:
        """Shuffled, augmented batches of this rank's share."""
        rank, world_size = self._place()
        sampler = TrainSampler(self.num_train_scenes, self.seed, rank, world_size)
        return self._loader(self.train_dataset, sampler, self.batch_size)

    def val_dataloader(self) -> SceneLoader:
        """This rank's share of the validation scenes, in order; over all ranks each is counted once."""
        sampler = EvalSampler(self.num_val_scenes, *self._place())
        return self._loader(self.val_dataset, sampler, self.eval_batch_size)

    def _loader(self, dataset: SceneDataset, sampler: Sampler[SampleKey], batch_size: int) -> SceneLoader:
        device = "cpu" if self.trainer is None else self.trainer.strategy.root_device.type
        pins, prepares = pins_memory(self.pin_memory, device), self.prepare_maps and device == "cpu"
        return SceneLoader(dataset, sampler, batch_size, self.num_workers, pins, prepares)

    def voxelize_scene(self, name: str) -> SceneView:
        """One scene of the data set by name, placed as for evaluation, once."""
        dataset = self.val_dataset
        dataset.store.source.require([name])
        scan = dataset.store.scan(name)
        batch = collate([dataset.placed(name)])
        return SceneView(batch, self.view_points(scan), scan.colors, scan.labels.astype(np.int64))

    def val_scene(self, index: int) -> SceneView:
        """Validation scene number `index`; InputError if there are not so many."""
        if not 0 <= index < self.num_val_scenes:
            raise InputError(
                f"validation scene {index} is not there, the split has scenes 0..{self.num_val_scenes - 1}"
            )
        return self.voxelize_scene(self.val_dataset.scenes[index])

    def _place(self) -> tuple[int, int]:
        if self.trainer is None:
            return 0, 1
        return self.trainer.global_rank, self.trainer.world_size


def _at_least(smallest: int, **values: int | None) -> None:
    for name, value in values.items():
        if value is not None and value < smallest:
            raise InputError(f"{name}={value} is not allowed, it must be at least {smallest}")
