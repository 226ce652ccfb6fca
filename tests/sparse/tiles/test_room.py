"""How full tiles are on a simulated room at 5 cm: cells that are multiplied for each site."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from bscnet.sparse.tiles import available, entries, runs, tile_lists
from bscnet.sparse.tiles.reading import TILE, Reading
from bscnet.sparse.tiles.sites import TileSites

TETRA = ((1, 1, 1), (1, -1, -1), (-1, 1, -1), (-1, -1, 1))


def cells_multiplied(reading: Reading) -> float:
    """A site, averaged over groups."""
    return float(reading.counts.sum()) * TILE / reading.rows / reading.groups


@pytest.mark.slow
@pytest.mark.skipif(not available(), reason="Triton is not installed")
def test_tiles_of_a_room_leave_out_most_absent_cells(monkeypatch: pytest.MonkeyPatch) -> None:
    """A batch of many rooms does better: 13.3 for 16 of them, and 10.5 in each group."""
    # What a program takes at once changes no number, and Triton's interpreter is as fast for many rows as for few.
    for module, name, rows in (
        (runs, "_BLOCK", 4096),
        (tile_lists, "_KEY_BLOCK", 1024),
        (tile_lists, "_ROW_BLOCK", TILE),
    ):
        monkeypatch.setattr(module, name, rows)
    pytest.importorskip("open3d")
    from bscnet.simulate.scene import QUICK, simulate_scene

    places = np.unique(np.floor(simulate_scene(0, 5000, QUICK).points / 0.05).astype(np.int32), axis=0)
    sites = TileSites(torch.nn.functional.pad(torch.from_numpy(places), (1, 0)))
    assert len(sites) > 10000
    plain, shifted = sites._cube((entries.cube(3),), 3), sites._cube(entries.shifted(TETRA), 5)
    assert cells_multiplied(plain) <= 16.5
    assert cells_multiplied(shifted) <= 13
