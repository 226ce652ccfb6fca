"""Factors of sites and scenes, against loops over sites."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from bscnet.nn import SceneGate, ShiftedSparseConv3d, SiteMagnitude, SparseConv3d, StridedConv3d, TransposedConv3d
from bscnet.quantizers import SignQuantizer
from fixtures.networks import small_scene


def magnitudes(x) -> dict[tuple[int, ...], float]:
    return {
        tuple(row): float(np.abs(feats).mean()) for row, feats in zip(x.coords.tolist(), x.feats.numpy(), strict=True)
    }


def mean_over(known: dict[tuple[int, ...], float], cells: list[tuple[int, ...]]) -> float:
    return float(np.mean([known[cell] for cell in cells if cell in known]))


CUBE = [(i, j, k) for i in (-1, 0, 1) for j in (-1, 0, 1) for k in (-1, 0, 1)]


@pytest.mark.parametrize("size", [1, 3])
def test_k_is_the_mean_magnitude_of_the_present_sites_of_the_window(size: int, backend: str) -> None:
    x = small_scene(backend, extent=6)
    conv = SparseConv3d(3, 4, size).double()
    plain = conv(x).feats
    conv.output_factor = SiteMagnitude()
    known, cells = magnitudes(x), CUBE if size == 3 else [(0, 0, 0)]
    factors = [mean_over(known, [(b, u + i, v + j, w + k) for i, j, k in cells]) for b, u, v, w in x.coords.tolist()]
    expected = plain * torch.tensor(factors, dtype=torch.float64)[:, None]
    torch.testing.assert_close(conv(x).feats, expected, rtol=1e-12, atol=1e-13)


def test_k_of_a_shifted_window_is_each_groups_own() -> None:
    x, shifts = small_scene("torch", extent=6), [(0, 0, 0), (1, 0, -1)]
    conv = ShiftedSparseConv3d(3, 4, shifts).double()
    plain = conv(x).feats
    conv.output_factor = SiteMagnitude()
    known, found = magnitudes(x), conv(x).feats
    for row, (b, u, v, w) in enumerate(x.coords.tolist()):
        for channel in range(4):
            p, q, r = shifts[channel // 2]
            factor = mean_over(known, [(b, u + i - p, v + j - q, w + k - r) for i, j, k in CUBE])
            assert found[row, channel].item() == pytest.approx(factor * plain[row, channel].item(), rel=1e-11)


def test_k_between_levels() -> None:
    x = small_scene("torch", extent=6)
    down, up = StridedConv3d(3, 2).double(), TransposedConv3d(2, 3).double()
    coarse = down(x)
    raised = up(coarse, x.sites).feats
    down.output_factor, up.output_factor = SiteMagnitude(), SiteMagnitude()
    known = magnitudes(x)
    children = [(i, j, k) for i in (0, 1) for j in (0, 1) for k in (0, 1)]
    factors = [
        mean_over(known, [(b, 2 * u + i, 2 * v + j, 2 * w + k) for i, j, k in children])
        for b, u, v, w in (down(x).sites.coords.tolist())
    ]
    expected = coarse.feats * torch.tensor(factors, dtype=torch.float64)[:, None]
    torch.testing.assert_close(down(x).feats, expected, rtol=1e-12, atol=1e-13)
    known = magnitudes(coarse.replace(coarse.feats.detach()))
    factors = [known[(b, u // 2, v // 2, w // 2)] for b, u, v, w in x.coords.tolist()]
    expected = raised * torch.tensor(factors, dtype=torch.float64)[:, None]
    torch.testing.assert_close(up(coarse, x.sites).feats, expected, rtol=1e-12, atol=1e-13)


def test_the_gate_is_one_row_a_scene() -> None:
    x = small_scene("torch")
    gate = SceneGate(3, 5).double()
    assert gate.reduce.out_features == 1 and SceneGate(24, 5).reduce.out_features == 3
    found = gate(x, x, lambda values: values)
    u, v = (p.detach().numpy() for p in gate.parameters())
    for scene in (0, 1):
        rows = (x.coords[:, 0] == scene).numpy()
        z = x.feats.numpy()[rows].mean(0)
        expected = 1 / (1 + np.exp(-v @ np.maximum(u @ z, 0)))
        np.testing.assert_allclose(found.detach().numpy()[rows], np.tile(expected, (rows.sum(), 1)), rtol=1e-12)


def test_factors_pass_gradients_to_the_features() -> None:
    x = small_scene("torch", 12, extent=3, batches=2)
    for factor in (SiteMagnitude(), SceneGate(3, 2).double()):
        conv = SparseConv3d(3, 2, 3, SignQuantizer("clip")).double()
        conv.output_factor = factor
        feats = x.feats.clone().requires_grad_()
        conv(x.replace(feats)).feats.sum().backward()
        assert feats.grad is not None and bool(feats.grad.any())
        assert all(p.grad is not None for p in factor.parameters())
