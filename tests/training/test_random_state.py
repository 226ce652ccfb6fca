from __future__ import annotations

import random
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import torch

from bscnet.training.random_state import RandomState, capture, restore


def draws() -> list[float]:
    return [
        float(torch.rand(1)),
        float(torch.randn(1)),
        np.random.rand(),
        np.random.randn(),
        random.random(),
        random.gauss(0, 1),
    ]


def test_a_state_that_went_through_a_file_draws_the_same_numbers(tmp_path: Path) -> None:
    draws()  # an odd number of normals: the generators hold a second one back
    torch.save(capture(), tmp_path / "state.pt")
    first = draws()
    assert draws() != first
    restore(torch.load(tmp_path / "state.pt", weights_only=True))
    assert draws() == first


def process(rank: int, checkpoint: dict[str, Any] | None = None) -> list[float]:
    """What one process of several draws at the first batch of an epoch, from the beginning or after a checkpoint."""
    torch.manual_seed(7)
    np.random.seed(7)
    random.seed(7)
    callback = RandomState()
    if checkpoint is not None:
        callback.load_state_dict(checkpoint)
    trainer: Any = SimpleNamespace(global_rank=rank, strategy=SimpleNamespace(root_device=torch.device("cpu")))
    callback.on_train_batch_start(trainer, None, None, 0)  # type: ignore[arg-type]
    first = draws()
    callback.on_train_batch_start(trainer, None, None, 1)  # type: ignore[arg-type]
    assert draws() != first
    return first


def test_processes_differ_from_the_start_and_process_0_is_as_one_alone() -> None:
    torch.manual_seed(7)
    np.random.seed(7)
    random.seed(7)
    alone = draws()
    found = [process(rank) for rank in range(3)]
    assert found[0] == alone
    assert len({number for numbers in found for number in numbers}) == 18
    assert found == [process(rank) for rank in range(3)]


def test_with_other_numbers_of_processes_each_finds_its_state_or_branches_off() -> None:
    states, expected = [], []
    for seed in (1, 2):
        torch.manual_seed(seed)
        states.append(capture())
        expected.append(draws())
    two = [process(rank, {"states": states}) for rank in range(3)]
    assert two[:2] == expected
    assert two[2] == process(2, {"states": states[:1]})
    assert two[2] not in expected and two[2] != process(2, {"states": states[1:]})


def test_the_one_state_of_a_checkpoint_of_version_0_1_0_is_process_0s() -> None:
    old = {**capture(), "cuda": []}
    expected = draws()
    assert process(0, {"state": old}) == expected != process(1, {"state": old})
