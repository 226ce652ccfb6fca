"""The benchmark in short, for the index of the benchmarks and for the front page."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from benchmarks.common.engines import ENGINE, ENGINE_AS_IT_COMES, TORCH
from benchmarks.common.tables import number
from benchmarks.runtime.cases import OPEN3D, RUNTIME, SPCONV
from bscnet.viz.markdown import table

PEERS = {
    "MinkowskiEngine": ENGINE,
    "as it comes": ENGINE_AS_IT_COMES,
    "spconv": SPCONV,
    "Open3D": OPEN3D,
    "torch backend": TORCH,
}

FRONT_SCENES, FRONT_NETWORKS, FRONT_THREADS = ("room 5 cm", "room 2 cm"), ("unet_s", "unet_h"), 2


def front(report: Mapping[str, Any]) -> str:
    """A few rows for the front page: shifted binary networks on two threads beside MinkowskiEngine."""
    rows = {
        (r["scene"], r["network"], r["variant"], r["engine"]): r
        for r in report["networks"]
        if r["threads"] == FRONT_THREADS
    }
    cells = []
    for scene in FRONT_SCENES:
        for network in FRONT_NETWORKS:
            packed, float_here, theirs = (
                float(rows[scene, network, variant, engine]["ms"])
                for variant, engine in (("sfsc", RUNTIME), ("real", RUNTIME), ("real", ENGINE))
            )
            shares = (f"{float_here / packed:.0f}", f"{theirs / packed:.0f}")
            cells.append([scene, network, number(packed), *shares])
    heads = ["scene", "network", "packed, ms", "32 bits here: times as long", "MinkowskiEngine: times as long"]
    about = (
        f"{report['cpu']}, {FRONT_THREADS} threads, binary networks with shifts; the peers run 32 bits. Rooms are "
        "simulated."
    )
    return "\n".join([*table(heads, cells, left=2), "", about])


def summary(report: Mapping[str, Any]) -> str:
    """Times of the packed networks, and how many times as long their real-valued peers take."""
    rows = {(r["scene"], r["network"], r["variant"], r["engine"], r["threads"]): r for r in report["networks"]}
    heads = ["scene", "network", "threads", "packed SFSC, ms", "packed SSC, ms", "real-valued here, ms"]
    heads += [f"{name}: times as long" for name in PEERS]
    cells = []
    for scene, network, variant, engine, threads in rows:
        if (variant, engine) != ("sfsc", RUNTIME):
            continue

        def time_of(variant: str, engine: str, key: tuple[str, str, int] = (scene, network, threads)) -> float | None:
            row = rows.get((key[0], key[1], variant, engine, key[2]))
            return None if row is None else float(row["ms"])

        packed = time_of("sfsc", RUNTIME)
        assert packed is not None  # the row itself
        own = [packed, time_of("ssc", RUNTIME), time_of("real", RUNTIME)]
        others = [time_of("real", engine) for engine in PEERS.values()]
        cells.append(
            [scene, network, str(threads)]
            + ["" if ms is None else number(ms) for ms in own]
            + ["" if ms is None else f"{ms / packed:.0f}" for ms in others]
        )
    scenes = "; ".join(
        f"{scene['scene']}: {scene['sites']:,} sites, {scene['neighbours']:.1f} neighbours"
        for scene in report["scenes"]
    )
    about = (
        f"{report['cpu']}, {report['implementation']} kernels. Medians; kernel maps included on every side; the peers "
        f"run the real-valued network. {scenes}. The rooms are simulated. MinkowskiEngine has one OpenBLAS thread in "
        "each OpenMP thread; as it comes it has as many as threads. spconv's CPU build gives wrong sums with more than "
        "one thread. Times, memory, layers, growth and every target: [benchmarks/runtime.md](runtime.md), "
        "made by `make bench`; what was tried: [benchmarks/runtime_notes.md](runtime_notes.md)."
    )
    return "\n".join([*table(heads, cells, left=2), "", about])
