from __future__ import annotations

import pytest
import torch

from bscnet.errors import InputError
from bscnet.sparse import SparseTensor, tensor, tiles
from bscnet.sparse.coordinates import MAX_COORD
from fixtures.sites import random_sites

COORDS = torch.tensor([[0, 0, 0, 0], [0, 1, 0, 0], [1, 0, 0, 0]], dtype=torch.int32)
FEATS = torch.ones(3, 2)


def test_rows_keep_the_order_given(backend: str) -> None:
    coords = random_sites()
    x = SparseTensor(torch.randn(len(coords), 3), coords, backend)
    assert torch.equal(x.coords, coords)
    assert x.backend_name == backend and x.sites.tensor_stride == 1 and len(x.sites) == len(coords)


@pytest.mark.parametrize("dtype", [torch.int8, torch.int16, torch.int32, torch.int64])
def test_any_integer_type_serves_as_coordinates(backend: str, dtype: torch.dtype) -> None:
    x = SparseTensor(FEATS, COORDS.to(dtype), backend)
    assert x.coords.dtype == torch.int32 and torch.equal(x.coords, COORDS)


def test_replace_shares_the_sites(backend: str) -> None:
    x = SparseTensor(FEATS, COORDS, backend)
    other = x.replace(torch.zeros(3, 7))
    assert other.sites is x.sites and other.feats.shape == (3, 7) and other.backend_name == backend
    with pytest.raises(InputError, match="2 feature rows given for 3 sites"):
        x.replace(torch.zeros(2, 7))
    assert x.sites.coarser is x.sites.coarser


def test_duplicate_sites_are_refused(backend: str) -> None:
    coords = COORDS[[0, 1, 0, 2, 1]]
    with pytest.raises(InputError, match="2 of 5 sites are duplicates"):
        SparseTensor(torch.ones(5, 1), coords, backend)


@pytest.mark.parametrize("bad", [float("nan"), float("inf"), -float("inf")])
def test_features_must_be_finite(backend: str, bad: float) -> None:
    feats = FEATS.clone()
    feats[1, 1] = bad
    with pytest.raises(InputError, match="NaN or infinite"):
        SparseTensor(feats, COORDS, backend)


@pytest.mark.parametrize("feats", [torch.ones(2, 2), torch.ones(3), torch.ones(3, 2, 1), torch.ones(3, 2).long()])
def test_features_must_fit_the_sites(backend: str, feats: torch.Tensor) -> None:
    with pytest.raises(InputError, match=r"floating point of shape \(3, C\)"):
        SparseTensor(feats, COORDS, backend)


def test_coordinates_are_checked(backend: str) -> None:
    with pytest.raises(InputError, match=str(MAX_COORD)):
        SparseTensor(FEATS, COORDS + MAX_COORD, backend)
    with pytest.raises(InputError, match="integers"):
        SparseTensor(FEATS, COORDS.float(), backend)
    with pytest.raises(InputError, match="empty"):
        SparseTensor(FEATS[:0], COORDS[:0], backend)


def test_unknown_backend_is_refused() -> None:
    with pytest.raises(InputError, match="backend=spconv is not known: allowed are auto, minkowski, native"):
        SparseTensor(FEATS, COORDS, "spconv")


@pytest.mark.parametrize("installed", [True, False])
def test_cuda_has_its_own_engine_where_triton_is(installed: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tiles, "available", lambda: installed)
    assert tensor._by_tiles("torch", torch.device("cuda", 0)) is installed
    assert not tensor._by_tiles("torch", torch.device("cpu"))
    assert not tensor._by_tiles("spconv_triton", torch.device("cuda"))


def test_repr_says_what_it_holds(backend: str) -> None:
    assert repr(SparseTensor(FEATS, COORDS, backend)) == f"SparseTensor(3 sites, 2 channels, stride 1, {backend})"
