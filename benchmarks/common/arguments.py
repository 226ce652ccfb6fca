"""Arguments that the programs share."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

from benchmarks.common.results import FOLDER, ROOT
from bscnet.data.cores import available_cores
from bscnet.errors import InputError

ROOMS, FINE_ROOM = ROOT / "data" / "bench_rooms", ROOT / "data" / "bench_runtime"
"""Where simulated rooms are kept."""


def measuring_parser(name: str, description: str | None, rounds: str) -> argparse.ArgumentParser:
    """A parser for a program that measures: its name and the first line of its docstring, and what all of them take.

    rounds: what is counted, for the help.
    """
    parser = _parser(name, description)
    parser.add_argument("--rounds", type=int, default=None, help=rounds)
    parser.add_argument("--torch-only", action="store_true", help="leave MinkowskiEngine (and spconv) out")
    parser.add_argument("--out", type=Path, default=None, help="folder of the tables (of a whole run: benchmarks)")
    parser.add_argument("--refill", action="store_true", help="measure nothing, fill the places from the last tables")
    return parser


def add_threads(parser: argparse.ArgumentParser, of: str) -> None:
    """--threads, by default all cores that this process may use; of: what has them, for the help."""
    cores = available_cores()
    parser.add_argument("--threads", type=int, default=cores, help=f"{of} (default: all cores, here {cores})")


def require_counts(args: argparse.Namespace, names: Sequence[str]) -> None:
    """InputError: one of these arguments is below 1."""
    for name in names:
        if getattr(args, name) < 1:
            raise InputError(f"--{name} is {getattr(args, name)}, it must be at least 1")


def table_parser(name: str, description: str | None, seeds: str) -> argparse.ArgumentParser:
    """The same for a program that makes a table of finished chains, which lie in runs/NAME.

    seeds: which ones are meant, for the help.
    """
    parser = _parser(name, description)
    parser.add_argument("--runs", type=Path, default=ROOT / "runs" / name, help="folder of the chains")
    parser.add_argument("--out", type=Path, default=FOLDER, help="folder to write to")
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2], help=f"{seeds} (default 0 1 2)")
    return parser


def _parser(name: str, description: str | None) -> argparse.ArgumentParser:
    return argparse.ArgumentParser(f"python -m benchmarks.{name}", description=(description or "").splitlines()[0])
