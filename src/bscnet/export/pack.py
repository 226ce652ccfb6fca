"""Exporting: from a run to a verified model file."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bscnet.export.file import model_bytes, write_checked
from bscnet.export.network import compile_network
from bscnet.export.scene import Scene, verification_scene
from bscnet.export.source import read_source
from bscnet.export.verify import Agreement, verify


@dataclass(frozen=True)
class Exported:
    """What was written.

    Attributes:
        path: the model file.
        checkpoint: what it was made from.
        facts: the file's description, without the program.
        weights: number of weights of the network.
        file_bytes: size of the file.
        agreement: of file and network.
    """

    path: Path
    checkpoint: Path
    facts: dict[str, Any]
    weights: int
    file_bytes: int
    agreement: Agreement

    @property
    def weight_bytes(self) -> int:
        """The network's weights as float32."""
        return 4 * self.weights

    @property
    def ratio(self) -> float:
        """How many times smaller the file is."""
        return self.weight_bytes / self.file_bytes


def export(source: str | Path, path: str | Path, half: bool = False, scene: Scene | None = None) -> Exported:
    """Write the model file of a trained network, once it has been seen to give the network's scores.

    Args:
        source: a chain's directory (its last finished stage), a stage's directory, or a checkpoint.
        path: the file to write; an older one is replaced only when everything has succeeded.
        half: store the real weights as float16.
        scene: to compare on; None takes a validation scene of the run's data, or else a simulated room.

    Raises:
        InputError: the source cannot be exported, the file cannot be written, or file and network disagree.
    """
    found = read_source(source)
    facts = {**found.facts, "half": half}
    content = model_bytes(compile_network(found.network, half), facts)
    tried = verification_scene(facts["voxel_size"], found.features, found.stage_directory) if scene is None else scene
    outcome: list[Agreement] = []
    write_checked(path, content, lambda draft: outcome.append(verify(draft, found.network, tried, half)))
    return Exported(
        path=Path(path),
        checkpoint=found.checkpoint,
        facts=facts,
        weights=sum(parameter.numel() for parameter in found.network.parameters()),
        file_bytes=len(content),
        agreement=outcome[0],
    )
