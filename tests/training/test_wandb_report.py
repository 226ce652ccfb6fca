from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from pytorch_lightning.loggers import WandbLogger

from bscnet.search import ShiftPlan, apply_plan, current_plan
from bscnet.training import WandbReport
from bscnet.training.wandb_report import shift_counts
from fixtures.tiny_training import TinyData, batch_of, spec, train, unet

PALETTE = np.array([[255, 0, 0], [0, 255, 0], [0, 0, 255], [64, 64, 64]], dtype=np.uint8)


class _DataWithScene(TinyData):
    def val_scene(self, index: int) -> Any:
        batch = batch_of([77 + index])
        rows = batch.point_to_voxel
        return SimpleNamespace(batch=batch, points=batch.coords[rows, 1:].float().numpy(), labels=batch.labels.numpy())


def test_shifts_are_counted_per_group() -> None:
    network = unet("a1w1", "shifted")
    names = list(current_plan(network).shifts)
    apply_plan(network, ShiftPlan(dict.fromkeys(names, ((0, 0, 0), (1, 0, 0)))))
    assert shift_counts(network) == {(0, 0, 0): len(names), (1, 0, 0): len(names)}
    assert shift_counts(unet("a1w1", "composite")) == {(0, 0, 0): 2 * len(names)}  # all logits 0: the first candidate
    assert not shift_counts(unet())


def test_an_offline_run_gets_tables_shifts_and_a_scene(
    tmp_path: Path, backend: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    wandb = pytest.importorskip("wandb")
    monkeypatch.setenv("WANDB_MODE", "offline")
    monkeypatch.setenv("WANDB_SILENT", "true")
    logged: list[dict[str, Any]] = []
    logger = WandbLogger(project="bscnet", save_dir=str(tmp_path), offline=True)
    log = logger.experiment.log
    monkeypatch.setattr(logger.experiment, "log", lambda data, *a, **k: (logged.append(data), log(data, *a, **k))[1])
    try:
        stage = spec("a1w32", "composite", epochs=1)
        network = unet("a1w32", "composite")
        report = WandbReport(PALETTE)
        data = _DataWithScene()
        train(network, stage, data, tmp_path, backend=backend, loggers=[logger], callbacks=[report])
    finally:
        wandb.finish()
    curves = {key for data in logged for key in data}
    assert {"train/loss_step", "val/miou", "val/iou/left", "lr"} <= curves
    assert {"search/max_pi", "search/margin", "search/entropy", "search/gradient_signal"} <= curves
    (last,) = [data for data in logged if "report/iou" in data]
    tables = {f"report/{name}" for name in ("iou", "confusion", "shifts", "orbits")}
    assert last.keys() == {*tables, "scene/truth", "scene/prediction"}
    assert [row[0] for row in last["report/iou"].data] == ["low", "left", "right"]
    written = list((tmp_path / "wandb").glob("offline-run-*/files/media/**/*"))
    names = [path.name for path in written if path.is_file()]
    assert sum(name.startswith(("truth", "prediction")) for name in names) == 2
    (truth,) = [path for path in written if path.name.startswith("truth")]
    cloud = np.array(json.loads(truth.read_text()))
    view = data.val_scene(0)
    assert cloud.shape == (len(view.points), 6)
    np.testing.assert_allclose(cloud[:, :3], view.points)
    np.testing.assert_array_equal(cloud[:, 3:], PALETTE[view.labels.clip(-1)])


def test_without_a_wandb_logger_nothing_happens(tmp_path: Path) -> None:
    train(unet(), spec(epochs=1), TinyData(), tmp_path, callbacks=[WandbReport(PALETTE)])
    assert not (tmp_path / "wandb").exists()
