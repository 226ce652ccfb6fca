"""Runs of Weights & Biases: whether there is to be one, where it goes, and how it starts and ends."""

from __future__ import annotations

import netrc
import os
import shlex
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from bscnet.chain.run_names import RunName
from bscnet.settings.machine import LoggerSettings

_LONGEST_TAG = 64
_OFF, _OFFLINE = ("disabled",), ("offline", "dryrun")
"""Values of WANDB_MODE."""


def wandb_disabled() -> bool:
    """Whether WANDB_MODE=disabled switches Weights & Biases off."""
    return os.environ.get("WANDB_MODE") in _OFF


def wandb_is_offline(options: LoggerSettings) -> bool:
    """Whether runs are kept on this machine: `logger.offline` says so, or WANDB_MODE, or no API key is known.

    A key is known from WANDB_API_KEY or from the netrc file, where `wandb login` leaves it.
    """
    if options.offline is not None:
        return bool(options.offline)
    mode = os.environ.get("WANDB_MODE")
    if mode:
        return mode in _OFFLINE
    if os.environ.get("WANDB_API_KEY"):
        return False
    host = urlsplit(os.environ.get("WANDB_BASE_URL", "https://api.wandb.ai")).hostname or ""
    try:
        return netrc.netrc(os.environ.get("NETRC")).authenticators(host) is None
    except (OSError, netrc.NetrcParseError):
        return True


def start_wandb(options: LoggerSettings, run: RunName, identity: str) -> Any:
    """Start a run, or go on with the one of that id; nothing is printed.

    Args:
        options: the config group `logger`.
        run: what it is called.
        identity: its id.
    """
    import wandb

    started = wandb.init(
        project=options.project,
        entity=options.entity,
        id=identity,
        resume="allow",
        mode="offline" if wandb_is_offline(options) else "online",
        name=run.name,
        group=run.group,
        job_type=run.kind,
        tags=[tag[:_LONGEST_TAG] for tag in run.tags],
        config=run.config,
        dir=str(run.directory),
        settings=wandb.Settings(silent=True, allow_val_change=True),
    )
    # curves over steps of training, as Lightning's logger has them where it starts the run itself
    started.define_metric("trainer/global_step")
    started.define_metric("*", step_metric="trainer/global_step", step_sync=True)
    return started


def finish_wandb(status: str) -> None:
    """End the run of this process; it counts as failed unless the status is "success"."""
    import wandb

    wandb.finish(exit_code=0 if status == "success" else 1)


def where_to_look(options: LoggerSettings, chain: Path, shown: str) -> str:
    """One line for the terminal about the runs of a chain: how to send them, or that they are there.

    Args:
        options: the config group `logger`.
        chain: the chain's folder.
        shown: the same folder as it is typed.
    """
    kept = [pattern for pattern in ("wandb/offline-run-*", "stage*/wandb/offline-run-*") if any(chain.glob(pattern))]
    if not kept:
        return f"Weights & Biases: project {options.project}, group {chain.parent.name}-{chain.name}"
    folders = " ".join(f"{shlex.quote(shown)}/{pattern}" for pattern in kept)
    return f"Weights & Biases: kept on this machine; sent by  wandb sync {folders}"
