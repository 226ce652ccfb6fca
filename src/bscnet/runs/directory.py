"""Where a chain lives: `<output_dir>/<data>-<method>-<model>-<voxel>cm-s<seed>-<hash>/NNN`."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from bscnet.errors import InputError
from bscnet.settings.composed import Settings
from bscnet.settings.group import without_later
from bscnet.settings.groups import GROUPS

NOT_HASHED = ("output_dir", "resume", "logger", "stage", "threads", "picture", "palette", "title")
"""What may differ between two runs of the same chain: where it is written, how it is watched, how fast it is."""

_WATCHING = ("log_every_n_steps", "cuda_allocator")
"""The same among the trainer's settings."""

_LOADING = ("num_workers", "prepare_maps", "cache_dir", "pin_memory")
"""The same among the data's settings: how scenes are loaded, which changes no byte of them."""


def is_decisive(key: str) -> bool:
    """Whether a setting, by its dotted key, decides what a chain computes."""
    group, _, rest = key.partition(".")
    if group in NOT_HASHED:
        return False
    watched = {"trainer": _WATCHING, "data": _LOADING}.get(group, ())
    return rest.rpartition(".")[2] not in watched


def config_hash(settings: Mapping[str, Any]) -> str:
    """Eight hex digits that stand for everything in the plain settings that decides what a chain computes."""
    decisive = _decisive(settings)
    if decisive.get("distill", {}).get("teacher") is None:
        decisive.pop("distill", None)
    for name, group in GROUPS.items():
        if isinstance(decisive.get(name), Mapping):
            decisive[name] = without_later(group, decisive[name])
    # a setting that is null, such as those that a later version has brought, is as one that is not there
    trainer = _decisive(decisive["trainer"], "trainer.")
    decisive["trainer"] = {key: value for key, value in trainer.items() if value is not None}
    decisive["data"] = _decisive(decisive["data"], "data.")
    decisive["data"]["datamodule"] = _decisive(decisive["data"]["datamodule"], "data.datamodule.")
    text = json.dumps(decisive, sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:8]


def _decisive(values: Mapping[str, Any], group: str = "") -> dict[str, Any]:
    return {key: value for key, value in values.items() if is_decisive(f"{group}{key}")}


def chain_home(settings: Settings) -> Path:
    """The absolute folder in which every run of this chain gets a numbered directory."""
    data = settings.data
    parts = (
        data.name,
        settings.method.name,
        settings.model.name,
        f"{100 * data.voxel_size:g}cm",
        f"s{settings.seed}",
        config_hash(settings.plain),
    )
    return Path(settings.output_dir).expanduser().absolute() / "-".join(parts)


def new_run(home: Path) -> Path:
    """Create the next numbered directory. Two processes never get the same one.

    Raises:
        InputError: no directory can be made there.
    """
    try:
        home.mkdir(parents=True, exist_ok=True)
        number = 1 + max(_numbers(home), default=0)
        while True:
            run = home / f"{number:03d}"
            try:
                run.mkdir()
            except FileExistsError:
                number += 1
            else:
                return run
    except OSError as error:
        raise InputError(f"output_dir: {home} cannot be written ({error.strerror})") from error


def newest_run(home: Path) -> Path | None:
    """The numbered directory with the highest number, or None."""
    return next(runs(home), None)


def runs(home: Path) -> Iterator[Path]:
    """The numbered directories, the newest first."""
    return (home / f"{number:03d}" for number in sorted(_numbers(home), reverse=True))


def _numbers(home: Path) -> list[int]:
    if not home.is_dir():
        return []
    return [int(entry.name) for entry in home.iterdir() if entry.is_dir() and entry.name.isdecimal()]
