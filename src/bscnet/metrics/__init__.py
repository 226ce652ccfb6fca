"""Segmentation scores: pure functions of a confusion matrix, and the torchmetrics object that collects it."""

from bscnet.metrics.scores import SegmentationScores, scores
from bscnet.metrics.segmentation import SegmentationMetric

__all__ = ["SegmentationMetric", "SegmentationScores", "scores"]
