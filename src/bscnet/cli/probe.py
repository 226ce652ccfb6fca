"""`bscnet probe CHAIN…`: how much of each layer's response is lost when its operands are 1-bit."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from bscnet.cli.outputs import check_folder, make_folder
from bscnet.errors import InputError

if TYPE_CHECKING:
    from bscnet.data.collate import Batch


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument(
        "words",
        nargs="*",
        metavar="CHAIN|KEY=VALUE",
        help="finished chains, or stages of them; the first is what others are compared with. Settings on top of the "
        "chains' own, e.g. data.root=/path/to/scannet trainer.accelerator=cpu",
    )
    parser.add_argument(
        "-o", "--output", type=Path, default=Path("probe"), metavar="DIR", help="folder to write to (default: probe)"
    )
    parser.add_argument("--scenes", type=int, metavar="N", help="only the first N validation scenes (default: all)")


def main(args: argparse.Namespace) -> int:
    """Measure the chains; write probe.json, probe.md and the figures; say what shifting does."""
    overrides = [word for word in args.words if "=" in word and not Path(word).exists()]
    paths = [word for word in args.words if word not in overrides]
    if not paths:
        raise InputError("bscnet probe takes one CHAIN or more: directories of finished chains")
    if args.scenes is not None and args.scenes < 1:
        raise InputError(f"--scenes {args.scenes} is not allowed, it must be at least 1")
    check_folder(args.output, "-o")
    from bscnet.probe.chains import by_arm, open_chain, require_comparable_networks
    from bscnet.probe.run import probe_chain
    from bscnet.probe.summary import summarize
    from bscnet.probe.write import write_probe

    chains = [open_chain(path, overrides) for path in paths]
    require_comparable_networks(chains)
    arms = {
        label: [probe_chain(chain, args.scenes, _bar(f"{label}, {chain.path}")) for chain in group]
        for label, group in by_arm(chains).items()
    }
    make_folder(args.output, "-o")
    for path in write_probe(args.output, summarize(arms)):
        print(path)
    return 0


def _bar(what: str) -> Callable[[Iterable[Batch]], Iterable[Batch]]:
    from rich.console import Console
    from rich.markup import escape
    from rich.progress import track

    console = Console(stderr=True)
    return lambda batches: track(
        batches, escape(what), console=console, transient=True, disable=not console.is_terminal
    )
