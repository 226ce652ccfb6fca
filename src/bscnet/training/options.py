"""What `run_stage` is told beside the stage itself, in values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pytorch_lightning.callbacks import Callback
from pytorch_lightning.loggers import Logger

from bscnet.search import ShiftPlan
from bscnet.settings.optimizer import OptimizerSettings
from bscnet.settings.quantizers import LatentSwitches
from bscnet.settings.schedule import ScheduleSettings
from bscnet.settings.search import SearchSwitches
from bscnet.settings.words import Backend, Carried, MatmulPrecision
from bscnet.training.distill import Distillation
from bscnet.training.objective import Objective
from bscnet.training.schedule import STEPS


@dataclass(frozen=True, kw_only=True)
class Means(LatentSwitches):
    """What every stage of a recipe has in common; by default the supplement's Adam, steps and cross entropy.

    Attributes:
        optimizer: see `make_optimizer`.
        schedule: see `make_schedule`.
        objective: what is made small; None: the cross entropy.
        clip_latent: the latent weights behind 1-bit weights are clipped to [-1, 1] after every optimizer step.
        center_latent: before that, their mean over the input channels is taken from them, at the stage's start as well.

    Source: BSC-Net supplement (arXiv 2303.15493), training details; clipping as in XNOR-Net and Real-to-Binary,
    centring as in XNOR-Net (jiecaoyu/XNOR-Net-PyTorch, util.py).
    """

    optimizer: OptimizerSettings = OptimizerSettings()
    schedule: ScheduleSettings = STEPS
    objective: Objective | None = None


@dataclass(frozen=True, kw_only=True)
class Optimisation(Means):
    """How a module's weights are changed.

    Attributes:
        lr: the learning rate that the schedule starts from, or rises to, but for the optimizer's `lr_scale`.
        The others are those of `Means`.
    """

    lr: float = 1e-3

    @property
    def rate(self) -> float:
        """The learning rate that the optimizer gets."""
        return self.lr * self.optimizer.lr_scale


@dataclass(frozen=True, kw_only=True)
class StageOptions(Means):
    """How a stage is trained, beside its own length and learning rate.

    Attributes:
        seed: of the global generators at the stage's start.
        search: of a stage whose convolutions are composite.
        distillation: a teacher, for any stage.
        carried: which checkpoint the outcome names for the next stage: that of the "last" epoch (the end of the
            schedule, as staged binarization usually does; the paper is silent) or the "best" one.
        The others are those of `Means`.
    """

    seed: int = 0
    search: SearchSwitches = SearchSwitches()
    distillation: Distillation | None = None
    carried: Carried = "last"


@dataclass(frozen=True, kw_only=True)
class Start:
    """What a stage starts from.

    Attributes:
        checkpoint: whose weights it takes (optimizer and schedule start afresh); None: those of the network.
        plan: the shifts of a shifted network that takes them from a search or a file.
        norm_batches: over so many training batches batch norm's statistics are estimated anew before the first step,
            where `checkpoint` is of another convolution or precision; 0: not.
        resume: go on from the stage's own `last.ckpt` if it is there, else start from the beginning.
    """

    checkpoint: str | Path | None = None
    plan: ShiftPlan | None = None
    norm_batches: int = 0
    resume: bool = False


@dataclass(frozen=True, kw_only=True)
class Machine:
    """What a stage runs on.

    Attributes:
        backend: of the sparse convolutions.
        trainer: further options of `pytorch_lightning.Trainer` (devices, precision, strategy …).
        matmul_precision: of torch's float32 matrix products during the fit, see `float32_matmuls`.
    """

    backend: Backend = "torch"
    trainer: Mapping[str, Any] = field(default_factory=dict)
    matmul_precision: MatmulPrecision | None = None


@dataclass(frozen=True, kw_only=True)
class Watchers:
    """Who watches a stage, and what is said of it.

    Attributes:
        loggers, callbacks: in addition to the CSV log and the stage's own callbacks.
        metadata: plain values that name the network (model, method, voxel_size …), kept in every checkpoint.
        title: what the lines of progress begin with, where several chains are trained side by side.
    """

    loggers: Sequence[Logger] = ()
    callbacks: Sequence[Callback] = ()
    metadata: Mapping[str, Any] = field(default_factory=dict)
    title: str | None = None
