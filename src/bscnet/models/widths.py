"""The numbers that make a network, checked."""

from __future__ import annotations

from bscnet.errors import InputError


def level_widths(m: int, depth: int) -> tuple[int, ...]:
    """Channels of levels 0 to depth: ``m * (i + 1)`` (BSC-Net supplement: each level adds m filters)."""
    return tuple(m * (i + 1) for i in range(depth + 1))


def check_network(in_channels: int, num_classes: int, m: int, reps: int, depth: int) -> None:
    """Refuse numbers that make no network.

    Raises:
        InputError: a number below its minimum.
    """
    for name, value, low in (
        ("in_channels", in_channels, 1),
        ("num_classes", num_classes, 2),
        ("m", m, 1),
        ("reps", reps, 1),
        ("depth", depth, 0),
    ):
        if value < low:
            raise InputError(f"{name} is {value}; it must be at least {low}")
