"""The config groups `backend`, `trainer` and `logger`: where and how a stage runs, and where its numbers go."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from bscnet.settings.group import OWN, OWN_OR_NULL
from bscnet.settings.numbers import Count, Positive
from bscnet.settings.words import (
    Accelerator,
    BackendChoice,
    ClipAlgorithm,
    LoggerName,
    MatmulPrecision,
    MixedPrecision,
)


@dataclass(frozen=True, kw_only=True)
class BackendSettings:
    """What runs the sparse convolutions."""

    name: Annotated[
        BackendChoice, "auto: MinkowskiEngine where it works, else torch; native is taken by its name alone"
    ] = "auto"


@dataclass(frozen=True, kw_only=True)
class TrainerSettings:
    """Options of Lightning's Trainer, any of which can be added, and how torch uses a GPU."""

    accelerator: Annotated[Accelerator, "auto: the one that is there"] = "auto"
    devices: Annotated[Any, "how many, or which"] = 1
    strategy: Annotated[Any, "auto, or ddp: a process for each device"] = "auto"
    precision: Annotated[
        Literal["32-true", MixedPrecision],
        "16-mixed is for GPUs alone, the mixed ones are not for MinkowskiEngine",
    ] = "32-true"
    accumulate_grad_batches: Annotated[Count, "batches whose gradients make one step"] = 1
    gradient_clip_val: Annotated[
        Positive | None,
        "what the gradient of a step is cut to; by default recipe.gradient_clip_val; null: it is not cut",
    ] = None
    gradient_clip_algorithm: Annotated[
        ClipAlgorithm | None, "what of the gradient is cut, its norm or each entry; null: norm"
    ] = None
    log_every_n_steps: Annotated[Count, "steps from one row of the curves to the next; epochs are always logged"] = 1
    matmul_precision: Annotated[
        MatmulPrecision | None,
        "float32 matrix products: high is TF32 on a GPU, medium bfloat16; null: torch's default",
    ] = None
    cuda_allocator: Annotated[
        str | None, "settings of torch's CUDA allocator, where the environment has none; null: torch's defaults"
    ] = None
    further: Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class LoggerSettings:
    """Where curves and scores go beside the CSV files in the stage's directory."""

    name: Annotated[LoggerName, "which logger"]
    project: Annotated[str, OWN, "of Weights & Biases; MLflow's experiment"] = "bscnet"
    entity: Annotated[str | None, OWN_OR_NULL, "user or team of Weights & Biases; null: that of the account"] = None
    offline: Annotated[
        bool | None, OWN_OR_NULL, "Weights & Biases; null: offline unless WANDB_MODE or an API key says otherwise"
    ] = None
    tracking_uri: Annotated[
        str | None, OWN_OR_NULL, "of MLflow; null: MLFLOW_TRACKING_URI, else the file mlflow.db in output_dir"
    ] = None
