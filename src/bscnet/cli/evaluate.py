"""`bscnet evaluate RUN`: scores of a trained network, class by class, and a benchmark's submission files."""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from bscnet.cli.outputs import check_file, check_new_folder
from bscnet.cli.splits import OpenSplit, open_split
from bscnet.counted import counted
from bscnet.errors import InputError
from bscnet.evaluation.percent import percent

if TYPE_CHECKING:
    from bscnet.chain.reopen import Reopened
    from bscnet.evaluation.evaluate import Evaluation
    from bscnet.evaluation.torch_predictor import ScenePrediction


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument("run", metavar="RUN", help="a chain's directory, a stage's directory or a checkpoint")
    parser.add_argument("--split", default="val", help="train, val or test (default val)")
    parser.add_argument("-o", "--output", type=Path, metavar="SCORES.json", help="also write the scores as JSON")
    parser.add_argument(
        "--submission",
        type=Path,
        metavar="DIR",
        help="write the ScanNet benchmark's files, one label a vertex, into a new folder, and DIR.zip of them",
    )
    parser.add_argument(
        "overrides",
        nargs="*",
        metavar="KEY=VALUE",
        help="on top of the run's settings, e.g. data.root=/path/to/scannet data.val_reps=3 trainer.accelerator=cpu",
    )


def main(args: argparse.Namespace) -> int:
    """Label every scene of the split, print its scores, write what was asked for."""
    if args.output is not None:
        check_file(args.output, "-o")
    if args.submission is not None:
        check_new_folder(args.submission, "--submission")
    from bscnet.chain.reopen import reopen
    from bscnet.evaluation.evaluate import evaluate

    opened = reopen(args.run, args.overrides)
    split = _split(opened, args.split)
    if args.output is not None and split.obstacle is not None:
        raise InputError(f"-o {args.output}: {args.split} cannot be scored: {split.obstacle}")
    if args.submission is not None:
        _require_scannet(opened)
    dataset = split.dataset
    scenes = _with_bar(opened.predictor().scenes(opened.data, dataset), len(dataset), args.split)
    found = evaluate(_handed_in(scenes, args.submission), opened.data.class_names)
    _show(opened, found, split)
    if args.output is not None:
        known = opened.restored.metadata
        facts = {key: known[key] for key in ("method", "model", "stage", "data")}
        sizes = {"voxel_size": opened.voxel_size, "trained_voxel_size": known["voxel_size"]}
        found.scores.save(args.output, **facts, **sizes, split=args.split, val_reps=dataset.repeats)
        print(f"{args.output}: scores of {len(dataset)} scenes")
    if args.submission is not None:
        from bscnet.datasets.scannet import ScanNet, zip_submission

        archive = zip_submission(args.submission, ScanNet(opened.data.root).vertex_counts(args.split))
        print(f"{archive}: labels of {len(dataset)} scenes")
    return 0


def _split(opened: Reopened, name: str) -> OpenSplit:
    """The split with its labels; a test split without any is labelled all the same."""
    if name == "test":
        return open_split(opened.data, name)
    return OpenSplit(name, opened.data.eval_dataset(name), None)


def _handed_in(scenes: Iterable[ScenePrediction], folder: Path | None) -> Iterator[ScenePrediction]:
    """The scenes, each written into the submission's folder where there is one."""
    for found in scenes:
        if folder is not None:
            from bscnet.datasets.scannet import write_submission

            write_submission(folder, found.scene, found.classes)
        yield found


def _require_scannet(opened: Reopened) -> None:
    from bscnet.datasets.scannet.classes import CLASS_NAMES

    if list(opened.data.class_names) != list(CLASS_NAMES):
        raise InputError("--submission is the ScanNet benchmark's: the run's classes are not those of ScanNet")


def _with_bar(found: Iterator[ScenePrediction], total: int, split: str) -> Iterable[ScenePrediction]:
    from rich.console import Console
    from rich.progress import track

    console = Console(stderr=True)
    what = f"labelling {split} scenes"
    return track(found, what, total, console=console, transient=True, disable=not console.is_terminal)


def _show(opened: Reopened, found: Evaluation, split: OpenSplit) -> None:
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    whole, count = found.scores.as_dict(), len(found.scores.scenes)
    table = Table(title=escape(f"{opened.title}: {split.name}, {counted(count, 'scene')}"), title_style="bold")
    table.add_column("class")
    for name in ("IoU", "recall", "points"):
        table.add_column(name, justify="right")
    for name, row in whole["classes"].items():
        table.add_row(escape(name), percent(row["iou"]), percent(row["recall"]), f"{row['points']:,}")
    console = Console(highlight=False)
    if found.best is None or found.worst is None:
        reason = split.obstacle or "no point has a label"
        text = f"{split.name}: {counted(count, 'scene')} labelled; they have no truth to be scored against: {reason}"
        console.print(text, markup=False, soft_wrap=True)
        return
    console.print(table)
    named = (("mIoU", "miou"), ("mean accuracy", "macc"), ("accuracy", "acc"))
    console.print(", ".join(f"{name} {percent(whole[key])}" for name, key in named))
    first, last = (f"{escape(one.scene)} ({percent(whole['scenes'][one.scene])})" for one in (found.best, found.worst))
    console.print(f"best scene {first}, worst {last}", soft_wrap=True)
