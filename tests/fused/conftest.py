"""The two bodies that a fused operation has on the CPU."""

from __future__ import annotations

import pytest

from bscnet.fused import activation, norm, weight


@pytest.fixture(params=["torch", "native"])
def body(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Each in turn: plain torch, and the compiled library."""
    if request.param == "torch":
        for module in (activation, norm, weight):
            monkeypatch.setattr(module, "native_serves", lambda tensor: False)
    return str(request.param)
