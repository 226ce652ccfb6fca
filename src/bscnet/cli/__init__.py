"""The `bscnet` command: finds the sub-command asked for and imports that one alone."""

from __future__ import annotations

import argparse
import importlib
import os
import sys
from collections.abc import Sequence
from typing import NamedTuple

from bscnet.errors import shown
from bscnet.termination import end_on_sigterm
from bscnet.version import __version__


class Command(NamedTuple):
    """A sub-command `bscnet NAME`, kept in the module `bscnet.cli.NAME`.

    The module offers `add_arguments(parser)` and `main(args) -> int`, the exit status.
    """

    name: str
    help: str


_COMPLETING = "_ARGCOMPLETE"
"""Environment variable by which argcomplete's code in a shell asks how a half-typed command goes on."""

RUN = Command("run", "train: every stage of a method, one stage alone, or a sweep of either")
"""It takes Hydra's words, not argparse's: `bscnet run --help` tells them."""

COMMANDS = (
    Command("doctor", "what is installed, what works, and what to do about the rest"),
    Command("predict", "label the points of a cloud with an exported network"),
    Command("export", "pack a trained network into one small model file"),
    Command("evaluate", "score a trained network class by class; write a benchmark's submission"),
    Command("show", "a picture and a page to turn of a run's scenes, a data set's, or a cloud"),
    Command("study", "run a table of methods and settings over seeds, and write what may be said of them"),
    Command("profile", "parameters, FLOPs, BOPs and OPs of a network, layer by layer"),
    Command("probe", "quantization error of a trained network's layers, by neighbours and windows"),
    Command("simulate", "write simulated scans in ScanNet's own folder layout"),
    Command("dashboard", "make the page of a Weights & Biases project that compares chains"),
    Command("completion", "the line that teaches your shell to complete these commands"),
)


def build_parser(chosen: str | None) -> argparse.ArgumentParser:
    """The parser of all commands; only the chosen one's module is imported, so that --help stays fast."""
    parser = argparse.ArgumentParser(
        prog="bscnet",
        description="Binary sparse convolutional networks for 3D semantic segmentation.",
        epilog="bscnet COMMAND --help tells what a command takes.",
    )
    parser.add_argument("--version", action="version", version=f"bscnet {__version__}")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
    training = commands.add_parser(RUN.name, help=RUN.help)
    training.add_argument("overrides", nargs="*", metavar="KEY=VALUE")
    training.add_argument("-m", "--multirun", action="store_true")
    for command in COMMANDS:
        sub = commands.add_parser(command.name, help=command.help, description=command.help)
        if command.name == chosen:
            module = importlib.import_module(f"bscnet.cli.{command.name}")
            module.add_arguments(sub)
            sub.set_defaults(main=module.main)
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Entry point of the console script and of `python -m bscnet`; returns the exit status."""
    words = list(sys.argv[1:] if argv is None else argv)
    if _COMPLETING in os.environ:
        from bscnet.cli.completing import answer, half_typed_command

        return answer(build_parser(half_typed_command()))
    if words[:1] == [RUN.name]:
        from bscnet import run

        return run.main(words[1:])

    def action() -> int:
        chosen = next((word for word in words if not word.startswith("-")), None)
        parser = build_parser(chosen)
        args, rest = parser.parse_known_args(words)
        # argparse takes a command's KEY=VALUE words in one run only; those after an option are still here
        late = [word for word in rest if "=" in word and not word.startswith("-")]
        taking = next((name for name in ("overrides", "words") if name in args), None)
        if len(late) < len(rest) or (late and taking is None):
            parser.error(f"unrecognized arguments: {' '.join(rest)}")
        if late and taking is not None:
            setattr(args, taking, [*getattr(args, taking), *late])
        return int(args.main(args))

    if argv is None:  # the process is the command's
        end_on_sigterm()
    return shown(action)
