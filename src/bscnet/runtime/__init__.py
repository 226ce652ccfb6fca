"""Running exported networks with the packed engine: NumPy arrays in, NumPy arrays out, no torch.

session = bscnet.runtime.load("model.safetensors")
logits = session(coords, feats)
"""

from __future__ import annotations

from bscnet.runtime.description import Features
from bscnet.runtime.library import implementation, implementations
from bscnet.runtime.session import Session, load, loads
from bscnet.runtime.times import Times
from bscnet.runtime.trace import Trace

__all__ = ["Features", "Session", "Times", "Trace", "implementation", "implementations", "load", "loads"]
