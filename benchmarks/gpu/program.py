"""Checks and measures of a CUDA device, in a few minutes: benchmarks/gpu.md and benchmarks/gpu.json.

    python scripts/gpu_check.py [--budget-seconds 480] [--parts steps speed …] [--out FOLDER] [--dry-run]

Status 1 if anything failed, or if there is no device.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from benchmarks.common.arguments import ROOMS
from benchmarks.common.results import FOLDER, Results
from benchmarks.common.rooms import ensure_rooms
from benchmarks.gpu.plan import PARTS
from benchmarks.gpu.report import markdown
from benchmarks.gpu.setting import reason_of
from benchmarks.gpu.supervise import FAILED, run_parts
from bscnet.errors import InputError

COMMAND = "python scripts/gpu_check.py"
RESULTS = Results("gpu", markdown, command=COMMAND)


def parse(words: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(COMMAND, description=(__doc__ or "").splitlines()[0])
    parser.add_argument(
        "--budget-seconds", type=float, default=480, help="what this does not suffice for is not run (default 480)"
    )
    parser.add_argument("--parts", nargs="+", choices=PARTS, default=list(PARTS), help="some parts alone")
    parser.add_argument("--out", type=Path, default=None, help="folder of the tables (default: benchmarks)")
    parser.add_argument(
        "--dry-run", action="store_true", help="tiny sizes on a simulated device, to see that the program itself runs"
    )
    args = parser.parse_args(words)
    if args.dry_run and (args.out is None or args.out.resolve() == FOLDER):
        raise InputError("--dry-run wants --out, another folder than that of the committed tables")
    return args


def run(words: Sequence[str] | None = None) -> int:
    args = parse(words)
    import torch

    if not (args.dry_run or torch.cuda.is_available()):
        print("there is no CUDA device here: --dry-run tries the program on a simulated one", file=sys.stderr)
        return 1
    if not args.dry_run:
        _simulate_rooms()
    with tempfile.TemporaryDirectory(prefix="bscnet-gpu-") as folder:
        parts = run_parts(args.parts, Path(folder), args.budget_seconds, args.dry_run)
    found = {"dry_run": args.dry_run, "budget_seconds": args.budget_seconds, "parts": parts}
    out = args.out or FOLDER
    out.mkdir(parents=True, exist_ok=True)
    RESULTS.publish(found, out)
    print(markdown(found))
    failed = [part["part"] for part in parts if part["status"] == FAILED]
    if failed:
        print(f"failed: {', '.join(failed)}", file=sys.stderr)
    return int(bool(failed))


def _simulate_rooms() -> None:
    """Have the rooms before time is counted; where that fails, the parts that need them say so."""
    try:
        ensure_rooms(ROOMS)
    except Exception as error:
        print(f"the rooms cannot be simulated: {reason_of(error)}", file=sys.stderr)
