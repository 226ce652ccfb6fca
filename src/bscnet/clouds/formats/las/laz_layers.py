"""The layers of LAZ points of the formats 6 to 10: each can be left packed where nobody asks for its fields."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

_LAYERS = {
    "z": "Z",
    "classification": "CLASSIFICATION",
    **dict.fromkeys(
        ("synthetic", "key_point", "withheld", "overlap", "scan_direction_flag", "edge_of_flight_line"), "FLAGS"
    ),
    "intensity": "INTENSITY",
    "scan_angle": "SCAN_ANGLE",
    "user_data": "USER_DATA",
    "point_source_id": "POINT_SOURCE_ID",
    "gps_time": "GPS_TIME",
    **dict.fromkeys(("red", "green", "blue"), "RGB"),
    "nir": "NIR",
    **dict.fromkeys(
        (
            "wavepacket_index",
            "wavepacket_offset",
            "wavepacket_size",
            "return_point_wave_location",
            "x_t",
            "y_t",
            "z_t",
        ),
        "WAVEPACKET",
    ),
    **dict.fromkeys(("x", "y", "return_number", "number_of_returns", "scanner_channel"), "XY_RETURNS_CHANNEL"),
}


def selection(names: Collection[str]) -> Any:
    """What lazrs has to unpack for these fields; it unpacks all of points of the formats 0 to 5."""
    import lazrs

    wanted = lazrs.SELECTIVE_DECOMPRESS_XY_RETURNS_CHANNEL
    for name in names:
        wanted |= getattr(lazrs, f"SELECTIVE_DECOMPRESS_{_LAYERS.get(name, 'ALL_EXTRA_BYTES')}")
    return lazrs.DecompressionSelection(wanted)
