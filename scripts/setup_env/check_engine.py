"""Exit status 0 if the installed MinkowskiEngine imports and computes a convolution that was worked out by hand."""

from __future__ import annotations

import collections
import collections.abc
import sys
import warnings


def main() -> int:
    warnings.simplefilter("ignore")  # it warns that it is CPU-only, which is what was built
    collections.Sequence = collections.abc.Sequence  # type: ignore[attr-defined]  # gone since Python 3.10
    import MinkowskiEngine as ME
    import torch

    coords = torch.tensor([[0, 0, 0, 0], [0, 1, 0, 0], [0, 5, 5, 5]], dtype=torch.int32)
    feats = torch.tensor([[1.0], [10.0], [100.0]], requires_grad=True)
    conv = ME.MinkowskiConvolution(1, 1, kernel_size=3, dimension=3)
    with torch.no_grad():
        conv.kernel.fill_(2.0)
    rows = conv(ME.SparseTensor(feats, coords)).F
    rows.sum().backward()
    # the first two sites see each other, the third only itself
    good = torch.equal(rows.detach(), torch.tensor([[22.0], [22.0], [200.0]]))
    good = good and feats.grad is not None and torch.equal(feats.grad, torch.tensor([[4.0], [4.0], [2.0]]))
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
