from __future__ import annotations

import importlib.util
from types import SimpleNamespace

import pytest
import torch

from bscnet.errors import InputError
from bscnet.sparse import resolve_backend


def without_engine(monkeypatch: pytest.MonkeyPatch) -> None:
    found = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name, *rest: None if name == "MinkowskiEngine" else found(name, *rest)
    )


def test_a_named_backend_is_taken(backend: str) -> None:
    assert resolve_backend(backend) == (backend, "asked for")


@pytest.mark.minkowski
def test_auto_takes_the_engine_where_it_is() -> None:
    assert resolve_backend("auto") == ("minkowski", "MinkowskiEngine is installed")


def test_auto_falls_back_and_says_why(monkeypatch: pytest.MonkeyPatch) -> None:
    without_engine(monkeypatch)
    assert resolve_backend("auto") == ("torch", "MinkowskiEngine is not installed")


def test_a_missing_engine_asked_for_by_name_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    without_engine(monkeypatch)
    with pytest.raises(InputError, match="MinkowskiEngine is not installed"):
        resolve_backend("minkowski")


@pytest.mark.minkowski
def test_an_engine_without_cuda_does_not_serve_a_gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    from bscnet.sparse import minkowski

    monkeypatch.setattr(minkowski, "ME", SimpleNamespace(is_cuda_available=lambda: False))
    assert resolve_backend("auto", torch.device("cuda")) == ("torch", "MinkowskiEngine was built for the CPU only")
    with pytest.raises(InputError, match="CPU only"):
        resolve_backend("minkowski", "cuda")


@pytest.mark.parametrize("name", ["", "Torch", "spconv"])
def test_unknown_names_are_refused(name: str) -> None:
    with pytest.raises(InputError, match="allowed are auto, minkowski, native, spconv_triton, torch"):
        resolve_backend(name)
