"""The default recipe is the supplement's, to the bit: a stage against a loop written out with torch's own classes."""

from __future__ import annotations

from pathlib import Path

import torch
from torch.optim.lr_scheduler import MultiStepLR

from bscnet.chain.build import build_objective
from bscnet.nn import binary_weights
from bscnet.runs.checkpoint import network_state, read_checkpoint
from bscnet.training.loss import voxel_cross_entropy
from bscnet.training.segmentation import voxel_logits
from fixtures.composed import compose_settings
from fixtures.tiny_training import TinyData, spec, train, unet


def test_a_stage_of_the_default_recipe_is_adam_with_steps_of_its_rate_and_cross_entropy(tmp_path: Path) -> None:
    settings, data = compose_settings(), TinyData()
    options = {"optimizer": settings.optimizer, "schedule": settings.schedule}
    objective = build_objective(settings.loss, data)  # type: ignore[arg-type]
    outcome = train(unet("a1w1"), spec("a1w1", epochs=4), data, tmp_path, objective=objective, **options)

    network = unet("a1w1").train()
    optimizer = torch.optim.Adam(network.parameters(), lr=0.01, weight_decay=0.0, fused=True)
    schedule = MultiStepLR(optimizer, milestones=[2, 3], gamma=0.1)  # 60 and 100 of 128 epochs
    for epoch in range(4):
        loader = TinyData().train_dataloader()
        loader.sampler.set_epoch(epoch)
        for batch in loader:
            optimizer.zero_grad()
            logits = voxel_logits(network, batch, "torch")
            voxel_cross_entropy(logits, batch.point_to_voxel, batch.labels).backward()
            optimizer.step()
            with torch.no_grad():
                for weight in binary_weights(network):
                    weight.clamp_(-1, 1)
        schedule.step()
    found = network_state(read_checkpoint(outcome.checkpoint))
    assert all(torch.equal(found[name], value) for name, value in network.state_dict().items())
