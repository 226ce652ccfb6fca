"""What a run is called by loggers, whichever it is: a stage of a chain, or the chain as a whole."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from bscnet.runs.stage import StageSpec
from bscnet.settings.composed import Settings

CHAIN = "chain"
"""The kind of the one run that stands for a whole chain: all others are called as their stage is."""


@dataclass(frozen=True)
class RunName:
    """One run of a logger.

    Attributes:
        directory: the folder of the stage or the chain; what the logger writes lies there.
        group: the chain, the same for all its runs.
        kind: name of the stage, or `CHAIN`.
        name: group and kind, and the place of a stage.
        tags: method, model, data, voxel size and seed.
        config: the whole composed configuration, and under "run" what of it is this stage.
    """

    directory: Path
    group: str
    kind: str
    name: str
    tags: tuple[str, ...]
    config: dict[str, Any]


def run_name(settings: Settings, chain: Path, directory: Path, spec: StageSpec | None = None) -> RunName:
    """The run of a stage of the chain in a folder, or of that chain itself.

    Args:
        settings: of the chain.
        chain: the chain's folder.
        directory: the stage's folder, or the chain's.
        spec: the stage; None: the whole chain.
    """
    group = f"{chain.parent.name}-{chain.name}"
    kind = CHAIN if spec is None else spec.name
    data = settings.data
    names = (settings.method.name, settings.model.name, data.name)
    stage = {} if spec is None else asdict(spec)
    return RunName(
        directory,
        group,
        kind,
        group if spec is None else f"{group}-stage{spec.index}-{kind}",
        (*names, f"{100 * data.voxel_size:g}cm", f"seed {settings.seed}"),
        {**settings.plain, "run": {"kind": kind, "chain": group, "directory": str(directory), **stage}},
    )
