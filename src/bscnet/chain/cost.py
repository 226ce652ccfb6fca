"""What the final network of a chain costs on the validation scenes."""

from __future__ import annotations

from typing import Any

from bscnet.chain.build import build_datamodule
from bscnet.chain.stage_network import stage_network
from bscnet.cost import profile_network
from bscnet.runs.layout import PLAN_NAME, stage_directory
from bscnet.runs.manifest import Manifest
from bscnet.settings.composed import Settings


def chain_cost(manifest: Manifest, settings: Settings) -> dict[str, float]:
    """Costs of the last stage's network with its shifts, mean over all validation scenes.

    `ops_executed` and `ops_nominal` (every window centred on its site) a scene; `weight_bytes` as stored (1-bit
    weights in one bit) and `weight_bytes_real` (all weights in 32 bits).

    Raises:
        InputError: the shifts or the data cannot be read.
    """
    last = manifest.stages[-1].stage
    _, network = stage_network(settings, last, stage_directory(manifest.directory, last) / PLAN_NAME)
    data: Any = build_datamodule(settings)
    scenes = (data.val_scene(number).batch.coords for number in range(data.num_val_scenes))
    profile = profile_network(network, scenes, data.in_channels)
    totals = profile.totals
    return {
        "ops_executed": totals["ops"],
        "ops_nominal": profile.nominal_ops,
        "weight_bytes": totals["bytes"],
        "weight_bytes_real": profile.bytes_as_real,
    }
