"""Which scenes of a data set a command looks at: a split with its labels or, where it has none, without them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

from bscnet.errors import InputError

if TYPE_CHECKING:
    from bscnet.data.datamodule import ScanDataModule
    from bscnet.data.dataset import EvalDataset

SPLITS = ("val", "train", "test")


class OpenSplit(NamedTuple):
    """The scenes of a split. obstacle: why they have no labels; None: they have."""

    name: str
    dataset: EvalDataset
    obstacle: str | None

    def require(self, scene: str) -> None:
        """InputError unless the split has the scene."""
        if scene not in self.dataset.scenes:
            raise InputError(f"--scene {scene}: there is no such scene in {self.name}, it has {_some(self.dataset)}")


def open_split(data: ScanDataModule, name: str) -> OpenSplit:
    """The split that is asked for, labelled or not; InputError: it is not there, is empty, or a scan is missing."""
    try:
        split = OpenSplit(name, data.eval_dataset(name), None)
    except InputError as error:
        try:
            split = OpenSplit(name, data.eval_dataset(name, labelled=False), str(error))
        except InputError:
            raise error from None
    if not split.dataset.scenes:
        raise InputError(f"{data.root}: there is no scene in the split {name}")
    return split


def first_split(data: ScanDataModule) -> OpenSplit:
    """The first of val, train and test that has labels, else the first that is there; InputError: none is."""
    unlabelled = []
    for split in _open_splits(data):
        if split.obstacle is None:
            return split
        unlabelled.append(split)
    return unlabelled[0]


def split_of(data: ScanDataModule, scene: str) -> OpenSplit:
    """The split that a scene is in; InputError: none has it."""
    others = []
    for split in _open_splits(data):
        if scene in split.dataset.scenes:
            return split
        others.append(f"{split.name} has {_some(split.dataset)}")
    raise InputError(f"--scene {scene}: there is no such scene, {'; '.join(others)}")


def _open_splits(data: ScanDataModule) -> Iterator[OpenSplit]:
    """Every split that can be opened; InputError: none can, for the reason that the first gives."""
    obstacles = []
    for name in SPLITS:
        try:
            yield open_split(data, name)
        except InputError as error:
            obstacles.append(error)
    if len(obstacles) == len(SPLITS):
        raise obstacles[0]


def _some(dataset: EvalDataset) -> str:
    return ", ".join(dataset.scenes[:5]) + (", …" if len(dataset.scenes) > 5 else "")
