"""Which scenes a rank sees, as keys that carry all that their randomness depends on."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
from torch.utils.data import Sampler

_ORDER = 3


class SampleKey(NamedTuple):
    """What the data set is asked for: its scene number `place` in an epoch.

    counted: False for a scene repeated only to give every rank equally many.
    """

    epoch: int
    place: int
    counted: bool = True


class TrainSampler(Sampler[SampleKey]):
    """A permutation of all scenes per epoch, dealt out to the ranks in turn.

    The order is a function of (seed, epoch): a run resumed at an epoch sees what the uninterrupted run would have seen.
    Every rank gets ⌈scenes / world_size⌉ keys; the permutation starts over where it is too short.
    """

    def __init__(self, num_scenes: int, seed: int = 0, rank: int = 0, world_size: int = 1) -> None:
        self._num_scenes, self._seed = num_scenes, seed
        self._rank, self._world_size = rank, world_size
        self.epoch = 0

    def set_epoch(self, epoch: int) -> None:
        """The epoch of the next iteration; the Trainer calls this."""
        self.epoch = epoch

    def __len__(self) -> int:
        return -(-self._num_scenes // self._world_size)

    def __iter__(self) -> Iterator[SampleKey]:
        rng = np.random.Generator(np.random.PCG64(np.random.SeedSequence([_ORDER, self._seed, self.epoch])))
        shares = _deal(rng.permutation(self._num_scenes).tolist(), self._rank, self._world_size)
        return iter([SampleKey(self.epoch, index) for index, _ in shares])


class EvalSampler(Sampler[SampleKey]):
    """Every scene once over all ranks, in order; the repeats that even out the ranks are marked as not counted."""

    def __init__(self, num_scenes: int, rank: int = 0, world_size: int = 1) -> None:
        self._shares = _deal(range(num_scenes), rank, world_size)

    def __len__(self) -> int:
        return len(self._shares)

    def __iter__(self) -> Iterator[SampleKey]:
        return iter([SampleKey(0, index, counted) for index, counted in self._shares])


def _deal(order: Sequence[int], rank: int, world_size: int) -> list[tuple[int, bool]]:
    """(index, first time) of every world_size-th place from `rank` on, in the order wrapped round to fill all ranks."""
    length = -(-len(order) // world_size) * world_size
    return [(order[place % len(order)], place < len(order)) for place in range(rank, length, world_size)]
