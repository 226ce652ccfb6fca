"""Running one stage: a Lightning fit in its own directory, from given weights to a checkpoint."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

import pytorch_lightning as pl
from pytorch_lightning.callbacks import Callback
from pytorch_lightning.loggers import Logger
from torch import nn

from bscnet.errors import InputError
from bscnet.runs.checkpoint import SEARCH_KEY, metadata_of, network_state, progress_of, read_checkpoint, require_same
from bscnet.runs.layout import BEST, LAST, PLAN_NAME, checkpoint_folder
from bscnet.runs.stage import StageOutcome, StageSpec
from bscnet.search import ShiftPlan, apply_plan, composite_layers
from bscnet.training.carry import carry
from bscnet.training.decision import decided_plan, warn_undecided
from bscnet.training.distill import Distillation
from bscnet.training.norms import NormEstimate
from bscnet.training.search import SearchModule
from bscnet.training.segmentation import SegmentationModule
from bscnet.training.trainer import fit, float32_matmuls, make_trainer, quiet

IDENTITY = ("model", "num_classes", "in_channels", "layer_style", "layers_per_block")
"""Metadata that a carried checkpoint must share with the stage that takes it (where both say it)."""


def run_stage(
    network: nn.Module,
    spec: StageSpec,
    datamodule: pl.LightningDataModule,
    directory: str | Path,
    *,
    backend: str = "torch",
    seed: int = 0,
    weight_decay: float = 0.0,
    clip_latent: bool = True,
    center_latent: bool = False,
    search: Mapping[str, Any] | None = None,
    distillation: Distillation | None = None,
    init_checkpoint: str | Path | None = None,
    plan: ShiftPlan | None = None,
    carried: Literal["last", "best"] = "last",
    norm_batches: int = 0,
    resume: bool = False,
    trainer_kwargs: Mapping[str, Any] | None = None,
    matmul_precision: str | None = None,
    loggers: Sequence[Logger] = (),
    callbacks: Sequence[Callback] = (),
    metadata: Mapping[str, Any] | None = None,
    chain_title: str | None = None,
) -> StageOutcome:
    """Trains `network` for one stage and says what came out.

    Writes `directory`/checkpoints/{last,best}.ckpt after every epoch, `directory`/csv/version_*/metrics.csv (one
    version per run: an interrupted stage has several), and after a search `directory`/plan.json. On return the network
    holds the weights of the carried checkpoint.

    Args:
        network: built by the caller, who also seeds its initial weights.
        spec: what the stage trains, and its schedule.
        datamodule: with `num_classes`, `in_channels`, `class_names`, `reading` and `takes_clouds` (see
            `ScanDataModule`).
        directory: the stage's own folder.
        backend: one of `bscnet.sparse.BACKENDS`.
        seed: of the global generators at the stage's start.
        weight_decay, clip_latent, center_latent: see `SegmentationModule`.
        search: options of `SearchModule` from `conf` on; used if `spec.conv` is "composite".
        distillation: a teacher, for any stage.
        init_checkpoint: the checkpoint whose weights the stage starts from (optimizer and schedule start afresh).
        plan: the shifts of a shifted network that takes them from a search.
        carried: which checkpoint the outcome names for the next stage: that of the "last" epoch (the end of the
            schedule, as staged binarization usually does; the paper is silent) or the "best" one.
        norm_batches: over so many training batches batch norm's statistics are estimated anew before the first step,
            where `init_checkpoint` is of another convolution or precision; 0: not.
        resume: go on from `directory`/checkpoints/last.ckpt if it is there, else start from the beginning.
        trainer_kwargs: further options of `pytorch_lightning.Trainer` (devices, precision, strategy …).
        matmul_precision: of torch's float32 matrix products during the fit, see `float32_matmuls`.
        loggers, callbacks: in addition to the CSV log and the stage's own callbacks.
        metadata: plain values that name the network (model, method, voxel_size …), kept in every checkpoint.
        chain_title: what the lines of progress begin with, where several chains are trained side by side.

    Raises:
        InputError: a checkpoint that is missing, unreadable, or of another network or stage; or `directory` holds
            checkpoints and `resume` is off.
        KeyboardInterrupt: the run was interrupted; `last.ckpt` holds the last finished epoch.
    """
    directory = Path(directory)
    last = checkpoint_folder(directory) / LAST
    known = _metadata(network, spec, datamodule, plan, metadata)
    pl.seed_everything(seed, workers=True, verbose=False)
    going_on = resume and last.exists()
    if last.exists() and not resume:
        raise InputError(f"{last} is there already: go on from it with resume, or take another directory")
    if going_on:
        _require_same_stage(last, known, spec.epochs)
    if init_checkpoint is not None and not going_on:
        carry(init_checkpoint, network, plan, {key: known[key] for key in IDENTITY if key in known})
        before = metadata_of(read_checkpoint(init_checkpoint))
        if norm_batches and any(before.get(key) != known[key] for key in ("conv", "precision")):
            callbacks = [*callbacks, NormEstimate(norm_batches)]
    elif plan is not None:
        apply_plan(network, plan)  # `carry` does it where weights are carried

    common: dict[str, Any] = {
        "num_classes": known["num_classes"],
        "class_names": known["class_names"],
        "backend": backend,
        "lr": spec.lr,
        "milestones": spec.milestones,
        "gamma": spec.gamma,
        "weight_decay": weight_decay,
        "clip_latent": clip_latent,
        "center_latent": center_latent,
        "distillation": distillation,
        "metadata": known,
    }
    is_search = spec.conv == "composite"
    module: SegmentationModule = (
        SearchModule(network, **common, conf_weight=spec.conf_weight, **(search or {}))
        if is_search
        else SegmentationModule(network, **common)
    )
    title = " ".join([*([chain_title] if chain_title else []), f"stage {spec.index} {spec.name}"])
    with quiet(), float32_matmuls(matmul_precision):
        trainer = make_trainer(title, spec.epochs, directory, trainer_kwargs or {}, loggers, callbacks)
        fit(trainer, module, datamodule, last if going_on else None)

    chosen = checkpoint_folder(directory) / (LAST if carried == "last" else BEST)
    checkpoint = read_checkpoint(chosen)
    network.load_state_dict(network_state(checkpoint))
    found: dict[str, Any] | None = None
    plan_path = directory / PLAN_NAME
    if isinstance(module, SearchModule):
        summary = metadata_of(checkpoint).get(SEARCH_KEY, {})
        decided = decided_plan(module, summary, datamodule, trainer.strategy.root_device)
        found = decided.search
        if trainer.is_global_zero:
            decided.save(plan_path)
            warn_undecided(decided, module)
    progress, end = progress_of(checkpoint), progress_of(read_checkpoint(last))
    return StageOutcome(
        stage=spec.index,
        name=spec.name,
        precision=spec.precision,
        checkpoint=str(chosen),
        epochs=end["epochs"],
        val_miou=progress["val_miou"],
        seconds=end["seconds"],
        plan_path=str(plan_path) if is_search else None,
        best_val_miou=end["best_val_miou"],
        epoch=progress["epochs"] - 1,
        scores=progress.get("scores"),
        search=found,
    )


def _metadata(
    network: nn.Module,
    spec: StageSpec,
    datamodule: pl.LightningDataModule,
    plan: ShiftPlan | None,
    given: Mapping[str, Any] | None,
) -> dict[str, Any]:
    """What every checkpoint of the stage says about itself; plain values only."""
    data: Any = datamodule
    known: dict[str, Any] = {
        **(given or {}),
        "num_classes": int(data.num_classes),
        "in_channels": int(data.in_channels),
        "class_names": [str(name) for name in data.class_names],
        "reading": data.reading.as_dict(),
        "takes_clouds": bool(data.takes_clouds()),
        "stage": spec.index,
        "stage_name": spec.name,
        "precision": spec.precision,
        "conv": spec.conv,
    }
    if plan is not None:
        known["shift_plan"] = {layer: [list(shift) for shift in shifts] for layer, shifts in plan.shifts.items()}
    for layer in composite_layers(network).values():
        known["candidates"] = layer.candidates.tolist()  # the same in every layer
    return known


def _require_same_stage(last: Path, known: Mapping[str, Any], epochs: int) -> None:
    checkpoint = read_checkpoint(last)
    require_same(last, metadata_of(checkpoint), known)
    done = progress_of(checkpoint)["epochs"]
    if done > epochs:
        raise InputError(f"checkpoint {last} has seen {done} epochs already, this run asks for {epochs}")
