"""From settings to the objects of one stage: network and data."""

from __future__ import annotations

from dataclasses import replace
from pydoc import ErrorDuringImport, locate
from typing import TYPE_CHECKING, Any

from hydra.errors import InstantiationException
from hydra.utils import instantiate

from bscnet.chain.made import one_line
from bscnet.chain.stages import scenes_per_step
from bscnet.errors import InputError
from bscnet.runs.stage import StageSpec
from bscnet.settings.composed import Settings
from bscnet.settings.data import DataSettings
from bscnet.settings.group import as_plain, fields_of
from bscnet.settings.loss import LossSettings
from bscnet.settings.model import BlockSwitches
from bscnet.settings.quantizers import QuantizerSwitches
from bscnet.settings.shifts import ShiftSwitches

if TYPE_CHECKING:
    from torch import nn

    from bscnet.data.datamodule import ScanDataModule
    from bscnet.models import LayerFactory, NetworkSpec
    from bscnet.training.objective import Objective


def network_spec(settings: Settings, stage: StageSpec) -> NetworkSpec:
    """The network of the settings, with the layers of one stage. Shifts that come from a plan are zero in it.

    Raises:
        InputError: a value that makes no network.
    """
    from bscnet.models import NetworkSpec

    model, data = settings.model, settings.data
    assert data.in_channels is not None and data.num_classes is not None  # filled in where settings become typed
    return NetworkSpec.of(model.family, model.network, data.in_channels, data.num_classes, _layers(settings, stage))


def _layers(settings: Settings, stage: StageSpec) -> LayerFactory:
    from bscnet.models import LayerFactory

    model, method = settings.model, settings.method
    layers = LayerFactory(
        precision=stage.precision,
        conv=stage.conv,
        norm_momentum=settings.recipe.norm_momentum,
        **fields_of(BlockSwitches, model),
        **fields_of(QuantizerSwitches, method),
        **fields_of(ShiftSwitches, method),
    )
    return replace(
        layers,
        layer_style=method.layer_style or model.layer_style,
        act=method.act or model.act,
        manual="none" if stage.shifts == "searched" or method.plan is not None else method.manual,
    )


def build_network(settings: Settings, stage: StageSpec) -> nn.Module:
    """The network of `network_spec`. Initial weights come from torch's global generator: seed it first."""
    return network_spec(settings, stage).build()


def build_datamodule(settings: Settings) -> ScanDataModule:
    """The data of the settings, with the recipe's batch size and the run's seed.

    Raises:
        InputError: an option out of range or unknown, data that are no scans or not there at all, or another number of
            classes than they have.
    """
    from bscnet.data.datamodule import ScanDataModule

    data = settings.data
    maker = _maker(data)
    batch_size = scenes_per_step(settings.recipe, data.voxel_size)
    try:
        datamodule = instantiate(
            settings.plain["data"]["datamodule"], batch_size=batch_size, seed=settings.seed, _convert_="all"
        )
    except InstantiationException as error:
        raise _refusal(settings.data, maker, error) from error
    if not isinstance(datamodule, ScanDataModule):
        raise InputError(f"data.datamodule of data={data.name} is a {type(datamodule).__name__}, no ScanDataModule")
    if datamodule.num_classes != data.num_classes:
        raise InputError(
            f"data.num_classes={data.num_classes} is not usable: data={data.name} has {datamodule.num_classes}"
        )
    return datamodule


def build_objective(loss: LossSettings, datamodule: ScanDataModule) -> Objective:
    """The loss of the settings. Weights of classes are those of the training scenes, which are read for that."""
    from bscnet.training.class_weights import class_weights
    from bscnet.training.objective import Objective

    rule = loss.class_weights
    weights = None if rule == "none" else class_weights(datamodule.class_counts(), rule)
    return Objective(loss.cross_entropy, loss.lovasz, loss.label_smoothing, weights)


def _maker(data: DataSettings) -> Any:
    """What makes a data set: its class, or a function of somebody's; InputError: there is no such thing."""
    named = data.datamodule._target_
    try:
        found = locate(named)
    except ErrorDuringImport as error:
        raise InputError(f"data.datamodule._target_={named} of data={data.name}: {one_line(error)}") from error
    if found is None:
        raise InputError(f"data.datamodule._target_={named} of data={data.name} is nothing that can be found")
    return found


def _refusal(data: DataSettings, maker: Any, error: InstantiationException) -> Exception:
    """What Hydra wraps: the refusal of a constructor, an option that it has not, what is no maker of data at all."""
    from bscnet.data.datamodule import ScanDataModule

    cause, named = error.__cause__, data.datamodule._target_
    if isinstance(cause, InputError):
        return cause
    if isinstance(cause, TypeError) and "unexpected keyword argument" in str(cause):
        option = str(cause).rpartition(" ")[2].strip("'")
        return InputError(f"data.datamodule.{option} is not an option of data={data.name} ({named})")
    if not (isinstance(maker, type) and issubclass(maker, ScanDataModule)):
        return InputError(
            f"data.datamodule._target_={named} of data={data.name} makes no data: {one_line(cause or error)}"
        )
    return error


def identity(settings: Settings, stage: StageSpec) -> dict[str, Any]:
    """Plain values that say which network a checkpoint is of, and what it was trained on."""
    data = settings.data
    distill = settings.distill
    return {
        **({} if distill.teacher is None else {"distill": as_plain(distill)}),
        **network_spec(settings, stage).as_dict(),
        "model": settings.model.name,
        "method": settings.method.name,
        "data": data.name,
        "voxel_size": data.voxel_size,
        "features": list(data.features or ()),
    }
