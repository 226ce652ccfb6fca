"""`bscnet predict`: label the points of a cloud with an exported network."""

from __future__ import annotations

import argparse
import contextlib
import importlib.util
import math
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from bscnet.datasets.folder.cloud import UNITS
from bscnet.errors import InputError
from bscnet.prediction.label_cloud import MAX_MARGIN, MAX_SITES, Labelled, label_cloud
from bscnet.prediction.labelled_ply import check_output
from bscnet.prediction.progress import Progress, Silence

if TYPE_CHECKING:
    from bscnet.runtime import Session

_FOR_PICTURES = ("open3d", "matplotlib")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument("model", type=Path, metavar="MODEL", help="file that `bscnet export` wrote")
    parser.add_argument(
        "scan",
        type=Path,
        metavar="SCAN",
        help=".ply (x, y, z, red, green, blue), .npz (points, colors), .las or .laz, with the values the model needs",
    )
    parser.add_argument(
        "-o",
        "--output",
        type=Path,
        required=True,
        metavar="OUT.ply",
        help="the points with label, confidence, class colour",
    )
    parser.add_argument("--render", type=Path, metavar="VIEW.png", help="also draw the cloud and its labels")
    parser.add_argument(
        "--threads", type=int, default=0, metavar="N", help="threads of the network (default: one a CPU)"
    )
    parser.add_argument("--voxel-size", type=float, metavar="V", help="in the cloud's units (default: the model's)")
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


def main(args: argparse.Namespace) -> int:
    """Label the cloud and say what was done and how long it took."""
    from bscnet.runtime import load
    from bscnet.viz.palette import class_palette

    begun = time.perf_counter()
    inputs = [args.model, args.scan]
    check_output(args.output, "-o", inputs)
    if args.output.suffix.lower() != ".ply":
        raise InputError(f"-o {args.output}: labelled points are written as PLY, the name must end in .ply")
    if args.render is not None:
        check_output(args.render, "--render", [*inputs, args.output])
        _check_pictures(args.render)
    session = load(args.model, threads=args.threads)
    loaded = time.perf_counter() - begun
    with _bar(args.quiet) as progress:
        done = label_cloud(
            session,
            args.scan,
            args.output,
            class_palette(session.num_classes),
            voxel_size=args.voxel_size,
            max_sites=args.max_sites,
            margin=args.margin,
            progress=progress,
        )
    drawn = 0.0
    if args.render is not None:
        started = time.perf_counter()
        _draw(args.render, done, session, args.scan.name)
        drawn = time.perf_counter() - started
    if not args.quiet:
        print(report(done, session, args.voxel_size, loaded, drawn, time.perf_counter() - begun))
        print(f"{args.output}: {done.points:,} labelled points" + (f"; {args.render}" if args.render else ""))
    return 0


def report(
    done: Labelled, session: Session, voxel_size: float | None, loaded: float, drawn: float, whole: float
) -> str:
    """The time of each part, how much there was of what, and the points of each class."""
    times, parts = done.times, done.seconds
    rows = [
        ("load model", loaded),
        ("read", parts.get("read", 0.0)),
        ("voxelize", parts.get("voxelize", 0.0)),
        ("kernel maps", times.kernel_maps),
        ("bit convolutions", times.bit_convolutions),
        ("real-valued parts", times.real_parts),
        ("rest of the network", max(0.0, parts.get("network", 0.0) - times.total + times.rest)),
        ("label points", parts.get("label points", 0.0)),
        ("write", parts.get("write", 0.0)),
        *([("picture", drawn)] if drawn else []),
    ]
    rows.append(("other", max(0.0, whole - sum(seconds for _, seconds in rows))))
    size = done.frame.voxel_size
    lines = [
        f"{done.points:,} points, {len(done.voxels):,} voxels of {size:g} ({done.points / len(done.voxels):.1f} points "
        f"a voxel); {session.description.get('name')}, {session.implementation}, "
        f"engine memory {times.workspace_bytes / 2**20:,.0f} MiB",
        *_remarks(done, session, voxel_size),
        "",
        f"{'part':<22}{'seconds':>10}{'share':>8}",
        *(f"{name:<22}{seconds:>10.3f}{100 * seconds / whole:>7.1f}%" for name, seconds in rows),
        f"{'total':<22}{whole:>10.3f}",
        "",
        f"{'class':<22}{'points':>14}{'share':>8}",
    ]
    for label in (-done.points_of_class).argsort(kind="stable").tolist():
        count = int(done.points_of_class[label])
        if count:
            name = session.class_names[label][:21]
            lines.append(f"{name:<22}{count:>14,}{100 * count / done.points:>7.1f}%")
    return "\n".join([*lines, ""])


def _remarks(done: Labelled, session: Session, voxel_size: float | None) -> Iterator[str]:
    unit = "m" if done.units is None else done.units
    trained = session.voxel_size / UNITS.get(unit, 1.0)
    if voxel_size is not None and not math.isclose(voxel_size, trained, rel_tol=0.01):
        yield f"note: the model was trained on voxels of {trained:g} {unit}, not on {voxel_size:g}"
    if voxel_size is None and unit != "m":
        yield f"note: the file's unit is {unit}, and the model's voxels of {session.voxel_size:g} m are taken"
    if done.classes.tiles > 1:
        exact = done.margin >= done.receptive_radius
        equal = (
            "as if run at once" if exact else f"near seams labels may differ (receptive field {done.receptive_radius})"
        )
        yield f"note: run in {done.classes.tiles} tiles that overlap by {done.margin} voxels; {equal}"


def _check_pictures(path: Path) -> None:
    if path.suffix.lower() != ".png":
        raise InputError(f"--render {path}: pictures are written as PNG, the name must end in .png")
    lacking = [name for name in _FOR_PICTURES if importlib.util.find_spec(name) is None]
    if lacking:
        raise InputError(f"--render {path} needs {' and '.join(lacking)}: pip install 'bscnet[predict]'")


def _draw(path: Path, done: Labelled, session: Session, title: str) -> None:
    from bscnet.prediction.frame import coords_of
    from bscnet.viz import RenderError, labelled_picture

    centres = done.frame.centres(coords_of(done.voxels.keys))
    try:
        labelled_picture(path, centres, done.colors, done.classes.labels, session.class_names, title=title)
    except (RenderError, OSError) as error:
        raise InputError(f"--render {path}: the labels are written, but no picture could be drawn: {error}") from error


@contextlib.contextmanager
def _bar(quiet: bool) -> Iterator[Progress]:
    """A progress bar on a terminal, where rich is installed."""
    if quiet or not sys.stderr.isatty() or importlib.util.find_spec("rich") is None:
        yield Silence()
        return
    from bscnet.cli.progress_bar import ProgressBar

    with ProgressBar() as progress:
        yield progress
