from __future__ import annotations

import csv
import math
import os
import subprocess
import sys
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import torch

from bscnet.metrics import SegmentationMetric
from bscnet.runs.checkpoint import METADATA_KEY, TEMPERATURE_KEY, network_state, read_checkpoint
from bscnet.search import composite_layers
from bscnet.training import SegmentationModule
from fixtures.tiny_training import CLASSES, batch_of, unet


def trained(directory: Path, backend: str, conv: str, progress: str, *further: object) -> list[dict[str, Any]]:
    """What each process has written."""
    environment = {key: value for key, value in os.environ.items() if key not in ("LOCAL_RANK", "WORLD_SIZE")}
    environment["OMP_NUM_THREADS"] = "1"
    script, words = Path(__file__).with_name("ddp_script.py"), (directory, backend, conv, progress, *further)
    command = [sys.executable, str(script), *map(str, words)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    assert "sync_dist" not in done.stderr  # Lightning's complaint about what only one process has seen
    return [torch.load(directory / f"rank{rank}.pt", weights_only=True) for rank in (0, 1)]


class Search(NamedTuple):
    """A search by two processes: its folder, what it had left at its third epoch, and what each process has written."""

    folder: Path
    left: Path
    ranks: list[dict[str, Any]]


@pytest.fixture(scope="module")
def search(tmp_path_factory: pytest.TempPathFactory) -> Search:
    folder = tmp_path_factory.mktemp("search")
    left = folder.with_name(f"{folder.name}-left")
    return Search(folder, left, trained(folder, "torch", "composite", "line", 0, left))


@pytest.mark.slow
def test_two_processes_search_one_network_and_score_the_split_once(search: Search) -> None:
    check_two_processes(search.folder, search.ranks, "torch", "composite", epochs=4)


@pytest.mark.slow
@pytest.mark.minkowski
def test_two_processes_train_one_network_and_score_the_split_once(tmp_path: Path) -> None:
    ranks = trained(tmp_path, "minkowski", "shifted", "bar", 0)
    check_two_processes(tmp_path, ranks, "minkowski", "shifted", epochs=2)


def check_two_processes(folder: Path, ranks: list[dict[str, Any]], backend: str, conv: str, epochs: int) -> None:
    checkpoint = read_checkpoint(folder / "checkpoints" / "last.ckpt")
    state = network_state(checkpoint)
    first = ranks[0]
    for rank in ranks:  # they trained on different scenes: only averaged gradients leave them equal
        assert rank["outcome"]["epochs"] == epochs
        assert rank["outcome"] | {"seconds": 0} == first["outcome"] | {"seconds": 0}
        assert rank["state"].keys() == state.keys()
        assert all(torch.equal(rank["state"][key], value) for key, value in state.items())

    network = unet("a1w1", conv, seed=9, relax="gumbel_softmax")
    network.load_state_dict(state)
    for layer in composite_layers(network).values():
        layer.temperature = checkpoint[METADATA_KEY][TEMPERATURE_KEY]
    module = SegmentationModule(network, 3, CLASSES, backend=backend).eval()
    metric = SegmentationMetric(3)
    with torch.no_grad():
        for seed in (77, 78, 79):
            batch = batch_of([seed])
            metric.update(module(batch), batch.labels.long())
    assert first["outcome"]["val_miou"] == pytest.approx(float(metric.compute().miou), abs=1e-6)

    with (folder / "csv" / "version_0" / "metrics.csv").open() as file:
        losses = [float(row["train/loss_step"]) for row in csv.DictReader(file) if row["train/loss_step"]]
    assert len(losses) == 2 * epochs
    assert all(map(math.isfinite, losses))
    assert (folder / "plan.json").exists() == (conv == "composite")


@pytest.mark.slow
def test_every_process_has_random_numbers_of_its_own_which_a_resumed_run_goes_on_with(search: Search) -> None:
    drawn = [tuple(numbers) for rank in search.ranks for numbers in rank["draws"].values()]
    assert len(set(drawn)) == len(drawn) == 8  # of no process and no epoch the same
    resumed = trained(search.left, "torch", "composite", "line", 1)
    for one, other in zip(resumed, search.ranks, strict=True):
        assert one["draws"] == {epoch: other["draws"][epoch] for epoch in (2, 3)}
        assert all(torch.equal(one["state"][key], value) for key, value in other["state"].items())
