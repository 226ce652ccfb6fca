"""From a trained network to one small model file that `bscnet.runtime` runs without torch.

Names are loaded on first use: `bscnet export --help` needs no torch.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from bscnet.lazy import lazy_names

if TYPE_CHECKING:
    from bscnet.export.network import compile_network
    from bscnet.export.pack import Exported, export

__all__ = ["Exported", "compile_network", "export"]

_MODULE_OF = {"Exported": "pack", "compile_network": "network", "export": "pack"}

__getattr__ = lazy_names(__name__, _MODULE_OF)
