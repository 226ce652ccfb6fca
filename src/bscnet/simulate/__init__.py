"""Simulated rooms, scanned by a virtual depth camera and written in ScanNet's own folder layout.

Names are loaded on first use: the scanner brings in Open3D.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from bscnet.lazy import lazy_names

if TYPE_CHECKING:
    from bscnet.simulate.scene_set import ensure_rooms, simulate

__all__ = ["ensure_rooms", "simulate"]

__getattr__ = lazy_names(__name__, dict.fromkeys(__all__, "scene_set"))
