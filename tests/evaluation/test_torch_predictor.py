"""What a network says of whole scenes, over several placements of each."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from bscnet.datasets.scannet.datamodule import ScanNetDataModule
from bscnet.errors import InputError
from bscnet.evaluation.torch_predictor import Predictor
from bscnet.sparse import SparseTensor
from fixtures.networks import small_network
from fixtures.scannet_files import write_root


@pytest.mark.parametrize("reps", [1, 3])
def test_confidence_is_the_softmax_of_the_mean_over_placements(tmp_path: Path, reps: int) -> None:
    data = ScanNetDataModule(write_root(tmp_path, train=1, val=1), voxel_size=0.2, num_workers=0, val_reps=reps)
    network = small_network("unet", precision="a32w32", conv="plain").float()
    (found,) = Predictor(network, "torch").scenes(data, data.val_dataset)
    logits = []
    for repeat in range(reps):
        voxels = data.val_dataset.placed(found.scene, repeat).voxels
        coords = np.concatenate([np.zeros((len(voxels.coords), 1), np.int32), voxels.coords], axis=1)
        with torch.no_grad():
            scores = network.eval()(SparseTensor(torch.from_numpy(voxels.feats), torch.from_numpy(coords), "torch"))
        logits.append(scores.numpy()[voxels.point_to_voxel])
    odds = np.exp(np.mean(logits, axis=0, dtype=np.float64))
    odds /= odds.sum(axis=1, keepdims=True)
    np.testing.assert_array_equal(found.classes, odds.argmax(1))
    np.testing.assert_allclose(found.confidence, odds.max(axis=1), rtol=1e-4)


def test_scores_that_are_not_finite_name_the_scene(tmp_path: Path) -> None:
    data = ScanNetDataModule(write_root(tmp_path, train=1, val=1), voxel_size=0.2, num_workers=0)
    network = small_network("unet", precision="a32w32", conv="plain").float()
    with torch.no_grad():
        next(network.parameters()).fill_(torch.nan)
    with pytest.raises(InputError, match="scores that are not finite for scene scene"):
        list(Predictor(network, "torch").scenes(data, data.val_dataset))
