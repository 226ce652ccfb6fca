"""How fast a stage trains: Lightning's throughput monitor, told what a batch holds."""

from __future__ import annotations

from typing import Any

from pytorch_lightning.callbacks import ThroughputMonitor


class SceneThroughput(ThroughputMonitor):
    """Logs `train|samples_per_sec` (scenes), `train|items_per_sec` (voxels) and what else Lightning's class logs.

    Args:
        options: of `lightning_fabric.utilities.throughput.Throughput`, such as `window_size`.
    """

    def __init__(self, **options: Any) -> None:
        super().__init__(
            batch_size_fn=lambda batch: len(batch.scenes), length_fn=lambda batch: len(batch.coords), **options
        )
