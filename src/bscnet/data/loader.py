"""The DataLoader of scenes: batches from workers, input errors as one sentence."""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import cache
from typing import Any

import torch
from torch.utils.data import DataLoader, Sampler

from bscnet.counted import counted
from bscnet.data.collate import Batch, collate
from bscnet.data.cores import available_cores
from bscnet.data.dataset import SceneDataset
from bscnet.data.sample import Sample
from bscnet.data.sampler import SampleKey
from bscnet.errors import InputError
from bscnet.sparse.map_requests import MapRequests
from bscnet.sparse.prepared import PreparedMaps, prepare_maps
from bscnet.sparse.transport import Parcel, parcel_of

_log = logging.getLogger(__name__)
_START_METHOD = "fork" if sys.platform == "linux" else "spawn"


class SceneLoader(DataLoader[Any]):
    """Batches of a data set's scenes; an `InputError` in a worker is raised here with its own words.

    The loader draws nothing from torch's global random stream (it has a generator of its own), so that the number of
    epochs or workers does not move the randomness of a network. Loading processes stay from one epoch to the next.

    num_workers: loading processes; that there are more of them than cores is said once.
    pin_memory: batches in page-locked memory, which a GPU fetches by itself.
    prepare: let the loading processes make the kernel maps that the networks of the batches before have asked for
    (torch and native backend on the CPU); without loading processes, or where memory is pinned for a GPU, that has no
    effect.
    """

    def __init__(
        self,
        dataset: SceneDataset,
        sampler: Sampler[SampleKey],
        batch_size: int,
        num_workers: int = 0,
        pin_memory: bool = False,
        prepare: bool = False,
    ) -> None:
        self._requests = MapRequests() if prepare and num_workers > 0 and not pin_memory else None
        super().__init__(
            dataset,
            batch_size=batch_size,
            sampler=sampler,
            num_workers=num_workers,
            persistent_workers=num_workers > 0,
            pin_memory=pin_memory,
            collate_fn=Collate(num_workers > 0, self._requests),
            generator=torch.Generator(),
            # Named, because inside a joblib worker the default is joblib's own way, which cannot start these.
            multiprocessing_context=_START_METHOD if num_workers else None,
        )

    def check_worker_number_rationality(self) -> None:
        """See `_compare_with_cores`."""
        _compare_with_cores(self.num_workers, available_cores())

    def __iter__(self) -> Iterator[Batch]:  # type: ignore[override]
        for loaded in super().__iter__():
            batch = loaded.opened() if isinstance(loaded, Parcel) else loaded
            if isinstance(batch, InputError):
                raise batch
            if self._requests is not None:
                made = batch.maps or PreparedMaps()
                batch = replace(batch, maps=replace(made, requests=self._requests))
            yield batch


def prepares_maps(choice: bool | str, num_workers: int) -> bool:
    """Whether loading processes make kernel maps: as chosen, or by "auto" where cores are left for them.

    Beside training that has every core busy the same work is only moved, and the two get into each other's way.
    InputError: another choice.
    """
    if choice == "auto":
        return 0 < num_workers <= available_cores() - torch.get_num_threads()
    if not isinstance(choice, bool):
        raise InputError(f"prepare_maps={choice} is not allowed, it must be auto, true or false")
    return choice


def pins_memory(choice: bool | str, device: str) -> bool:
    """Whether batches go to page-locked memory: as chosen, or by "auto" where they are for "cuda".

    InputError: another choice.
    """
    if choice == "auto":
        return device == "cuda"
    if not isinstance(choice, bool):
        raise InputError(f"pin_memory={choice} is not allowed, it must be auto, true or false")
    return choice


@cache
def _compare_with_cores(num_workers: int, cores: int) -> None:
    """Say once in a process what torch says for every loader in several lines."""
    if num_workers > cores:
        _log.warning(
            "num_workers=%d is more than the %s here: only where files come slowly is that faster",
            num_workers,
            counted(cores, "core"),
        )


class Collate:
    """Makes the batch of some samples, or hands on the input error that stands in their place.

    as_parcel: for a loading process, which hands the batch over as one block. requests: what networks ask of the sites;
    with it the batch gets its kernel maps here.
    """

    def __init__(self, as_parcel: bool = False, requests: MapRequests | None = None) -> None:
        self._as_parcel, self._requests = as_parcel, requests

    def __call__(self, samples: Sequence[Sample] | InputError) -> Batch | Parcel | InputError:
        if isinstance(samples, InputError):
            return samples
        batch = collate(samples)
        if self._requests is not None:
            batch = replace(batch, maps=prepare_maps(batch.coords, self._requests))
        return parcel_of(batch) if self._as_parcel else batch
