"""What a chain leaves to look at: scores of every validation scene, and its best and worst scene."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from bscnet.chain.chain import Chain
from bscnet.chain.finals import chain_finals, network_costs
from bscnet.chain.loggers import build_loggers, close_loggers, log_final, logs_to_wandb
from bscnet.chain.reopen import Reopened, reopen
from bscnet.chain.run_names import run_name
from bscnet.counted import counted
from bscnet.errors import InputError
from bscnet.evaluation.evaluate import evaluate
from bscnet.evaluation.percent import percent
from bscnet.evaluation.scene_pages import page_scene, write_scene
from bscnet.evaluation.split_scores import SplitScores
from bscnet.evaluation.torch_predictor import ScenePrediction
from bscnet.runs.layout import (
    BEST_SCENE,
    INDEX_NAME,
    PAGE_ENDING,
    PICTURE_ENDING,
    SCORES_NAME,
    WORST_SCENE,
)
from bscnet.viz.page.index import ScenePage, write_index


def write_scores(chain: Chain) -> list[Path]:
    """Score every validation scene with the chain's last checkpoint and write `scores.json` into its directory.

    With `picture: true` the scene with the highest and the one with the lowest mIoU are drawn beside it: `best.html`,
    `best.png`, `worst.html` and `worst.png`, and `index.html` leads to them. A logger gets a run that stands for the
    whole chain, with its scores, its network's costs and, in Weights & Biases, those pages.

    Returns the pages and pictures.

    Raises:
        InputError: the checkpoint or a scene cannot be read, or no validation point has a label.
    """
    opened = reopen(chain.directory)
    dataset = opened.data.eval_dataset("val")
    found = evaluate(opened.predictor().scenes(opened.data, dataset), opened.data.class_names)
    scores = found.scores
    facts = {key: chain.manifest.facts[key] for key in ("method", "model", "data", "voxel_size", "seed", "commit")}
    scores.save(chain.directory / SCORES_NAME, **facts, split="val")
    written: list[Path] = []
    if chain.settings.picture:
        if found.best is None or found.worst is None:
            raise InputError("no point of the validation scenes has a label")
        for rank, one in ((BEST_SCENE, found.best), (WORST_SCENE, found.worst)):
            written += _write(chain.directory / rank, rank, opened, one, len(scores.scenes))
        _write_index(chain.directory, opened, scores, {BEST_SCENE: found.best, WORST_SCENE: found.worst})
    _log(chain, opened, scores, written)
    return written


def _write(stem: Path, rank: str, opened: Reopened, one: ScenePrediction, of: int) -> list[Path]:
    scan = opened.data.val_dataset.store.scan(one.scene)
    facts = scene_facts(opened, {"scene": f"{one.scene}, the {rank} of {of} validation scenes"})
    title = f"{opened.title}, {rank} validation scene"
    return write_scene(stem, page_scene(opened.data, scan, one, facts, opened.settings.palette), title)


def _write_index(directory: Path, opened: Reopened, scores: SplitScores, drawn: Mapping[str, ScenePrediction]) -> None:
    told = scores.as_dict()
    pages = [
        ScenePage(
            f"{one.scene}, the {rank} scene: mIoU {percent(told['scenes'][one.scene])}",
            f"{rank}{PAGE_ENDING}",
            f"{rank}{PICTURE_ENDING}",
        )
        for rank, one in drawn.items()
    ]
    facts = scene_facts(opened, {"split": f"val, {counted(len(told['scenes']), 'scene')}"})
    write_index(directory / INDEX_NAME, opened.title, facts, told, pages)


def scene_facts(opened: Reopened, further: Mapping[str, str]) -> dict[str, str]:
    """Lines that say on a page what is seen."""
    known = opened.restored.metadata
    return {
        "network": f"{known['model']}, {known['method']} stage {known['stage']} ({known['precision']})",
        "data": f"{known['data']}, {opened.voxels}",
        **further,
    }


def _log(chain: Chain, opened: Reopened, scores: SplitScores, written: Sequence[Path]) -> None:
    run = run_name(chain.settings, chain.directory, chain.directory)
    loggers = build_loggers(chain.settings, run)
    if not loggers:
        return
    status = "failed"
    try:
        costs = network_costs(opened.restored.network, opened.data)
        log_final(loggers, run, {**chain_finals(chain.manifest.stages, scores.as_dict()), **costs})
        if logs_to_wandb(chain.settings):
            loggers[0].experiment.log(_media(scores, written))  # type: ignore[attr-defined]
        status = "success"
    finally:
        close_loggers(loggers, status)


def _media(scores: SplitScores, written: Sequence[Path]) -> dict[str, Any]:
    """The table of scenes, and the pages and pictures, as Weights & Biases shows them."""
    import wandb

    rows = [[name, float(found.miou)] for name, found in scores.scenes.items()]
    media: dict[str, Any] = {"scenes/miou": wandb.Table(columns=["scene", "mIoU"], data=rows)}
    for path in written:
        if path.suffix == PAGE_ENDING:
            media[f"scenes/{path.stem}"] = wandb.Html(str(path))
        else:
            media[f"scenes/{path.stem} picture"] = wandb.Image(str(path))
    return media
