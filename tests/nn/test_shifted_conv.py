"""T2 and T3: without a shift the plain convolution, with one the kernel embedded in 5x5x5 at ``-p``."""

from __future__ import annotations

import copy
import itertools
import pickle

import pytest
import torch
from torch import Tensor

from bscnet.errors import InputError
from bscnet.nn import ShiftedSparseConv3d, SparseConv3d
from bscnet.quantizers import SignQuantizer, WeightQuantizer
from bscnet.sparse import SparseTensor
from fixtures.sites import random_sites
from oracles.dense_convolution import dense_convolution, embedded_kernel
from oracles.sparse_convolution import grouped_shifted

ALL27 = list(itertools.product((-1, 0, 1), repeat=3))
COORDS = random_sites()


def scene(backend: str, dtype: torch.dtype = torch.float64) -> SparseTensor:
    return SparseTensor(torch.randn(len(COORDS), 3, dtype=dtype), COORDS, backend)


def close(found: Tensor, expected: Tensor) -> None:
    torch.testing.assert_close(found, expected, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("binary", [False, True])
def test_no_shift_is_the_plain_convolution(backend: str, binary: bool) -> None:
    quantizers = (SignQuantizer(), WeightQuantizer(8)) if binary else (None, None)
    shifted = ShiftedSparseConv3d(3, 8, [(0, 0, 0)] * 4, *quantizers).double()
    plain = SparseConv3d(3, 8, 3, *quantizers).double()
    plain.load_state_dict({"weight": shifted.weight})
    x = scene(backend)
    assert torch.equal(shifted(x).feats, plain(x).feats)
    # an unshifted group beside shifted ones takes another way to the same numbers
    mixed = ShiftedSparseConv3d(3, 8, [(0, 0, 0), (1, 0, 0), (0, 0, 0), (0, 1, 0)], *quantizers).double()
    mixed.load_state_dict({"weight": shifted.weight, "shifts": mixed.shifts})
    close(mixed(x).feats[:, [0, 1, 4, 5]], plain(x).feats[:, [0, 1, 4, 5]])


@pytest.mark.parametrize("shift", ALL27)
def test_each_shift_is_a_5_cube_with_the_kernel_moved(backend: str, shift: tuple[int, int, int]) -> None:
    """Against the dense convolution, and against the masked 5x5x5 submanifold convolution as second implementation."""
    conv = ShiftedSparseConv3d(3, 4, [shift]).double()
    x = scene(backend)
    x.feats.requires_grad_()
    wide = embedded_kernel(conv.weight, shift)
    y = conv(x).feats
    close(y, dense_convolution(COORDS, x.feats, wide))
    masked = x.sites.submanifold(x.feats, wide)
    close(y, masked)
    upstream = torch.randn_like(y)
    leaves = (x.feats, conv.weight)
    for one, other in zip(
        torch.autograd.grad(y, leaves, upstream), torch.autograd.grad(masked, leaves, upstream), strict=True
    ):
        close(one, other)


@pytest.mark.parametrize("channels, groups", [(8, 4), (7, 4), (16, 16), (5, 2), (9, 1), (32, 4)])
def test_groups_are_contiguous_output_channels(backend: str, channels: int, groups: int) -> None:
    shifts = ALL27[:: max(1, 27 // groups)][:groups]
    conv = ShiftedSparseConv3d(3, channels, shifts).double()
    x = scene(backend)
    x.feats.requires_grad_()
    found, expected = conv(x).feats, grouped_shifted(COORDS, x.feats, conv.weight, shifts)
    close(found, expected)
    upstream = torch.randn_like(found)
    leaves = (x.feats, conv.weight)
    for one, other in zip(
        torch.autograd.grad(found, leaves, upstream), torch.autograd.grad(expected, leaves, upstream), strict=True
    ):
        close(one, other)


def test_scale_is_taken_over_the_whole_channel(backend: str) -> None:
    shifts = ALL27[:4]
    conv = ShiftedSparseConv3d(3, 8, shifts, SignQuantizer(), WeightQuantizer(8)).double()
    x = scene(backend)
    plus_minus = [(t >= 0).double() * 2 - 1 for t in (x.feats, conv.weight)]
    close(conv(x).feats, grouped_shifted(COORDS, *plus_minus, shifts) * conv.weight.abs().mean((0, 1)))


def test_shifts_travel_in_the_state(backend: str) -> None:
    source, target = (ShiftedSparseConv3d(3, 8, [shift] * 4).double() for shift in ((1, 1, 1), (0, 0, 0)))
    source.set_shifts(ALL27[5:9])
    target.load_state_dict(source.state_dict())
    assert target.shift_tuple == tuple(ALL27[5:9])
    x = scene(backend)
    assert torch.equal(source(x).feats, target(x).feats)


def test_copies_keep_their_own_shifts(backend: str) -> None:
    conv = ShiftedSparseConv3d(3, 8, ALL27[:4]).double()
    copied, unpickled = copy.deepcopy(conv), pickle.loads(pickle.dumps(conv))
    x = scene(backend)
    y = conv(x).feats
    conv.set_shifts([(0, 0, 0)] * 4)
    for other in (copied, unpickled):
        assert other.shift_tuple == tuple(ALL27[:4]) and other.shifts.tolist() == [list(s) for s in ALL27[:4]]
        assert torch.equal(other(x).feats, y)
    assert not torch.allclose(conv(x).feats, y)


def test_number_of_groups_cannot_change() -> None:
    conv = ShiftedSparseConv3d(3, 8, ALL27[:4])
    for change in (lambda: conv.set_shifts(ALL27[:2]), lambda: conv.load_state_dict({"shifts": torch.zeros(2, 3)})):
        with pytest.raises(InputError, match="2 shifts given for 4 channel groups"):
            change()
    assert conv.shift_tuple == tuple(ALL27[:4]) and conv.groups == 4


def test_bad_shifts_are_refused() -> None:
    with pytest.raises(InputError, match="-1, 0 or 1"):
        ShiftedSparseConv3d(3, 8, [(0, 0, 2)])
    with pytest.raises(InputError, match="must be"):
        ShiftedSparseConv3d(3, 8, [(0, 0)])
    with pytest.raises(InputError, match="4 channel groups asked for 3 channels"):
        ShiftedSparseConv3d(3, 3, ALL27[:4])
    with pytest.raises(InputError, match="-1, 0 or 1"):
        ShiftedSparseConv3d(3, 8, ALL27[:4]).load_state_dict({"shifts": torch.full((4, 3), 5)})
