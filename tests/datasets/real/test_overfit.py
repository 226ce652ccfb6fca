"""Depth image, back-projection, labels, voxels, network and loss together: a small network must fit one real frame."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import torch

from bscnet.datasets.real.datamodule import SingleCloudDataModule
from bscnet.metrics import SegmentationMetric
from bscnet.models import LayerFactory, UNet
from bscnet.sparse import SparseTensor
from bscnet.training.loss import class_histogram, voxel_cross_entropy
from fixtures.real_clouds import folder_with

STEPS = 50


@pytest.fixture
def one_thread() -> Iterator[None]:
    """So small a network gains nothing from more, and loses much where the cores are shared."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.mark.slow
@pytest.mark.usefixtures("one_thread")
def test_a_small_network_fits_the_frame() -> None:
    options = {"voxel_size": 0.01, "num_workers": 0, "augment": False, "eval_augment": False}
    data = SingleCloudDataModule(folder_with("arc2017"), "arc2017", **options)
    (batch,) = data.train_dataloader()
    network = UNet(3, 41, m=16, reps=1, depth=3, layers=LayerFactory(norm_momentum=0.1))
    sites = SparseTensor(batch.feats, batch.coords, backend="native")
    # One class a site: the share of points that this can get right at all, as a voxel may hold points of two classes.
    votes = class_histogram(batch.point_to_voxel, batch.labels, len(batch.coords), 41)
    assert votes.amax(1).sum() / len(batch.labels) == pytest.approx(0.971, abs=0.01)
    optimizer = torch.optim.Adam(network.parameters(), 1e-2)
    for _ in range(STEPS):
        optimizer.zero_grad()
        voxel_cross_entropy(network(sites), batch.point_to_voxel, batch.labels).backward()
        optimizer.step()
    network.eval()
    metric = SegmentationMetric(41)
    with torch.no_grad():
        (scored,) = data.val_dataloader()
        logits = network(SparseTensor(scored.feats, scored.coords, backend="native"))
    metric.update(logits[scored.point_to_voxel], scored.labels)
    found = metric.compute()
    assert found.acc > 0.93
    present = batch.labels.unique().long()
    assert len(present) == 9 and found.iou[present].mean() > 0.7  # thin things a voxel wide hold it down
