"""What the error would be if features were jointly normal: a curve over the number of present neighbours."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from bscnet.errors import InputError

VARIANTS = ("sign_w", "sign_h", "both")
"""Which operands are 1-bit: the weights, the features, or both."""

Array = npt.NDArray[np.float64]


def gaussian_nmse(present: npt.ArrayLike, rho: float, kernel_rho: float = 0.0, variant: str = "both") -> Array:
    """NMSE of a sum over m present cells and many input channels with normal features and normal kernels.

    One input channel of one output channel: ``Y = sum_k w_k h_k`` over the m present cells. The h are jointly normal
    over cells, with mean 0, variance 1 and correlation rho; the w likewise, with correlation kernel_rho, and apart from
    the h. For normal a, b of variance 1 and correlation r: ``E[a b] = r``, ``E[a sign b] = sqrt(2/pi) r``,
    ``E[sign a sign b] = (2/pi) asin r``. So with p = m (m - 1) pairs of different cells

        E[Y^2]   = m + p rho kernel_rho                                   = N
        sign W:    E[Y B] = sqrt(2/pi) N,  E[B^2] = m + p rho (2/pi) asin(kernel_rho)
        sign h:    E[Y B] = sqrt(2/pi) N,  E[B^2] = m + p kernel_rho (2/pi) asin(rho)
        both:      E[Y B] = (2/pi) N,      E[B^2] = m + p (2/pi)^2 asin(rho) asin(kernel_rho)

    and ``NMSE = 1 - E[Y B]^2 / (E[Y^2] E[B^2])``, for both operands
    ``1 - (2/pi)^2 (1 + (m-1) rho kernel_rho) / (1 + (m-1) (2/pi)^2 asin(rho) asin(kernel_rho))``. The sums over many
    independent input channels tend to these means. Where the cells of a kernel are independent (kernel_rho 0) this is
    ``1 - (2/pi)^2 = 0.595`` whatever m: no difference between sparse and dense. A low-pass kernel, the same in all
    cells (kernel_rho 1), falls from 0.595 at one cell to 0.413 at 27 with rho 0.5.

    Args:
        present: numbers of present cells m, at least 1, of any shape.
        rho: correlation of a channel's features between two cells, in [-1, 1].
        kernel_rho: correlation of a kernel between two cells, in [-1, 1].
        variant: ``sign_w``, ``sign_h`` or ``both``.

    Returns:
        NMSE of the shape of ``present``; NaN where no such correlation of so many cells exists (E[Y^2] not above 0).

    Raises:
        InputError: a correlation out of range, or an unknown variant.

    Source: for one cell and both operands XNOR-Net's sign approximation; the orthant probability asin is Sheppard's.
    """
    for name, value in (("rho", rho), ("kernel_rho", kernel_rho)):
        if not -1 <= value <= 1:
            raise InputError(f"{name} is {value}; a correlation lies between -1 and 1")
    if variant not in VARIANTS:
        raise InputError(f"variant is {variant!r}; allowed are {', '.join(VARIANTS)}")
    others = np.asarray(present, dtype=np.float64) - 1
    two_by_pi = 2 / math.pi
    signs = two_by_pi * math.asin(rho), two_by_pi * math.asin(kernel_rho)
    loss, product = {
        "sign_w": (two_by_pi, rho * signs[1]),
        "sign_h": (two_by_pi, signs[0] * kernel_rho),
        "both": (two_by_pi**2, signs[0] * signs[1]),
    }[variant]
    real, binary = 1 + others * rho * kernel_rho, 1 + others * product
    possible = (real > 0) & (binary > 0)
    return np.where(possible, 1 - loss * real / np.where(possible, binary, 1.0), np.nan)
