"""One row a method over its seeds, and the table of the rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from statistics import fmean, stdev
from typing import Any

from benchmarks.common.tables import hundredths, plain_table
from benchmarks.quick_rooms.records import Record

HEADER = (
    *("method", "stages", "epochs", "seeds", "val mIoU, %", "min to max, %", "pixel accuracy, %", "mean accuracy, %"),
    *("OPs executed, M", "OPs nominal, M", "weights, MiB", "as 32 bits, MiB", "time, s"),
)


def spread(values: Sequence[float]) -> dict[str, float | None]:
    """Mean, sample standard deviation (None of fewer than two values), smallest and largest."""
    return {
        "mean": fmean(values),
        "std": stdev(values) if len(values) > 1 else None,
        "min": min(values),
        "max": max(values),
    }


def method_row(records: Sequence[Record], costs: Sequence[Mapping[str, float]]) -> dict[str, Any]:
    """The row of a method: spreads over its chains (one a seed), plain values for JSON.

    Args:
        records: the method's chains, one a seed.
        costs: of each chain, as `chain_cost` gives them.
    """
    scores = {name: [record.scores[name] for record in records if name in record.scores] for name in _names(records)}
    return {
        "method": records[0].method,
        "stages": records[0].stages,
        "epochs": sorted({record.epochs for record in records}),
        "seeds": [record.seed for record in records],
        **{name.removeprefix("val/"): spread(values) for name, values in scores.items()},
        **{quantity: spread([cost[quantity] for cost in costs]) for quantity in costs[0]},
        "seconds": spread([record.seconds for record in records]),
        "backends": sorted({str(record.facts["backend"]) for record in records}),
        "commits": sorted({str(record.facts["commit"]) for record in records}),
    }


def markdown_table(rows: Sequence[Mapping[str, Any]], before: Mapping[str, Any] | None = None) -> str:
    """The rows as a Markdown table; before: as `times_before` gives it, for a column of its own."""
    if before is None:
        return plain_table(HEADER, map(_cells, rows), left=1)
    seconds = before["seconds"]
    cells = [[*_cells(row), f"{seconds[row['method']]:.0f}" if row["method"] in seconds else ""] for row in rows]
    return plain_table((*HEADER, f"time on {', '.join(before['backends'])}, s"), cells, left=1)


def _cells(row: Mapping[str, Any]) -> list[str]:
    miou = row["miou"]
    return [
        f"`{row['method']}`",
        str(row["stages"]),
        ", ".join(map(str, row["epochs"])),
        str(len(row["seeds"])),
        _spread_in_percent(miou),
        f"{hundredths(miou['min'])} to {hundredths(miou['max'])}",
        _spread_in_percent(row.get("acc")),
        _spread_in_percent(row.get("macc")),
        f"{row['ops_executed']['mean'] / 1e6:,.1f}",
        f"{row['ops_nominal']['mean'] / 1e6:,.1f}",
        f"{row['weight_bytes']['mean'] / 2**20:.3f}",
        f"{row['weight_bytes_real']['mean'] / 2**20:.3f}",
        f"{row['seconds']['mean']:.0f}",
    ]


def _names(records: Sequence[Record]) -> list[str]:
    return list(dict.fromkeys(name for record in records for name in record.scores))


def _spread_in_percent(value: Mapping[str, float | None] | None) -> str:
    if value is None or value["mean"] is None:
        return ""
    deviation = "" if value["std"] is None else f" ± {hundredths(value['std'])}"
    return hundredths(value["mean"]) + deviation
