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
from bscnet.data.mix3d import mixed_pairs
from bscnet.data.sample import Placement, Sample
from bscnet.data.sampler import SampleKey
from bscnet.data.source import ScanStore
from bscnet.data.voxelize import Voxels
from bscnet.errors import InputError
from bscnet.ignore import IGNORE_INDEX


class SceneDataset(Dataset[Sample], ABC):
    """Scenes of a store, put on the grid by a placement."""

    def __init__(self, store: ScanStore, scenes: Sequence[str], placement: Placement, seed: int) -> None:
        self.store, self.scenes, self.placement, self.seed = store, list(scenes), placement, seed

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

    augmented: False places the scenes as evaluation without randomness does. mix3d: the probability that two scenes of
    a batch become one (`mixed_pairs`), a function of (seed, epoch, places) as well.
    """

    def __init__(
        self,
        store: ScanStore,
        scenes: Sequence[str],
        placement: Placement,
        seed: int = 0,
        augmented: bool = True,
        mix3d: float = 0.0,
    ) -> None:
        super().__init__(store, scenes, placement, seed)
        self.augmented, self.mix3d = augmented, mix3d

    def __getitems__(self, keys: Sequence[SampleKey]) -> list[Sample] | InputError:
        """See `SceneDataset`; scenes are mixed here, where a batch is together."""
        samples = super().__getitems__(keys)
        if isinstance(samples, InputError) or not self.mix3d:
            return samples
        return mixed_pairs(samples, self.mix3d, augment.mix_rng(self.seed, keys[0].epoch, keys[0].place))

    def __getitem__(self, key: SampleKey) -> Sample:
        scene = self.scenes[key.place]
        scan = self.store.scan(scene)
        with self.blaming(scene):
            if not self.augmented:
                return self.placement.evaluation(scan, None)
            return self.placement.training(scan, augment.train_rng(self.seed, key.epoch, key.place))


class EvalDataset(SceneDataset):
    """Samples with every vertex, the same in every epoch: a function of (seed, scene), cached with their voxels.

    augmented: the evaluation protocol's random placement (of meshes: mirror, rotation, jitter); False places scenes as
    they are. repeats: placements of each scene, over which the scores are summed; they all fall together where
    `augmented` is off, so that there is one then.
    """

    def __init__(
        self,
        store: ScanStore,
        scenes: Sequence[str],
        placement: Placement,
        seed: int = 0,
        augmented: bool = True,
        repeats: int = 1,
    ) -> None:
        super().__init__(store, scenes, placement, seed)
        self.augmented, self.repeats = augmented, repeats if augmented else 1

    def __getitem__(self, key: SampleKey) -> Sample:
        sample = self.sample(self.scenes[key.place])
        if key.counted:
            return sample
        return replace(sample, labels=np.full_like(sample.labels, IGNORE_INDEX))

    def sample(self, scene: str) -> Sample:
        """The sample of a scene of this split or of any other of the store's source, with all its repeats."""
        first, *more = (self.placed(scene, repeat) for repeat in range(self.repeats))
        return replace(first, again=tuple(sample.voxels for sample in more))

    def placed(self, scene: str, repeat: int = 0) -> Sample:
        """One placement of a scene."""
        if self.store.cache is None:
            arrays = self._arrays(scene, repeat)
        else:
            arrays = self.store.cache.get(self._key(scene, repeat), lambda: self._arrays(scene, repeat))
        return Sample(scene, Voxels(arrays["coords"], arrays["feats"], arrays["point_to_voxel"]), arrays["labels"])

    def _key(self, scene: str, repeat: int) -> str:
        drawn = (self.seed, repeat) if self.augmented else None
        return text_hash(f"evaluation {self.placement.key} {drawn} {self.store.fingerprint(scene)}")

    def _arrays(self, scene: str, repeat: int) -> Arrays:
        scan = self.store.scan(scene)
        with self.blaming(scene):
            rng = augment.eval_rng(self.seed, scene, repeat) if self.augmented else None
            sample = self.placement.evaluation(scan, rng)
        return {**vars(sample.voxels), "labels": sample.labels}
