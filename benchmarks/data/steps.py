"""Training steps of FCN-S on loaded batches: how much of them is spent waiting for data."""

from __future__ import annotations

import statistics
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any

import torch

from benchmarks.common.networks import make_network
from benchmarks.common.turns import counted_rounds
from bscnet.data.collate import Batch
from bscnet.data.loader import SceneLoader
from bscnet.data.sampler import TrainSampler
from bscnet.datasets.scannet.datamodule import ScanNetDataModule
from bscnet.sparse import SparseTensor
from bscnet.training.loss import voxel_cross_entropy

NETWORK = "fcn_s"
UNCOUNTED = 3
"""Steps at the beginning of a turn: what was loaded while others had their turn is used up."""
_EPOCH = 100_000


@dataclass(frozen=True)
class Loading:
    """How batches come: from so many loading processes, with or without kernel maps."""

    backend: str
    threads: int
    workers: int
    prepare: bool = False


def loadings(backends: list[str], threads: list[int], most_workers: int = 2) -> list[Loading]:
    """What is compared: 0, 1 and more loading processes; kernel maps from them only where the backend takes any.

    MinkowskiEngine has the first number of threads alone: it takes OpenMP's, which a process cannot change afterwards.
    """
    found = []
    for backend in backends:
        for count in threads if backend == "torch" else threads[:1]:
            found += [Loading(backend, count, workers) for workers in range(most_workers + 1)]
            if backend == "torch":
                found += [Loading(backend, count, workers, True) for workers in range(1, most_workers + 1)]
    return found


class Steps:
    """A network, and a stream of batches for each way to load them."""

    def __init__(self, root: Path, voxel_size: float, ways: list[Loading]) -> None:
        torch.manual_seed(0)
        self.network = make_network(NETWORK, "a32w32", "plain")
        self.optimizer = torch.optim.Adam(self.network.parameters(), lr=1e-3)
        module = ScanNetDataModule(root, voxel_size=voxel_size, num_workers=0)
        module.setup("fit")
        data = module.train_dataset
        self.streams: dict[Loading, Iterator[Batch]] = {}
        for way in ways:
            sampler = _Endless(len(data.scenes))
            self.streams[way] = iter(SceneLoader(data, sampler, 1, way.workers, prepare=way.prepare))

    def turn(self, way: Loading, counted: int) -> list[tuple[float, float]]:
        """Milliseconds of waiting and of the rest of each counted step."""
        torch.set_num_threads(way.threads)
        found = []
        for number in range(UNCOUNTED + counted):
            begin = time.perf_counter()
            batch = next(self.streams[way])
            loaded = time.perf_counter()
            self._step(batch, way.backend)
            if number >= UNCOUNTED:
                found.append((1e3 * (loaded - begin), 1e3 * (time.perf_counter() - loaded)))
        return found

    def _step(self, batch: Batch, backend: str) -> None:
        voxels = SparseTensor(batch.feats, batch.coords, backend, maps=batch.maps)
        scores = self.network(voxels)
        self.optimizer.zero_grad(set_to_none=True)
        voxel_cross_entropy(scores, batch.point_to_voxel, batch.labels).backward()
        self.optimizer.step()


class _Endless(TrainSampler):
    """Epoch after epoch of the same scenes, so that no turn meets the end of one."""

    def __iter__(self) -> Iterator[Any]:
        for epoch in range(_EPOCH):
            self.set_epoch(epoch)
            yield from super().__iter__()


def measure(root: Path, voxel_size: float, ways: list[Loading], rounds: int, counted: int) -> list[dict[str, Any]]:
    """Rows of the table: all ways in turn, in every round, for some steps each; one round more is not counted."""
    steps = Steps(root, voxel_size, ways)
    times = counted_rounds({way: partial(steps.turn, way, counted) for way in ways}, rounds)
    return [row_of(way, voxel_size, times[way]) for way in ways]


def row_of(way: Loading, voxel_size: float, turns: list[list[tuple[float, float]]]) -> dict[str, Any]:
    """Medians over all steps; the share is that of all waiting in all time, and its range that of single rounds."""
    pairs = [pair for turn in turns for pair in turn]
    shares = [sum(w for w, _ in turn) / sum(w + rest for w, rest in turn) for turn in turns]
    return {
        **asdict(way),
        "voxel_size": voxel_size,
        "steps": len(pairs),
        "step_ms": statistics.median(wait + rest for wait, rest in pairs),
        "wait_ms": statistics.median(wait for wait, _ in pairs),
        "share": sum(wait for wait, _ in pairs) / sum(wait + rest for wait, rest in pairs),
        "share_min": min(shares),
        "share_max": max(shares),
    }
