"""The simulated CUDA device, with either engine of the torch backend."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from fixtures.gpu_engines import engine
from fixtures.simulated_cuda import SimulatedCuda, simulated_cuda


@pytest.fixture
def device() -> Iterator[SimulatedCuda]:
    """The device, alone."""
    with simulated_cuda() as found:
        yield found


@pytest.fixture(params=["tiles", "torch"])
def gpu(request: pytest.FixtureRequest) -> Iterator[SimulatedCuda]:
    """The device with either engine."""
    with simulated_cuda() as found, engine(request.param, found):
        yield found
