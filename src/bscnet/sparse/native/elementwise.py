"""Bodies of the operators of `bscnet.fused` in the compiled library: one pass each, or two where sums come first.

Their results depend on no number of threads.
"""

from __future__ import annotations

import ctypes
import functools

import torch
from torch import Tensor

from bscnet.errors import InputError
from bscnet.sparse.forms import BITS, STATISTICS
from bscnet.sparse.native.checks import check_floats, check_tensor
from bscnet.sparse.native.library import CNorm, call, training_library


def native_serves(tensor: Tensor) -> bool:
    """Whether the compiled library takes a tensor: float32 on the CPU, of one row or more."""
    return tensor.device.type == "cpu" and tensor.dtype == torch.float32 and tensor.numel() > 0 and _loads()


@functools.cache
def _loads() -> bool:
    try:
        training_library()
    except InputError:
        return False
    return True


def norm_forward(
    x: Tensor,
    weight: Tensor,
    bias: Tensor,
    running_mean: Tensor,
    running_var: Tensor,
    batches: Tensor,
    momentum: float,
    eps: float,
    training: bool,
    form: int,
) -> tuple[Tensor, Tensor]:
    """The operator ``norm_forward`` of `bscnet.fused.norm`."""
    x = check_floats("x", x, (None, None))
    rows, channels = x.shape
    weight, bias = check_floats("weight", weight, (channels,)), check_floats("bias", bias, (channels,))
    running = [check_floats("running", values, (channels,)) for values in (running_mean, running_var)]
    stats, out = x.new_empty(5, channels), _empty_in_form(x, form)
    arrays = (values.data_ptr() for values in (weight, bias, *running))
    norm = CNorm(*arrays, momentum, eps, training)
    threads = torch.get_num_threads()
    size = (rows, channels)
    call(
        "bscnet_norm_forward", *size, x.data_ptr(), ctypes.byref(norm), form, threads, stats.data_ptr(), out.data_ptr()
    )
    if training:
        batches += 1
    return out, stats


def norm_backward(
    grad: Tensor, x: Tensor, stats: Tensor, passed: Tensor | None, estimator: int, training: bool
) -> tuple[Tensor, Tensor, Tensor]:
    """The operator ``norm_backward`` of `bscnet.fused.norm`."""
    x = check_floats("x", x, (None, None))
    grad, stats = check_floats("grad", grad, tuple(x.shape)), check_floats("stats", stats, (5, x.shape[1]))
    passed = None if passed is None else check_floats("passed", passed, tuple(x.shape))
    to_x, sums = torch.empty_like(x), x.new_empty(2, x.shape[1])
    arrays = (grad.data_ptr(), x.data_ptr(), stats.data_ptr(), _address(passed))
    flags = (estimator, training, torch.get_num_threads())
    call("bscnet_norm_backward", *x.shape, *arrays, *flags, to_x.data_ptr(), sums[0].data_ptr(), sums[1].data_ptr())
    return to_x, sums[0], sums[1]


def sign_forward(x: Tensor, bias: Tensor | None, form: int) -> Tensor:
    """The operator ``sign_forward`` of `bscnet.fused.norm`."""
    x = check_floats("x", x, (None, None))
    bias = None if bias is None else check_floats("bias", bias, (x.shape[1],))
    out = _empty_in_form(x, form)
    threads = torch.get_num_threads()
    call("bscnet_sign_forward", *x.shape, x.data_ptr(), _address(bias), form, threads, out.data_ptr())
    return out


def sign_backward(grad: Tensor, x: Tensor, bias: Tensor | None, estimator: int) -> Tensor:
    """The operator ``sign_backward`` of `bscnet.fused.norm`."""
    x = check_floats("x", x, (None, None))
    grad = check_floats("grad", grad, tuple(x.shape))
    bias = None if bias is None else check_floats("bias", bias, (x.shape[1],))
    to_x = torch.empty_like(x)
    arrays = (grad.data_ptr(), x.data_ptr(), _address(bias))
    call("bscnet_sign_backward", *x.shape, *arrays, estimator, torch.get_num_threads(), to_x.data_ptr())
    return to_x


def scaled_prelu_forward(
    sums: Tensor, scale: Tensor | None, slope: Tensor, shortcut: Tensor | None, whole: bool
) -> tuple[Tensor, Tensor]:
    """The operator ``scaled_prelu_forward`` of `bscnet.fused.activation`."""
    sums = check_floats("sums", sums, (None, None))
    channels = sums.shape[1]
    slope = check_floats("slope", slope, (channels,))
    scale = None if scale is None else check_floats("scale", scale, (channels,))
    shortcut = None if shortcut is None else check_floats("shortcut", shortcut, tuple(sums.shape))
    y, kept = torch.empty_like(sums), sums.new_empty(sums.shape if whole else 0, dtype=torch.int16)
    arrays = (sums.data_ptr(), _address(scale), slope.data_ptr(), _address(shortcut))
    outputs = (y.data_ptr(), kept.data_ptr() if whole else None)
    call("bscnet_prelu_forward", *sums.shape, *arrays, torch.get_num_threads(), *outputs)
    return y, kept


def scaled_prelu_backward(
    grad: Tensor, kept: Tensor, scale: Tensor | None, slope: Tensor, to_scale: bool
) -> tuple[Tensor, Tensor, Tensor]:
    """The operator ``scaled_prelu_backward`` of `bscnet.fused.activation`."""
    grad = check_floats("grad", grad, (None, None))
    whole = kept.dtype == torch.int16
    kept = check_tensor("kept", kept, tuple(grad.shape), torch.int16 if whole else torch.float32)
    slope = check_floats("slope", slope, (grad.shape[1],))
    scale = None if scale is None else check_floats("scale", scale, (grad.shape[1],))
    to_sums, to_slope = torch.empty_like(grad), torch.empty_like(slope)
    found = grad.new_empty(slope.shape if to_scale else 0)
    sums = (None, kept.data_ptr()) if whole else (kept.data_ptr(), None)
    arrays = (grad.data_ptr(), *sums, _address(scale), slope.data_ptr())
    outputs = (to_sums.data_ptr(), found.data_ptr() if to_scale else None, to_slope.data_ptr())
    call("bscnet_prelu_backward", *grad.shape, *arrays, torch.get_num_threads(), *outputs)
    return to_sums, found, to_slope


def weight_signs(weight: Tensor, signs: Tensor) -> None:
    """The signs of the operator ``weight_signs`` of `bscnet.fused.weight`, written to an array in C order."""
    flat = check_floats("weight", weight.flatten(0, -2), (None, None))
    out = check_floats("signs", signs.view(flat.shape), tuple(flat.shape))
    call("bscnet_weight_signs", *flat.shape, flat.data_ptr(), torch.get_num_threads(), out.data_ptr(), None)


def weight_gradient(grad: Tensor, weight: Tensor) -> Tensor:
    """The operator ``weight_gradient`` of `bscnet.fused.weight`."""
    flat = check_floats("weight", weight.flatten(0, -2), (None, None))
    to_signs = check_floats("grad", grad.flatten(0, -2), tuple(flat.shape))
    out = torch.empty_like(flat)
    arrays = (to_signs.data_ptr(), flat.data_ptr(), torch.get_num_threads(), out.data_ptr())
    call("bscnet_weight_signs_backward", *flat.shape, *arrays)
    return out.view(weight.shape)


def _address(tensor: Tensor | None) -> int | None:
    return None if tensor is None else tensor.data_ptr()


def _empty_in_form(x: Tensor, form: int) -> Tensor:
    if form == BITS:
        return x.new_empty(len(x), -(-x.shape[1] // 32), dtype=torch.int32)
    return x.new_empty(0) if form == STATISTICS else torch.empty_like(x)
