"""`bscnet export RUN_OR_CKPT -o model.safetensors`: pack a trained network into one small file."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from bscnet.errors import InputError

if TYPE_CHECKING:
    from bscnet.export import Exported


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument(
        "source",
        metavar="RUN_OR_CKPT",
        help="a chain's directory (its last finished stage), a stage's, or a .ckpt file",
    )
    parser.add_argument("-o", "--output", required=True, metavar="FILE", help="the model file, FILE.safetensors")
    parser.add_argument("--half", action="store_true", help="store the real-valued weights as float16")


def main(args: argparse.Namespace) -> int:
    """Export, verify, and say what was written."""
    output = Path(args.output)
    if output.suffix != ".safetensors":
        raise InputError(f"-o {args.output}: a model file's name must end in .safetensors")
    from bscnet.export import export

    report(export(args.source, output, args.half))
    return 0


def report(exported: Exported) -> None:
    """Print a table of what was exported, its size, and how well it agrees."""
    from rich.console import Console
    from rich.table import Table

    table = Table(show_header=False, box=None, padding=(0, 2, 0, 0))
    for name, text in _rows(exported):
        table.add_row(name, text)
    # Not wrapped: a long path stays one line where the terminal is narrow or absent.
    Console(highlight=False, width=10_000).print(table)


def _rows(exported: Exported) -> list[tuple[str, str]]:
    facts, agreement = exported.facts, exported.agreement
    reals = "float16" if facts["half"] else "float32"
    rows = [
        ("network", f"{facts['name']}, {facts['method']} stage {facts['stage']} ({facts['precision']})"),
        ("from", str(exported.checkpoint)),
        ("to", str(exported.path)),
        ("weights", f"{exported.weights:,} ({_megabytes(exported.weight_bytes)} as float32)"),
        ("file", f"{_megabytes(exported.file_bytes)}, {exported.ratio:.1f}x smaller; real weights {reals}"),
        ("verified on", f"{agreement.scene}, {agreement.sites:,} sites"),
        ("same class", f"{100 * agreement.same_class:.4f} % of the sites"),
        ("scores differ by", f"at most {agreement.difference:.3g} (allowed {agreement.tolerance:.3g})"),
    ]
    if agreement.same_as_unrounded is not None:
        share = 100 * agreement.same_as_unrounded
        rows.append(("float16 costs", f"same class as before rounding on {share:.4f} % of the sites"))
    return rows


def _megabytes(size: int) -> str:
    return f"{size / 1e6:.2f} MB"
