"""Targets of the data pipeline against what was measured."""

from __future__ import annotations

from typing import Any

from benchmarks.common.verdicts import against

AT_LEAST_FASTER = 3.0
MOST_WAITING = 0.05


def verdicts(report: dict[str, Any]) -> list[dict[str, Any]]:
    """Voxelizing against the naive way on every scene; waiting with one loading process, without prepared maps."""
    found = []
    for row in report["scenes"]:
        if row["what"] == "voxelize":
            values = {key: row[key] for key in ("ratio", "ratio_min", "ratio_max")}
            what = f"voxelize: naive / ours, {row['scene']}"
            found.append({"what": what, **against(row["ratio"], at_least=AT_LEAST_FASTER), **values})
    for row in report["steps"]:
        if row["workers"] == 1:
            maps = ", prepared maps" if row["prepare"] else ""
            threads = f"{row['threads']} thread{'s' if row['threads'] > 1 else ''}"
            what = f"share of waiting, {row['backend']}, {100 * row['voxel_size']:g} cm, {threads}, one worker{maps}"
            values = {"ratio": row["share"], "ratio_min": row["share_min"], "ratio_max": row["share_max"]}
            found.append({"what": what, **against(row["share"], at_most=MOST_WAITING), **values})
    return found
