"""Where the time of a run went."""

from __future__ import annotations

from dataclasses import dataclass, fields


@dataclass(frozen=True)
class Times:
    """Seconds of each part of a run, and the most memory the engine held at once, in bytes.

    kernel_maps: ordering the sites, their levels and neighbours. bit_convolutions: convolutions of signs with their
    output transforms. real_parts: convolutions, pooling and the like on real values. rest: everything else.

    Examples:
        >>> from bscnet import runtime
        >>> session = runtime.load("indoor-5cm", threads=1)
        >>> logits, times = session.timed([[0, 0, 0, 0]], [[0.0, 0.0, 0.0]])
        >>> times.bit_convolutions > 0, times.workspace_bytes > 0
        (True, True)
    """

    kernel_maps: float = 0.0
    bit_convolutions: float = 0.0
    real_parts: float = 0.0
    rest: float = 0.0
    workspace_bytes: int = 0

    @property
    def total(self) -> float:
        """Seconds of all parts."""
        return self.kernel_maps + self.bit_convolutions + self.real_parts + self.rest

    def __add__(self, other: Times) -> Times:
        """One run after the other: times add up, and the memory is that of the larger."""
        sums = {part.name: getattr(self, part.name) + getattr(other, part.name) for part in fields(self)}
        return Times(**{**sums, "workspace_bytes": max(self.workspace_bytes, other.workspace_bytes)})
