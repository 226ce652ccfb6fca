"""The job of one stage: build what the settings say, run the stage, leave its record."""

from __future__ import annotations

import os
import traceback
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from omegaconf import DictConfig

from bscnet.chain.build import build_datamodule, build_network, build_objective, identity
from bscnet.chain.device import device_kind, require_device, set_allocator, trainer_options
from bscnet.chain.failure import StageFailure, failure_of
from bscnet.chain.finals import network_costs, stage_finals
from bscnet.chain.loggers import build_callbacks, build_loggers, close_loggers, log_final
from bscnet.chain.processes import (
    is_first_process,
    leave_failure,
    log_as_the_job,
    needs_processes,
    require_nodes,
    run_apart,
    stage_settings,
)
from bscnet.chain.run_names import run_name
from bscnet.chain.settings import typed_settings
from bscnet.chain.stage_log import log_outcome, log_start
from bscnet.chain.stages import method_stages
from bscnet.chain.teacher import build_distillation
from bscnet.chain.validate import wanted_stages
from bscnet.data.cores import available_cores
from bscnet.errors import InputError
from bscnet.runs.layout import ERROR_LOG, PLAN_NAME
from bscnet.runs.lock import RunLock
from bscnet.runs.outcome import save_outcome
from bscnet.runs.stage import StageOutcome, StageSpec
from bscnet.settings.composed import Settings
from bscnet.threads import set_count


def stage_job(
    cfg: DictConfig, directory: Path, job_logging: Mapping[str, Any] | None = None
) -> StageOutcome | StageFailure:
    """Run the stage that `cfg` names in `directory`, on several devices in processes of its own.

    Errors come back as values, so that every launcher carries them; Ctrl-C passes through.

    Args:
        cfg: composed, without Hydra's own node.
        directory: the stage's folder.
        job_logging: how processes of its own log, see `run_apart`.
    """
    try:
        settings = typed_settings(cfg)
        if needs_processes(settings.trainer):
            return run_apart(settings, directory, job_logging)
    except InputError as error:
        return failure_of(error)
    return guarded_stage(settings, directory)


def guarded_stage(settings: Settings, directory: Path) -> StageOutcome | StageFailure:
    """Run one stage in this process. An unforeseen error's traceback goes to `directory`/error.log."""
    try:
        return run_one(settings, directory)
    except SystemExit as error:
        if "SUBMITIT_EXECUTOR" in os.environ:  # submitit has queued the job anew and ends this process
            raise
        return StageFailure(f"the stage's process was told to exit (status {error.code})")
    except Exception as error:
        failure = failure_of(error)
        if os.environ.get("BSCNET_TRACEBACK") == "1":
            traceback.print_exc()
        if failure.input_error:
            return failure
        log = directory / ERROR_LOG
        log.write_text(traceback.format_exc(), encoding="utf-8")
        return StageFailure(f"{failure.reason} (traceback in {log})")


def join_stage(directory: Path) -> int:
    """Be one of the processes of a stage that was started apart; the exit status."""
    log_as_the_job(directory)
    result = guarded_stage(stage_settings(directory), directory)
    if isinstance(result, StageFailure):
        leave_failure(directory, result)
        return 1
    return 0


def run_one(settings: Settings, directory: Path) -> StageOutcome:
    """Run one stage and write its record.

    Raises:
        InputError: bad settings, data or checkpoint, or another process is at it: that of a sweep that was killed.
    """
    specs = method_stages(settings)
    wanted = wanted_stages(settings.stage, len(specs), settings.method.name)
    if settings.stage == "all":
        raise InputError("stage=all is run by the chain's sweeper: leave hydra.mode and hydra/sweeper as they are")
    spec = specs[wanted[0] - 1]
    lock = RunLock(directory) if is_first_process() else None
    try:
        return _trained(settings, spec, directory)
    finally:
        if lock is not None:
            lock.release()


def _trained(settings: Settings, spec: StageSpec, directory: Path) -> StageOutcome:
    set_threads(settings.threads)
    set_allocator(settings.trainer)

    import pytorch_lightning as pl

    from bscnet.chain.named_callbacks import named_callbacks
    from bscnet.chain.plans import stage_plan, with_levels
    from bscnet.sparse import resolve_backend
    from bscnet.training.fit import run_stage
    from bscnet.training.options import Machine, StageOptions, Start, Watchers

    require_nodes(settings.trainer)
    require_device(settings)
    backend, _ = resolve_backend(settings.backend.name, device_kind(settings.trainer))
    plan = stage_plan(settings, spec, settings.shift_plan)
    if plan is not None and is_first_process():
        # beside the checkpoints that use them: the next stage finds the shifts from a checkpoint alone
        plan.save(directory / PLAN_NAME)
    datamodule = build_datamodule(settings)
    settings = with_levels(settings, datamodule)
    distillation = build_distillation(settings, [str(name) for name in datamodule.class_names])
    pl.seed_everything(settings.seed, workers=True, verbose=False)
    network = build_network(settings, spec)
    log_start(settings, spec, backend, datamodule, network)
    run = run_name(settings, directory.parent, directory, spec)
    loggers = build_loggers(settings, run)
    status = "failed"
    try:
        outcome = run_stage(
            network,
            spec,
            datamodule,
            directory,
            StageOptions(
                seed=settings.seed,
                optimizer=settings.optimizer,
                schedule=settings.schedule,
                objective=build_objective(settings.loss, datamodule),
                clip_latent=settings.method.clip_latent,
                center_latent=settings.method.center_latent,
                search=settings.method,
                distillation=distillation,
                carried=settings.recipe.carried,
            ),
            Start(
                checkpoint=settings.init_from,
                plan=plan,
                norm_batches=settings.recipe.norm_batches,
                resume=settings.resume,
            ),
            Machine(
                backend=backend,
                trainer=trainer_options(settings.trainer),
                matmul_precision=settings.trainer.matmul_precision,
            ),
            Watchers(
                loggers=loggers,
                callbacks=[*build_callbacks(settings), *named_callbacks(settings, datamodule.class_names)],
                metadata=identity(settings, spec),
                title=settings.title,
            ),
        )
        if loggers:
            log_final(loggers, run, {**stage_finals(outcome), **network_costs(network, datamodule)})
        status = "success"
    finally:
        close_loggers(loggers, status)
    outcome = replace(outcome, backend=backend)
    log_outcome(outcome)
    if is_first_process():
        save_outcome(directory, outcome)
    return outcome


def set_threads(threads: int | None) -> None:
    """CPU threads of this process: OpenMP's through the environment (read when MinkowskiEngine loads), and torch's."""
    if threads is None:
        set_count(available_cores(), replace=False)
        return
    set_count(threads, replace=True)
    import torch

    torch.set_num_threads(threads)
