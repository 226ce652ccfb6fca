from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

from bscnet.errors import InputError
from bscnet.nn import Float16Rounding, make_keeper, rounded_to_float16

EVERY = np.arange(2**16, dtype=np.uint16).view(np.float16)
FINITE = np.unique(EVERY[np.isfinite(EVERY)].astype(np.float32))


def test_every_number_of_float16_is_kept():
    found = rounded_to_float16(torch.from_numpy(FINITE)).numpy()
    np.testing.assert_array_equal(found.view(np.uint32), FINITE.view(np.uint32))


def test_other_numbers_become_the_nearest_and_of_two_the_even_one():
    low, high = FINITE[:-1], FINITE[1:]
    middle = (low.astype(np.float64) + high) / 2
    even = np.where(low.astype(np.float16).view(np.uint16) % 2 == 0, low, high)
    middle = middle.astype(np.float32)
    for numbers, wanted in (
        (middle, even),
        (np.nextafter(middle, low), low),
        (np.nextafter(middle, high), high),
    ):
        np.testing.assert_array_equal(rounded_to_float16(torch.from_numpy(numbers)).numpy(), wanted)


def test_beyond_float16_is_its_outermost_number_and_nan_stays():
    beyond = torch.tensor([65504.0, 65519.0, 65520.0, 1e30, float("inf")])
    assert rounded_to_float16(beyond).tolist() == [65504.0] * 5
    assert rounded_to_float16(-beyond).tolist() == [-65504.0] * 5
    assert rounded_to_float16(torch.tensor([float("nan")])).isnan().all()


def test_the_gradient_passes_straight_through():
    x = torch.tensor([0.1, -3.3, 1e9, -1e9, 1e-12], requires_grad=True)
    weight = torch.tensor([1.0, -2.0, 3.0, 4.0, 5.0])
    (rounded_to_float16(x) * weight).sum().backward()
    assert x.grad is not None
    assert torch.equal(x.grad, weight)


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32, torch.bfloat16, torch.float16])
def test_the_type_stays(dtype: torch.dtype):
    x = torch.tensor([0.5, -1.25], dtype=dtype)
    assert torch.equal(rounded_to_float16(x), x)
    assert rounded_to_float16(x).dtype == dtype


def test_keepers():
    assert isinstance(make_keeper("float32"), nn.Identity)
    assert isinstance(make_keeper("float16"), Float16Rounding)
    with pytest.raises(InputError, match="residual=float8 is not known: allowed are float32, float16"):
        make_keeper("float8")  # type: ignore[arg-type]
