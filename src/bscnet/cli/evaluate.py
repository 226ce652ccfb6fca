"""`bscnet evaluate RUN`: scores of a trained network, class by class, and a benchmark's submission files."""

from __future__ import annotations

import argparse
import math
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bscnet.errors import InputError

if TYPE_CHECKING:
    from bscnet.chain.reopen import Reopened
    from bscnet.data.dataset import EvalDataset
    from bscnet.evaluation.predict import ScenePrediction
    from bscnet.evaluation.split_scores import SplitScores


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
    _check_outputs(args)
    from bscnet.chain.reopen import reopen
    from bscnet.evaluation.split_scores import SplitScores

    opened = reopen(args.run, args.overrides)
    dataset = _dataset(opened, args.split)
    if args.submission is not None:
        _require_scannet(opened)
    scores = SplitScores(opened.data.class_names)
    for found in _with_bar(opened.predictor().scenes(opened.data, dataset), len(dataset), args.split):
        scores.add(found)
        if args.submission is not None:
            from bscnet.data.scannet import write_submission

            write_submission(args.submission, found.scene, found.classes)
    _show(opened, scores, args.split)
    if args.output is not None:
        known = opened.restored.metadata
        facts = {key: known[key] for key in ("method", "model", "stage", "data", "voxel_size")}
        scores.save(args.output, **facts, split=args.split, val_reps=dataset.repeats)
        print(f"{args.output}: scores of {len(scores.scenes)} scenes")
    if args.submission is not None:
        from bscnet.data.scannet import ScanNet, zip_submission

        archive = zip_submission(args.submission, ScanNet(opened.data.root).vertex_counts(args.split))
        print(f"{archive}: labels of {len(dataset)} scenes")
    return 0


def _check_outputs(args: argparse.Namespace) -> None:
    if args.output is not None and args.output.exists() and not args.output.is_file():
        raise InputError(f"-o {args.output}: this is no file that can be written")
    if args.output is not None and not args.output.parent.is_dir():
        raise InputError(f"-o {args.output}: the folder {args.output.parent} does not exist")
    if args.submission is not None and args.submission.exists() and not args.submission.is_dir():
        raise InputError(f"--submission {args.submission}: this is a file, give a new folder")
    if args.submission is not None and args.submission.exists() and any(args.submission.iterdir()):
        raise InputError(f"--submission {args.submission}: the folder is not empty, give a new one")


def _dataset(opened: Reopened, split: str) -> EvalDataset:
    """The split with its labels; a test split without any is labelled all the same."""
    if split != "test":
        return opened.data.eval_dataset(split)
    try:
        return opened.data.eval_dataset(split)
    except InputError:
        return opened.data.eval_dataset(split, labelled=False)


def _require_scannet(opened: Reopened) -> None:
    from bscnet.data.scannet.classes import CLASS_NAMES

    if list(opened.data.class_names) != list(CLASS_NAMES):
        raise InputError("--submission is the ScanNet benchmark's: the run's classes are not those of ScanNet")


def _with_bar(found: Iterator[ScenePrediction], total: int, split: str) -> Iterable[ScenePrediction]:
    from rich.console import Console
    from rich.progress import track

    console = Console(stderr=True)
    what = f"labelling {split} scenes"
    return track(found, what, total, console=console, transient=True, disable=not console.is_terminal)


def _show(opened: Reopened, scores: SplitScores, split: str) -> None:
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    whole = scores.as_dict()
    table = Table(title=escape(f"{opened.title}: {split}, {len(scores.scenes)} scenes"), title_style="bold")
    table.add_column("class")
    for name in ("IoU", "recall", "points"):
        table.add_column(name, justify="right")
    for name, row in whole["classes"].items():
        table.add_row(escape(name), percent(row["iou"]), percent(row["recall"]), f"{row['points']:,}")
    console = Console(highlight=False)
    if not any(row["points"] for row in whole["classes"].values()):
        console.print(f"{split}: {len(scores.scenes)} scenes labelled; they have no truth to be scored against")
        return
    console.print(table)
    named = (("mIoU", "miou"), ("mean accuracy", "macc"), ("accuracy", "acc"))
    console.print(", ".join(f"{name} {percent(whole[key])}" for name, key in named))
    ranked = scores.ranked()
    if ranked:
        first, last = (f"{escape(name)} ({percent(whole['scenes'][name])})" for name in (ranked[-1], ranked[0]))
        console.print(f"best scene {first}, worst {last}", soft_wrap=True)


def percent(value: Any) -> str:
    """A fraction as a table shows it."""
    return "-" if value is None or math.isnan(value) else f"{100 * value:.2f} %"
