"""Simulated rooms, scanned by a virtual depth camera and written in ScanNet's own folder layout."""

from __future__ import annotations

from bscnet.data.simulate.scene_set import ensure_rooms, simulate

__all__ = ["ensure_rooms", "simulate"]
