"""The shifted sparse convolution (SFSC) of BSC-Net."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from bscnet.errors import InputError
from bscnet.nn.conv import QuantizedConv
from bscnet.sparse import Sites, SparseTensor
from bscnet.sparse.offsets import Shift, check_shifts, group_sizes
from bscnet.sparse.operand import Operand


class ShiftedSparseConv3d(QuantizedConv):
    """3x3x3 submanifold convolution whose groups of output channels match an active site with different kernel cells.

    Formula, for output channels of group g: ``y_u = scale * sum_{k, u+k-p_g active} Q_w(W_k)^T Q_x(x_{u+k-p_g})``.
    Groups are contiguous and of equal size (``numpy.array_split`` where that does not divide). All shifts zero is the
    plain submanifold convolution.

    Args:
        in_channels: input channels.
        out_channels: output channels.
        shifts: ``(G, 3)`` matching positions p_g, components in {-1, 0, 1}.
        input_quantizer: see ``QuantizedConv``.
        weight_quantizer: see ``QuantizedConv``.

    Attributes:
        weight: ``(27, in_channels, out_channels)``.
        shifts: ``(G, 3)`` int64 buffer, part of the checkpoint.

    Source: BSC-Net (arXiv 2303.15493), abstract and Fig. 1.

    Examples:
        >>> import torch
        >>> from bscnet.nn import ShiftedSparseConv3d
        >>> from bscnet.sparse import SparseTensor
        >>> x = SparseTensor(torch.ones(2, 3), torch.tensor([[0, 0, 0, 0], [0, 1, 0, 0]]))
        >>> conv = ShiftedSparseConv3d(3, 8, [(0, 0, 0), (1, 0, 0)])
        >>> conv(x)
        SparseTensor(2 sites, 8 channels, stride 1, torch)
        >>> conv.shifts.tolist()
        [[0, 0, 0], [1, 0, 0]]
    """

    shifts: Tensor

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        shifts: object,
        input_quantizer: nn.Module | None = None,
        weight_quantizer: nn.Module | None = None,
    ) -> None:
        super().__init__(in_channels, out_channels, (27,), input_quantizer, weight_quantizer)
        self._shift_tuple = check_shifts(shifts)
        group_sizes(out_channels, len(self._shift_tuple))
        self.register_buffer("shifts", torch.tensor(self._shift_tuple))

    @property
    def groups(self) -> int:
        """Number of channel groups G."""
        return len(self._shift_tuple)

    @property
    def shift_tuple(self) -> tuple[Shift, ...]:
        """The shifts as plain integers."""
        return self._shift_tuple

    def set_shifts(self, shifts: object) -> None:
        """Replace the shifts; their number must stay.

        Raises:
            InputError: another number of groups, or a component out of range.
        """
        checked = check_shifts(shifts)
        if len(checked) != self.groups:
            raise InputError(f"{len(checked)} shifts given for {self.groups} channel groups")
        self._shift_tuple = checked
        self.shifts.copy_(torch.tensor(checked))

    def _load_from_state_dict(self, state_dict: dict[str, Any], prefix: str, *args: Any) -> None:
        # forward reads the plain integers (no device synchronization), so they must follow the buffer.
        if prefix + "shifts" in state_dict:
            self.set_shifts(state_dict[prefix + "shifts"].cpu())
        super()._load_from_state_dict(state_dict, prefix, *args)

    def apply_kernel(self, x: SparseTensor, feats: Operand, weight: Tensor, fine: Sites | None) -> SparseTensor:
        """See ``QuantizedConv.apply_kernel``."""
        if all(shift == (0, 0, 0) for shift in self._shift_tuple):
            return x.replace(x.sites.submanifold(feats, weight))
        return x.replace(x.sites.shifted(feats, weight, self._shift_tuple))
