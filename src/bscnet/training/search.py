"""The LightningModule of the search stage."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from statistics import fmean
from typing import TYPE_CHECKING, Any

from torch import Tensor, nn

from bscnet.search import composite_layers, confidence_loss, search_state, set_temperature
from bscnet.training.segmentation import SegmentationModule

if TYPE_CHECKING:
    from bscnet.data.collate import Batch


class SearchModule(SegmentationModule):
    """Trains weights and search logits together, on the training set: L = L_CE + conf_weight · L_conf.

    Logs, besides what `SegmentationModule` logs, `train/confidence_step` and `train/confidence_epoch` (L_conf without
    its weight) and per composite layer `search/entropy/<layer>` and `search/max_pi/<layer>` (means over the channel
    groups).

    Args:
        conf_weight: λ (the supplement: 0.1 for FCN, 0.01 for UNET).
        conf: "entropy", "one_minus_max", "nll_max" or "neg_l2".
        reduce: "paper", "mean" or "sum" over layers and groups.
        lr_arch: learning rate of the search logits; None: the same as the weights' (one optimizer for all, as in the
            supplement). Weight decay never acts on the logits.
        The others are those of `SegmentationModule`.
    Source: method of BSC-Net; the joint single-level optimisation follows EdMIPS (arXiv 2004.05795).
    """

    def __init__(
        self,
        network: nn.Module,
        num_classes: int,
        class_names: Sequence[str],
        backend: str = "torch",
        lr: float = 1e-3,
        milestones: Sequence[int] = (60, 100),
        gamma: float = 0.1,
        weight_decay: float = 0.0,
        clip_latent: bool = True,
        metadata: Mapping[str, Any] | None = None,
        *,
        conf_weight: float = 0.1,
        conf: str = "entropy",
        reduce: str = "paper",
        lr_arch: float | None = None,
    ) -> None:
        super().__init__(
            network, num_classes, class_names, backend, lr, milestones, gamma, weight_decay, clip_latent, metadata
        )
        self.conf_weight, self.conf, self.reduce = conf_weight, conf, reduce
        self.lr_arch = lr if lr_arch is None else lr_arch

    def training_step(self, batch: Batch, batch_idx: int) -> Tensor:
        """Cross entropy plus the weighted confidence loss."""
        confidence = confidence_loss(self.network, self.conf, self.reduce)
        self.log_step("train/confidence", confidence, len(batch.scenes))
        return super().training_step(batch, batch_idx) + self.conf_weight * confidence

    def on_train_batch_start(self, batch: Batch, batch_idx: int) -> None:
        """Sets the Gumbel temperature for the share of the stage that is done (no effect on a softmax)."""
        epochs = self.trainer.max_epochs or 1
        done = (self.current_epoch + batch_idx / max(1, self.trainer.num_training_batches)) / epochs
        set_temperature(self.network, min(1.0, done))

    def on_train_epoch_end(self) -> None:
        """Logs how decided each layer is."""
        for layer, state in search_state(self.network).items():
            for quantity in ("entropy", "max_pi"):
                self._log_shared(f"search/{quantity}/{layer}", fmean(state[quantity]))

    def parameter_groups(self) -> list[dict[str, Any]]:
        """Weights, and the search logits in a group of their own."""
        logits = [layer.alpha for layer in composite_layers(self.network).values()]
        known = {id(parameter) for parameter in logits}
        weights = [parameter for parameter in self.network.parameters() if id(parameter) not in known]
        return [{"params": weights}, {"params": logits, "lr": self.lr_arch, "weight_decay": 0.0}]
