"""The arguments of `bscnet predict`, and which of its words is the model."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

from bscnet.cli.palette_option import add_palette_argument
from bscnet.cli.reading_options import add_reading_arguments
from bscnet.clouds.open import ENDINGS
from bscnet.errors import InputError
from bscnet.prediction.labeller import MAX_MARGIN, MAX_SITES
from bscnet.shipped import DEFAULT, MODEL_ENDING, shipped_names


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    endings = ", ".join(ENDINGS)
    parser.add_argument(
        "given",
        nargs="+",
        metavar="MODEL|SCAN",
        help=f"scans: files, folders or patterns; clouds end in {endings}. Before them the model, a file that "
        f"`bscnet export` wrote, where the first word ends in {MODEL_ENDING}",
    )
    parser.add_argument(
        "--model",
        metavar="NAME|FILE",
        help=f"a model that ships ({', '.join(shipped_names())}), or a file of any name; all words are scans then "
        f"(without it, and without a model before the scans: {DEFAULT})",
    )
    parser.add_argument(
        "-o",
        "--output",
        metavar="OUT",
        help="file for one scan, whose ending tells the format; folder for several, a folder or a pattern; - for the "
        "standard output. Each has all columns of its scan, and label and confidence (default: NAME-labelled.EXT in "
        "the current folder, for several the folder labelled)",
    )
    parser.add_argument(
        "--format", metavar="EXT", help="ending of files in a folder or a stream (default: as the scans)"
    )
    parser.add_argument(
        "--indices", action="store_true", help="label with class numbers from 0, not the data set's own"
    )
    parser.add_argument(
        "--color-by-class", action="store_true", help="write the colours of the classes in place of the scan's"
    )
    parser.add_argument("--render", type=Path, metavar="VIEW.png", help="also draw it (folder for several scans)")
    parser.add_argument(
        "--page", type=Path, metavar="VIEW.html", help="also write a page to turn (folder for several scans)"
    )
    add_palette_argument(parser)
    add_reading_arguments(parser)
    parser.add_argument("--skip-existing", action="store_true", help="leave out scans whose output is there")
    parser.add_argument(
        "--threads", type=int, default=0, metavar="N", help="threads of the network (default: one a CPU)"
    )
    parser.add_argument("--voxel-size", type=float, metavar="V", help="in the scan's unit (default: the model's)")
    parser.add_argument(
        "--max-sites",
        type=int,
        default=MAX_SITES,
        metavar="N",
        help=f"voxels run at once; a larger cloud is cut into tiles, which bounds the memory (default {MAX_SITES})",
    )
    parser.add_argument(
        "--margin",
        type=int,
        metavar="VOXELS",
        help=f"overlap of tiles (default: the network's receptive field, at most {MAX_MARGIN})",
    )
    parser.add_argument("--quiet", action="store_true", help="no progress bar and no table")


def model_and_scans(given: Sequence[str], model: str | None) -> tuple[str, list[str]]:
    """The model and the scans that the words mean: no cloud ends as model files do.

    Args:
        given: the words, at least one.
        model: of the option; None: the first word where it is a model file's name, else the one that ships.

    Raises:
        InputError: a model alone.
    """
    if model is not None:
        return model, list(given)
    if not given[0].lower().endswith(MODEL_ENDING):
        return DEFAULT, list(given)
    if len(given) == 1:
        raise InputError(f"{given[0]} is a model, and no scan is given: bscnet predict {given[0]} SCAN …")
    return given[0], list(given[1:])
