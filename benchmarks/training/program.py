"""Speed and memory of training steps: the torch backend against MinkowskiEngine on one scene.

Writes benchmarks/training.md and benchmarks/training.json, and fills the README's place for them.

    python -m benchmarks.training [--rounds 7] [--threads 2] [--voxel-size 0.05] [--torch-only] [--readme]
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from benchmarks.common.arguments import ROOMS, add_threads, measuring_parser, require_counts
from benchmarks.common.engines import minkowski_missing
from benchmarks.common.machine import processor
from benchmarks.common.results import FOLDER, Results
from benchmarks.training.measure import measure
from benchmarks.training.report import markdown, summary
from benchmarks.training.scene import prepare_scene
from benchmarks.training.verdicts import verdicts

RESULTS = Results("training", "training", markdown, summary)


def parse(words: Sequence[str] | None) -> argparse.Namespace:
    parser = measuring_parser(RESULTS.name, __doc__, "counted steps of each case (default 7)")
    parser.set_defaults(rounds=7, out=FOLDER)
    add_threads(parser, "of every case")
    parser.add_argument("--voxel-size", type=float, default=0.05, help="metres (default 0.05)")
    parser.add_argument(
        "--scenes",
        type=Path,
        default=ROOMS,
        help="folder in ScanNet's layout; an empty one is filled with simulated rooms (default: data/bench_rooms)",
    )
    args = parser.parse_args(words)
    require_counts(args, ("rounds", "threads"))
    return args


def run(words: Sequence[str] | None = None) -> int:
    args = parse(words)
    if args.readme:
        RESULTS.refill(args.out)
        return 0
    left_out = minkowski_missing(args.torch_only)
    if left_out:
        print(f"MinkowskiEngine is left out of tables and verdicts: {left_out}", file=sys.stderr)
    import torch

    with tempfile.TemporaryDirectory(prefix="bscnet-bench-") as folder:
        scene = Path(folder) / "scene.npz"
        report = prepare_scene(args.scenes, args.voxel_size, scene)
        report |= {"cpu": processor(), "threads": args.threads, "torch": torch.__version__, "rounds": args.rounds}
        report["engine_left_out"] = left_out
        report["rows"] = measure(scene, args.rounds, args.threads, with_engine=left_out is None)
    report["verdicts"] = verdicts(report["rows"])
    RESULTS.publish(report, args.out)
    print(markdown(report))
    return 0
