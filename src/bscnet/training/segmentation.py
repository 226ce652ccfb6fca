"""The LightningModule of every stage that is not a search."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import pytorch_lightning as pl
import torch
from pytorch_lightning.utilities.types import OptimizerLRScheduler
from torch import Tensor, nn
from torchmetrics import MeanMetric, SumMetric

from bscnet.ignore import IGNORE_INDEX
from bscnet.metrics import SegmentationMetric, SegmentationScores
from bscnet.nn import binary_weights, calibrate, penalty, set_progress
from bscnet.runs.checkpoint import METADATA_KEY
from bscnet.settings.words import Backend
from bscnet.sparse import SparseTensor
from bscnet.training.finite import refuse_answers
from bscnet.training.loss import point_cross_entropy
from bscnet.training.objective import Objective
from bscnet.training.optimizer import clips_scaled_gradients, make_optimizer
from bscnet.training.options import Optimisation
from bscnet.training.schedule import make_schedule

if TYPE_CHECKING:
    from bscnet.data.collate import Batch
    from bscnet.training.distill import Distillation


CLASS_IOU = "val/iou/"
"""What the logged IoU of a class begins with; its name follows."""

MONITORED = ("val/miou", "val/macc", "val/acc", "val/loss", "train/loss_epoch", "train/loss_step", "lr")
"""What every stage logs, beside the IoU of the classes: a callback can watch it."""


class SegmentationModule(pl.LightningModule):
    """Trains a sparse network to label points; by default as the supplement does, with Adam and steps of its rate.

    Logs `train/loss_step` and `train/loss_epoch` (the objective), `train/penalty` and `train/distill` likewise where
    there are such, `lr`, `val/loss` (cross entropy, whatever the objective), `val/miou`, `val/macc`, `val/acc`, and
    `val/iou/<class>` (fractions; NaN where undefined). The validation scores come from one confusion matrix over the
    split, summed over DDP processes. A training step never waits for a GPU but where it is logged.

    Args:
        network: `SparseTensor -> (N, num_classes)` logits in row order.
        num_classes: number of classes.
        class_names: their names, in label order.
        backend: sparse backend that runs the convolutions, one of `bscnet.sparse.BACKENDS`.
        optimisation: how the weights are changed.
        metadata: plain values that are put in every checkpoint under "bscnet" (see `bscnet.runs.checkpoint`).
        distillation: a teacher's answers as a further aim; None is none.

    Raises:
        ValueError: if the number of names is not `num_classes`.
    """

    def __init__(
        self,
        network: nn.Module,
        num_classes: int,
        class_names: Sequence[str],
        backend: Backend = "torch",
        optimisation: Optimisation = Optimisation(),
        metadata: Mapping[str, Any] | None = None,
        distillation: Distillation | None = None,
    ) -> None:
        super().__init__()
        if len(class_names) != num_classes:
            raise ValueError(f"{num_classes} classes need as many names, got {len(class_names)}")
        self.network = network
        self.class_names = list(class_names)
        self.backend = backend
        self.optimisation = optimisation
        self.objective = Objective() if optimisation.objective is None else optimisation.objective
        self.distillation = distillation
        self.metadata = dict(metadata or {})
        self.val_metric = SegmentationMetric(num_classes)
        self.val_loss = MeanMetric(nan_strategy="ignore")
        self.val_not_finite = SumMetric()  # batches
        self.val_scores: SegmentationScores | None = None  # of the latest validation

    def forward(self, batch: Batch) -> Tensor:
        """See `point_logits`."""
        return point_logits(self.network, batch, self.backend)

    def transfer_batch_to_device(self, batch: Batch, device: torch.device, dataloader_idx: int) -> Batch:
        """The batch on the device; from page-locked memory it travels while the GPU computes."""
        return batch.to(device, non_blocking=True)

    def training_step(self, batch: Batch, batch_idx: int) -> Tensor:
        """The objective over the labelled points of the batch, whose scenes are placed once.

        The quantizers' penalty and the distance from the teacher are added where there are such.
        """
        x, further = placed_scenes(batch, self.backend), {}
        if self.distillation is None:
            logits = self.network(x)
        else:
            logits, further["train/distill"] = self.distillation.compare(self.network, x, batch.point_to_voxel)
        loss: Tensor = self.objective(logits, batch.point_to_voxel, batch.labels)
        self.log_step("train/loss", loss, len(batch.scenes), prog_bar=True)
        if (extra := penalty(self.network)) is not None:
            further["train/penalty"] = extra
        for name, term in further.items():
            self.log_step(name, term, len(batch.scenes))
            loss = loss + term
        return loss

    def log_step(self, name: str, value: Tensor, scenes: int, prog_bar: bool = False) -> None:
        """Logs a quantity of a training step as `<name>_epoch`, its mean over scenes, and at every
        `log_every_n_steps`-th step as `<name>_step`.

        Only there, because the mean over DDP processes makes each of them wait for its GPU.
        """
        self.log(f"{name}_epoch", value, on_step=False, on_epoch=True, sync_dist=True, batch_size=scenes)
        every: int = self.trainer.log_every_n_steps  # type: ignore[attr-defined]
        if every and (self.global_step + 1) % every == 0:
            self.log(f"{name}_step", value, on_step=True, on_epoch=False, prog_bar=prog_bar, sync_dist=True)

    def validation_step(self, batch: Batch, batch_idx: int) -> None:
        """Adds the batch's points to the confusion matrix and to the loss, both over the whole split."""
        logits, labels = self(batch), batch.labels.long()
        self.val_metric.update(logits, labels)
        self.val_loss.update(point_cross_entropy(logits, labels), (labels != IGNORE_INDEX).sum())
        self.val_not_finite.update(logits.isfinite().all().logical_not().float())

    def on_train_start(self) -> None:
        """Centres the latent weights that the stage begins with, unless it goes on."""
        if self.optimisation.center_latent and self.global_step == 0:
            constrain_latent_weights(self.network, self.optimisation.clip_latent, center=True)

    def on_train_epoch_start(self) -> None:
        """Tells the quantizers how far the stage is, and logs the learning rate of the epoch that begins."""
        set_progress(self.network, self.current_epoch / (self.trainer.max_epochs or 1))
        self._log_shared("lr", float(self.trainer.optimizers[0].param_groups[0]["lr"]))

    def on_train_batch_start(self, batch: Batch, batch_idx: int) -> None:
        """Calibrates the quantizers on the stage's first batch; processes of DDP share the mean of what they found."""
        if self.current_epoch or batch_idx:
            return
        for parameter in calibrate(self.network, lambda: voxel_logits(self.network, batch, self.backend)):
            parameter.data.copy_(self.trainer.strategy.reduce(parameter.data.clone(), reduce_op="mean"))

    def on_validation_epoch_end(self) -> None:
        """Scores the split. The metrics are summed over the processes, so that all of them have the same scores.

        Raises:
            InputError: an answer was not finite.
        """
        if self.val_not_finite.compute():
            refuse_answers(self, self.current_epoch + 1)
        found = self.val_scores = self.val_metric.compute()
        self._log_shared("val/loss", self.val_loss.compute())
        self._log_shared("val/miou", found.miou.float(), prog_bar=True)
        self._log_shared("val/macc", found.macc.float())
        self._log_shared("val/acc", found.acc.float())
        for name, iou in zip(self.class_names, found.iou, strict=True):
            self._log_shared(f"{CLASS_IOU}{name}", iou.float())
        for metric in (self.val_metric, self.val_loss, self.val_not_finite):
            metric.reset()

    def configure_optimizers(self) -> OptimizerLRScheduler:
        """The optimizer, fused where that goes, and its schedule."""
        fused = not clips_scaled_gradients(self._trainer)
        told = self.optimisation
        optimizer = make_optimizer(told.optimizer, self.parameter_groups(), told.rate, fused)
        schedule = make_schedule(told.schedule, optimizer, self.epochs, self.optimizer_steps)
        return {"optimizer": optimizer, "lr_scheduler": schedule}  # type: ignore[return-value]

    @property
    def epochs(self) -> int:
        """Of the stage."""
        return (self._trainer.max_epochs if self._trainer is not None else None) or 1

    def optimizer_steps(self) -> int:
        """Of the stage."""
        return int(self.trainer.estimated_stepping_batches)

    def _log_shared(self, name: str, value: float | Tensor, prog_bar: bool = False) -> None:
        """Logs once an epoch what is the same in all processes; their mean, which Lightning asks for, is that value."""
        self.log(name, value, prog_bar=prog_bar, on_step=False, on_epoch=True, sync_dist=True, batch_size=1)

    def parameter_groups(self) -> list[dict[str, Any]]:
        """What the optimizer gets: here all parameters alike."""
        return [{"params": list(self.network.parameters())}]

    def optimizer_step(self, *args: Any, **kwargs: Any) -> None:
        """One optimizer step, after which latent weights are centred and clipped."""
        super().optimizer_step(*args, **kwargs)
        constrain_latent_weights(self.network, self.optimisation.clip_latent, self.optimisation.center_latent)

    def on_save_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Puts the metadata into the checkpoint."""
        checkpoint.setdefault(METADATA_KEY, {}).update(self.metadata)


def point_logits(network: nn.Module, batch: Batch, backend: str) -> Tensor:
    """Logits of every POINT of the batch, (P, num_classes): each point takes those of its voxel.

    Where the batch holds repeats of its scenes, they are summed over them.
    """
    logits = voxel_logits(network, batch, backend).index_select(0, batch.point_to_voxel)
    return logits.unflatten(0, (batch.repeats, -1)).sum(0) if batch.repeats > 1 else logits


def voxel_logits(network: nn.Module, batch: Batch, backend: str) -> Tensor:
    """Logits of every voxel of the batch, (N, num_classes)."""
    logits: Tensor = network(placed_scenes(batch, backend))
    return logits


def placed_scenes(batch: Batch, backend: str) -> SparseTensor:
    """The batch's features on its sites."""
    return SparseTensor(batch.feats, batch.coords, backend=backend, maps=batch.maps)


@torch.no_grad()
def constrain_latent_weights(network: nn.Module, clip: bool, center: bool) -> None:
    """Changes the latent weights of all 1-bit weights in place.

    Args:
        network: their network.
        clip: to [-1, 1], outside which the clipped estimator passes no gradient.
        center: before it, take away the mean over the input channels, of each cell and output channel.
    """
    weights: list[Tensor] = list(binary_weights(network))
    if center:
        for weight in weights:
            weight -= weight.mean(-2, keepdim=True)
    if clip and weights:  # all of them at once: on a GPU two launches, not two for each
        torch._foreach_clamp_min_(weights, -1.0)
        torch._foreach_clamp_max_(weights, 1.0)
