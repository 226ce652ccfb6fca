"""Each operator's Triton body against its plain one, as a line of JSON; run with TRITON_INTERPRET=1.

The answer is ``{case: what differs}``; an empty list says that all agree and, where several programs add up, that a
second run gives the same bits.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from itertools import product

import torch
from torch import Tensor

import bscnet.fused  # noqa: F401  # registers the operators
from bscnet.sparse.forms import BITS, SIGNS, STATISTICS, VALUES

Call = Callable[[bool], Sequence[Tensor]]
SEVERAL = 300
# so that a norm has more programs than one, and a weight more rows than one program takes
MANY = 1100
# Rows and channels: of each alone, and of either with few and many of the other.
SHAPES = ((1, 1), (1, 33), (2, 3), (2, 24), (SEVERAL, 1), (SEVERAL, 24), (SEVERAL, 33), (MANY, 33))
MANY_WEIGHT_ROWS = 8200


def cases() -> Iterator[tuple[str, Call]]:
    """Calls of the operators by their argument ``on_gpu``; each makes its other arguments anew from a seed."""
    ops = torch.ops.bscnet
    for rows, channels in SHAPES:

        def array(seed: int, rows: int = rows, channels: int = channels) -> Tensor:
            generator = torch.Generator().manual_seed(seed)
            return 2 * torch.randn(rows, channels, generator=generator) + 0.5

        def norm(training: bool, form: int, on_gpu: bool, array: Callable[..., Tensor] = array) -> list[Tensor]:
            x, weight, bias = array(0), array(1, 1)[0], array(2, 1)[0]
            buffers = [array(3, 1)[0], array(4, 1)[0].abs() + 0.5, torch.tensor(7)]
            out = ops.norm_forward(x, weight, bias, *buffers, 0.01, 1e-4, training, form, on_gpu)
            return [*out, *buffers]

        def norm_gradients(
            training: bool,
            passed: bool,
            estimator: int,
            on_gpu: bool,
            array: Callable[..., Tensor] = array,
            norm: Callable[..., list[Tensor]] = norm,
        ) -> list[Tensor]:
            grad, x, weight, beside = array(5), array(0), array(1, 1)[0], array(6) if passed else None
            stats = norm(training, STATISTICS, False)[1]
            return list(ops.norm_backward(grad, x, weight, stats, beside, estimator, training, on_gpu))

        def signs(biased: bool, form: int, on_gpu: bool, array: Callable[..., Tensor] = array) -> list[Tensor]:
            return [ops.sign_forward(array(0), array(1, 1)[0] if biased else None, form, on_gpu)]

        def sign_gradient(
            biased: bool, estimator: int, on_gpu: bool, array: Callable[..., Tensor] = array
        ) -> list[Tensor]:
            return [ops.sign_backward(array(2), array(0), array(1, 1)[0] if biased else None, estimator, on_gpu)]

        def prelu(
            scaled: bool, beside: bool, whole: bool, on_gpu: bool, array: Callable[..., Tensor] = array
        ) -> list[Tensor]:
            scale, shortcut = (array(1, 1)[0] if scaled else None), (array(2) if beside else None)
            sums, slope = (100 * array(0)).round(), array(3, 1)[0]
            y, kept = ops.scaled_prelu_forward(sums, scale, slope, shortcut, whole, on_gpu)
            of = kept if whole else sums
            return [y, kept, *ops.scaled_prelu_backward(array(4), of, scale, slope, scaled, on_gpu)]

        shape = f"{rows} x {channels}"
        for flags in product((True, False), (STATISTICS, VALUES, SIGNS, BITS)):
            if rows > 1 or not flags[0]:
                yield f"norm {shape} {flags}", partial(norm, *flags)
        for choice in product((True, False), (True, False), (0, 1, 2)):
            if 1 < rows < MANY or (rows == MANY and choice == (True, True, 2)):
                yield f"norm's gradients {shape} {choice}", partial(norm_gradients, *choice)
        for pair in product((True, False), (SIGNS, BITS)):
            yield f"signs {shape} {pair}", partial(signs, *pair)
        for pair in product((True, False), (1, 2)):
            yield f"signs' gradient {shape} {pair}", partial(sign_gradient, *pair)
        for triple in product((True, False), repeat=3):
            yield f"scaled prelu {shape} {triple}", partial(prelu, *triple)
    for shape, scaled in product(((27, 3, 5), (1, 7, 33), (MANY_WEIGHT_ROWS // 8, 8, 3)), (True, False)):

        def weights(on_gpu: bool, shape: tuple[int, ...] = shape, scaled: bool = scaled) -> list[Tensor]:
            weight = torch.randn(shape, generator=torch.Generator().manual_seed(0))
            weight.view(-1)[:5] = torch.tensor([0.0, -0.0, 1.0, -1.0, 1.0000001])
            signs, scale = ops.weight_signs(weight, scaled, on_gpu)
            return [signs, scale, ops.weight_gradient(torch.ones(shape), weight, on_gpu)]

        yield f"weight {shape} {scaled}", weights


def differences(name: str, call: Call) -> list[str]:
    """What is not the same in both bodies, or in two runs of the kernels."""
    found, expected = call(True), call(False)
    again = call(True) if any(f" {rows} x " in name for rows in (SEVERAL, MANY)) or "weight" in name else found
    wrong = []
    for place, (one, other, right) in enumerate(zip(found, again, expected, strict=True)):
        if not torch.equal(one.nan_to_num(), other.nan_to_num()):
            wrong.append(f"{place} does not repeat")
        if one.shape != right.shape or one.dtype != right.dtype:
            wrong.append(f"{place} is {one.dtype} {tuple(one.shape)}, not {right.dtype} {tuple(right.shape)}")
        elif not torch.allclose(one, right, rtol=2e-4, atol=2e-4, equal_nan=True):
            wrong.append(f"{place} differs by {(one - right).abs().max()}")
    return wrong


if __name__ == "__main__":
    print(json.dumps({name: differences(name, call) for name, call in cases()}))
