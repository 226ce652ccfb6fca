"""`bscnet simulate OUT`: write simulated scans in ScanNet's own folder layout."""

from __future__ import annotations

import argparse

from bscnet.simulate import simulate


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument("out", metavar="OUT", help="folder to write: new, empty, or an earlier output to go on with")
    parser.add_argument("--scenes", type=int, default=32, metavar="N", help="number of scenes (default 32)")
    parser.add_argument("--seed", type=int, default=0, metavar="S", help="same seed, same bytes (default 0)")
    parser.add_argument(
        "--val-fraction", type=float, default=0.25, metavar="F", help="share of validation scenes (default 0.25)"
    )
    parser.add_argument("--workers", type=int, default=None, metavar="K", help="processes (default: one a CPU)")
    parser.add_argument("--quick", action="store_true", help="small rooms, as the embedded training data uses them")
    parser.add_argument(
        "--voxel-length", type=float, default=0.03, metavar="M", help="vertex spacing in metres (default 0.03)"
    )
    parser.add_argument(
        "--segments", action="store_true", help="give the labels by segment too (.segs.json and .aggregation.json)"
    )
    parser.add_argument("--quiet", action="store_true", help="no progress bar")


def main(args: argparse.Namespace) -> int:
    """Make the scenes and say where they are."""
    names = simulate(
        args.out,
        args.scenes,
        seed=args.seed,
        val_fraction=args.val_fraction,
        workers=args.workers,
        quick=args.quick,
        voxel_length=args.voxel_length,
        progress=not args.quiet,
        segments=args.segments,
    )
    print(f"{args.out}: {len(names)} simulated scenes, {names[0]} to {names[-1]}, and two test scans without labels")
    return 0
