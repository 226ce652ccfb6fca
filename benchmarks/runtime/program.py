"""Speed, memory and size of the packed runtime beside its peers, its floor, and its growth.

Writes benchmarks/runtime.md and benchmarks/runtime.json at the end, fills their places in other pages,
and touches none of them before.

    python -m benchmarks.runtime [--quick] [--rounds 5] [--seconds 10] [--threads 2]
                                    [--only networks layers growth implementations labelling] [--networks unet_s …]
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from benchmarks.common.arguments import FINE_ROOM, add_threads, measuring_parser, require_counts
from benchmarks.common.engines import ENGINE, NOT_ASKED_FOR, minkowski_missing
from benchmarks.common.machine import processor
from benchmarks.common.results import FOLDER, INDEX, README, Place, Results
from benchmarks.runtime import growth, implementations, labelling, layers, models, networks, open3d_sites, spconv_sites
from benchmarks.runtime.cases import BINARY, NETWORKS, OPEN3D, SPCONV, VARIANTS, cases_of
from benchmarks.runtime.machine import measure_machine
from benchmarks.runtime.report import markdown
from benchmarks.runtime.scenes import QUICK_SCENES, SCENES, prepare_scene
from benchmarks.runtime.summary import front, summary
from benchmarks.runtime.verdicts import verdicts
from bscnet.data.cores import available_cores
from bscnet.datasets.real.package_files import PackageUnavailableError
from bscnet.errors import InputError
from bscnet.runtime.library import implementation

RESULTS = Results("runtime", markdown, (Place(INDEX, "runtime", summary), Place(README, "speed", front)))
SECTIONS = ("networks", "layers", "growth", "implementations", "labelling")
QUICK_SIZES = (10_000, 30_000, 100_000)


def parse(words: Sequence[str] | None) -> argparse.Namespace:
    parser = measuring_parser(RESULTS.name, __doc__, "counted rounds of each row (default 5, quick 2)")
    add_threads(parser, "beside one")
    parser.add_argument("--quick", action="store_true", help="small scenes and few rounds: a trial, not a result")
    parser.add_argument(
        "--seconds", type=float, default=10, help="of a row's counted turns, then 2 rounds do (default 10)"
    )
    parser.add_argument("--only", nargs="+", choices=SECTIONS, default=SECTIONS, help="parts of the benchmark")
    parser.add_argument("--networks", nargs="+", choices=NETWORKS, default=NETWORKS, help="default: all")
    parser.add_argument("--rooms", type=Path, default=FINE_ROOM, help="keeps the simulated room")
    args = parser.parse_args(words)
    args.rounds = (2 if args.quick else 5) if args.rounds is None else args.rounds
    require_counts(args, ("rounds", "threads"))
    if args.seconds <= 0:
        raise InputError(f"--seconds is {args.seconds:g}, it must be more than 0")
    whole = not args.quick and set(args.only) == set(SECTIONS) and set(args.networks) == set(NETWORKS)
    if args.out is None and whole:
        args.out = FOLDER
    return args


def peers(torch_only: bool) -> dict[str, str | None]:
    """Why each peer is left out; None where it is not."""
    if torch_only:
        return dict.fromkeys((ENGINE, SPCONV, OPEN3D), NOT_ASKED_FOR)
    return {
        ENGINE: minkowski_missing(torch_only),
        SPCONV: spconv_sites.missing(),
        OPEN3D: open3d_sites.missing(),
    }


def measure(args: argparse.Namespace, folder: Path, display: Progress) -> dict[str, Any]:
    """All sections that were asked for."""
    missing = peers(args.torch_only)
    left_out = [f"{name}: {why}" for name, why in missing.items() if why]
    report: dict[str, Any] = {
        "cpu": processor(),
        "cores": available_cores(),
        "threads": args.threads,
        "torch": torch.__version__,
        "implementation": implementation(),
        "rounds": args.rounds,
        "seconds": args.seconds,
        "quick": args.quick,
        "left_out": left_out,
    }
    task = display.add_task("scenes and networks", total=None)
    files, report["scenes"], scenes = {}, [], []
    for scene in QUICK_SCENES if args.quick else SCENES:
        files[scene.name] = folder / f"{scene.name.replace(' ', '_')}.npz"
        try:
            report["scenes"].append(prepare_scene(scene, args.rooms, files[scene.name]))
            scenes.append(scene)
        except PackageUnavailableError as error:
            left_out.append(f"{scene.name}: {error}")
    for words in left_out:
        print(f"left out: {words}", file=sys.stderr)
    first, largest = report["scenes"][0], max(report["scenes"], key=lambda scene: scene["sites"])
    report["files"] = write_models(args, first, files[first["scene"]], folder, display)
    display.update(task, total=1, completed=1)

    report["networks"] = []
    for scene in report["scenes"] if "networks" in args.only else []:
        for network in args.networks:
            cases = cases_of(network, args.threads, [name for name, why in missing.items() if why is None])
            report["networks"] += networks.measure(
                cases, scene, files[scene["scene"]], folder, args.rounds, args.seconds, display
            )
    if "layers" in args.only:
        report["machine"] = measure_machine(folder, sorted({1, args.threads}))
        file = files[largest["scene"]]
        report["layers"] = layers.measure_layers(largest, file, folder, report["machine"], args.rounds, display)
    if "implementations" in args.only:
        report["implementations"] = implementations.measure_implementations(
            first, files[first["scene"]], folder, args.threads, args.rounds, args.seconds, display
        )
    if "labelling" in args.only:
        report["labelling"] = labelling.measure_labelling(
            scenes, args.rooms, folder, args.threads, args.rounds, args.seconds, display
        )
    if "growth" in args.only:
        sizes = QUICK_SIZES if args.quick else growth.SIZES
        report["growth"] = growth.measure_growth(sizes, folder, args.threads, args.rounds, args.seconds, display)
    report["peak_exact"] = all(row["peak_exact"] for row in report["networks"])
    report["verdicts"] = verdicts(report)
    return report


def write_models(
    args: argparse.Namespace, scene: dict[str, Any], file: Path, folder: Path, display: Progress
) -> list[dict[str, Any]]:
    """Weights and files of every network that a section needs; rows of sizes."""
    with np.load(file) as arrays:
        coords, feats = torch.from_numpy(arrays["coords"]), torch.from_numpy(arrays["feats"])
    wanted = {(network, variant) for network in args.networks for variant in VARIANTS if "networks" in args.only}
    if "implementations" in args.only:
        wanted |= {(network, implementations.VARIANT) for network in implementations.NETWORKS}
    if "labelling" in args.only:
        wanted |= {(network, labelling.VARIANT) for network in labelling.NETWORKS}
    if "growth" in args.only:
        wanted.add((growth.NETWORK, growth.VARIANT))
    names = [pair for network in NETWORKS for pair in ((network, v) for v in (*BINARY, "real")) if pair in wanted]
    task = display.add_task("networks: weights and files", total=len(names))
    rows = []
    for network, variant in names:
        rows.append(models.prepare_network(network, variant, coords, feats, scene["voxel_size"], folder))
        display.advance(task)
    return rows


def run(words: Sequence[str] | None = None) -> int:
    args = parse(words)
    if args.refill:
        RESULTS.refill()
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
