"""Running one stage: a Lightning fit in its own directory, from given weights to a checkpoint."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytorch_lightning as pl
from torch import nn

from bscnet.errors import InputError
from bscnet.runs.checkpoint import SEARCH_KEY, metadata_of, network_state, progress_of, read_checkpoint, require_same
from bscnet.runs.layout import BEST, LAST, PLAN_NAME, checkpoint_folder
from bscnet.runs.stage import StageOutcome, StageSpec
from bscnet.search import ShiftPlan, apply_plan, composite_layers, search_summary
from bscnet.settings.group import fields_of
from bscnet.settings.words import Backend
from bscnet.training.averaging import is_averaged
from bscnet.training.carry import carry
from bscnet.training.decision import decided_plan, warn_undecided
from bscnet.training.norms import NormEstimate
from bscnet.training.options import Machine, Means, Optimisation, StageOptions, Start, Watchers
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
    options: StageOptions = StageOptions(),
    start: Start = Start(),
    machine: Machine = Machine(),
    watchers: Watchers = Watchers(),
) -> StageOutcome:
    """Trains `network` for one stage and says what came out.

    Writes `directory`/checkpoints/{last,best}.ckpt after every epoch, `directory`/csv/version_*/metrics.csv (one
    version per run: an interrupted stage has several), and after a search `directory`/plan.json. On return the network
    holds the weights of the carried checkpoint.

    Args:
        network: built by the caller, who also seeds its initial weights.
        spec: what the stage trains, and how long.
        datamodule: with `num_classes`, `in_channels`, `class_names`, `reading` and `takes_clouds` (see
            `ScanDataModule`).
        directory: the stage's own folder.
        options: how it is trained, beside what `spec` says.
        start: what it starts from.
        machine: what it runs on.
        watchers: who watches it.

    Raises:
        InputError: a checkpoint that is missing, unreadable, or of another network or stage; or `directory` holds
            checkpoints and `resume` is off.
        KeyboardInterrupt: the run was interrupted; `last.ckpt` holds the last finished epoch.
    """
    directory = Path(directory)
    last = checkpoint_folder(directory) / LAST
    known = _metadata(network, spec, datamodule, start.plan, watchers.metadata)
    callbacks = list(watchers.callbacks)
    pl.seed_everything(options.seed, workers=True, verbose=False)
    going_on = start.resume and last.exists()
    if last.exists() and not start.resume:
        raise InputError(f"{last} is there already: go on from it with resume, or take another directory")
    if going_on:
        _require_same_stage(last, known, spec.epochs)
    if start.checkpoint is not None and not going_on:
        carry(start.checkpoint, network, start.plan, {key: known[key] for key in IDENTITY if key in known})
        before = metadata_of(read_checkpoint(start.checkpoint))
        if start.norm_batches and any(before.get(key) != known[key] for key in ("conv", "precision")):
            callbacks.append(NormEstimate(start.norm_batches))
    elif start.plan is not None:
        apply_plan(network, start.plan)  # `carry` does it where weights are carried

    module = _module(network, spec, known, options, machine.backend)
    title = " ".join([*([watchers.title] if watchers.title else []), f"stage {spec.index} {spec.name}"])
    with quiet(), float32_matmuls(machine.matmul_precision):
        trainer = make_trainer(title, spec.epochs, directory, machine.trainer, watchers.loggers, callbacks)
        fit(trainer, module, datamodule, last if going_on else None)

    chosen = checkpoint_folder(directory) / (LAST if options.carried == "last" else BEST)
    checkpoint = read_checkpoint(chosen)
    network.load_state_dict(network_state(checkpoint))
    found: dict[str, Any] | None = None
    plan_path = directory / PLAN_NAME
    if isinstance(module, SearchModule):
        summary = metadata_of(checkpoint).get(SEARCH_KEY, {})
        if is_averaged(checkpoint):  # the logits that go on are not those that the summary is of
            summary = {**summary, **{key: value for key, value in search_summary(network).items() if value is not None}}
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
        plan_path=None if found is None else str(plan_path),
        best_val_miou=end["best_val_miou"],
        epoch=progress["epochs"] - 1,
        scores=progress.get("scores"),
        search=found,
    )


def _module(
    network: nn.Module, spec: StageSpec, known: Mapping[str, Any], options: StageOptions, backend: Backend
) -> SegmentationModule:
    optimisation = Optimisation(lr=spec.lr, **fields_of(Means, options))
    given = network, known["num_classes"], known["class_names"], backend, optimisation, known, options.distillation
    if spec.conv == "composite":
        return SearchModule(*given, conf_weight=spec.conf_weight, options=options.search)
    return SegmentationModule(*given)


def _metadata(
    network: nn.Module,
    spec: StageSpec,
    datamodule: pl.LightningDataModule,
    plan: ShiftPlan | None,
    given: Mapping[str, Any],
) -> dict[str, Any]:
    """What every checkpoint of the stage says about itself; plain values only."""
    data: Any = datamodule
    known: dict[str, Any] = {
        **given,
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
