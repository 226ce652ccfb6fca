"""`bscnet show`: a PNG and a page one can turn, of a run's scenes, of a data set's scene, or of a cloud's file."""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from bscnet.cli.outputs import check_folder, make_folder
from bscnet.cli.palette_option import add_palette_argument
from bscnet.cli.reading_options import add_reading_arguments, reading_of
from bscnet.cli.splits import SPLITS, OpenSplit, first_split, open_split, split_of
from bscnet.clouds.reading import Reading
from bscnet.errors import InputError

if TYPE_CHECKING:
    from bscnet.chain.reopen import Reopened
    from bscnet.data.datamodule import ScanDataModule
    from bscnet.evaluation.torch_predictor import Predictor, ScenePrediction
    from bscnet.viz.page import PageScene

RANKS = ("best", "worst")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument(
        "words",
        nargs="*",
        metavar="RUN|SCAN|KEY=VALUE",
        help="a run (chain, stage or checkpoint); or a cloud (.ply, .pcd, .las, .laz, .npz, .xyz, .txt, .csv …); "
        "or neither, and data=NAME shows a scene of that data set. Overrides as of bscnet.run",
    )
    parser.add_argument(
        "-o", "--output", type=Path, metavar="DIR", help="folder to write to (default: the current one)"
    )
    add_palette_argument(parser)
    add_reading_arguments(parser)
    parser.add_argument(
        "--scene", action="append", default=[], metavar="NAME", help="a scene by name, best or worst; may be repeated"
    )
    parser.add_argument(
        "--split", choices=SPLITS, help="where scenes are looked for (default: best and worst in val, names in all)"
    )


def main(args: argparse.Namespace) -> int:
    """Write the pages and say where they are."""
    overrides = [word for word in args.words if "=" in word and not Path(word).exists()]
    sources = [word for word in args.words if word not in overrides]
    if len(sources) > 1 or not args.words:
        raise InputError("bscnet show takes one RUN or one SCAN, or data=NAME for a scene of a data set")
    folder = args.output or Path()
    check_folder(folder, "-o")
    from bscnet.evaluation.scene_pages import write_scene

    for stem, scene, title in _scenes(sources, overrides, args):
        make_folder(folder, "-o")
        if args.palette is not None:
            scene = replace(scene, palette=args.palette)
        print(", ".join(map(str, write_scene(folder / stem, scene, title))))
    return 0


def _scenes(sources: list[str], overrides: list[str], args: argparse.Namespace) -> Iterator[tuple[str, PageScene, str]]:
    """Name of the files, scene and title of everything that is to be shown."""
    if not sources:
        yield from _of_data(overrides, args)
    elif _is_cloud(Path(sources[0])):
        if overrides or args.scene or args.split:
            raise InputError(f"{sources[0]}: a cloud is shown as it is, without overrides, --scene or --split")
        from bscnet.evaluation.cloud_file import read_page_scene

        scene = read_page_scene(Path(sources[0]), reading_of(args, Reading(invalid_points="drop")))
        yield scene.name, scene, scene.name
    else:
        yield from _of_run(sources[0], overrides, args)


def _is_cloud(path: Path) -> bool:
    """Whether a word means a cloud's file, be it there or not, and no run."""
    if path.is_dir() or path.suffix == ".ckpt":
        return False
    from bscnet.clouds.open import ENDINGS

    return path.is_file() or path.suffix.lower() in ENDINGS


def _of_data(overrides: list[str], args: argparse.Namespace) -> Iterator[tuple[str, PageScene, str]]:
    from bscnet.chain.build import build_datamodule
    from bscnet.chain.settings import composed_settings
    from bscnet.evaluation.scene_pages import page_scene

    settings = composed_settings(overrides)
    data = build_datamodule(settings)
    asked = _asked(data, args.scene, args.split)
    if not asked:
        split = _split(data, args.split)
        asked = [(split.dataset.scenes[0], split)]
    for name, split in asked:
        facts = {"data": f"{settings.data.name}, not labelled by a network", "scene": name}
        scan = split.dataset.store.scan(name)
        yield name, page_scene(data, scan, None, facts, settings.palette), f"{settings.data.name} {name}"


def _split(data: ScanDataModule, name: str | None) -> OpenSplit:
    return first_split(data) if name is None else open_split(data, name)


def _asked(data: ScanDataModule, scenes: Sequence[str], name: str | None) -> list[tuple[str, OpenSplit]]:
    """Scenes by name, each with its split: the one that is asked for, else any that has it."""
    if name is None:
        return [(scene, split_of(data, scene)) for scene in scenes]
    split = open_split(data, name)
    for scene in scenes:
        split.require(scene)
    return [(scene, split) for scene in scenes]


def _of_run(run: str, overrides: list[str], args: argparse.Namespace) -> Iterator[tuple[str, PageScene, str]]:
    from bscnet.chain.reopen import reopen

    opened = reopen(run, overrides)
    predictor = opened.predictor()
    asked = _asked(opened.data, [name for name in args.scene if name not in RANKS], args.split)
    for name, split in asked:
        yield _labelled(opened, split, predictor.scene(split.dataset, name), name)
    ranks = [name for name in args.scene or RANKS if name in RANKS]
    if ranks:
        yield from _ranked(opened, predictor, _split(opened.data, args.split), ranks, bool(args.scene))


def _ranked(
    opened: Reopened, predictor: Predictor, split: OpenSplit, ranks: Sequence[str], demanded: bool
) -> Iterator[tuple[str, PageScene, str]]:
    """The best and the worst scene; of a split without labels the first scene, unless a rank is demanded."""
    from bscnet.evaluation.evaluate import evaluate

    reason = split.obstacle
    if reason is None:
        found = evaluate(predictor.scenes(opened.data, split.dataset), opened.data.class_names)
        if found.best is not None and found.worst is not None:
            for rank in ranks:
                yield _labelled(opened, split, found.best if rank == "best" else found.worst, rank)
            return
        reason = "no point of its scenes has a label"
    if demanded:
        raise InputError(f"{split.name} has no best or worst scene, give --scene NAME: {reason}")
    print(f"{split.name} has no best or worst scene, the first is shown: {reason}")
    name = split.dataset.scenes[0]
    yield _labelled(opened, split, predictor.scene(split.dataset, name), name)


def _labelled(opened: Reopened, split: OpenSplit, one: ScenePrediction, name: str) -> tuple[str, PageScene, str]:
    """A scene as the network labels it; name: its own, or its rank."""
    from bscnet.chain.scores import scene_facts
    from bscnet.evaluation.scene_pages import page_scene

    facts = scene_facts(opened, {"scene": one.scene if name == one.scene else f"{one.scene}, the {name} one"})
    scan = split.dataset.store.scan(one.scene)
    return name, page_scene(opened.data, scan, one, facts, opened.settings.palette), f"{opened.title}: {one.scene}"
