"""The convolution of the native backend as operators of torch, with their gradients and shapes."""

from __future__ import annotations

import ctypes
from typing import Any

import torch
from torch import Tensor

from bscnet.sparse.native.checks import check_floats, check_integers
from bscnet.sparse.native.library import CConvolution, call
from bscnet.sparse.native.operators import operator, set_gradient, shapes_of


@operator(
    "convolve(Tensor x, Tensor? bits, Tensor? values, Tensor? scale, Tensor? shift, Tensor weight, Tensor? there, "
    "Tensor cells, Tensor? back, Tensor back_cells, int out_rows) -> Tensor"
)
def convolve(
    x: Tensor,
    bits: Tensor | None,
    values: Tensor | None,
    scale: Tensor | None,
    shift: Tensor | None,
    weight: Tensor,
    there: Tensor | None,
    cells: Tensor,
    back: Tensor | None,
    back_cells: Tensor,
    out_rows: int,
) -> Tensor:
    """``y_u = sum_s W_s^T f_v``, where cell ``cells[g, s]`` of a map leads from u to v for the channels of group g.

    Args:
        x: ``(in_rows, C_in)`` float32, the features f. Where they are given otherwise only the shape of x counts. Its
            gradient is that with respect to f.
        bits: f as signs, see ``PackedSigns.bits``.
        values: ``(in_rows, C_in)``; f is ``scale * values + shift``.
        scale: ``(C_in,)``.
        shift: ``(C_in,)``.
        weight: ``(slices, C_in, C_out)``.
        there: map from output to input rows; None: each row reads itself.
        cells: ``(groups, slices)`` int32.
        back: map from input to output rows.
        back_cells: the same cells of that map.
        out_rows: number of output rows.
    """
    weight = check_floats("weight", weight, (None, x.shape[1], None))
    y = weight.new_empty(out_rows, weight.shape[2])
    feats = _Features(x, bits, values, scale, shift)
    conv = _Described(weight, there, cells, out_rows, len(x))
    call(
        "bscnet_conv_forward",
        conv.reference,
        *feats.addresses,
        weight.data_ptr(),
        torch.get_num_threads(),
        y.data_ptr(),
    )
    return y


@shapes_of(convolve)
def _(
    x: Tensor,
    bits: Tensor | None,
    values: Tensor | None,
    scale: Tensor | None,
    shift: Tensor | None,
    weight: Tensor,
    there: Tensor | None,
    cells: Tensor,
    back: Tensor | None,
    back_cells: Tensor,
    out_rows: int,
) -> Tensor:
    return weight.new_empty(out_rows, weight.shape[2])


@operator("input_gradient(Tensor dy, Tensor weight, Tensor? back, Tensor back_cells, int in_rows) -> Tensor")
def input_gradient(dy: Tensor, weight: Tensor, back: Tensor | None, back_cells: Tensor, in_rows: int) -> Tensor:
    """Gradient of ``convolve`` with respect to its features."""
    weight = check_floats("weight", weight, (None, None, None))
    dy = check_floats("dy", dy, (None, weight.shape[2]))
    dx = weight.new_empty(in_rows, weight.shape[1])
    conv = _Described(weight, back, back_cells, len(dy), in_rows)
    threads = torch.get_num_threads()
    call("bscnet_conv_input_gradient", conv.reference, dy.data_ptr(), weight.data_ptr(), threads, dx.data_ptr())
    return dx


@shapes_of(input_gradient)
def _(dy: Tensor, weight: Tensor, back: Tensor | None, back_cells: Tensor, in_rows: int) -> Tensor:
    return weight.new_empty(in_rows, weight.shape[1])


@operator(
    "weight_gradient(Tensor x, Tensor? bits, Tensor? values, Tensor? scale, Tensor? shift, Tensor dy, Tensor? there, "
    "Tensor cells) -> Tensor"
)
def weight_gradient(
    x: Tensor,
    bits: Tensor | None,
    values: Tensor | None,
    scale: Tensor | None,
    shift: Tensor | None,
    dy: Tensor,
    there: Tensor | None,
    cells: Tensor,
) -> Tensor:
    """Gradient of ``convolve`` with respect to its weight."""
    dy = check_floats("dy", dy, (None, None))
    dw = dy.new_empty(cells.shape[1], x.shape[1], dy.shape[1])
    feats = _Features(x, bits, values, scale, shift)
    conv = _Described(dw, there, cells, len(dy), len(x))
    threads = torch.get_num_threads()
    call("bscnet_conv_weight_gradient", conv.reference, *feats.addresses, dy.data_ptr(), threads, dw.data_ptr())
    return dw


@shapes_of(weight_gradient)
def _(
    x: Tensor,
    bits: Tensor | None,
    values: Tensor | None,
    scale: Tensor | None,
    shift: Tensor | None,
    dy: Tensor,
    there: Tensor | None,
    cells: Tensor,
) -> Tensor:
    return dy.new_empty(cells.shape[1], x.shape[1], dy.shape[1])


def _setup(ctx: Any, inputs: tuple[Any, ...], output: Tensor) -> None:
    ctx.save_for_backward(*inputs[:-1])


def _backward(ctx: Any, grad: Tensor) -> tuple[Tensor | None, ...]:
    x, bits, values, scale, shift, weight, there, cells, back, back_cells = ctx.saved_tensors
    dx = input_gradient(grad, weight, back, back_cells, len(x)) if ctx.needs_input_grad[0] else None
    dw = weight_gradient(x, bits, values, scale, shift, grad, there, cells) if ctx.needs_input_grad[5] else None
    return dx, None, None, None, None, dw, None, None, None, None, None


set_gradient(convolve, _setup, _backward)


class _Features:
    """Features of a call in the library's form, kept for as long as it runs."""

    def __init__(
        self, x: Tensor, bits: Tensor | None, values: Tensor | None, scale: Tensor | None, shift: Tensor | None
    ) -> None:
        if bits is not None:
            self._kept = check_integers("bits", bits, (len(x), -(-x.shape[1] // 32)))
            self.addresses: tuple[int | None, int | None] = (None, self._kept.data_ptr())
            return
        if values is not None and scale is not None and shift is not None:
            x = torch.addcmul(shift, values, scale)
        self._kept = check_floats("features", x, (None, None))
        self.addresses = (self._kept.data_ptr(), None)


class _Described:
    """`bscnet_convolution` of a call, with the tensors it refers to."""

    def __init__(self, weight: Tensor, words: Tensor | None, cells: Tensor, out_rows: int, in_rows: int) -> None:
        slices, c_in, c_out = weight.shape
        self._cells = check_integers("cells", cells, (None, slices))
        self._words = None if words is None else check_integers("map", words, (None,))
        address, length = (None, 0) if self._words is None else (self._words.data_ptr(), len(self._words))
        groups = self._cells.shape[0]
        described = CConvolution(
            address, length, out_rows, in_rows, slices, c_in, c_out, groups, self._cells.data_ptr()
        )
        self.reference = ctypes.byref(described)
