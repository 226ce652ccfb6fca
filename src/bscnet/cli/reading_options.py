"""Options that say of a cloud's file what it does not say itself."""

from __future__ import annotations

import argparse
from dataclasses import replace

from bscnet.clouds.reading import INVALID_POINTS, Reading
from bscnet.clouds.units import UNITS


def add_reading_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare them."""
    parser.add_argument("--units", choices=UNITS, help="unit of clouds that state none (default: the model's, else m)")
    parser.add_argument(
        "--columns", metavar="x,y,z,…", help="names of the columns of text files, _ for one that is not wanted"
    )
    parser.add_argument(
        "--invalid-points", choices=INVALID_POINTS, help="what to do with points without finite coordinates"
    )


def reading_of(args: argparse.Namespace, reading: Reading) -> Reading:
    """A reading with what the options say."""
    if args.units is not None:
        reading = replace(reading, units=args.units)
    if args.columns is not None:
        reading = replace(reading, columns=tuple(args.columns.replace(",", " ").split()))
    if args.invalid_points is not None:
        reading = replace(reading, invalid_points=args.invalid_points)
    return reading
