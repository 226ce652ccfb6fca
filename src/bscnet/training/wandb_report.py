"""What a W&B run shows besides the curves: tables, the confusion matrix, the shifts and a scene."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

import numpy as np
import pytorch_lightning as pl
import torch
from pytorch_lightning.callbacks import Callback
from pytorch_lightning.loggers import WandbLogger

from bscnet.nn import ShiftedSparseConv3d
from bscnet.search import ShiftPlan, composite_layers, discretise, orbit_counts
from bscnet.sparse.offsets import Shift

if TYPE_CHECKING:
    from bscnet.data.datamodule import SceneView

MAX_POINTS = 60_000
"""Points of a scene that are sent; W&B's viewer takes no more than a few hundred thousand."""


class WandbReport(Callback):
    """At the end of a fit logs to every `WandbLogger` of the trainer (and does nothing without one):

    `report/iou` (table of class, IoU), `report/confusion` (the confusion matrix of the last validation, in points),
    `report/shifts` and `report/orbits` (how often each shift and each orbit is used: chosen ones, or the most likely
    ones of a search),
    `scene/truth` and `scene/prediction` (the first validation scene as coloured points, metres).

    Args:
        palette: (C + 1, 3) colours 0..255 of the classes; the last one is for ignored points.
    """

    def __init__(self, palette: np.ndarray) -> None:
        self.palette = np.asarray(palette)

    def on_fit_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Logs the report, from process 0."""
        loggers = [logger for logger in trainer.loggers if isinstance(logger, WandbLogger)]
        if not loggers or not trainer.is_global_zero:
            return
        report = self._report(trainer, pl_module)
        for logger in loggers:
            logger.experiment.log(report)

    def _report(self, trainer: pl.Trainer, module: Any) -> dict[str, Any]:
        import wandb

        report: dict[str, Any] = {}
        if module.val_scores is not None:  # a stage that was finished before has validated nothing now
            names: list[str] = module.class_names
            iou, confusion = module.val_scores.iou.tolist(), module.val_scores.confusion.tolist()
            rows = [list(row) for row in zip(names, iou, strict=True)]
            cells = [[t, p, confusion[i][j]] for i, t in enumerate(names) for j, p in enumerate(names)]
            report["report/iou"] = wandb.Table(columns=["class", "IoU"], data=rows)
            report["report/confusion"] = wandb.plot_table(
                "wandb/confusion_matrix/v1",
                wandb.Table(columns=["Actual", "Predicted", "nPredictions"], data=cells),
                {name: name for name in ("Actual", "Predicted", "nPredictions")},
                {"title": "validation points"},
            )
        used = shift_counts(module.network)
        if used:
            table = wandb.Table(columns=["shift", "groups"], data=[[str(s), n] for s, n in sorted(used.items())])
            report["report/shifts"] = wandb.plot.bar(table, "shift", "groups", title="channel groups per shift")
            orbits = orbit_counts(ShiftPlan({"all": tuple(used.elements())}))
            table = wandb.Table(columns=["orbit", "groups"], data=[list(row) for row in orbits.items()])
            report["report/orbits"] = wandb.plot.bar(table, "orbit", "groups", title="channel groups per orbit")
        report.update(self._scene(trainer.datamodule.val_scene(0), module))  # type: ignore[attr-defined]
        return report

    def _scene(self, view: SceneView, module: Any) -> dict[str, Any]:
        import wandb

        was_training = module.training
        module.eval()
        with torch.no_grad():
            predicted = module(view.batch.to(module.device)).argmax(1).cpu().numpy()
        module.train(was_training)
        step = -(-len(view.points) // MAX_POINTS)
        clouds = {}
        for name, labels in (("truth", view.labels), ("prediction", predicted)):
            colours = self.palette[np.where(labels < 0, len(self.palette) - 1, labels)]
            cloud = np.concatenate([view.points, colours], axis=1)[::step].astype(np.float64)
            clouds[f"scene/{name}"] = wandb.Object3D(cloud)
        return clouds


def shift_counts(network: torch.nn.Module) -> Counter[Shift]:
    """How many channel groups of the network use each shift; of a search, its most likely ones so far."""
    used: Counter[Shift] = Counter()
    if composite_layers(network):
        for shifts in discretise(network).shifts.values():
            used.update(shifts)
    for module in network.modules():
        if isinstance(module, ShiftedSparseConv3d):
            used.update(module.shift_tuple)
    return used
