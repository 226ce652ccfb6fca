"""The networks that are measured, as conf/model describes them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml
from torch import nn

from bscnet.models import NetworkSpec
from bscnet.paths import config_dir

SEEN: dict[str, Any] = {"in_channels": 3, "num_classes": 20}


def make_network(name: str, precision: str, conv: str, **sizes: int) -> nn.Module:
    """The network of conf/model/NAME.yaml with the layers of one stage; its weights come from torch's generator.

    sizes: of `network` there, in place of its own.
    """
    described = yaml.safe_load((Path(config_dir()) / "model" / f"{name}.yaml").read_text(encoding="utf-8"))
    described["network"] |= sizes
    return NetworkSpec.from_dict({**described, **SEEN, "precision": precision, "conv": conv}).build()
