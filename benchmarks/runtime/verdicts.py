"""Every target of the packed runtime against what was measured."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from benchmarks.common.engines import ENGINE, ENGINE_AS_IT_COMES, TORCH
from benchmarks.common.verdicts import judged
from benchmarks.runtime.cases import BINARY, RUNTIME, SPCONV

PACKED = "sfsc"  # the method's own network stands for the packed side
FINE = "room 2 cm"
# real-valued forwards over the packed one, by peer and network: what to reach, and what one may hope for
FASTER: dict[str, dict[str, tuple[float, float | None]]] = {
    ENGINE: {"unet_h": (40.0, 64.0), "unet_s": (40.0, 60.0)},
    ENGINE_AS_IT_COMES: {"unet_h": (60.0, 96.0), "unet_s": (40.0, 60.0)},
    SPCONV: {"unet_h": (20.0, 25.0), "unet_s": (14.0, 20.0)},
    TORCH: {"unet_h": (15.0, None), "unet_s": (15.0, None)},
}
FASTER_FINE = {(ENGINE, "unet_h"): (56.0, 64.0)}
"""In place of those in the room of fine voxels."""
# MinkowskiEngine's memory over the packed one's
LESS_MEMORY = {"unet_h": (9.0, 10.0), "unet_s": (6.0, 10.0), "fcn_h": (8.0, None), "fcn_s": (8.0, None)}
LESS_MEMORY_FINE = {"unet_h": (7.0, 10.0)}
SAME_ARGMAX = 0.9999
# a layer over its floor, and SFSC over SSC, by channels
TIMES_THE_FLOOR = {32: (2.9, 2.0), 64: (2.0, 1.5), 96: (2.0, 1.5), 128: (1.35, 1.2)}
SFSC_OVER_SSC = {32: 1.5, 64: 1.1, 128: 1.0}
SMALLER_FILE = {"unet_h": 25.0, "fcn_h": 25.0}
GROWTH, GROWTH_FROM = 1.3, 30_000
AVX2_SPEED = 1 / 3
ENGINE_SHARE = 0.5

Rows = Sequence[dict[str, Any]]


def of_networks(rows: Rows) -> list[dict[str, Any]]:
    """Speed, memory and sameness of whole networks on every scene."""
    found = []
    by_key = {(r["scene"], r["network"], r["variant"], r["engine"], r["threads"]): r for r in rows}
    for row in rows:
        if row["variant"] != "real" or row["engine"] == RUNTIME:
            continue
        packed = by_key[row["scene"], row["network"], PACKED, RUNTIME, row["threads"]]
        what = f"{row['network']}, {row['scene']}, {_threads(row['threads'])}: {row['engine']} / packed"
        key = (row["engine"], row["network"])
        target, moonshot = FASTER.get(row["engine"], {}).get(row["network"], (None, None))
        if row["scene"] == FINE:
            target, moonshot = FASTER_FINE.get(key, (target, moonshot))
        pair = row["times_ms"], packed["times_ms"]
        found.append(judged("speed", what, *pair, at_least=target, moonshot=moonshot))
        if row["engine"] == ENGINE:
            less = LESS_MEMORY_FINE if row["scene"] == FINE else {}
            target, moonshot = less.get(row["network"], LESS_MEMORY[row["network"]])
            pair = [row["peak_mb"]], [max(packed["peak_mb"], packed["workspace_mb"])]
            found.append(judged("memory", what, *pair, at_least=target, moonshot=moonshot))
    return found + of_sameness(rows)


def of_sameness(rows: Rows) -> list[dict[str, Any]]:
    """For each packed network, the share of sites with torch's class where it is least."""
    shares: dict[tuple[str, str], list[float]] = {}
    for row in rows:
        if row["variant"] in BINARY and row["engine"] == RUNTIME:
            shares.setdefault((row["network"], row["variant"]), []).append(row["same_argmax"])
    return [
        judged(
            "same arg-max",
            f"{network}, {variant}: least share of sites with torch's class, of {len(found)} rows",
            [min(found)],
            [1.0],
            at_least=SAME_ARGMAX,
        )
        for (network, variant), found in shares.items()
    ]


def of_files(rows: Rows) -> list[dict[str, Any]]:
    """Size of the packed files; of all networks, with a target for some."""
    return [
        judged(
            "file size",
            f"{row['network']}, {row['variant']}{', half' if key == 'half_bytes' else ''}: float32 weights / file",
            [row["float32_bytes"]],
            [row[key]],
            at_least=SMALLER_FILE.get(row["network"]),
        )
        for row in rows
        if row["variant"] in BINARY
        for key in ("file_bytes", "half_bytes")
    ]


def of_layers(rows: Rows) -> list[dict[str, Any]]:
    """A layer over its floor, and SFSC over SSC."""
    found = []
    by_key = {(r["channels"], r["variant"], r["threads"]): r for r in rows}
    for row in rows:
        what = f"{row['channels']} channels, {row['variant']}, {_threads(row['threads'])}"
        if row["channels"] in TIMES_THE_FLOOR:
            target, moonshot = TIMES_THE_FLOOR[row["channels"]]
            floor = [row["floor_ms"]] * len(row["times_ms"])
            found.append(judged("layer / floor", what, row["times_ms"], floor, at_most=target, moonshot=moonshot))
        if row["variant"] == "sfsc":
            plain = by_key[row["channels"], "ssc", row["threads"]]
            what = f"{row['channels']} channels, {_threads(row['threads'])}"
            pair = row["times_ms"], plain["times_ms"]
            found.append(judged("SFSC / SSC layer", what, *pair, at_most=SFSC_OVER_SSC.get(row["channels"])))
    return found


def of_growth(rows: Rows) -> list[dict[str, Any]]:
    """Time and memory a site at their worst over their best."""
    rows = [row for row in rows if row["sites"] >= GROWTH_FROM]
    about = f"{rows[0]['network']}, {rows[0]['sites']} to {rows[-1]['sites']} sites"
    time = [row["ns_per_site"] for row in rows]
    memory = [row["workspace_bytes_per_site"] for row in rows]
    return [
        judged("growth", f"{about}: most / least time a site", [max(time)], [min(time)], at_most=GROWTH),
        judged("growth", f"{about}: most / least memory a site", [max(memory)], [min(memory)], at_most=GROWTH),
    ]


def of_implementations(rows: Rows) -> list[dict[str, Any]]:
    """Speed of AVX2 as a share of AVX-512's, and whether all give the same bits."""
    found = []
    for row in rows:
        what = f"{row['network']}, {row['scene']}, {_threads(row['threads'])}: {row['implementation']}"
        best = next(r for r in rows if r["network"] == row["network"])
        if row is not best:
            target = AVX2_SPEED if (best["implementation"], row["implementation"]) == ("avx512", "avx2") else None
            speed = f"{what} speed / {best['implementation']} speed"
            found.append(judged("implementations", speed, best["times_ms"], row["times_ms"], at_least=target))
            same = [float(row["same_bits"])], [1.0]
            found.append(judged("implementations", f"{what} gives the same bits", *same, at_least=1.0))
    return found


def of_labelling(rows: Rows) -> list[dict[str, Any]]:
    """The engine's share of a whole prediction."""
    return [
        judged(
            "whole prediction",
            f"{row['network']}, {row['scene']}, {_threads(row['threads'])}: engine / all parts",
            row["engine_ms"],
            row["times_ms"],
            at_most=ENGINE_SHARE,
        )
        for row in rows
    ]


def verdicts(report: dict[str, Any]) -> list[dict[str, Any]]:
    """All verdicts on the sections that the report has."""
    judges = {
        "networks": of_networks,
        "files": of_files,
        "layers": of_layers,
        "growth": of_growth,
        "labelling": of_labelling,
        "implementations": of_implementations,
    }
    return [found for name, judge in judges.items() if report.get(name) for found in judge(report[name])]


def _threads(count: int) -> str:
    return f"{count} thread{'s' * (count != 1)}"
