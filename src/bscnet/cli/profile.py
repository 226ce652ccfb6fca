"""`bscnet profile`: parameters, FLOPs, BOPs and OPs of a network, layer by layer."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from bscnet.errors import InputError

if TYPE_CHECKING:
    from torch import Tensor

    from bscnet.cost import Profile
    from bscnet.data.datamodule import ScanDataModule


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument("--json", action="store_true", help='print {"layers": […], "totals": {…}} instead of tables')
    parser.add_argument(
        "--scenes", type=int, metavar="N", help="take the mean over the first N validation scenes (default: all)"
    )
    parser.add_argument(
        "overrides",
        nargs="*",
        metavar="KEY=VALUE",
        help="as of bscnet.run, e.g. model=unet_h data=rooms method=bsc_net stage=2 shift_plan=PLAN.json; "
        "without stage=… the method's last stage is profiled",
    )


def main(args: argparse.Namespace) -> int:
    """Profile the network that the overrides describe."""
    if args.scenes is not None and args.scenes < 1:
        raise InputError(f"--scenes {args.scenes} is not allowed, it must be at least 1")
    profile, heading, note = profile_overrides(args.overrides, args.scenes)
    if args.json:
        print(json.dumps(profile.as_dict(), indent=1))
        if note:
            print(f"note: {note}", file=sys.stderr)
        return 0
    from rich.console import Console
    from rich.measure import Measurement

    from bscnet.viz.cost_table import cost_table, totals_table

    console, table = Console(highlight=False), cost_table(profile)
    # Nothing is cut off where the terminal is narrow or absent.
    needed = Measurement.get(console, console.options.update(width=10_000), table).maximum
    console = Console(highlight=False, width=max(console.width, needed))
    for text in (heading, table, totals_table(profile)):
        console.print(text)
    if note:
        console.print(f"note: {note}", soft_wrap=True)
    return 0


def profile_overrides(overrides: Sequence[str], limit: int | None = None) -> tuple[Profile, str, str]:
    """Profile the stage that the overrides name, on up to `limit` validation scenes; with a heading and a note or "".

    Raises:
        InputError: a value that is not allowed, a data set or shift plan that cannot be read.
    """
    from bscnet.chain.build import build_datamodule
    from bscnet.chain.settings import composed_settings
    from bscnet.chain.stage_network import stage_network
    from bscnet.cost import profile_network

    settings = composed_settings(overrides)
    method, model, data = settings.method, settings.model, settings.data
    spec, network = stage_network(settings, settings.stage, settings.shift_plan)
    note = ""
    if spec.shifts == "searched" and settings.shift_plan is None:
        note = "no shift_plan=… was given, so executed pairs are those of shifts that are all zero"
    datamodule = build_datamodule(settings)
    count = min(datamodule.num_val_scenes, limit or datamodule.num_val_scenes)
    profile = profile_network(network, _scenes(datamodule, count), datamodule.in_channels)
    heading = (
        f"{model.name}, {method.name} stage {spec.index} ({spec.name}: {spec.precision}, {spec.conv}); "
        f"mean of {count} validation scenes of {data.name} at {100 * data.voxel_size:g} cm"
    )
    return profile, heading, note


def _scenes(datamodule: ScanDataModule, count: int) -> Iterator[Tensor]:
    """(N, 4) coordinates of the first validation scenes, with a progress bar on a terminal."""
    from rich.console import Console
    from rich.progress import track

    console = Console(stderr=True)
    numbers = track(range(count), "counting pairs", console=console, transient=True, disable=not console.is_terminal)
    for number in numbers:
        yield datamodule.val_scene(number).batch.coords
