"""The configuration that a stage ran with, read again, also where an older version wrote it."""

from __future__ import annotations

import importlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException
from yaml import YAMLError

from bscnet.errors import InputError
from bscnet.runs.layout import launch_file, settings_file

_SCANNET = "bscnet.datasets.scannet.datamodule.ScanNetDataModule"
_ROOT = "data.root"
MOVED = {
    "bscnet.data.ScanDataModule": _SCANNET,  # its name at first, which is that of the base class of all now
    "bscnet.data.ScanNetDataModule": _SCANNET,
    "bscnet.data.RoomsDataModule": "bscnet.simulate.datamodule.RoomsDataModule",
    "bscnet.data.folder.FolderDataModule": "bscnet.datasets.folder.datamodule.FolderDataModule",
    "bscnet.data.nyu.datamodule.NyuDepthDataModule": "bscnet.datasets.nyu.datamodule.NyuDepthDataModule",
    "bscnet.data.real.RealLidarDataModule": "bscnet.datasets.real.datamodule.RealLidarDataModule",
    "bscnet.data.real.SingleCloudDataModule": "bscnet.datasets.real.datamodule.SingleCloudDataModule",
}
"""Classes that configurations of version 0.1.0 and before name, and where they are now."""


def recorded_config(stage_directory: Path, overrides: Sequence[str] = ()) -> DictConfig:
    """The configuration that a stage ran with, some of its values overridden, moved classes at their new places.

    Its values are not resolved yet. What is made of them has to pass `require_own_classes` before Hydra makes anything.

    Raises:
        InputError: the record is gone or damaged, or an override is unknown.
    """
    path = settings_file(stage_directory)
    if not path.is_file():
        raise InputError(f"{path} is not there: without it the run's data and settings are not known")
    try:
        config = OmegaConf.load(path)
    except (OSError, ValueError, YAMLError, OmegaConfBaseException) as error:
        raise InputError(f"{path} cannot be read as a configuration ({type(error).__name__})") from error
    if not isinstance(config, DictConfig):
        raise InputError(f"{path} must hold a mapping")
    _find_data(config, stage_directory)
    for override in overrides:
        _require_known(config, override.partition("=")[0])
    try:
        config.merge_with_dotlist(list(overrides))
    except (ValueError, YAMLError, OmegaConfBaseException) as error:
        reason = " ".join(str(error).split())[:120]
        raise InputError(f"{' '.join(overrides)} cannot be read as settings ({reason})") from error
    _leave_out_training(config)
    target = "data.datamodule._target_"
    if (named := OmegaConf.select(config, target)) in MOVED:
        OmegaConf.update(config, target, MOVED[named])
    return config


def _find_data(config: DictConfig, stage_directory: Path) -> None:
    """Make the place of the data absolute where it was told from the directory that the run was started in."""
    root = OmegaConf.select(config, _ROOT)
    if not isinstance(root, str) or Path(root).expanduser().is_absolute():
        return
    try:
        started_in = OmegaConf.select(OmegaConf.load(launch_file(stage_directory)), "hydra.runtime.cwd")
    except (OSError, ValueError, YAMLError, OmegaConfBaseException):
        return  # a record of an older version, or one that was taken apart: then as it was told
    # a run that was carried to another machine has its data where it is opened
    if isinstance(started_in, str) and (found := Path(started_in, root)).exists():
        OmegaConf.update(config, _ROOT, str(found))


def _leave_out_training(config: DictConfig) -> None:
    """Take away what only training makes, of whatever classes its user has named, and what has another place now."""
    config.pop("callbacks", None)
    trainer: Any = config.get("trainer", {})
    for key, value in list(trainer.items_ex(resolve=False)) if trainer else []:
        if OmegaConf.is_config(value) and any(_targets(OmegaConf.to_container(value))):
            trainer.pop(key)
    datamodule: Any = OmegaConf.select(config, "data.datamodule", default={})
    datamodule.pop("elastic", None)  # an augmentation of the list now


def require_own_classes(values: Any, path: Path) -> None:
    """See that resolved values name classes of bscnet alone: a folder from elsewhere must not run what it likes.

    Args:
        values: plain dicts and lists.
        path: of the configuration, for the message.

    Raises:
        InputError: a `_target_` among them is no class of this bscnet.
    """
    for key, target in _targets(values):
        if not _is_own(target):
            raise InputError(
                f"{path}: {key}={target} is no class of this bscnet, and nothing else is made from a run's record"
            )


def _targets(node: Any, place: str = "") -> Iterator[tuple[str, Any]]:
    """Every `_target_` with its key."""
    entries = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    for name, value in entries:
        key = f"{place}.{name}" if place else str(name)
        if name == "_target_":
            yield key, value
        yield from _targets(value, key)


def _is_own(target: Any) -> bool:
    if not isinstance(target, str) or not target.startswith("bscnet."):
        return False
    module, _, name = target.rpartition(".")
    try:
        found = getattr(importlib.import_module(module), name)
    except (ImportError, AttributeError):
        return False
    # not what a module of ours has imported itself
    return isinstance(found, type) and found.__module__.startswith("bscnet.")


def _require_known(config: DictConfig, key: str) -> None:
    parent, _, name = key.rpartition(".")
    node = OmegaConf.select(config, parent) if parent else config
    if not isinstance(node, DictConfig) or name not in node:
        raise InputError(f"{key} is not a setting of this run")
    if isinstance(node.get(name) if not OmegaConf.is_missing(node, name) else None, DictConfig):
        raise InputError(f"{key} of a finished run cannot be exchanged: give single settings, such as {key}.KEY=VALUE")
