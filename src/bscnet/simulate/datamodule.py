"""The embedded data set: simulated rooms, made on first use."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from bscnet.datasets.scannet.datamodule import ScanNetDataModule


class RoomsDataModule(ScanNetDataModule):
    """A `ScanNetDataModule` over simulated rooms, which `prepare_data` makes below `root` unless they are there.

    train_scenes, val_scenes: rooms to make for each split. rooms_seed: decides every byte of them. quick: scan with
    fewer views and less detail. The other options are those of `ScanDataModule`.
    InputError: a number out of range; `root` holds something else, or other rooms.
    """

    def __init__(
        self,
        root: str | Path,
        train_scenes: int = 24,
        val_scenes: int = 8,
        rooms_seed: int = 0,
        quick: bool = True,
        **options: Any,
    ) -> None:
        super().__init__(root, **options)
        self.train_scenes, self.val_scenes, self.rooms_seed, self.quick = train_scenes, val_scenes, rooms_seed, quick

    def prepare_data(self) -> None:
        """Make the rooms; a second call finds them and does nothing."""
        from bscnet.simulate import ensure_rooms  # brings in Open3D

        ensure_rooms(self.root, self.train_scenes, self.val_scenes, self.rooms_seed, quick=self.quick)

    def problems(self) -> list[str]:
        """None: rooms that are not there yet are made, and those that are were written by this package."""
        return []

    def condition(self) -> str:
        """See `ScanDataModule.condition`."""
        return f"rooms are made in {self.root} at first use"
