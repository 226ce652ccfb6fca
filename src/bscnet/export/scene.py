"""The scene that an exported model is tried on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from bscnet.clouds.reading import COMPUTED
from bscnet.data.features import FeatureRecipe, num_channels
from bscnet.data.sample import Sample, evaluation_sample
from bscnet.data.scan import Scan
from bscnet.errors import InputError
from bscnet.ignore import IGNORE_INDEX
from bscnet.runs.layout import settings_file

MAX_SITES = 30_000
"""More than these are cut to the ones nearest the scene's middle: the torch model has to run them too."""


@dataclass(frozen=True)
class Scene:
    """Sites of one scene in lexicographic order.

    name: what it is, for the report. coords: (N, 4) int32, batch 0. feats: (N, C) float32.
    """

    name: str
    coords: npt.NDArray[np.int32]
    feats: npt.NDArray[np.float32]


def verification_scene(voxel_size: float, features: Sequence[str], stage_directory: Path | None = None) -> Scene:
    """The first validation scene of the run's data set where it is on the disk, else a simulated room.

    Args:
        voxel_size: metres.
        features: names of what the network sees, see `bscnet.data.features`.
        stage_directory: of the stage that is exported; its recorded configuration says where the data are.
    """
    found = None if stage_directory is None else _validation_sample(stage_directory)
    if found is not None and found.voxels.feats.shape[1] == num_channels(features):
        return cropped(Scene(f"validation scene {found.scene}", _with_batch(found.voxels.coords), found.voxels.feats))
    return cropped(_simulated(voxel_size, features))


def _simulated(voxel_size: float, features: Sequence[str]) -> Scene:
    """A simulated room; where it lacks one of the features, with random ones."""
    scan = simulated_scan()
    if set(features) <= COMPUTED.keys():
        voxels = evaluation_sample(scan, voxel_size, None, FeatureRecipe(features)).voxels
        return Scene("simulated room", _with_batch(voxels.coords), voxels.feats)
    coords = _with_batch(evaluation_sample(scan, voxel_size, None).voxels.coords)
    noise = np.random.default_rng(0).standard_normal((len(coords), num_channels(features)), dtype=np.float32)
    return Scene("simulated room with random features", coords, noise)


def simulated_scan(seed: int = 0, index: int = 0) -> Scan:
    """The scan of a small simulated room, made here and now.

    Raises:
        InputError: the simulator's ray caster, Open3D, is not installed.
    """
    try:
        from bscnet.simulate.scene import QUICK, simulate_scene
    except ImportError as error:
        raise InputError(f"a simulated room is needed to verify the export, and {error.name} is missing") from error
    mesh = simulate_scene(seed, index, QUICK)
    return Scan("simulated", mesh.points, mesh.colours, np.full(len(mesh.points), IGNORE_INDEX, np.int16))


def cropped(scene: Scene, limit: int = MAX_SITES) -> Scene:
    """The scene, cut to its ``limit`` innermost sites where it has more."""
    if len(scene.coords) <= limit:
        return scene
    away = scene.coords[:, 1:] - np.median(scene.coords[:, 1:], axis=0)
    kept = np.sort(np.argsort((away**2).sum(1), kind="stable")[:limit])
    return Scene(f"{scene.name}, middle part", scene.coords[kept], scene.feats[kept])


def _with_batch(coords: npt.NDArray[np.int32]) -> npt.NDArray[np.int32]:
    return np.concatenate([np.zeros((len(coords), 1), np.int32), coords], axis=1)


def _validation_sample(stage_directory: Path) -> Sample | None:
    """The first validation scene of the data that a stage was trained on, or None where it cannot be had."""
    if not settings_file(stage_directory).is_file():
        return None
    try:
        from hydra.utils import instantiate
        from omegaconf import OmegaConf

        from bscnet.runs.recorded import recorded_config, require_own_classes

        described = OmegaConf.to_container(recorded_config(stage_directory).data.datamodule, resolve=True)
        require_own_classes(described, settings_file(stage_directory))
        data = instantiate(described, _convert_="all")
        source = data.make_source()
        name = source.scenes("val")[0]
        source.require([name], labelled=False)
        sample: Sample = data.make_placement().evaluation(source.read(name, labelled=False), None)
        return sample
    except Exception:  # a missing or damaged record or data set is no reason not to export
        return None
