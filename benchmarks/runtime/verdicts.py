"""Every target of the packed runtime against what was measured."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from benchmarks.common.engines import ENGINE, ENGINE_AS_IT_COMES, TORCH
from benchmarks.common.verdicts import ratio_verdict
from benchmarks.runtime.cases import BINARY, RUNTIME, SPCONV

# of real-valued forwards, by network, over the packed one
FASTER = {
    ENGINE: {"unet_h": 60.0, "unet_s": 40.0},
    ENGINE_AS_IT_COMES: {"unet_h": 60.0, "unet_s": 40.0},
    SPCONV: {"unet_h": 25.0, "unet_s": 15.0},
    TORCH: {"unet_h": 15.0, "unet_s": 15.0},
}
PACKED = "sfsc"  # the method's own network stands for the packed side
LESS_MEMORY = 8.0
SAME_ARGMAX = 0.9999
TIMES_THE_FLOOR = (2.0, 1.5)
FLOOR_WIDTHS = (32, 64, 96, 128)
SFSC_OVER_SSC = 1.05
SMALLER_FILE = {"unet_h": 25.0, "fcn_h": 25.0}
GROWTH = 1.3
AVX2_SPEED = 1 / 3

Rows = Sequence[dict[str, Any]]


def judged(
    section: str,
    what: str,
    over: Sequence[float],
    under: Sequence[float],
    at_least: float | None = None,
    at_most: float | None = None,
) -> dict[str, Any]:
    """`ratio_verdict` with what it is about."""
    return {"section": section, "what": what, **ratio_verdict(over, under, at_least, at_most)}


def of_networks(rows: Rows) -> list[dict[str, Any]]:
    """Speed, memory and sameness of whole networks on every scene."""
    found = []
    by_key = {(r["scene"], r["network"], r["variant"], r["engine"], r["threads"]): r for r in rows}
    for row in rows:
        if row["variant"] != "real" or row["engine"] == RUNTIME:
            continue
        packed = by_key[row["scene"], row["network"], PACKED, RUNTIME, row["threads"]]
        what = f"{row['network']}, {row['scene']}, {_threads(row['threads'])}: {row['engine']} / packed"
        target = FASTER[row["engine"]].get(row["network"])
        found.append(judged("speed", what, row["times_ms"], packed["times_ms"], at_least=target))
        if row["engine"] == ENGINE:
            pair = [row["peak_mb"]], [max(packed["peak_mb"], packed["workspace_mb"])]
            found.append(judged("memory", what, *pair, at_least=LESS_MEMORY))
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
        if row["channels"] in FLOOR_WIDTHS:
            floor = [row["floor_ms"]] * len(row["times_ms"])
            for target in TIMES_THE_FLOOR:
                found.append(judged("layer / floor", what, row["times_ms"], floor, at_most=target))
        if row["variant"] == "sfsc":
            plain = by_key[row["channels"], "ssc", row["threads"]]
            what = f"{row['channels']} channels, {_threads(row['threads'])}"
            pair = row["times_ms"], plain["times_ms"]
            found.append(judged("SFSC / SSC layer", what, *pair, at_most=SFSC_OVER_SSC))
    return found


def of_growth(rows: Rows) -> list[dict[str, Any]]:
    """Time and memory a site at their worst over their best."""
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


def verdicts(report: dict[str, Any]) -> list[dict[str, Any]]:
    """All verdicts on the sections that the report has."""
    judges = {
        "networks": of_networks,
        "files": of_files,
        "layers": of_layers,
        "growth": of_growth,
        "implementations": of_implementations,
    }
    return [found for name, judge in judges.items() if report.get(name) for found in judge(report[name])]


def _threads(count: int) -> str:
    return f"{count} thread{'s' * (count != 1)}"
