"""How ``(rows, channels)`` arrays are cut into tiles by the kernels here; a function of their shape alone."""

from __future__ import annotations

from dataclasses import dataclass

_TILE = 4096
_MOST_RUNS = 1024
# Each program that needs a sum reads what so many programs left of it.
_MOST_SUMS = 128


@dataclass(frozen=True)
class Tiling:
    """Tiles of a matrix, and runs of rows that one program goes through tile by tile.

    Attributes:
        block_rows, block_channels: a tile.
        row_blocks, channel_blocks: how many tiles lie along each axis.
        programs: runs of rows.
        run: rows of each, a multiple of ``block_rows``; the last has what is left.
    """

    block_rows: int
    block_channels: int
    row_blocks: int
    channel_blocks: int
    programs: int
    run: int

    @property
    def tiles(self) -> tuple[int, int]:
        """Grid of a kernel with a program a tile."""
        return self.row_blocks, self.channel_blocks

    @property
    def grid(self) -> tuple[int, int]:
        """Grid of a kernel with a program a run of rows."""
        return self.programs, self.channel_blocks

    @property
    def padded_programs(self) -> int:
        """The next power of two from ``programs``."""
        return 1 << (self.programs - 1).bit_length()


def tiling(rows: int, channels: int, packed: bool = False, most_runs: int = _MOST_RUNS) -> Tiling:
    """The tiling of this shape; ``packed`` makes blocks of channels whole words of bits."""
    block_channels = 16 if channels <= 16 and not packed else 32
    block_rows = _TILE // block_channels
    row_blocks = max(1, -(-rows // block_rows))
    blocks_a_run = -(-row_blocks // most_runs)
    programs = -(-row_blocks // blocks_a_run)
    return Tiling(
        block_rows, block_channels, row_blocks, -(-channels // block_channels), programs, blocks_a_run * block_rows
    )


def sums_tiling(rows: int, channels: int) -> Tiling:
    """A tiling for sums over rows: few runs, as what they leave is added up once more."""
    return tiling(rows, channels, most_runs=_MOST_SUMS)
