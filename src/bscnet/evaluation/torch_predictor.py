"""Labels of the points of whole scenes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch import nn

from bscnet.data.collate import Batch, collate
from bscnet.data.datamodule import ScanDataModule
from bscnet.data.dataset import EvalDataset
from bscnet.errors import InputError
from bscnet.sparse import resolve_backend
from bscnet.training.segmentation import point_logits


@dataclass(frozen=True)
class ScenePrediction:
    """One scene as a network labels it, in the order of its file.

    labels: (P,) int64, the truth, -100 ignored. classes: (P,) int64. confidence: (P,) float32, the share that the
    softmax of the (mean) scores gives to the class.
    """

    scene: str
    labels: npt.NDArray[np.int64]
    classes: npt.NDArray[np.int64]
    confidence: npt.NDArray[np.float32]


class Predictor:
    """A network in eval mode on a device.

    backend: "auto" or one of `bscnet.sparse.BACKENDS`. device: "cpu" or "cuda". InputError: the backend cannot serve
    there.
    """

    def __init__(self, network: nn.Module, backend: str = "auto", device: str = "cpu") -> None:
        self.backend, _ = resolve_backend(backend, device)
        self.network, self.device = network.to(device).eval(), device

    def scenes(self, data: ScanDataModule, dataset: EvalDataset) -> Iterator[ScenePrediction]:
        """Every scene of a data set, in order, each vertex or pixel with the scores of its voxel.

        InputError: a scene cannot be read, or the network gives scores that are not finite.
        """
        for batch in data.loader(dataset):
            yield self.labelled(batch)

    def scene(self, dataset: EvalDataset, name: str) -> ScenePrediction:
        """One scene by name; InputError: see `scenes`."""
        return self.labelled(collate([dataset.sample(name)]))

    def labelled(self, batch: Batch) -> ScenePrediction:
        """The scene of a batch that holds one, wherever its tensors are; InputError: see `scenes`."""
        with torch.inference_mode():
            scores = point_logits(self.network, batch.to(self.device), self.backend) / batch.repeats
            if not bool(scores.isfinite().all()):
                raise InputError(f"the network gives scores that are not finite for scene {batch.scenes[0]}")
            confidence, classes = scores.softmax(1).max(1)
        labels = batch.labels.numpy().astype(np.int64)
        return ScenePrediction(batch.scenes[0], labels, classes.cpu().numpy(), confidence.float().cpu().numpy())
