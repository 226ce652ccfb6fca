"""What the final network of a chain costs on the validation scenes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from omegaconf import DictConfig, OmegaConf

from bscnet.chain.build import build_datamodule, build_network
from bscnet.chain.manifest import Manifest
from bscnet.chain.plan import plan_stages
from bscnet.chain.settings import plain_settings
from bscnet.cost import operations, profile_network
from bscnet.errors import InputError
from bscnet.search import ShiftPlan, apply_plan
from bscnet.training.carry import PLAN_NAME


def chain_settings(manifest: Manifest) -> dict[str, Any]:
    """The configuration that the chain's last stage ran with.

    Raises:
        InputError: it is gone, or holds a value that is not known any more.
    """
    path = manifest.directory / f"stage{manifest.stages[-1].stage}" / ".hydra" / "config.yaml"
    if not path.is_file():
        raise InputError(f"{path} is not there: the chain's network cannot be built again without it")
    config = OmegaConf.load(path)
    if not isinstance(config, DictConfig):
        raise InputError(f"{path} must hold a mapping")
    return plain_settings(config)


def chain_cost(manifest: Manifest, settings: dict[str, Any]) -> dict[str, float]:
    """Costs of the last stage's network with its shifts, mean over all validation scenes.

    `ops_executed` and `ops_nominal` (every window centred on its site) a scene; `weight_bytes` as stored (1-bit
    weights in one bit) and `weight_bytes_real` (all weights in 32 bits).

    Raises:
        InputError: the shifts or the data cannot be read.
    """
    last = manifest.stages[-1]
    spec = plan_stages(settings["method"], settings["recipe"], settings["model"], settings["data"])[last.stage - 1]
    network = build_network(settings, spec)
    if spec.shifts == "searched":
        apply_plan(network, ShiftPlan.load(Path(manifest.directory) / f"stage{last.stage}" / PLAN_NAME))
    data: Any = build_datamodule(settings)
    scenes = (data.val_scene(number).batch.coords for number in range(data.num_val_scenes))
    profile = profile_network(network, scenes, settings["data"]["in_channels"])
    totals = profile.totals
    binary = sum(layer.macs_nominal for layer in profile.layers if layer.bops)
    return {
        "ops_executed": totals["ops"],
        "ops_nominal": operations(profile.total("macs_nominal") - binary, binary),
        "weight_bytes": totals["bytes"],
        "weight_bytes_real": 4 * (totals["params_real"] + totals["params_1bit"]),
    }
