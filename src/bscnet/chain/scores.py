"""What a chain leaves to look at: scores of every validation scene, and its best and worst scene."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from bscnet.chain.build import logs_to_wandb, wandb_is_offline
from bscnet.chain.chain import Chain
from bscnet.chain.reopen import Reopened, reopen
from bscnet.errors import InputError
from bscnet.evaluation.evaluate import evaluate
from bscnet.evaluation.scene_pages import page_scene, write_scene
from bscnet.evaluation.split_scores import SplitScores
from bscnet.evaluation.torch_predictor import ScenePrediction
from bscnet.runs.layout import SCORES_NAME


def write_scores(chain: Chain) -> list[Path]:
    """Score every validation scene with the chain's last checkpoint and write `scores.json` into its directory.

    With `picture: true` the scene with the highest and the one with the lowest mIoU are drawn beside it: `best.html`,
    `best.png`, `worst.html` and `worst.png`. A Weights & Biases project gets those as a run of its own.

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
    if not chain.settings["picture"]:
        return []
    if found.best is None or found.worst is None:
        raise InputError("no point of the validation scenes has a label")
    written: list[Path] = []
    for rank, one in (("best", found.best), ("worst", found.worst)):
        written += _write(chain.directory / rank, rank, opened, one, len(scores.scenes))
    if logs_to_wandb(chain.settings):
        _log_to_wandb(chain, written, scores)
    return written


def _write(stem: Path, rank: str, opened: Reopened, one: ScenePrediction, of: int) -> list[Path]:
    scan = opened.data.val_dataset.store.scan(one.scene)
    facts = scene_facts(opened, {"scene": f"{one.scene}, the {rank} of {of} validation scenes"})
    title = f"{opened.title}, {rank} validation scene"
    written, _ = write_scene(stem, page_scene(opened.data, scan, one, facts), title)
    return written


def scene_facts(opened: Reopened, further: Mapping[str, str]) -> dict[str, str]:
    """Lines that say on a page what is seen."""
    known = opened.restored.metadata
    return {
        "network": f"{known['model']}, {known['method']} stage {known['stage']} ({known['precision']})",
        "data": f"{known['data']}, {opened.voxels}",
        **further,
    }


def _log_to_wandb(chain: Chain, written: Sequence[Path], scores: SplitScores) -> None:
    import wandb

    logger = chain.settings["logger"]
    offline = wandb_is_offline() if logger["offline"] is None else logger["offline"]
    run = wandb.init(
        project=logger["project"],
        name=f"{chain.directory.parent.name}-scenes",
        job_type="scenes",
        dir=str(chain.directory),
        mode="offline" if offline else "online",
    )
    rows = [[name, float(found.miou)] for name, found in scores.scenes.items()]
    report: dict[str, Any] = {"scenes/miou": wandb.Table(columns=["scene", "mIoU"], data=rows)}
    for path in written:
        kind = wandb.Html(str(path)) if path.suffix == ".html" else wandb.Image(str(path))
        report[f"scenes/{path.stem}{'' if path.suffix == '.html' else ' picture'}"] = kind
    run.log(report)
    run.finish()
