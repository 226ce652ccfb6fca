from __future__ import annotations

import csv
import math
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import torch

from bscnet.metrics import SegmentationMetric
from bscnet.runs.checkpoint import network_state, read_checkpoint
from bscnet.training import SegmentationModule
from fixtures.tiny_training import CLASSES, batch_of, unet


def run_script(name: str, *arguments: object) -> None:
    environment = {key: value for key, value in os.environ.items() if key not in ("LOCAL_RANK", "WORLD_SIZE")}
    environment["OMP_NUM_THREADS"] = "1"
    command = [sys.executable, str(Path(__file__).with_name(name)), *map(str, arguments)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    assert "sync_dist" not in done.stderr  # Lightning's complaint about what only one process has seen


def trained(directory: Path, backend: str, conv: str, progress: str) -> list[dict[str, object]]:
    run_script("ddp_script.py", directory, backend, conv, progress)
    return [torch.load(directory / f"rank{rank}.pt", weights_only=True) for rank in (0, 1)]


@pytest.mark.slow
@pytest.mark.parametrize(
    "backend,conv,progress",
    [("torch", "composite", "line"), pytest.param("minkowski", "shifted", "bar", marks=pytest.mark.minkowski)],
)
def test_two_processes_train_one_network_and_score_the_split_once(
    tmp_path: Path, backend: str, conv: str, progress: str
) -> None:
    first, second = trained(tmp_path, backend, conv, progress)
    checkpoint = read_checkpoint(tmp_path / "checkpoints" / "last.ckpt")
    state = network_state(checkpoint)
    for rank in (first, second):  # they trained on different scenes: only averaged gradients leave them equal
        assert rank["outcome"]["epochs"] == 2
        assert rank["outcome"] | {"seconds": 0} == first["outcome"] | {"seconds": 0}
        assert rank["state"].keys() == state.keys()
        assert all(torch.equal(rank["state"][key], value) for key, value in state.items())

    network = unet("a1w1", conv, seed=9)
    network.load_state_dict(state)
    module = SegmentationModule(network, 3, CLASSES, backend=backend).eval()
    metric = SegmentationMetric(3)
    with torch.no_grad():
        for seed in (77, 78, 79):
            batch = batch_of([seed])
            metric.update(module(batch), batch.labels.long())
    assert first["outcome"]["val_miou"] == pytest.approx(float(metric.compute().miou), abs=1e-6)

    with (tmp_path / "csv" / "version_0" / "metrics.csv").open() as file:
        losses = [float(row["train/loss_step"]) for row in csv.DictReader(file) if row["train/loss_step"]]
    assert len(losses) == 4
    assert all(map(math.isfinite, losses))
    assert (tmp_path / "plan.json").exists() == (conv == "composite")


def searched(directory: Path, resume: bool, *left: Path) -> list[dict[str, Any]]:
    """Runs the search with Gumbel noise; what each process drew at its epochs' starts, and its weights."""
    directory.mkdir(exist_ok=True)
    run_script("ddp_random_script.py", directory, int(resume), *left)
    return [torch.load(directory / f"rank{rank}-{int(resume)}.pt", weights_only=True) for rank in (0, 1)]


@pytest.mark.slow
def test_every_process_has_random_numbers_of_its_own_which_a_resumed_run_goes_on_with(tmp_path: Path) -> None:
    whole = searched(tmp_path / "whole", False, tmp_path / "killed")
    drawn = [tuple(numbers) for rank in whole for numbers in rank["draws"].values()]
    assert len(set(drawn)) == len(drawn) == 8  # of no process and no epoch the same
    resumed = searched(tmp_path / "killed", True)
    for one, other in zip(resumed, whole, strict=True):
        assert one["draws"] == {epoch: other["draws"][epoch] for epoch in (2, 3)}
        assert all(torch.equal(one["state"][key], value) for key, value in other["state"].items())
