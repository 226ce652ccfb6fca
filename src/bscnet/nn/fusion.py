"""Modules in a row as one operation of `bscnet.fused`, where there is one; module by module they compute the same.

A layer that takes these calls none of the modules it fuses, so their hooks would not run: `fuses` looks for them.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeGuard

import torch
from torch import Tensor, nn

from bscnet.fused import FUSED_ESTIMATORS, norm_sign, normalized_operand, scaled_prelu, sign_operand
from bscnet.nn.conv import QuantizedConv
from bscnet.nn.norm import SiteNorm
from bscnet.quantizers import RSign, SignQuantizer
from bscnet.sparse import SparseTensor
from bscnet.sparse.operand import Operand


def fuses(layer: nn.Module, feats: Tensor) -> bool:
    """Whether a layer may take the fused operations: float32 parameters, no hook on a module inside the layer, and no
    convolution with a factor of its own."""
    if feats.dtype == torch.float64 or next(layer.parameters()).dtype != torch.float32:
        return False
    return not any(_hooked(module) or _has_factor(module) for module in layer.modules() if module is not layer)


def _has_factor(module: nn.Module) -> bool:
    return isinstance(module, QuantizedConv) and module.output_factor is not None


def _hooked(module: nn.Module) -> bool:
    hooks = module._forward_hooks, module._forward_pre_hooks, module._backward_hooks, module._backward_pre_hooks
    return any(hooks)


def operands_of(
    pre: nn.Module, quantizers: Sequence[nn.Module | None], x: SparseTensor
) -> tuple[list[Operand], SparseTensor]:
    """``q(pre(x))`` for each input quantizer q, as convolutions read it; equal ones are computed once.

    Returns:
        the operands, and ``x`` for what else reads it (see `bscnet.fused.norm`).
    """
    feats, packed = x.feats.float(), x.sites.reads_packed
    first = quantizers[0]
    alike = [_same(first, other) for other in quantizers]
    if isinstance(pre, SiteNorm) and all(alike):
        norm = pre.parts(len(feats))
        if _is_plain_sign(first) and first.estimator in FUSED_ESTIMATORS:
            signs, feats = norm_sign(feats, norm, first.estimator, packed)
            return [signs] * len(quantizers), x.replace(feats)
        if first is None and packed:
            real, feats = normalized_operand(feats, norm)
            return [real] * len(quantizers), x.replace(feats)
    before = pre(feats)
    operand = _quantized(first, before, packed)
    others = [operand if same else _quantized(q, before, packed) for q, same in zip(quantizers, alike, strict=True)]
    return [operand, *others[1:]], x.replace(feats)


def _quantized(quantizer: nn.Module | None, feats: Tensor, packed: bool) -> Operand:
    if quantizer is None:
        return feats
    if isinstance(quantizer, SignQuantizer) and type(quantizer) in (SignQuantizer, RSign):
        bias = quantizer.bias if isinstance(quantizer, RSign) else None
        if quantizer.estimator in FUSED_ESTIMATORS:
            return sign_operand(feats, bias, quantizer.estimator, packed)
    return quantizer(feats)


def _is_plain_sign(quantizer: nn.Module | None) -> TypeGuard[SignQuantizer]:
    return type(quantizer) is SignQuantizer


def _same(one: nn.Module | None, other: nn.Module | None) -> bool:
    """Whether two input quantizers give the same of the same features."""
    if one is other:
        return True
    return _is_plain_sign(one) and _is_plain_sign(other) and one.estimator == other.estimator


def activated(post: nn.Module, sums: Tensor, scale: Tensor | None, shortcut: Tensor | None, whole: bool) -> Tensor:
    """``post(scale * sums) + shortcut``; ``whole`` as of ``scaled_prelu``."""
    if isinstance(post, nn.PReLU) and post.num_parameters == sums.shape[1]:
        return scaled_prelu(sums.float(), scale, post.weight, shortcut, whole)
    feats = post(sums if scale is None else sums * scale)
    return feats if shortcut is None else feats + shortcut
