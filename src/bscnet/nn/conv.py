"""Sparse convolutions with optional 1-bit operands."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor, nn

from bscnet.errors import InputError
from bscnet.fused import weight_signs, weight_signs_and_scale
from bscnet.nn.output_factor import OutputFactor
from bscnet.quantizers import MeanAbsScale, WeightQuantizer
from bscnet.sparse import Sites, SparseTensor
from bscnet.sparse.operand import Operand
from bscnet.sparse.products import pointwise


class QuantizedConv(nn.Module):
    """What every convolution here shares: a weight, two optional quantizers, the scale after the sum.

    Formula: ``y = factor * scale * conv(Q_x(x), Q_w(W))``; a quantizer of None leaves its operand real, and without a
    weight quantizer there is no scale.

    Args:
        in_channels: input channels.
        out_channels: output channels.
        weight_shape: leading axes of the weight; the last but two is the cell axis.
        input_quantizer: applied to the features, or None.
        weight_quantizer: gives signs and scales, or None.

    Attributes:
        output_factor: the factor, decided by the input; None is 1.

    Examples:
        >>> from bscnet.nn import QuantizedConv, SparseConv3d
        >>> from bscnet.quantizers import SignQuantizer, WeightQuantizer
        >>> binary = SparseConv3d(16, 8, 3, SignQuantizer(), WeightQuantizer(8))
        >>> isinstance(binary, QuantizedConv)
        True
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        weight_shape: tuple[int, ...],
        input_quantizer: nn.Module | None = None,
        weight_quantizer: nn.Module | None = None,
    ) -> None:
        super().__init__()
        if in_channels < 1 or out_channels < 1:
            raise InputError(f"a convolution from {in_channels} to {out_channels} channels; both must be at least 1")
        self.in_channels = in_channels
        self.out_channels = out_channels
        self.weight = nn.Parameter(torch.empty(*weight_shape, in_channels, out_channels))
        # SparseConvNet's initialization: variance 2 / (C_in * kernel volume).
        nn.init.normal_(self.weight, std=(2.0 / (in_channels * weight_shape[-1])) ** 0.5)
        self.input_quantizer = input_quantizer
        self.weight_quantizer = weight_quantizer
        self.output_factor: OutputFactor | None = None

    def forward(self, x: SparseTensor, fine: Sites | None = None) -> SparseTensor:
        """Convolve; ``fine`` are the output sites, which only a transposed convolution takes.

        Raises:
            InputError: ``x`` has another number of channels.
        """
        if x.feats.shape[1] != self.in_channels:
            raise InputError(f"features have {x.feats.shape[1]} channels; this convolution takes {self.in_channels}")
        feats = x.feats if self.input_quantizer is None else self.input_quantizer(x.feats)
        if self.weight_quantizer is None:
            y = self.apply_kernel(x, feats, self.weight, fine)
        else:
            signs, scale = self.weight_quantizer(self.weight)
            y = self.apply_kernel(x, feats, signs, fine)
            y = y.replace(y.feats * scale, y.sites)
        if self.output_factor is None:
            return y
        return y.replace(y.feats * self.output_factor(x, y, lambda values: self._box(x, values, fine)), y.sites)

    def sums(self, x: SparseTensor, operand: Operand, fine: Sites | None) -> tuple[SparseTensor, Tensor | None]:
        """The convolution before its scale, and the scale; float32.

        Args:
            x: tells the sites.
            operand: the features, quantized already.
            fine: as in ``forward``.

        Returns:
            the sums and ``(C_out,)`` scales, or None where there is no scale.
        """
        if self.weight_quantizer is None:
            return self.apply_kernel(x, operand, self.weight, fine), None
        # Sums of signs are whole numbers, which the short types of autocast would round.
        with torch.autocast(self.weight.device.type, enabled=False):
            signs, scale = self._signs_and_scale(self.weight_quantizer)
            return self.apply_kernel(x, operand, signs, fine), scale

    def _signs_and_scale(self, quantizer: nn.Module) -> tuple[Tensor, Tensor]:
        """What the weight quantizer gives, by `bscnet.fused` where that has it."""
        if not isinstance(quantizer, WeightQuantizer) or not quantizer.plain:
            signs, scale = quantizer(self.weight)
            return signs, scale
        if isinstance(quantizer.scale, MeanAbsScale):
            return weight_signs_and_scale(self.weight)
        return weight_signs(self.weight), quantizer.scale(self.weight, self.weight)

    def _box(self, x: SparseTensor, values: Tensor, fine: Sites | None) -> Tensor:
        """Sums of ``(N, 1)`` values over the cells that each output value reads, ``(N_out, C_out)``."""
        ones = self.weight.new_ones(*self.weight.shape[:-2], 1, self.out_channels)
        return self.apply_kernel(x, values, ones, fine).feats

    @property
    def whole_sums(self) -> bool:
        """Whether the sums are whole numbers within int16's range."""
        quantizers = self.input_quantizer, self.weight_quantizer
        terms = self.weight[..., 0].numel()
        return terms < 2**15 and all(q is not None and getattr(q, "gives_signs", False) for q in quantizers)

    def apply_kernel(self, x: SparseTensor, feats: Operand, weight: Tensor, fine: Sites | None) -> SparseTensor:
        """The linear map itself, on quantized operands."""
        raise NotImplementedError

    def extra_repr(self) -> str:
        """Channels."""
        return f"{self.in_channels}, {self.out_channels}"


class SparseConv3d(QuantizedConv):
    """Submanifold sparse convolution (SSC): output sites are the input sites.

    Formula: ``y_u = scale * sum_{k, u+k active} Q_w(W_k)^T Q_x(x_{u+k})``. A missing neighbour is skipped.

    Args:
        in_channels: input channels.
        out_channels: output channels.
        kernel_size: cells per axis: 1, 3 or 5.
        input_quantizer: see ``QuantizedConv``.
        weight_quantizer: see ``QuantizedConv``.

    Attributes:
        weight: ``(kernel_size**3, in_channels, out_channels)``, cells in the order of ``kernel_offsets``.

    Source: Graham et al., CVPR 2018.

    Examples:
        >>> import torch
        >>> from bscnet.nn import SparseConv3d
        >>> from bscnet.sparse import SparseTensor
        >>> x = SparseTensor(torch.ones(2, 3), torch.tensor([[0, 0, 0, 0], [0, 1, 0, 0]]))
        >>> conv = SparseConv3d(3, 8)
        >>> conv(x)
        SparseTensor(2 sites, 8 channels, stride 1, torch)
        >>> conv.weight.shape
        torch.Size([27, 3, 8])
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: int = 3,
        input_quantizer: nn.Module | None = None,
        weight_quantizer: nn.Module | None = None,
    ) -> None:
        if kernel_size not in (1, 3, 5):
            raise InputError(f"kernel_size is {kernel_size}; allowed are 1, 3, 5")
        super().__init__(in_channels, out_channels, (kernel_size**3,), input_quantizer, weight_quantizer)
        self.kernel_size = kernel_size

    def apply_kernel(self, x: SparseTensor, feats: Operand, weight: Tensor, fine: Sites | None) -> SparseTensor:
        """See ``QuantizedConv.apply_kernel``."""
        if self.kernel_size == 1 and isinstance(feats, Tensor):
            return x.replace(pointwise(feats, weight[0]))
        return x.replace(x.sites.submanifold(feats, weight))


class StridedConv3d(QuantizedConv):
    """Downsampling convolution, kernel 2, stride 2: ``y_v = scale * sum_c Q_w(W_c)^T Q_x(x_{2v+c})``.

    Attributes:
        weight: ``(8, in_channels, out_channels)``.

    Examples:
        >>> import torch
        >>> from bscnet.nn import StridedConv3d
        >>> from bscnet.sparse import SparseTensor
        >>> x = SparseTensor(torch.ones(2, 3), torch.tensor([[0, 0, 0, 0], [0, 1, 0, 0]]))
        >>> StridedConv3d(3, 8)(x)
        SparseTensor(1 sites, 8 channels, stride 2, torch)
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        input_quantizer: nn.Module | None = None,
        weight_quantizer: nn.Module | None = None,
    ) -> None:
        super().__init__(in_channels, out_channels, (8,), input_quantizer, weight_quantizer)

    def apply_kernel(self, x: SparseTensor, feats: Operand, weight: Tensor, fine: Sites | None) -> SparseTensor:
        """See ``QuantizedConv.apply_kernel``."""
        return x.replace(x.sites.down(feats, weight), x.sites.coarser)


class TransposedConv3d(StridedConv3d):
    """Upsampling convolution, kernel 2, stride 2: ``y_u = scale * Q_w(W_{u mod 2})^T Q_x(x_{floor(u/2)})``.

    Restores the finer level's sites, which forward takes as ``fine``.

    Attributes:
        weight: ``(8, in_channels, out_channels)``.

    Examples:
        >>> import torch
        >>> from bscnet.nn import StridedConv3d, TransposedConv3d
        >>> from bscnet.sparse import SparseTensor
        >>> x = SparseTensor(torch.ones(2, 3), torch.tensor([[0, 0, 0, 0], [0, 1, 0, 0]]))
        >>> TransposedConv3d(8, 3)(StridedConv3d(3, 8)(x), x.sites)
        SparseTensor(2 sites, 3 channels, stride 1, torch)
    """

    def apply_kernel(self, x: SparseTensor, feats: Operand, weight: Tensor, fine: Sites | None) -> SparseTensor:
        """See ``QuantizedConv.apply_kernel``."""
        if fine is None or fine.coarser is not x.sites:
            raise InputError("a transposed convolution needs the finer sites that its input was downsampled from")
        return x.replace(fine.up(feats, weight), fine)


def binary_weights(network: nn.Module) -> Iterator[nn.Parameter]:
    """Latent weights that ``network`` quantizes in its forward pass.

    Examples:
        >>> import torch
        >>> from bscnet.nn import SparseConv3d, binary_weights
        >>> from bscnet.quantizers import WeightQuantizer
        >>> network = torch.nn.Sequential(SparseConv3d(4, 8), SparseConv3d(8, 8, weight_quantizer=WeightQuantizer(8)))
        >>> [tuple(weight.shape) for weight in binary_weights(network)]
        [(27, 8, 8)]
    """
    for module in network.modules():
        if isinstance(module, QuantizedConv) and module.weight_quantizer is not None:
            yield module.weight
