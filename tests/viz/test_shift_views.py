from __future__ import annotations

import io

from rich.console import Console

from bscnet.search import ShiftPlan, layer_level
from bscnet.viz.shifts import search_summary_text, shift_norms, shift_summary, shift_table

PLAN = ShiftPlan(
    {
        "levels.encoder.0.0.conv": ((0, 0, 0), (1, 0, 0), (1, -1, 1), (0, 1, 1)),
        "levels.deeper.encoder.0.0.conv": ((1, 1, 1), (-1, -1, -1)),
        "levels.decoder.0.0.conv": ((0, 0, -1), (0, 0, 0), (0, 0, 0), (0, 0, 0)),
    }
)


def test_level_is_read_from_the_module_path() -> None:
    assert [layer_level(layer) for layer in PLAN.shifts] == [0, 1, 0]
    assert layer_level("levels.deeper.deeper.deeper.blocks.0.1.conv") == 3


def test_norms_are_counted_by_level() -> None:
    assert shift_norms(PLAN) == {0: {0: 4, 1: 2, 2: 1, 3: 1}, 1: {3: 2}}


def test_summary_counts_the_cells_of_all_layers() -> None:
    assert shift_summary(PLAN) == "cells chosen: centre 4, face 2, edge 1, corner 3"


def test_a_search_is_told_in_two_lines() -> None:
    known = {"decide": "mean", "max_pi": 0.0431, "margin": 0.002, "entropy": 3.2, "gradient_signal": None}
    text = search_summary_text({**known, "decided": False, "orbits": {"level centre": 3, "above side": 1}})
    first, second = text.splitlines()
    assert first == "NOT decided (mean): mean max pi 0.0431, margin to the runner-up 0.002, entropy 3.2"
    assert second == "orbits chosen: level centre 3, above side 1"
    assert search_summary_text({**known, "decided": True}).startswith("decided (mean): ")
    assert search_summary_text({"decide": "perturbation", "loss_margin": 0.01}).startswith(
        "search (perturbation): margin in loss 0.01"
    )


def test_table_shows_every_shift_even_of_uneven_groups() -> None:
    console = Console(width=160, record=True, file=io.StringIO())
    console.print(shift_table(PLAN))
    text = console.export_text()
    assert "(1,-1,1)" in text and "(-1,-1,-1)" in text and "group 4" in text
    assert text.count("encoder.0.0") == 2 and text.count("decoder.0.0") == 1


def test_table_fits_a_terminal_of_80_columns() -> None:
    console = Console(width=80, record=True, file=io.StringIO())
    deepest = "levels." + 8 * "deeper." + "encoder.1.1.conv"
    console.print(shift_table(ShiftPlan({deepest: ((-1, -1, -1),) * 4})))
    (row,) = [line for line in console.export_text().splitlines() if "encoder" in line]
    assert "encoder.1.1" in row and row.count("(-1,-1,-1)") == 4
