"""Speed and memory of the native training backend beside torch and MinkowskiEngine, in all that it promises.

Writes benchmarks/training.md and benchmarks/training.json at the end, fills their places in other pages,
and touches none of them before.

    python -m benchmarks.training [--quick] [--rounds 5] [--seconds 6] [--threads 2] [--voxel-size 0.05] [--refill]
                                     [--only steps layers fixed growth neighbour] [--networks unet_s …] [--torch-only]
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from benchmarks.common.arguments import ROOMS, add_threads, measuring_parser, require_counts
from benchmarks.common.engines import NATIVE, NOT_ASKED_FOR, minkowski_missing
from benchmarks.common.machine import features, processor
from benchmarks.common.results import FOLDER, INDEX, Place, Results
from benchmarks.runtime import spconv_sites
from benchmarks.runtime.machine import measure_machine
from benchmarks.training import growth, layers
from benchmarks.training.cases import LARGE, NETWORKS
from benchmarks.training.fixed import measure_fixed
from benchmarks.training.neighbour import measure_neighbour
from benchmarks.training.report import SECTIONS, markdown
from benchmarks.training.scene import prepare_scene
from benchmarks.training.steps import measure_steps
from benchmarks.training.summary import summary
from benchmarks.training.verdicts import verdicts
from bscnet.chain.chain import checkout_commit
from bscnet.data.cores import available_cores
from bscnet.errors import InputError
from bscnet.sparse import resolve_backend
from bscnet.threads import found_environment, waiting

RESULTS = Results("training", markdown, (Place(INDEX, "training", summary),))
QUICK_VOXELS, QUICK_SIZES, QUICK_WIDTHS = 0.2, (1_000, 5_000), (16, 32)
THREAD_VARIABLES = ("OMP_", "GOMP_", "KMP_", "OPENBLAS_", "MKL_")


def parse(words: Sequence[str] | None) -> argparse.Namespace:
    parser = measuring_parser(RESULTS.name, __doc__, "counted rounds of each row (default 5, quick 1)")
    add_threads(parser, "beside one")
    parser.add_argument("--quick", action="store_true", help="coarse voxels and few rounds: a trial, not a result")
    parser.add_argument(
        "--seconds", type=float, default=6, help="of a row's counted turns, then 2 rounds do (default 6)"
    )
    parser.add_argument("--only", nargs="+", choices=SECTIONS, default=SECTIONS, help="parts of the benchmark")
    parser.add_argument("--networks", nargs="+", choices=NETWORKS, default=NETWORKS, help="of the steps; default: all")
    parser.add_argument("--voxel-size", type=float, default=None, help="metres (default 0.05, quick 0.2)")
    parser.add_argument(
        "--scenes",
        type=Path,
        default=ROOMS,
        help="folder in ScanNet's layout; an empty one is filled with simulated rooms (default: data/bench_rooms)",
    )
    args = parser.parse_args(words)
    args.rounds = (1 if args.quick else 5) if args.rounds is None else args.rounds
    args.voxel_size = (QUICK_VOXELS if args.quick else 0.05) if args.voxel_size is None else args.voxel_size
    require_counts(args, ("rounds", "threads"))
    for name, value in (("seconds", args.seconds), ("voxel-size", args.voxel_size)):
        if not value > 0:
            raise InputError(f"--{name} is {value:g}, it must be more than 0")
    whole = not args.quick and set(args.only) == set(SECTIONS) and set(args.networks) == set(NETWORKS)
    if args.out is None and whole:
        args.out = FOLDER
    return args


def peers(torch_only: bool) -> dict[str, str | None]:
    """Why MinkowskiEngine and spconv are left out; None where they are not."""
    spconv = NOT_ASKED_FOR if torch_only else spconv_sites.missing()
    return {"MinkowskiEngine": minkowski_missing(torch_only), "spconv": spconv}


def measure(args: argparse.Namespace, folder: Path, display: Progress) -> dict[str, Any]:
    """All sections that were asked for.

    Raises:
        InputError: the native backend cannot serve, or the scene cannot be read.
    """
    resolve_backend(NATIVE)
    missing = peers(args.torch_only)
    left_out = [f"{name}: {why}" for name, why in missing.items() if why]
    for words in left_out:
        print(f"left out: {words}", file=sys.stderr)
    with_engine, with_spconv = (missing[name] is None for name in ("MinkowskiEngine", "spconv"))
    threads = sorted({1, args.threads}, reverse=True)
    scene = folder / "scene.npz"
    report: dict[str, Any] = {
        "cpu": processor(),
        "features": features(),
        "cores": available_cores(),
        "threads": args.threads,
        "thread_variables": said_of_threads(),
        "waiting": waiting(),
        "torch": torch.__version__,
        "commit": checkout_commit(),
        "rounds": args.rounds,
        "seconds": args.seconds,
        "quick": args.quick,
        "left_out": left_out,
        "scene": prepare_scene(args.scenes, args.voxel_size, scene),
    }
    turns = (args.rounds, args.seconds)
    if "steps" in args.only:
        report["steps"] = measure_steps(scene, args.networks, threads, *turns, with_engine, display)
    if "layers" in args.only:
        report["machine"] = measure_machine(folder, threads)
        widths = QUICK_WIDTHS if args.quick else layers.WIDTHS
        report["layers"] = layers.measure_layers(
            report["scene"], scene, report["machine"], args.rounds, with_engine, with_spconv, display, widths
        )
    if "fixed" in args.only:
        network = LARGE if LARGE in args.networks else args.networks[0]
        report["fixed"] = measure_fixed(network, folder, *turns, with_engine, display)
    if "neighbour" in args.only:
        network = growth.NETWORK if growth.NETWORK in args.networks else args.networks[0]
        report["neighbour"] = measure_neighbour(network, scene, args.threads, *turns, with_engine, display)
    if "growth" in args.only:
        sizes = QUICK_SIZES if args.quick else growth.SIZES
        report["growth"] = growth.measure_growth(sizes, folder, threads, *turns, display)
    report["verdicts"] = verdicts(report)
    return report


def said_of_threads() -> dict[str, str]:
    """What the user's environment says of threads, but for OMP_NUM_THREADS."""
    return {
        name: value
        for name, value in sorted(found_environment().items())
        if name.startswith(THREAD_VARIABLES) and name != "OMP_NUM_THREADS"
    }


def run(words: Sequence[str] | None = None) -> int:
    args = parse(words)
    if args.refill:
        RESULTS.refill(args.out or FOLDER)
        return 0
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    began = time.perf_counter()
    with (
        tempfile.TemporaryDirectory(prefix="bscnet-bench-") as name,
        Progress(*columns, console=Console(stderr=True)) as display,
    ):
        report = measure(args, Path(name), display)
    report["minutes"] = (time.perf_counter() - began) / 60
    if args.out is None:
        print("a part of the benchmark, or a trial: printed, and written only where --out says", file=sys.stderr)
    else:
        RESULTS.publish(report, args.out)
    print(markdown(report))
    return 0
