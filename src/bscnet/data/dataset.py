"""Map-style data sets over scenes; asked with a `SampleKey`, they return a `Sample` that depends on nothing else."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace

import numpy as np
from torch.utils.data import Dataset

from bscnet.data import augment
from bscnet.data.cache import Arrays
from bscnet.data.fingerprint import text_hash
from bscnet.data.labels import IGNORE_LABEL
from bscnet.data.sample import Sample, evaluation_sample, training_sample
from bscnet.data.sampler import SampleKey
from bscnet.data.source import ScanStore
from bscnet.data.voxelize import Voxels
from bscnet.errors import InputError

PLACEMENT_VERSION = 1
"""Part of the key of cached evaluation voxels: raise it when the same scan would be placed or voxelized otherwise."""


class SceneDataset(Dataset[Sample], ABC):
    """Scenes of a store at one voxel size (metres)."""

    def __init__(self, store: ScanStore, scenes: Sequence[str], voxel_size: float, seed: int) -> None:
        self.store, self.scenes, self.voxel_size, self.seed = store, list(scenes), voxel_size, seed

    def __len__(self) -> int:
        return len(self.scenes)

    @abstractmethod
    def __getitem__(self, key: SampleKey) -> Sample:
        """The sample of a key; InputError naming the file if the scene cannot be read or placed."""

    def __getitems__(self, keys: Sequence[SampleKey]) -> list[Sample] | InputError:
        """A batch. An input error is handed over as a value: raised in a worker it would arrive as a traceback."""
        try:
            return [self[key] for key in keys]
        except InputError as error:
            return error

    @contextmanager
    def blaming(self, scene: str) -> Iterator[None]:
        """Put the scene's file before the sentence of an input error that its points give rise to."""
        try:
            yield
        except InputError as error:
            raise InputError(f"{self.store.source.files(scene, self.store.labelled)[0]}: {error}") from error


class TrainDataset(SceneDataset):
    """Randomly placed samples: a function of (seed, key.epoch, key.place).

    augmented: False places the scenes as evaluation without randomness does. distort: elastic distortion.
    """

    def __init__(
        self,
        store: ScanStore,
        scenes: Sequence[str],
        voxel_size: float,
        seed: int = 0,
        augmented: bool = True,
        distort: bool = False,
    ) -> None:
        super().__init__(store, scenes, voxel_size, seed)
        self.augmented, self.distort = augmented, distort

    def __getitem__(self, key: SampleKey) -> Sample:
        scene = self.scenes[key.place]
        scan = self.store.scan(scene)
        with self.blaming(scene):
            if not self.augmented:
                return evaluation_sample(scan, self.voxel_size, None)
            rng = augment.train_rng(self.seed, key.epoch, key.place)
            return training_sample(scan, self.voxel_size, rng, self.distort)


class EvalDataset(SceneDataset):
    """Samples with every vertex, the same in every epoch: a function of (seed, scene), cached with their voxels.

    augmented: the random mirror, rotation and jitter of the evaluation protocol; False places scenes as they are.
    """

    def __init__(
        self, store: ScanStore, scenes: Sequence[str], voxel_size: float, seed: int = 0, augmented: bool = True
    ) -> None:
        super().__init__(store, scenes, voxel_size, seed)
        self.augmented = augmented

    def __getitem__(self, key: SampleKey) -> Sample:
        sample = self.sample(self.scenes[key.place])
        if key.counted:
            return sample
        return replace(sample, labels=np.full_like(sample.labels, IGNORE_LABEL))

    def sample(self, scene: str) -> Sample:
        """The sample of a scene of this split or of any other of the store's source."""
        if self.store.cache is None:
            arrays = self._arrays(scene)
        else:
            arrays = self.store.cache.get(self._key(scene), lambda: self._arrays(scene))
        return Sample(scene, Voxels(arrays["coords"], arrays["feats"], arrays["point_to_voxel"]), arrays["labels"])

    def _key(self, scene: str) -> str:
        how = f"evaluation {PLACEMENT_VERSION} {self.voxel_size!r} {self.seed if self.augmented else None}"
        return text_hash(f"{how} {self.store.fingerprint(scene)}")

    def _arrays(self, scene: str) -> Arrays:
        scan = self.store.scan(scene)
        with self.blaming(scene):
            rng = augment.eval_rng(self.seed, scene) if self.augmented else None
            sample = evaluation_sample(scan, self.voxel_size, rng)
        return {**vars(sample.voxels), "labels": sample.labels}
