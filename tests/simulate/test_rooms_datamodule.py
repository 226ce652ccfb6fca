from __future__ import annotations

from pathlib import Path
from unittest.mock import create_autospec

import pytest

from bscnet import simulate
from bscnet.simulate.datamodule import RoomsDataModule
from fixtures.scannet_files import write_root


def test_rooms_are_made_with_the_values_given_and_before_they_are_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ensure = create_autospec(simulate.ensure_rooms, side_effect=lambda root, *_, **__: write_root(root, train=3, val=1))
    monkeypatch.setattr(simulate, "ensure_rooms", ensure)
    module = RoomsDataModule(tmp_path, train_scenes=3, val_scenes=1, rooms_seed=9, voxel_size=0.2, seed=4)
    ensure.assert_not_called()
    assert (module.num_train_scenes, module.num_val_scenes) == (3, 1)
    ensure.assert_called_once_with(tmp_path, 3, 1, 9, quick=True)
    assert (module.voxel_size, module.seed) == (0.2, 4)


@pytest.mark.slow
def test_simulated_rooms_are_read_by_the_same_reader(tmp_path: Path) -> None:
    module = RoomsDataModule(tmp_path, train_scenes=1, val_scenes=1, num_workers=0)
    module.prepare_data()
    module.setup("fit")
    for batch in (*module.train_dataloader(), *module.val_dataloader()):
        assert len(batch.coords) > 1000
        assert set(batch.labels.unique().tolist()) <= {-100, *range(20)}
        assert (batch.labels >= 0).float().mean() > 0.5
