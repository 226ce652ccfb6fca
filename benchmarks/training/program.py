"""Speed and memory of training steps: the torch backend against MinkowskiEngine on one scene.

Writes benchmarks/training.md and benchmarks/training.json, and fills the README's place for them.

    python -m benchmarks.training [--rounds 7] [--threads 2] [--voxel-size 0.05] [--torch-only] [--readme]
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks.common.readme import fill_file
from benchmarks.common.report import processor, write
from benchmarks.training.measure import measure
from benchmarks.training.report import markdown, summary
from benchmarks.training.scene import prepare_scene
from benchmarks.training.verdicts import verdicts
from bscnet.errors import InputError
from bscnet.sparse import resolve_backend

ROOT = Path(__file__).resolve().parents[2]


def parse(words: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rounds", type=int, default=7, help="counted steps of each case (default 7)")
    cores = len(os.sched_getaffinity(0))
    parser.add_argument("--threads", type=int, default=cores, help=f"of every case (default: all cores, here {cores})")
    parser.add_argument("--voxel-size", type=float, default=0.05, help="metres (default 0.05)")
    parser.add_argument("--torch-only", action="store_true", help="leave MinkowskiEngine out")
    parser.add_argument(
        "--scenes",
        type=Path,
        default=ROOT / "data" / "bench_rooms",
        help="folder in ScanNet's layout; an empty one is filled with simulated rooms (default: data/bench_rooms)",
    )
    parser.add_argument("--out", type=Path, default=ROOT / "benchmarks", help="folder of the tables")
    parser.add_argument("--readme", action="store_true", help="measure nothing, fill the README from the last tables")
    args = parser.parse_args(words)
    for name in ("rounds", "threads"):
        if getattr(args, name) < 1:
            raise InputError(f"--{name} is {getattr(args, name)}, it must be at least 1")
    return args


def fill_readme(report: dict[str, Any]) -> None:
    """Put the benchmark in short into the README."""
    fill_file(ROOT / "README.md", "training", summary(report))


def run(words: Sequence[str] | None = None) -> int:
    args = parse(words)
    if args.readme:
        fill_readme(json.loads((args.out / "training.json").read_text(encoding="utf-8")))
        return 0
    best, why = resolve_backend("auto")
    left_out = None
    if args.torch_only:
        left_out = "it was not asked for (--torch-only)"
    elif best != "minkowski":
        left_out = f"{why} (`bscnet doctor` says how to get it)"
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
    write(args.out, "training", markdown(report), report)
    if args.out == ROOT / "benchmarks":
        fill_readme(report)
    print(markdown(report))
    return 0
