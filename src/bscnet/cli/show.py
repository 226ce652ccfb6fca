"""`bscnet show`: a PNG and a page one can turn, of a run's scenes, of a data set's scene, or of a cloud's file."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from bscnet.errors import InputError

if TYPE_CHECKING:
    from bscnet.data.datamodule import ScanDataModule
    from bscnet.data.dataset import EvalDataset
    from bscnet.viz.page import PageScene

SPLITS = ("val", "train", "test")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument(
        "words",
        nargs="*",
        metavar="RUN|SCAN|KEY=VALUE",
        help="a run (chain, stage or checkpoint); or a .ply, .pcd, .las, .laz, .npz or .xyz cloud; "
        "or neither, and data=NAME shows a scene of that data set. Overrides as of bscnet.run",
    )
    parser.add_argument("-o", "--output", type=Path, metavar="DIR", help="folder to write to (default: where one is)")
    parser.add_argument(
        "--scene", action="append", default=[], metavar="NAME", help="a scene by name, best or worst; may be repeated"
    )
    parser.add_argument("--split", default="val", choices=SPLITS, help="where best and worst are looked for (val)")


def main(args: argparse.Namespace) -> int:
    """Write the pages and say where they are."""
    overrides = [word for word in args.words if "=" in word and not Path(word).exists()]
    sources = [word for word in args.words if word not in overrides]
    if len(sources) > 1 or not args.words:
        raise InputError("bscnet show takes one RUN or one SCAN, or data=NAME for a scene of a data set")
    if args.output is not None and args.output.exists() and not args.output.is_dir():
        raise InputError(f"-o {args.output}: this is a file, a folder is needed")
    folder = args.output or Path()
    _make(folder)
    from bscnet.evaluation.scene_pages import write_scene

    for stem, scene, title in _scenes(sources, overrides, args):
        written, obstacle = write_scene(folder / stem, scene, title)
        print(", ".join(map(str, written)) + (f" (no picture: {obstacle})" if obstacle else ""))
    return 0


def _make(folder: Path) -> None:
    """The folder to write to, made before any work is done."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(f"-o {folder}: the folder cannot be made ({error.strerror})") from error


def _scenes(sources: list[str], overrides: list[str], args: argparse.Namespace) -> Iterator[tuple[str, PageScene, str]]:
    """Name of the files, scene and title of everything that is to be shown."""
    if not sources:
        yield from _of_data(overrides, args)
    elif Path(sources[0]).is_file() and Path(sources[0]).suffix != ".ckpt":
        if overrides or args.scene:
            raise InputError(f"{sources[0]}: a cloud is shown as it is, without overrides or --scene")
        from bscnet.evaluation.cloud_file import read_page_scene

        scene = read_page_scene(Path(sources[0]))
        yield scene.name, scene, scene.name
    else:
        yield from _of_run(sources[0], overrides, args)


def _of_data(overrides: list[str], args: argparse.Namespace) -> Iterator[tuple[str, PageScene, str]]:
    from bscnet.chain.build import build_datamodule
    from bscnet.chain.settings import composed_settings
    from bscnet.data import ScanDataModule
    from bscnet.evaluation.scene_pages import page_scene

    settings = composed_settings(overrides)
    data = build_datamodule(settings)
    if not isinstance(data, ScanDataModule):
        raise InputError(f"data={settings['data']['name']} has no scenes to look at")
    dataset = _any_split(data, args.split)
    for name in args.scene or dataset.scenes[:1]:
        _require(name, dataset)
        facts = {"data": f"{settings['data']['name']}, not labelled by a network", "scene": name}
        yield name, page_scene(data, dataset.store.scan(name), None, facts), f"{settings['data']['name']} {name}"


def _any_split(data: ScanDataModule, first: str) -> EvalDataset:
    """A split with labels if there is one, else one without; the one asked for before the others."""
    obstacles = []
    for labelled in (True, False):
        for split in sorted(SPLITS, key=lambda name: name != first):
            try:
                return data.eval_dataset(split, labelled)
            except InputError as error:
                obstacles.append(error)
    raise obstacles[0]


def _of_run(run: str, overrides: list[str], args: argparse.Namespace) -> Iterator[tuple[str, PageScene, str]]:
    from bscnet.chain.pages import scene_facts
    from bscnet.chain.reopen import reopen
    from bscnet.evaluation.evaluate import evaluate
    from bscnet.evaluation.scene_pages import page_scene
    from bscnet.evaluation.split_scores import SplitScores

    opened = reopen(run, overrides)
    dataset = _any_split(opened.data, args.split)
    predictor, wanted = opened.predictor(), args.scene or ["best", "worst"]
    ranks = {}
    if {"best", "worst"} & set(wanted):
        found = evaluate(predictor.scenes(opened.data, dataset), SplitScores(opened.data.class_names))
        ranks = {"best": found.best, "worst": found.worst}
        if found.best is None:
            raise InputError(f"{run}: no point of its scenes has a label, so none is best or worst: give --scene NAME")
    for name in wanted:
        one = ranks.get(name)
        if one is None:
            _require(name, dataset)
            one = predictor.scene(dataset, name)
        facts = scene_facts(opened, {"scene": one.scene if name == one.scene else f"{one.scene}, the {name} one"})
        scene = page_scene(opened.data, dataset.store.scan(one.scene), one, facts)
        yield name, scene, f"{opened.title}: {one.scene}"


def _require(name: str, dataset: EvalDataset) -> None:
    if name not in dataset.scenes:
        shown = ", ".join(dataset.scenes[:5]) + (", …" if len(dataset.scenes) > 5 else "")
        raise InputError(f"--scene {name}: there is no such scene in this split, it has {shown}")
