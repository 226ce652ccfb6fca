"""The option that chooses the colours of the classes."""

from __future__ import annotations

import argparse

from bscnet.settings.words import PaletteName, words


def add_palette_argument(parser: argparse.ArgumentParser) -> None:
    """Declare it; None where it is not given."""
    parser.add_argument(
        "--palette",
        choices=words(PaletteName),
        help="colours of the classes: told apart by dichromats too, or those that ScanNet published (default: of a run "
        "those of its settings, else distinct)",
    )
