from __future__ import annotations

import random
from pathlib import Path

import numpy as np
import torch

from bscnet.training.random_state import capture, restore


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
