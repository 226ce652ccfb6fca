"""The teacher of `distill.teacher`: found, checked against what is to be trained, and read."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING

from bscnet.chain.build import build_datamodule
from bscnet.errors import InputError
from bscnet.settings.composed import Settings

if TYPE_CHECKING:
    from bscnet.runs.restore import Restored
    from bscnet.training.distill import Distillation


def require_teacher(settings: Settings) -> None:
    """See that the teacher can teach what is to be trained, where one is asked for.

    Raises:
        InputError: there is none, it cannot be read, or it is not a real-valued network of the same classes, features
            and voxel size.
    """
    if settings.distill.teacher is not None:
        _teacher(settings.distill.teacher, settings, [str(name) for name in build_datamodule(settings).class_names])


def build_distillation(settings: Settings, class_names: list[str]) -> Distillation | None:
    """What `distill` asks for; None where it is off. Draws from torch's global generator: seed it afterwards.

    Raises:
        InputError: see `require_teacher`.
    """
    from bscnet.training.distill import Distillation

    distill = settings.distill
    if distill.teacher is None:
        return None
    network = _teacher(distill.teacher, settings, class_names).network
    return Distillation(network, distill.weight, distill.temperature, distill.kind)


def _teacher(given: str, settings: Settings, class_names: list[str]) -> Restored:
    from bscnet.runs.restore import restore

    data, model = settings.data, settings.model
    try:
        found = restore(Path(given).expanduser())
    except InputError as error:
        raise InputError(f"distill.teacher={given}: {error}") from error
    known = found.metadata
    if known["precision"] != "a32w32":
        raise InputError(
            f"distill.teacher={given} is of precision {known['precision']}: a teacher is real-valued (method=real)"
        )
    if not math.isclose(known["voxel_size"], data.voxel_size):
        raise InputError(
            f"distill.teacher={given} was trained on voxels of {100 * known['voxel_size']:g} cm, and this run has "
            f"{100 * data.voxel_size:g} cm"
        )
    if [str(name) for name in known["class_names"]] != class_names:
        raise InputError(f"distill.teacher={given} knows other classes than data={data.name} has")
    features = list(data.features or ())
    if known["in_channels"] != data.in_channels or known.get("features", features) != features:
        raise InputError(f"distill.teacher={given} sees other features than this run's {', '.join(features)}")
    shape = known["family"], known["network"]["depth"]
    if settings.distill.kind == "attention" and shape != (model.family, model.network.depth):
        raise InputError(
            f"distill.teacher={given} is a {shape[0]} of depth {shape[1]}: distill.kind=attention compares levels and "
            f"takes a {model.family} of depth {model.network.depth}"
        )
    return found
