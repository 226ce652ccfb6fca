"""Speed of the data pipeline: scenes a second of one core against the naive way, and waiting in training steps.

Writes benchmarks/data.md and benchmarks/data.json, and fills its place in benchmarks/README.md.

    python -m benchmarks.data [--rounds 5] [--quick] [--out FOLDER]
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch

from benchmarks.common.arguments import FINE_ROOM, ROOMS, measuring_parser, require_counts
from benchmarks.common.engines import ENGINE, TORCH, minkowski_missing
from benchmarks.common.machine import processor
from benchmarks.common.results import FOLDER, INDEX, Place, Results
from benchmarks.common.rooms import ensure_rooms, fine_room
from benchmarks.data import formats, labelling, scenes, steps
from benchmarks.data.report import markdown, summary
from benchmarks.data.verdicts import verdicts
from bscnet.data.cores import available_cores
from bscnet.data.scan import Scan
from bscnet.datasets.real.package_files import PackageUnavailableError
from bscnet.datasets.scannet import ScanNet
from bscnet.ignore import IGNORE_INDEX

RESULTS = Results("data", markdown, (Place(INDEX, "data", summary),))
SIZES = (0.05, 0.02)


def parse(words: Sequence[str] | None) -> argparse.Namespace:
    parser = measuring_parser(RESULTS.name, __doc__, "counted rounds of scenes (default 5)")
    parser.set_defaults(rounds=5)
    parser.add_argument("--quick", action="store_true", help="coarse voxels, few steps: a trial, not a result")
    parser.add_argument("--rooms", type=Path, default=ROOMS, help="in ScanNet's layout")
    args = parser.parse_args(words)
    require_counts(args, ("rounds",))
    if args.out is None and not args.quick and not args.torch_only:
        args.out = FOLDER
    return args


def clouds(root: Path, scene: str, quick: bool, left_out: list[str]) -> dict[str, Scan]:
    """The scans that are voxelized."""
    found = {"room": ScanNet(root).read(scene)}
    if quick:
        return found
    points, colors = fine_room(FINE_ROOM)
    found["fine room"] = _scan("fine room", points, colors)
    try:
        from bscnet.datasets.real.clouds import CLOUDS

        cloud = CLOUDS["motorcycle"](None)
        assert cloud.colors is not None
        found["motorcycle"] = _scan("motorcycle", cloud.points, cloud.colors)
    except PackageUnavailableError as error:
        left_out.append(f"motorcycle: {error}")
    return found


def _scan(name: str, points: np.ndarray, colors: np.ndarray) -> Scan:
    return Scan(name, points, colors, np.full(len(points), IGNORE_INDEX, dtype=np.int16))


def measure(args: argparse.Namespace) -> dict[str, Any]:
    """Both parts."""
    ensure_rooms(args.rooms)
    missing = minkowski_missing(args.torch_only)
    left_out = [] if missing is None else [f"MinkowskiEngine: {missing}"]
    backends = [TORCH] if missing else [TORCH, ENGINE]
    sizes = (0.2,) if args.quick else SIZES
    cores = available_cores()
    scene = ScanNet(args.rooms).scenes("train")[0]
    torch.set_num_threads(1)
    say("reading")
    rows = scenes.reading(args.rooms, scene, "room", args.rounds)
    say("clouds of every format")
    rows_of_formats = formats.reading(20_000 if args.quick else 1_000_000, args.rounds)
    say("labelling large clouds")
    labelled = labelling.labelling(*((20_000, (1,)) if args.quick else (1_000_000, (1, 10))))
    for cloud, scan in clouds(args.rooms, scene, args.quick, left_out).items():
        for size in sizes:
            say(f"voxelizing {cloud} at {100 * size:g} cm")
            rows += scenes.voxels(scan, size, f"{cloud} {100 * size:g} cm", args.rounds)
    for size in sizes:
        say(f"samples at {100 * size:g} cm")
        rows += scenes.samples(args.rooms, scene, size, f"room {100 * size:g} cm", args.rounds)
    rounds, counted = (1, 2) if args.quick else (2, 6)
    step_rows = []
    for size in sizes:
        fine = size < max(SIZES)  # where a step takes a second, fewer ways are compared
        ways = steps.loadings(backends, [cores] if fine else sorted({1, cores}, reverse=True), 1 if fine else 2)
        say(f"training steps at {100 * size:g} cm, {len(ways)} ways")
        step_rows += steps.measure(args.rooms, size, ways, rounds, counted)
    report = {
        "cpu": processor(),
        "cores": cores,
        "torch": torch.__version__,
        "numpy": np.__version__,
        "rounds": args.rounds,
        "step_rounds": rounds,
        "step_count": counted,
        "left_out": left_out,
        "scenes": rows,
        "formats": rows_of_formats,
        "labelling": labelled,
        "steps": step_rows,
    }
    return report | {"verdicts": verdicts(report)}


def say(what: str) -> None:
    print(what, file=sys.stderr, flush=True)


def run(words: Sequence[str] | None = None) -> int:
    args = parse(words)
    if args.refill:
        RESULTS.refill()
        return 0
    report = measure(args)
    if args.out is not None:
        RESULTS.publish(report, args.out)
    print(markdown(report))
    return 0
