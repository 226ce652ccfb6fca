"""Every target of the native training backend against what was measured."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import groupby
from typing import Any

from benchmarks.common.engines import ENGINE, ENGINE_AS_IT_COMES, NATIVE, TORCH
from benchmarks.common.verdicts import judged
from benchmarks.training.cases import MODULES, threads_in_words

# MinkowskiEngine's step, set up well, over native's: what to reach, and what one may hope for
FASTER = {
    "real": (3.0, 5.0),
    "ssc": (3.0, 6.0),
    "binary": (3.0, 6.0),
    "sfsc": (4.0, 6.0),
    "sfsc_binary": (4.0, 6.0),
    "search": (3.0, 5.0),
}
WITH_AMX = {"ssc": 4.0, "binary": 4.0}
"""In place of the first of those where the CPU multiplies matrices of bfloat16."""
DEARER = {"sfsc": ("ssc", 1.2), "sfsc_binary": ("binary", 1.2), "search": ("ssc", 2.2)}
"""At most so many plain steps of the same precision, on native."""
LESS_MEMORY = 2.0
LESS_FIXED = 5.0

Row = Mapping[str, Any]
Rows = Sequence[Row]


def of_steps(rows: Rows, amx: bool) -> list[dict[str, Any]]:
    """Speed against the other backends, shifted and search steps against plain ones, and memory."""
    by_key = {(row["network"], row["variant"], row["backend"], row["threads"]): row for row in rows}
    found = []
    for (network, variant, backend, threads), row in by_key.items():
        native = by_key[network, variant, NATIVE, threads]
        what = f"{network}, {variant}, {threads_in_words(threads)}"
        if backend == ENGINE:
            target, moonshot = FASTER[variant]
            target = WITH_AMX.get(variant, target) if amx else target
            pair = row["steps_ms"], native["steps_ms"]
            found.append(judged("speed", f"{what}: {backend} / native", *pair, at_least=target, moonshot=moonshot))
            memory = [row["peak_mb"]], [native["peak_mb"]]
            found.append(judged("memory", f"{what}: {backend} / native", *memory, at_least=LESS_MEMORY))
        elif backend in (TORCH, ENGINE_AS_IT_COMES):
            found.append(judged("speed", f"{what}: {backend} / native", row["steps_ms"], native["steps_ms"]))
        elif variant in DEARER:
            plain, limit = DEARER[variant]
            if (under := by_key.get((network, plain, NATIVE, threads))) is not None:
                pair = row["steps_ms"], under["steps_ms"]
                found.append(judged("kinds of step", f"{what}: native / {plain} on native", *pair, at_most=limit))
    return found


def of_fixed(rows: Rows) -> list[dict[str, Any]]:
    """What a step costs beside its convolutions."""
    native = next(row for row in rows if row["backend"] == NATIVE)
    what = f"{native['network']}, {native['variant']}, {native['sites']} sites"
    return [
        judged(
            "fixed cost",
            f"{what}: {row['backend']} / native",
            row["steps_ms"],
            native["steps_ms"],
            at_least=LESS_FIXED if row["backend"] == MODULES else None,
        )
        for row in rows
        if row is not native
    ]


def of_growth(rows: Rows) -> list[dict[str, Any]]:
    """Time a site at its worst over its best."""
    found = []
    for (what, threads), group in groupby(rows, lambda row: (row["what"], row["threads"])):
        mine = list(group)
        times = [row["ns_per_site"] for row in mine]
        about = f"{what}, {threads_in_words(threads)}, {mine[0]['sites']} to {mine[-1]['sites']} sites"
        found.append(judged("growth", f"{about}: most / least time a site", [max(times)], [min(times)]))
    return found


def of_neighbour(rows: Rows) -> list[dict[str, Any]]:
    """A step beside a busy process over one alone, and the backends beside it."""
    by_key = {(row["backend"], row["waiting"], row["neighbours"]): row for row in rows}
    found = []
    for (backend, waiting, neighbours), row in by_key.items():
        if neighbours:
            alone = by_key[backend, waiting, 0]
            what = f"{backend}, {waiting} way of waiting: beside {neighbours} / alone"
            found.append(judged("busy neighbour", what, row["steps_ms"], alone["steps_ms"]))
            if backend == ENGINE:
                what = f"{waiting} way of waiting, beside {neighbours}: {backend} / native"
                native = by_key[NATIVE, waiting, neighbours]
                found.append(judged("busy neighbour", what, row["steps_ms"], native["steps_ms"]))
    return found


def verdicts(report: Mapping[str, Any]) -> list[dict[str, Any]]:
    """All verdicts on the sections that the report has."""
    amx = "amx_bf16" in report["features"]
    found = of_steps(report["steps"], amx) if report.get("steps") else []
    found += of_fixed(report["fixed"]) if report.get("fixed") else []
    found += of_growth(report["growth"]) if report.get("growth") else []
    found += of_neighbour(report["neighbour"]) if report.get("neighbour") else []
    return found
