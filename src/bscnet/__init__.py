"""Binary sparse convolutional networks (BSC-Net) for 3D semantic segmentation.

model = bscnet.load("indoor-5cm")  # ships with the package; or a file that `bscnet export` wrote
labels, confidence = model.label(points, colors)
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from bscnet.lazy import lazy_names
from bscnet.threads import limit_spinning
from bscnet.version import __version__

if TYPE_CHECKING:
    from bscnet.prediction.model import Model, load

__all__ = ["Model", "__version__", "load"]

limit_spinning()  # before torch is loaded, which is never before this module where bscnet comes first

__getattr__ = lazy_names(__name__, dict.fromkeys(("Model", "load"), "prediction.model"))
