"""Where curves and scores go beside the CSV files: Weights & Biases, TensorBoard or MLflow."""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bscnet.chain.processes import is_first_process
from bscnet.chain.run_names import RunName
from bscnet.chain.wandb_runs import finish_wandb, start_wandb, wandb_disabled
from bscnet.errors import InputError
from bscnet.installation import extra_of, how_to_install, missing
from bscnet.runs.layout import LOGGERS_NAME
from bscnet.runs.records import read_record
from bscnet.settings.composed import Settings
from bscnet.settings.machine import LoggerSettings
from bscnet.whole_file import write_json_whole

if TYPE_CHECKING:
    from pytorch_lightning.callbacks import Callback
    from pytorch_lightning.loggers import Logger

_WITH_PACKAGE = ("wandb", "tensorboard", "mlflow")
"""Loggers whose package is called as they are."""

_NOT_IN_PROJECT = "/\\#?%:"
"""Signs that Weights & Biases does not take in a project's name."""


def require_logger(settings: Settings) -> None:
    """See that the logger's package is there, and that it takes the project's name.

    Raises:
        InputError: it is not, and this is how to get it; or a sign of the name is one that Weights & Biases refuses.
    """
    name, project = settings.logger.name, settings.logger.project
    if name in _WITH_PACKAGE and missing(name):
        raise InputError(
            f"logger={name} needs the package {name}, which is not installed: {how_to_install(extra_of(name))}, "
            "or take logger=csv"
        )
    if name == "wandb" and (refused := [sign for sign in _NOT_IN_PROJECT if sign in project]):
        raise InputError(f"logger.project={project} is not usable: Weights & Biases takes no {refused[0]} in it")


def logs_to_wandb(settings: Settings) -> bool:
    """Whether Weights & Biases is asked for, and not switched off."""
    return settings.logger.name == "wandb" and not wandb_disabled()


def is_logged(settings: Settings, directory: Path) -> bool:
    """Whether the logger that is asked for has a run of this folder, or is to have none."""
    name = settings.logger.name
    if name == "tensorboard":
        return (directory / name).is_dir()
    return name == "csv" or (name == "wandb" and wandb_disabled()) or name in _remembered(directory)


def build_loggers(settings: Settings, run: RunName) -> list[Logger]:
    """Loggers beside the CSV files that every stage writes. Under DDP the first process has them alone.

    A run that goes on continues what it has logged before: its id stands in the folder.

    Raises:
        InputError: the logger's package is not installed.
    """
    require_logger(settings)
    makers: dict[str, Callable[[LoggerSettings, RunName], Logger]] = {
        "wandb": _wandb,
        "tensorboard": _tensorboard,
        "mlflow": _mlflow,
    }
    name = settings.logger.name
    if name not in makers or not is_first_process() or (name == "wandb" and wandb_disabled()):
        return []
    return [makers[name](settings.logger, run)]


def build_callbacks(settings: Settings) -> list[Callback]:
    """What the loggers need beside the stage's own callbacks."""
    if not logs_to_wandb(settings):
        return []
    import numpy as np

    from bscnet.training.wandb_report import WandbReport
    from bscnet.viz.palette import IGNORE_COLOUR, class_palette

    return [WandbReport(np.vstack([class_palette(settings.data.num_classes or 0, settings.palette), IGNORE_COLOUR]))]


def log_final(loggers: Sequence[Logger], run: RunName, values: Mapping[str, float | None]) -> None:
    """Log what a finished run is compared by; what is undefined (None) is left out."""
    known = {key: float(value) for key, value in values.items() if value is not None}
    logger: Any
    for logger in loggers:
        if _is(logger, "WandbLogger"):
            logger.experiment.summary.update(known)
        elif _is(logger, "TensorBoardLogger"):
            logger.log_hyperparams(run.config, metrics=known)
        else:
            logger.log_metrics(known)


def close_loggers(loggers: Sequence[Logger], status: str) -> None:
    """End what the loggers hold open, so that the next stage in this process gets a run of its own.

    Args:
        loggers: of `build_loggers`.
        status: "success" or "failed".
    """
    for logger in loggers:
        logger.finalize(status)
        if _is(logger, "WandbLogger"):
            finish_wandb(status)


def _wandb(options: LoggerSettings, run: RunName) -> Logger:
    from pytorch_lightning.loggers import WandbLogger

    identity = _remembered(run.directory).setdefault("wandb", secrets.token_hex(4))
    _remember(run.directory, wandb=identity)
    return WandbLogger(experiment=start_wandb(options, run, identity), save_dir=str(run.directory))


def _tensorboard(options: LoggerSettings, run: RunName) -> Logger:
    from pytorch_lightning.loggers import TensorBoardLogger

    logger = TensorBoardLogger(str(run.directory), name="tensorboard", version="", default_hp_metric=False)
    logger.log_hyperparams(run.config)
    return logger


def _mlflow(options: LoggerSettings, run: RunName) -> Logger:
    from pytorch_lightning.loggers import MLFlowLogger

    known = _remembered(run.directory).get("mlflow")
    logger = MLFlowLogger(
        experiment_name=options.project,
        run_name=run.name,
        tracking_uri=options.tracking_uri or os.environ.get("MLFLOW_TRACKING_URI") or _beside_the_runs(run),
        tags={"group": run.group, "job_type": run.kind, "tags": ", ".join(run.tags)},
        run_id=known,
    )
    if known is None:  # MLflow never changes a parameter, such as resume
        logger.log_hyperparams(run.config)
        _remember(run.directory, mlflow=logger.run_id)
    return logger


def _beside_the_runs(run: RunName) -> str:
    folder = Path(run.config["output_dir"]).expanduser().absolute()
    return f"sqlite:///{folder / 'mlflow.db'}"


def _remembered(directory: Path) -> dict[str, Any]:
    """The ids that the loggers of a folder's run have."""
    path = directory / LOGGERS_NAME
    return read_record(path) if path.is_file() else {}


def _remember(directory: Path, **ids: Any) -> None:
    write_json_whole(directory / LOGGERS_NAME, {**_remembered(directory), **ids})


def _is(logger: Logger, kind: str) -> bool:
    """Whether a logger is of Lightning's class of that name, whose package need not be there."""
    return type(logger).__name__ == kind
