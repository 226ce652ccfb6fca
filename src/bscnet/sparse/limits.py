"""The range of coordinates, for whoever has to stay within it without importing torch."""

from __future__ import annotations

AXIS_BITS = 16
"""Bits of one axis in a site's sortable key."""

_HALF = 1 << (AXIS_BITS - 1)
# A 5x5x5 kernel reaches two cells beyond a site; its keys must not run over into the next axis.
_MARGIN = 2
MAX_COORD = _HALF - 1 - _MARGIN
MIN_COORD = -_HALF + _MARGIN
MAX_BATCH = (1 << (63 - 3 * AXIS_BITS)) - 1
