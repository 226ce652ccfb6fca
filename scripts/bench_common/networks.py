"""The networks that are measured, as conf/model describes them."""

from __future__ import annotations

from pathlib import Path

import yaml
from torch import nn

from bscnet import models
from bscnet.paths import config_dir

IN_CHANNELS, NUM_CLASSES = 3, 20


def make_network(name: str, precision: str, conv: str) -> nn.Module:
    """The network of conf/model/NAME.yaml with the layers of one stage; its weights come from torch's generator."""
    config = yaml.safe_load((Path(config_dir()) / "model" / f"{name}.yaml").read_text(encoding="utf-8"))
    network = dict(config["network"])
    kind = network.pop("_target_").rpartition(".")[2]
    switches = {key: value for key, value in config.items() if key not in ("name", "family", "network")}
    layers = models.LayerFactory(precision=precision, conv=conv, **switches)
    made: nn.Module = getattr(models, kind)(IN_CHANNELS, NUM_CLASSES, layers=layers, **network)
    return made
