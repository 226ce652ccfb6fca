"""The DataLoader of scenes: batches from workers, input errors as one sentence."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from typing import Any

import torch
from torch.utils.data import DataLoader, Sampler

from bscnet.data.collate import Batch, collate
from bscnet.data.dataset import SceneDataset
from bscnet.data.sample import Sample
from bscnet.data.sampler import SampleKey
from bscnet.errors import InputError

_START_METHOD = "fork" if sys.platform == "linux" else "spawn"


class SceneLoader(DataLoader[Any]):
    """Batches of a data set's scenes; an `InputError` in a worker is raised here with its own words.

    The loader draws nothing from torch's global random stream (it has a generator of its own), so that the number of
    epochs or workers does not move the randomness of a network.
    """

    def __init__(
        self,
        dataset: SceneDataset,
        sampler: Sampler[SampleKey],
        batch_size: int,
        num_workers: int = 0,
        pin_memory: bool = False,
    ) -> None:
        super().__init__(
            dataset,
            batch_size=batch_size,
            sampler=sampler,
            num_workers=num_workers,
            persistent_workers=num_workers > 0,
            pin_memory=pin_memory,
            collate_fn=collate_unless_error,
            generator=torch.Generator(),
            # Named, because inside a joblib worker the default is joblib's own way, which cannot start these.
            multiprocessing_context=_START_METHOD if num_workers else None,
        )

    def __iter__(self) -> Iterator[Batch]:  # type: ignore[override]
        for batch in super().__iter__():
            if isinstance(batch, InputError):
                raise batch
            yield batch


def collate_unless_error(samples: Sequence[Sample] | InputError) -> Batch | InputError:
    """The batch of some samples, or the input error that stands in their place."""
    return samples if isinstance(samples, InputError) else collate(samples)
