"""The segmentation metric as a torchmetrics object: one confusion matrix over a whole split."""

from __future__ import annotations

from torch import Tensor
from torchmetrics.classification import MulticlassConfusionMatrix

from bscnet.ignore import IGNORE_INDEX
from bscnet.metrics.scores import SegmentationScores, scores


class SegmentationMetric(MulticlassConfusionMatrix):
    """Collects ONE confusion matrix over all updates (and all DDP processes, which are summed), then scores it.

    ScanNet's mIoU is a property of the split, not a mean over scenes. Points labelled `ignore_index` do not count.

    Args:
        num_classes: number of classes C.
        ignore_index: the label of points that do not count.

    `update(prediction, labels)` takes class ids (P,) or logits (P, C), and labels (P,).
    """

    full_state_update = False
    plot_lower_bound = None
    plot_upper_bound = None

    def __init__(self, num_classes: int, ignore_index: int = IGNORE_INDEX) -> None:
        # the labels' range is checked where they are read; torchmetrics' own check sorts every batch
        super().__init__(num_classes=num_classes, ignore_index=ignore_index, normalize=None, validate_args=False)

    def compute(self) -> SegmentationScores:  # type: ignore[override]
        """The scores of everything seen since the last `reset`."""
        matrix: Tensor = self.confmat  # here, and only here, summed over the processes
        return scores(matrix.clone())
