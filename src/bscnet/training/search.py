"""The LightningModule of the search stage."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from statistics import fmean
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn

from bscnet.runs.checkpoint import METADATA_KEY, SEARCH_KEY, TEMPERATURE_KEY
from bscnet.search import (
    GradientSignal,
    MeanImportance,
    composite_layers,
    confidence_loss,
    search_state,
    search_summary,
    set_temperature,
)
from bscnet.settings.schedule import ScheduleSettings
from bscnet.settings.search import SearchSwitches
from bscnet.settings.words import Backend
from bscnet.training.options import Optimisation
from bscnet.training.schedule import STEPS, total_rate
from bscnet.training.segmentation import SegmentationModule

if TYPE_CHECKING:
    from bscnet.data.collate import Batch
    from bscnet.training.distill import Distillation

_MEAN_KEY = "importance_mean"
_MEAN_FROM = 2 / 3  # of the search


class SearchModule(SegmentationModule):
    """Trains weights and search logits together, on the training set: L = L_CE + conf_weight · L_conf.

    Logs, besides what `SegmentationModule` logs, `train/confidence_step` and `train/confidence_epoch` (L_conf without
    its weight), per composite layer `search/entropy/<layer>`, `search/max_pi/<layer>` and `search/margin/<layer>`
    (means over the channel groups) and `search/gradient_signal/<layer>` (see `GradientSignal`; of the epoch), and the
    means over all of them, `search/entropy` and so on. Checkpoints hold those means under "bscnet" / "search".

    Args:
        conf_weight: λ (the supplement: 0.1 for FCN, 0.01 for UNET).
        options: the confidence loss, the logits' learning rate (weight decay never acts on them), how the mixture is
            cooled, and how its plan is decided (see `bscnet.training.decision`).
        The others are those of `SegmentationModule`.
    Source: method of BSC-Net; the joint single-level optimisation follows EdMIPS (arXiv 2004.05795).
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
        *,
        conf_weight: float = 0.1,
        options: SearchSwitches = SearchSwitches(),
    ) -> None:
        super().__init__(network, num_classes, class_names, backend, optimisation, metadata, distillation)
        self.conf_weight, self.options = conf_weight, options
        self.lr_arch = optimisation.rate if options.lr_arch is None else options.lr_arch
        self.mean_importance = MeanImportance()
        self.signal = GradientSignal()
        self.summary: dict[str, Any] = {}  # of the latest epoch

    def training_step(self, batch: Batch, batch_idx: int) -> Tensor:
        """The objective plus the weighted confidence loss."""
        confidence = confidence_loss(self.network, self.options.conf, self.options.reduce)
        self.log_step("train/confidence", confidence, len(batch.scenes))
        return super().training_step(batch, batch_idx) + self.conf_weight * confidence

    def on_train_epoch_start(self) -> None:
        """Also starts the account of the logits' gradients."""
        super().on_train_epoch_start()
        self.signal = GradientSignal()

    def on_train_batch_start(self, batch: Batch, batch_idx: int) -> None:
        """Sets the temperature for the share of the stage that is done."""
        super().on_train_batch_start(batch, batch_idx)
        self._cool(self._done(batch_idx))

    def on_before_optimizer_step(self, optimizer: torch.optim.Optimizer) -> None:
        """Takes account of the logits' gradients."""
        self.signal.add(self.network)

    def on_train_batch_end(self, outputs: Any, batch: Batch, batch_idx: int) -> None:
        """Where the plan is decided by the mean of pi, adds what it is now."""
        if self.options.decide == "mean" and self._done(batch_idx + 1) > _MEAN_FROM:
            self.mean_importance.add(self.network)

    def on_validation_epoch_start(self) -> None:
        """Scores the mixture as the epoch leaves it."""
        if not self.trainer.sanity_checking:
            self._cool((self.current_epoch + 1) / (self.trainer.max_epochs or 1))

    def on_train_epoch_end(self) -> None:
        """Logs how decided each layer is, and whether its logits' gradients agree."""
        signals = self.signal.ratios()
        for layer, state in search_state(self.network).items():
            for quantity, values in state.items():
                self._log_shared(f"search/{quantity}/{layer}", fmean(values))
            if layer in signals:
                self._log_shared(f"search/gradient_signal/{layer}", signals[layer])
        self.summary = search_summary(self.network, signals)
        for quantity, value in self.summary.items():
            if value is not None:
                self._log_shared(f"search/{quantity}", value)

    def configure_optimizers(self) -> Any:
        """See `SegmentationModule`; the logits' rate follows from `arch_travel` where that is given."""
        travel = self.options.arch_travel
        if travel is not None:
            steps = self.trainer.estimated_stepping_batches / self.epochs
            self.lr_arch = rate_of_travel(travel, steps, self.epochs, self.optimisation.schedule)
        return super().configure_optimizers()

    def parameter_groups(self) -> list[dict[str, Any]]:
        """Weights, and the search logits in a group of their own."""
        # layers may share theirs
        logits = {id(layer.alpha): layer.alpha for layer in composite_layers(self.network).values()}
        weights = [parameter for parameter in self.network.parameters() if id(parameter) not in logits]
        return [{"params": weights}, {"params": list(logits.values()), "lr": self.lr_arch, "weight_decay": 0.0}]

    def on_save_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Also puts the state of the search and the temperature into the checkpoint."""
        super().on_save_checkpoint(checkpoint)
        layers = composite_layers(self.network).values()
        checkpoint[METADATA_KEY] |= {SEARCH_KEY: self.summary, TEMPERATURE_KEY: next(iter(layers)).temperature}
        checkpoint[_MEAN_KEY] = self.mean_importance.state()

    def on_load_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Goes on from there."""
        self.summary = checkpoint[METADATA_KEY].get(SEARCH_KEY, {})
        if _MEAN_KEY in checkpoint:  # not in those of version 0.1.0
            self.mean_importance.load(checkpoint[_MEAN_KEY])

    def _done(self, batches: int) -> float:
        """The share of the stage that is done after so many batches of this epoch."""
        epochs = self.trainer.max_epochs or 1
        return (self.current_epoch + batches / max(1, self.trainer.num_training_batches)) / epochs

    def _cool(self, progress: float) -> None:
        set_temperature(self.network, progress, self.options.temperature_end, self.options.temperature_share)


def rate_of_travel(travel: float, steps_per_epoch: float, epochs: int, schedule: ScheduleSettings = STEPS) -> float:
    """The learning rate, where the schedule has its highest, whose sum over all steps is `travel`.

    A step of Adam moves a parameter by at most about its learning rate, so that no logit moves further.
    """
    return travel / total_rate(schedule, epochs, steps_per_epoch)
